; SPDX-License-Identifier: MIT
; The one way from protected-mode C to a BIOS service and back. hardware.h declares bios_call().

        cpu     586

STAGE2_BASE     equ 10000h              ; stage2.ld
STAGE2_SEGMENT  equ STAGE2_BASE >> 4
CODE32          equ 08h                 ; entry.asm's descriptors
DATA32          equ 10h
CODE16          equ 18h
DATA16          equ 20h
FLAG_IF         equ 1 << 9

; Offset in real mode, where CS = DS = STAGE2_SEGMENT. As 32 bits, because ELF's 16-bit relocations cannot hold -10000h.
%define here(label) dword (label) - STAGE2_BASE

struc registers                         ; struct bios_registers of hardware.h
  .eax:   resd 1
  .ebx:   resd 1
  .ecx:   resd 1
  .edx:   resd 1
  .esi:   resd 1
  .edi:   resd 1
  .ebp:   resd 1
  .ds:    resw 1
  .es:    resw 1
  .flags: resd 1
endstruc

extern gdt_pointer, idt_pointer

section .text

; bios_call: run a real-mode interrupt.
; in   AL = interrupt number, EDX = struct bios_registers, in low memory like the stack
; out  the structure holds every register as the BIOS left it
; uses EAX, ECX, EDX; the rest of the CPU's state is put back whatever the BIOS did to it
global bios_call
bits 32
bios_call:
        push    ebx
        push    esi
        push    edi
        push    ebp
        push    edx
        movzx   ebx, al
        mov     ebx, [ebx * 4]          ; the real-mode vector: offset, segment
        mov     [vector], ebx
        mov     esi, edx
        mov     edi, frame
        mov     ecx, registers_size / 4
        rep     movsd
        mov     [stack_pointer], esp
        jmp     CODE16:.real_limits - STAGE2_BASE

; Protected mode, 16 bit: load segments with real mode's limits and leave.
bits 16
.real_limits:
        mov     ax, DATA16
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     eax, cr0
        and     al, ~1
        mov     cr0, eax
        jmp     dword STAGE2_SEGMENT:.real - STAGE2_BASE

; Real mode, interrupts off. ESP stays: the stack lies below 64 KiB and SS becomes 0.
.real:
        xor     ax, ax
        mov     ss, ax
        mov     fs, ax
        mov     gs, ax
        mov     ax, cs
        mov     ds, ax
        lidt    [here(real_mode_idt)]
        push    word FLAG_IF            ; what the service's IRET takes up: flags, CS, IP
        push    cs
        mov     eax, .return - STAGE2_BASE
        push    ax
        push    dword [here(vector)]    ; what RETF jumps to
        mov     ebx, [here(frame + registers.ebx)]
        mov     ecx, [here(frame + registers.ecx)]
        mov     edx, [here(frame + registers.edx)]
        mov     esi, [here(frame + registers.esi)]
        mov     edi, [here(frame + registers.edi)]
        mov     ebp, [here(frame + registers.ebp)]
        mov     es, [here(frame + registers.es)]
        mov     eax, [here(frame + registers.eax)]
        mov     ds, [here(frame + registers.ds)]
        retf

; Real mode, back from the service: nothing but CS:IP is known, and that the stack is below 64 KiB.
.return:
        mov     [cs:here(frame + registers.eax)], eax
        mov     [cs:here(frame + registers.ds)], ds
        mov     ax, cs
        mov     ds, ax
        mov     [here(frame + registers.es)], es
        mov     [here(frame + registers.ebx)], ebx
        mov     [here(frame + registers.ecx)], ecx
        mov     [here(frame + registers.edx)], edx
        mov     [here(frame + registers.esi)], esi
        mov     [here(frame + registers.edi)], edi
        mov     [here(frame + registers.ebp)], ebp
        pushfd
        pop     dword [here(frame + registers.flags)]
        cli
        cld
        lgdt    [here(gdt_pointer)]     ; each time: some BIOSes run protected mode themselves and leave their own
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword CODE32:.protected

bits 32
.protected:
        mov     ax, DATA32
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     esp, [stack_pointer]
        lidt    [idt_pointer]
        pop     edi
        mov     esi, frame
        mov     ecx, registers_size / 4
        rep     movsd
        pop     ebp
        pop     edi
        pop     esi
        pop     ebx
        ret

section .data
real_mode_idt:
        dw      3FFh
        dd      0

section .bss
align 4
frame:          resb registers_size
vector:         resd 1
stack_pointer:  resd 1
