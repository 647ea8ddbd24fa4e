; SPDX-License-Identifier: MIT
; A boot sector that goes before the real one: it fills all base memory that a BIOS does not own with A5h, reads the real
; boot sector over itself, and jumps to it in a state that no tidy BIOS leaves. Assembled by test/boot/dirty.py, which
; keeps the real sector's partition table behind this code.
;   -DREAL_LBA=n       where the real boot sector lies
;   -DENTRY_SEGMENT=n  07C0h or 0
;   -DENTRY_DL=n       what DL holds at the jump; left out: the drive
        cpu     586
        bits    16
        org     7C00h

; The filler runs, and has its stack, where vectors A0h..FFh would be: the one place that belongs to nobody and is not to
; be filled.
FILLER          equ 280h
STACK_TOP       equ 400h
PATTERN         equ 0A5A5h
BDA_END         equ 500h
SECTOR          equ 7C00h

        cli
        cld
        jmp     0:start
start:
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, STACK_TOP
        sti
        mov     si, filler
        mov     di, FILLER
        mov     cx, filler_size
        rep     movsb
        jmp     FILLER

%define moved(label) ((label) - filler + FILLER)

filler:
        mov     [moved(drive)], dl
        mov     ax, PATTERN
        mov     di, BDA_END
        mov     cx, (SECTOR - BDA_END) / 2
        rep     stosw

        int     12h                     ; AX = KiB of base memory
        shl     ax, 6                   ; to paragraphs
        mov     bp, ax
        mov     dx, (SECTOR + 512) / 16
        mov     ax, PATTERN
.paragraph:
        mov     es, dx
        xor     di, di
        mov     cx, 8
        rep     stosw
        inc     dx
        cmp     dx, bp
        jb      .paragraph

        mov     dl, [moved(drive)]
        mov     si, moved(packet)
        mov     ah, 42h
        int     13h
.stop:
        jc      .stop                   ; the test's time limit tells

%ifdef ENTRY_DL
        mov     dl, ENTRY_DL
%else
        mov     dl, [moved(drive)]
%endif
        mov     ax, 5000h               ; garbage everywhere; the stack is odd, but memory
        mov     ss, ax
        mov     esp, 0ABCD1235h
        mov     ax, 0B123h
        mov     ds, ax
        mov     ax, 0FFFFh
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     eax, 0DEADBEEFh
        mov     ebx, eax
        mov     ecx, eax
        mov     esi, eax
        mov     edi, eax
        mov     ebp, eax
        ror     edx, 8                  ; all of EDX but DL
        mov     dx, 0C0DEh
        rol     edx, 8
        std
        stc
        jmp     ENTRY_SEGMENT:SECTOR - ENTRY_SEGMENT * 16

packet:
        dw      16, 1, SECTOR, 0
        dq      REAL_LBA
drive:  db      0
filler_size     equ $ - filler
%if filler_size > 256
  %error the filler leaves no room for its stack
%endif
