; SPDX-License-Identifier: MIT
; A boot sector in front of the one under test: it puts itself between the boot chain and the BIOS, so that each call is
; written down with the time it took, and starts the clock. Nothing in the boot chain is changed for being measured;
; each call costs it some 50 instructions more, which count as its own.
;   -DNEXT_LBA=n  where the boot sector under test lies

%include "ledger.inc"

        cpu     586
        bits    16
        org     8000h                   ; in LEDGER_SEGMENT, where the first instructions bring it

HERE            equ 8000h
RECORDS_END     equ ledger.records + RECORD_LIMIT * record_size
%if RECORDS_END > HERE
  %error the ledger does not fit
%endif

struc frame                             ; the caller's stack inside a hook
  .ds:          resw 1
  .edi:         resd 7
  .eax:         resd 1
  .slot:        resw 1                  ; interrupt number, later the record
  .return:      resd 1
  .flags:       resw 1
endstruc

; Position-independent until the far jump.
        cli
        cld
        xor     ax, ax
        mov     ss, ax
        mov     esp, 7C00h
        mov     ds, ax
        mov     si, 7C00h
        mov     ax, LEDGER_SEGMENT
        mov     es, ax
        mov     di, HERE
        mov     cx, 256
        rep     movsw
        jmp     LEDGER_SEGMENT:moved

moved:
        mov     ds, ax
        xor     di, di
        xor     ax, ax
        mov     cx, ledger.records / 2
        rep     stosw
        mov     dword [ledger.magic], LEDGER_MAGIC
        mov     [drive], dl
        sti
        mov     ah, 42h
        mov     si, packet
        int     13h
        jc      stop
        cli

; The vectors of the BIOS are kept as they are, then replaced.
        mov     ax, LEDGER_SEGMENT
        mov     es, ax
        xor     si, si
        mov     ds, si
        mov     di, old_vectors
        mov     cx, 32 * 2
        rep     movsw
%macro install 1-*
  %rep %0
        mov     word [%1 * 4], hook_%1
        mov     [%1 * 4 + 2], es
    %rotate 1
  %endrep
%endmacro
        install 8, 16, 18, 19, 20, 21
        mov     ds, ax
        mov     dl, [drive]
        push    edx
        rdtsc
        mov     [ledger.hand_over], eax
        mov     [ledger.hand_over + 4], edx
        pop     edx
        sti
        jmp     0:7C00h

stop:
        cli
        hlt
        jmp     stop

; INT 08h (timer), 10h, 12h, 13h, 14h, 15h.
%macro hooks 1-*
  %rep %0
hook_%1:
        push    word %1
        jmp     near hooked
    %rotate 1
  %endrep
%endmacro
        hooks   8, 16, 18, 19, 20, 21

; On the stack: interrupt number, return address, flags. All registers go to the BIOS and come from it unchanged, the
; flags with the IF that the caller has put there.
hooked:
        pushad
        push    ds
        mov     bp, sp
        xor     cx, cx
        cmp     word [bp + frame.slot], 13h
        jne     .sectors_known
        cmp     ah, 02h
        jne     .not_chs
        mov     cl, al
.not_chs:
        cmp     ah, 42h
        jne     .sectors_known
        mov     cx, [si + 2]
.sectors_known:
        mov     dx, cs
        mov     ds, dx
        mov     bx, [ledger.count]
        cmp     bx, RECORD_LIMIT - 1
        adc     word [ledger.count], 0  ; a full ledger is seen by its count
        shl     bx, 4
        add     bx, ledger.records
        mov     [bx + record.ax], ax
        mov     [bx + record.sectors], cx
        mov     si, bx
        xchg    si, [bp + frame.slot]
        mov     [bx + record.number], si
        shl     si, 2
        mov     eax, [si + old_vectors]
        mov     [target], eax
        mov     ax, [bp + frame.flags]
        mov     [flags], ax
        rdtsc
        mov     [bx + record.start], eax
        pop     ds
        popad
        push    word [cs:flags]
        call    far [cs:target]
        pushf
        pushad
        push    ds
        rdtsc
        mov     bp, sp
        mov     bx, cs
        mov     ds, bx
        mov     bx, [bp + frame.slot + 2]       ; PUSHF lies between
        mov     [bx + record.end], eax
        pop     ds
        popad
        popf
        lea     esp, [esp + 2]
        retf    2

packet: dw      16, 1, 7C00h, 0
        dq      NEXT_LBA

        times   510 - ($ - $$) db 0
        dw      0AA55h

; Memory behind the sector.
absolute HERE + 512
drive:          resd 1
target:         resd 1
flags:          resd 1
old_vectors:    resd 32
