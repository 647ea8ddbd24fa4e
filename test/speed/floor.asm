; SPDX-License-Identifier: MIT
; The floor under any loader: a boot sector that reads SECTORS sectors from LBA on, 127 a call, to stage 2's bounce
; buffer, and is done. No file system, no second stage, no copy. Started by ledger.asm, whose ledger it completes.

%include "ledger.inc"

        cpu     586
        bits    16
        org     7C00h

CHUNK           equ 127
BUFFER_SEGMENT  equ 2000h

        cli
        cld
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     esp, 7C00h
        jmp     0:canonical
canonical:
        mov     [drive], dl
        sti
read:
        mov     eax, [remaining]
        cmp     eax, CHUNK
        jbe     .fits
        mov     eax, CHUNK
.fits:
        mov     [packet.count], ax
        mov     ah, 42h
        mov     dl, [drive]
        mov     si, packet
        int     13h
        jc      stop
        movzx   eax, word [packet.count]
        add     [packet.lba], eax
        sub     [remaining], eax
        jnz     read

        cli
        rdtsc
        push    word LEDGER_SEGMENT
        pop     ds
        mov     [ledger.arrival], eax
        mov     [ledger.arrival + 4], edx
        call    emit_ledger
        emit_text '# hewn: end pass 1 tests'
        mov     al, 10h                 ; passed
        out     DEBUG_EXIT, al
stop:
        cli
        hlt
        jmp     stop

define_emitters

drive:  dd      0
remaining:
        dd      SECTORS
packet: dw      16
.count: dw      0, 0, BUFFER_SEGMENT
.lba:   dq      LBA

        times   510 - ($ - $$) db 0
        dw      0AA55h
