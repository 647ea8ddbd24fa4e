; SPDX-License-Identifier: MIT
; Entry of the test kernel and the few instructions that C has no words for. Called by stage 2 (docs/boot-protocol.md).
bits 64
default rel

extern kernel_main

section .text
; In: RDI = struct boot_info *, long mode, the loader's stack, interrupts off. kernel_main does not return.
global _start
_start:
        cld
        xor ebp, ebp
        and rsp, -16
        call kernel_main
.stop:
        cli
        hlt
        jmp .stop

; void port_write8(uint16_t port, uint8_t value). Destroys RAX, RDX.
global port_write8
port_write8:
        mov edx, edi
        mov eax, esi
        out dx, al
        ret

; uint8_t port_read8(uint16_t port). Destroys RDX.
global port_read8
port_read8:
        mov edx, edi
        xor eax, eax
        in al, dx
        ret

; The boot protocol's checksum note; make_kernel.py fills in the descriptor.
section .note.hewn note
        dd note_name_end - note_name
        dd 16
        dd 1
note_name:
        db "Hewn", 0
note_name_end:
        align 4, db 0
        dq 0, 0
