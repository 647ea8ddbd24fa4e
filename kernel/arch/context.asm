; SPDX-License-Identifier: MIT
; The change of stacks. Called through arch/context.h.
bits 64

global context_switch, context_prepare, context_resume

; What the System V ABI (AMD64 supplement, 3.2.1) says that a function keeps, as it lies on a stack that waits.
struc saved
        .r15     resq 1
        .r14     resq 1
        .r13     resq 1
        .r12     resq 1
        .rbx     resq 1
        .rbp     resq 1
        .rip     resq 1
endstruc

section .text
; void context_switch(uint64_t *from_rsp RDI, const uint64_t *to_rsp RSI)
; uses  nothing that a function has to keep; RFLAGS stay
; The two may be the same: then it goes on where it is.
context_switch:
        push rbp
        push rbx
        push r12
        push r13
        push r14
        push r15
        mov [rdi], rsp
        mov rsp, [rsi]
; context_resume: return to where RSP was saved
context_resume:
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbx
        pop rbp
        ret

; uint64_t context_prepare(uint64_t top RDI, void (*entry)(void *) RSI, void *argument RDX)
; out   RAX = what context_switch() takes
; A frame pointer of 0 ends the backtrace of what runs there.
context_prepare:
        lea rax, [rdi - 16 - saved_size]    ; at a call RSP is a multiple of 16
        mov qword [rax + saved.r15], 0
        mov qword [rax + saved.r14], 0
        mov [rax + saved.r13], rsi
        mov [rax + saved.r12], rdx
        mov qword [rax + saved.rbx], 0
        mov qword [rax + saved.rbp], 0
        lea rcx, [rel start]
        mov [rax + saved.rip], rcx
        mov qword [rax + saved_size], 0     ; where START would return to
        ret

; before  R13 = entry, R12 = its argument, RSP = top - 16, RBP = 0
start:
        mov rdi, r12
        call r13
        ud2                                 ; it must not return
