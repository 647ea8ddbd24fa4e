; SPDX-License-Identifier: MIT
; The way back of framework/landing.h. Called by the test framework; knows nothing of why a function is left.
bits 64

global landing_call, landing_jump, landing_resume

section .text
; landing_call: RDI = operation, RSI = struct landing *
; out  RAX = 0 when the operation returned, 1 when it was left; RFLAGS and what the ABI wants kept are as before
landing_call:
        push rbp
        mov rbp, rsp                ; backtraces go on through here
        pushfq
        push rbx
        push r12
        push r13
        push r14
        push r15                    ; seven pushes behind a return address: RSP is a multiple of 16 again
        mov [rsi], rsp
        call rdi
        xor eax, eax
        jmp landing_leave

; landing_jump: RDI = const struct landing *; never returns
landing_jump:
        mov rsp, [rdi]
; landing_resume
; before  RSP as landing_call stored it, every other register and flag unknown
landing_resume:
        mov eax, 1
landing_leave:
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbx
        popfq                       ; may open interrupts: all that follows is an ordinary return
        pop rbp
        ret
