; SPDX-License-Identifier: MIT
; A function that knows what has become of its registers. For switch.c.
bits 64

global switch_with_marked_registers

section .text
; uint64_t switch_with_marked_registers(void (*let_others_run)(void) RDI, uint64_t mark RSI)
; out   RAX = a bit for each of RBX, RBP, R12, R13, R14, R15 that has changed meanwhile, or RSP: bit 6
switch_with_marked_registers:
        push rbx
        push rbp
        push r12
        push r13
        push r14
        push r15
        push rsi                        ; aligns the stack, too
        lea rbx, [rsi + 1]
        lea rbp, [rsi + 2]
        lea r12, [rsi + 3]
        lea r13, [rsi + 4]
        lea r14, [rsi + 5]
        lea r15, [rsi + 6]
        mov rax, rsp
        push rax
        push rax
        call rdi
        pop rax
        pop rax
        xor ecx, ecx                    ; what has changed
        cmp rax, rsp
        setne cl
        shl ecx, 6
        mov rsi, [rsp]

%macro check 2                          ; register, its number
        lea rdx, [rsi + %2 + 1]
        cmp %1, rdx
        je %%same
        or ecx, 1 << %2
%%same:
%endmacro
        check rbx, 0
        check rbp, 1
        check r12, 2
        check r13, 3
        check r14, 4
        check r15, 5
        mov eax, ecx
        add rsp, 8
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbp
        pop rbx
        ret
