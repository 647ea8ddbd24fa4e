; SPDX-License-Identifier: MIT
; The one way from protected-mode C to a BIOS service and back. hardware.h declares bios_call().

        cpu     586
%include "layout.inc"

FLAG_IF         equ 1 << 9

; In real mode CS = DS = STAGE2_SEGMENT. The linker script gives the offsets there of what this file names real_*, because
; a 16-bit relocation of ELF cannot hold "label - 10000h" itself.
extern real_frame, real_vector, real_idt_pointer, real_gdt_pointer, real_mode, real_return

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

extern gdt_pointer, idt32_pointer

section .text

; bios_call: run a real-mode interrupt.
; in   AL = interrupt number, EDX = struct bios_registers, in low memory like the stack
; out  the structure holds every register as the BIOS left it
; uses EAX, ECX, EDX; the rest of the CPU's state is put back whatever the BIOS did to it
global bios_call, bios_call_real_mode, bios_call_return, bios_call_frame, bios_call_vector, bios_call_idt_pointer
bits 32
bios_call:
        push    ebx
        push    esi
        push    edi
        push    ebp
        push    edx
        movzx   ebx, al
        mov     ebx, [ebx * 4]          ; the real-mode vector: offset, segment
        mov     [bios_call_vector], ebx
        mov     esi, edx
        mov     edi, bios_call_frame
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
        jmp     STAGE2_SEGMENT:real_mode

; Real mode, interrupts off. ESP stays: the stack lies below 64 KiB and SS becomes 0.
bios_call_real_mode:
        xor     ax, ax
        mov     ss, ax
        mov     fs, ax
        mov     gs, ax
        mov     ax, cs
        mov     ds, ax
        lidt    [real_idt_pointer]
        push    word FLAG_IF            ; what the service's IRET takes up: flags, CS, IP
        push    cs
        push    word real_return
        push    dword [real_vector]    ; what RETF jumps to
        mov     ebx, [real_frame + registers.ebx]
        mov     ecx, [real_frame + registers.ecx]
        mov     edx, [real_frame + registers.edx]
        mov     esi, [real_frame + registers.esi]
        mov     edi, [real_frame + registers.edi]
        mov     ebp, [real_frame + registers.ebp]
        mov     es, [real_frame + registers.es]
        mov     eax, [real_frame + registers.eax]
        mov     ds, [real_frame + registers.ds]
        retf

; Real mode, back from the service: nothing but CS:IP is known, and that the stack is below 64 KiB.
bios_call_return:
        mov     [cs:real_frame + registers.eax], eax
        mov     [cs:real_frame + registers.ds], ds
        mov     ax, cs
        mov     ds, ax
        mov     [real_frame + registers.es], es
        mov     [real_frame + registers.ebx], ebx
        mov     [real_frame + registers.ecx], ecx
        mov     [real_frame + registers.edx], edx
        mov     [real_frame + registers.esi], esi
        mov     [real_frame + registers.edi], edi
        mov     [real_frame + registers.ebp], ebp
        pushfd
        pop     dword [real_frame + registers.flags]
        cli
        cld
        lgdt    [real_gdt_pointer]     ; each time: some BIOSes run protected mode themselves and leave their own
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword CODE32:protected

bits 32
protected:
        mov     ax, DATA32
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     esp, [stack_pointer]
        lidt    [idt32_pointer]
        pop     edi
        mov     esi, bios_call_frame
        mov     ecx, registers_size / 4
        rep     movsd
        pop     ebp
        pop     edi
        pop     esi
        pop     ebx
        ret

section .data
bios_call_idt_pointer:
        dw      3FFh
        dd      0

section .bss
align 4
bios_call_frame:  resb registers_size
bios_call_vector: resd 1
stack_pointer:    resd 1
