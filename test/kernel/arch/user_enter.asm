; SPDX-License-Identifier: MIT
; The way to ring 3. Called by user.c.
bits 64

extern fault_address, user_stack_top
extern user_rflags              ; user.c
global user_enter, user_text_end

; arch/gdt.h
GDT_USER_DATA   equ 20h
GDT_USER_CODE   equ 28h
RING_3          equ 3

section .text align=4096     ; nothing of the kernel shares the page of user.asm, which is linked before
user_text_end:
; [[noreturn]] void user_enter(const void *place RDI): goes there in ring 3; comes back by an exception
; before  interrupts closed
; after   CPL 3, the program's GS base, RSP = user_stack_top, RFLAGS = user_rflags, RBX = fault_address
user_enter:
        push qword GDT_USER_DATA | RING_3
        lea rax, [rel user_stack_top]
        push rax
        push qword [rel user_rflags]
        push qword GDT_USER_CODE | RING_3
        push rdi
        mov rbx, [rel fault_address]
        swapgs
        iretq
