; SPDX-License-Identifier: MIT
; Exceptions while there is no kernel to handle them: in stage 2's own protected mode, and in long mode until the kernel has
; loaded an IDT of its own. Both end in a sentence: stage2_exception() (main.c) and handover_jump() (handover.c).

        cpu     x64
%include "layout.inc"

EXCEPTIONS      equ 20                  ; 0 (#DE) .. 19 (#XM): later ones need CR4 bits that are off
STUB_SIZE       equ 4
GATE            equ STAGE2_BASE | 8E00h ; offset 31..16; present interrupt gate

struc fault                             ; part of struct handover, handover.c
  .vector:      resd 1
  .error:       resd 1
  .rip:         resq 1
  .cr2:         resq 1
endstruc

extern stage2_exception, leave_long_mode, handover_fault
global fill_idts, idt32_pointer, idt64_pointer

section .text

; fill_idts: the gates of both modes, to the same stubs.
; uses EAX, ECX, EDX, EDI
bits 32
fill_idts:
        mov     edi, idt32              ; 8-byte gates (SDM Vol. 3A, figure 7-2)
        mov     edx, CODE32
        call    .fill
        mov     edi, idt64              ; 16-byte gates, upper half zero (figure 7-8)
        mov     dl, CODE64
.fill:
        mov     eax, exception_stubs
        mov     ecx, EXCEPTIONS
.next:
        mov     [edi], ax
        mov     [edi + 2], dx
        mov     dword [edi + 4], GATE
        add     edi, 8
        cmp     dl, CODE32
        je      .next_stub
        add     edi, 8
.next_stub:
        add     eax, STUB_SIZE
        loop    .next
        ret

; What must be executable in long mode as well: the linker script puts it beside long_mode.asm's.
section .text.long_mode progbits alloc exec nowrite align=4

; Each stub pushes its vector. These instructions are the same bytes in both modes.
exception_stubs:
%assign vector 0
%rep EXCEPTIONS
        push    byte vector
        jmp     short exception_common
  %assign vector vector + 1
%endrep
%if ($ - exception_stubs) != EXCEPTIONS * STUB_SIZE
  %error exception stubs are not all of one size
%endif

exception_common:
        xor     eax, eax                ; ZF = 1
        inc     eax                     ; this byte is INC EAX in protected mode and a prefix of the NOP in long mode,
        nop
        jz      .long_mode              ; so there ZF is still set
        mov     eax, esp                ; vector, [error code,] EIP, CS, EFLAGS
        cld
        call    stage2_exception

; The kernel's stack: vector, [error code,] RIP, CS, RFLAGS, RSP, SS
bits 64
.long_mode:
        pop     rcx
        test    spl, 8                  ; the CPU aligned RSP to 16, then pushed five words or, with an error code, six
        jnz     .no_error_code          ; (an IRQ that comes in as vector 8 has none)
        pop     rax
.no_error_code:
        pop     rdx
        mov     ebx, handover_fault
        mov     [rbx + fault.vector], ecx
        mov     [rbx + fault.error], eax
        mov     [rbx + fault.rip], rdx
        mov     rax, cr2
        mov     [rbx + fault.cr2], rax
        jmp     leave_long_mode

section .data
idt32_pointer:
        dw      EXCEPTIONS * 8 - 1
        dd      idt32
idt64_pointer:
        dw      EXCEPTIONS * 16 - 1
        dd      idt64, 0

section .bss
align 8
idt32:  resq    EXCEPTIONS
idt64:  resq    EXCEPTIONS * 2
