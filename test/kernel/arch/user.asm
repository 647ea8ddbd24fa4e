; SPDX-License-Identifier: MIT
; Ring 3: the way there, and operations that fault there. Called by the tests of exceptions; user.c opens the pages.
bits 64
%include "faults.inc"

extern fault_address
extern user_rflags              ; user.c
global user_enter, user_text_start, user_text_end, user_stack_top

; arch/gdt.h
GDT_USER_DATA   equ 20h
GDT_USER_CODE   equ 28h
RING_3          equ 3

section .text
; user_enter: jumped to by an operation, RDI = where to go in ring 3; comes back by an exception
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

section .text.user progbits alloc exec nowrite align=4096
user_text_start:

user_operation user_breakpoint
        int3
place user_breakpoint
        ud2

user_operation user_invalid_opcode
place user_invalid_opcode
        ud2

user_operation user_halt
place user_halt
        hlt

user_operation user_close_interrupts
place user_close_interrupts
        cli

user_operation user_port
place user_port
        out 80h, al

user_operation user_interrupt
place user_interrupt
        int 80h

user_operation user_page_fault_by_int
place user_page_fault_by_int
        int 14

user_operation user_read
place user_read
        mov al, [rbx]

user_operation user_write
place user_write
        mov [rbx], al

user_operation user_write_own_text
        lea rax, [rel user_text_start]
place user_write_own_text
        mov [rax], al

user_operation user_jump
        jmp rbx

user_operation user_kernel_data_segment
        mov ax, 10h
place user_kernel_data_segment
        mov ds, ax

user_operation user_misaligned_read
        lea rax, [rel user_stack_top - 15]
place user_misaligned_read
        mov eax, [rax]
        ud2

user_operation user_push_nowhere
        mov esp, 100h
place user_push_nowhere
        push rax

section .text.user
        align 4096
user_text_end:

section .bss
        align 4096
        resb 4096
user_stack_top:
