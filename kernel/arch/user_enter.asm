; SPDX-License-Identifier: MIT
; Where the kernel's side of a program goes to ring 3 for the first time, and where it comes back for good. Called through
; arch/user.h.
bits 64

global user_enter, user_leave
extern user_return              ; trap_entry.asm
extern context_resume           ; context.asm

TRAP_FRAME_WORDS equ 22         ; struct trap_frame, whose size arch/trap_frame.h asserts

; Of struct user_context.
CONTEXT_KERNEL_RSP equ 0

section .text
; void user_enter(struct user_context *context RDI, const struct trap_frame *frame RSI)
; What a function has to keep lies above the context's stack as context_switch() would save it; user_leave() finds it there.
user_enter:
        push rbp
        push rbx
        push r12
        push r13
        push r14
        push r15
        push rdi                    ; for user_context_of(); RSP is a multiple of 16 again
        mov [rdi + CONTEXT_KERNEL_RSP], rsp
        sub rsp, TRAP_FRAME_WORDS * 8
        mov rdi, rsp
        mov ecx, TRAP_FRAME_WORDS
        rep movsq
        jmp user_return

; [[noreturn]] void user_leave(const struct user_context *context RDI)
user_leave:
        mov rsp, [rdi + CONTEXT_KERNEL_RSP]
        add rsp, 8
        jmp context_resume
