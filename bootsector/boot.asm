; SPDX-License-Identifier: MIT
; The first 512 bytes of the disk: the BIOS loads them to 0:7C00 and jumps there. They read stage 2 from LBA 1 on, make sure
; that it arrived whole, and jump to it. They know nothing of file systems and speak only when something is wrong.
;
; The build passes STAGE2_SECTORS (counted when it built stage 2) and the disk's geometry (cmake/disk_image.cmake). README.md
; beside this file walks through the steps and lists the error codes.

        cpu     586
        bits    16
        org     7C00h
[map symbols bootsector.map]

SECTOR          equ 7C00h
STAGE2_SEGMENT  equ 1000h               ; a 64 KiB line: a read of <= 127 sectors to here crosses none
STAGE2_ENTRY    equ 16                  ; behind stage 2's header
CHUNK_LIMIT     equ 127                 ; Phoenix EDD refuses more sectors in one call (Ralf Brown's list, INT 13h AH=42h)
TRIES           equ 16                  ; failed calls before a way of access is given up
INVALID_OPCODE  equ 6 * 4               ; entry of #UD in the real-mode vector table

COM1            equ 3F8h
COM1_LCR        equ COM1 + 3
COM1_LSR        equ COM1 + 5
LSR_THRE        equ 20h                 ; transmitter holding register empty (16550 datasheet, line status register)

; All that matters lives in memory and is reached through SI, because INT 13h may destroy any register.
struc state
  .packet:      resw 1                  ; disk address packet (EDD 3.0, table 1): its size,
  .count:       resw 1                  ; sectors of this call,
  .offset:      resw 1                  ; where to,
  .segment:     resw 1
  .lba:         resq 1                  ; where from
  .sectors:     resb 1                  ; sectors a track; 0 while packets are used
  .chunk:       resb 1                  ; most sectors a call may read
  .remaining:   resb 1                  ; sectors still to read
  .tries:       resb 1                  ; failures left: TRIES by packet, TRIES by cylinder, head and sector
  .uninitialised:                       ; from here on not code nor data of the sector, only memory: its disk signature
  .heads:       resw 1
  .drive:       resb 1
  .status:      resb 1                  ; of the last INT 13h that read
endstruc

%if STAGE2_SECTORS > CHUNK_LIMIT
  %error stage 2 has more sectors than one BIOS call may read
%endif

; max(0, x): padding that would be negative is left to the build's check, which says how many bytes are too many.
%define at_least_zero(x) ((x) & ~(-((x) >> 63)))

        jmp     short start
        nop
; Some BIOSes write here (media type, hidden sectors, drive number), others refuse a disk whose values here are
; implausible: nothing in 03h..5Ah is code or variable, and only these four values are not zero.
        db      "HEWN    "
        dw      512                     ; bytes a sector
        times   18h - ($ - $$) db 0
        dw      DISK_SECTORS_PER_TRACK
        dw      DISK_HEADS
        times   5Bh - ($ - $$) db 0

start:
        cli
        cld
        jmp     0:.canonical            ; some BIOSes jump to 07C0:0000
.canonical:
        xor     eax, eax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, SECTOR
        mov     si, disk
        test    dl, 70h                 ; drives are 00-0F and 80-8F; HP Brio's Phoenix 4.0R6 passes garbage
        jz      .drive_is_sane
        mov     dl, 80h
.drive_is_sane:
        mov     [si + state.drive], dl

; The time stamp stays on the stack for stage 2: zero where RDTSC is an invalid opcode, which would hang many a BIOS.
        mov     di, INVALID_OPCODE
        push    dword [di]
        mov     word [di], .stamped
        mov     [di + 2], ax
        cdq
        rdtsc
.stamped:
        mov     sp, SECTOR - 4          ; drops the exception's frame, if there was one
        pop     dword [di]
        push    edx
        push    eax
        sti

        mov     ah, 41h                 ; are there extensions?
        mov     bx, 55AAh
        call    call_bios
        jc      use_chs
        cmp     bx, 0AA55h
        jne     use_chs

read_next:
        mov     al, [si + state.chunk]
        cmp     al, [si + state.remaining]
        jbe     .fits
        mov     al, [si + state.remaining]
.fits:
        mov     [si + state.count], al
        mov     ah, 42h
        movzx   cx, byte [si + state.sectors]
        jcxz    read_now

; By cylinder, head and sector, up to the end of the track. LBA and track are below 128, so bytes hold them.
        mov     ax, [si + state.lba]
        div     cl                      ; AL = track, AH = sector on it
        sub     cl, ah
        cmp     cl, [si + state.count]
        jae     .within_track
        mov     [si + state.count], cl
.within_track:
        mov     cl, ah
        inc     cx                      ; sectors count from 1
        cbw
        cwd
        div     word [si + state.heads] ; AX = cylinder, DX = head
        jmp     short read_from_cylinder

        times   at_least_zero(0DAh - ($ - $$)) db 0
part1_end:                              ; Windows 9x stamps 0DAh..0DFh
        times   6 db 0

read_from_cylinder:
        mov     ch, al
        mov     dh, dl
        mov     es, [si + state.segment]
        xor     bx, bx
        mov     al, [si + state.count]
        mov     ah, 02h
read_now:
        call    call_bios
        mov     [si + state.status], ah
        jc      read_failed
        mov     bx, [si + state.count]
        add     [si + state.lba], bx
        imul    ax, bx, 512 / 16        ; sectors to paragraphs
        add     [si + state.segment], ax
        sub     [si + state.remaining], bl
        jnz     read_next

; With 1 to start from, both sums over all words of stage 2 come out as zero: its header makes it so. All zero bytes do not.
        push    STAGE2_SEGMENT
        pop     es
        mov     cx, STAGE2_SECTORS * 256
        xor     di, di
        cwd                             ; DX = 0
        mov     bx, 1
.sum:
        add     bx, [es:di]
        add     dx, bx
        scasw                           ; DI += 2
        loop    .sum
        or      bx, dx
        mov     al, 'S'                 ; stage 2 is missing or damaged
        jnz     fail
        mov     dl, [si + state.drive]
        jmp     STAGE2_SEGMENT:STAGE2_ENTRY

read_failed:
        xor     ah, ah                  ; reset the drive
        call    call_bios
        shr     byte [si + state.chunk], 1      ; smaller pieces get through where large ones do not
        adc     byte [si + state.chunk], 0
        dec     byte [si + state.tries]
        jz      fail_to_read
        cmp     byte [si + state.tries], TRIES
        jne     read_next
use_chs:                                ; no extensions, or none that work
        mov     ah, 08h                 ; geometry
        xor     di, di                  ; with ES = 0: guards against a BIOS bug (Ralf Brown's list)
        call    call_bios
        jc      fail_to_read
        and     cl, 63
        jz      fail_to_read            ; SeaBIOS says zero sectors for disks with 64 a track
        mov     [si + state.sectors], cl
        movzx   dx, dh
        inc     dx                      ; highest head to count
        mov     [si + state.heads], dx
        jmp     read_next

fail_to_read:
        mov     al, 'R'                 ; the disk cannot be read
; fail: AL = code, SI = state. "Hewn <code><BIOS status>" on screen and COM1, then the end. Serial speed is the firmware's.
fail:
        mov     [message.code], al
        mov     al, [si + state.status]
        aam     16                      ; AH = high digit, AL = low digit
        cmp     al, 10
        sbb     al, 69h
        das                             ; digit to character
        xchg    al, ah
        cmp     al, 10
        sbb     al, 69h
        das
        mov     [message.status], ax
        mov     si, message
        mov     cx, message.end - message
.next:
        cs lodsb                        ; INT 10h of some BIOSes loses DS
        pusha
        mov     ah, 01h                 ; send AL; the BIOS bounds its wait and keeps AL
        cwd                             ; DX = 0: COM1
        int     14h
        mov     ah, 0Eh                 ; teletype
        xor     bx, bx
        int     10h
        popa
        loop    .next
.stop:
        hlt
        jmp     .stop

; call_bios: INT 13h for the boot drive.
; in   AH = function and what that takes, SI = state
; out  what that gives
; uses everything else but SI
call_bios:
        mov     dl, [si + state.drive]
        push    si
        int     13h
        cld
        pop     si
        ret

message:
        db      "Hewn "
.code:  db      "?"
.status:
        db      "00", 13, 10
.end:

disk:                                   ; struc state
        dw      16, 0, 0, STAGE2_SEGMENT
        dq      1
        db      0, CHUNK_LIMIT, STAGE2_SECTORS, 2 * TRIES

        times   at_least_zero(1B8h - ($ - $$)) db 0
part2_end:
        times   6 db 0                  ; disk signature: for the operating system that wants one

; One active partition. Its CHS values are true for the image's geometry: El Torito and Bochs go by them.
; %1 = LBA
%macro chs 1
        db      (%1) / DISK_SECTORS_PER_TRACK % DISK_HEADS
        db      (%1) % DISK_SECTORS_PER_TRACK + 1 + ((%1) / (DISK_SECTORS_PER_TRACK * DISK_HEADS) >> 8 << 6)
        db      (%1) / (DISK_SECTORS_PER_TRACK * DISK_HEADS) & 0FFh
%endmacro
        db      80h                     ; active
        chs     VOLUME_LBA
        db      0Eh                     ; FAT16, LBA
        chs     DISK_SECTORS - 1
        dd      VOLUME_LBA
        dd      DISK_SECTORS - VOLUME_LBA
        times   3 * 16 db 0
        dw      0AA55h
