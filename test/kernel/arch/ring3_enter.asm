; SPDX-License-Identifier: MIT
; The way to ring 3. Called by user.c.
bits 64

extern fault_address            ; exception.c
extern user_rflags, user_rsp    ; user.c
global ring3_enter

; arch/gdt.h
GDT_USER_DATA   equ 20h
GDT_USER_CODE   equ 28h
RING_3          equ 3

section .text
; [[noreturn]] void ring3_enter(const void *place RDI): goes there in ring 3; comes back by an exception
; before  interrupts closed
; after   CPL 3, the program's GS base, RSP = user_rsp, RFLAGS = user_rflags, RBX = fault_address
ring3_enter:
        push qword GDT_USER_DATA | RING_3
        push qword [rel user_rsp]
        push qword [rel user_rflags]
        push qword GDT_USER_CODE | RING_3
        push rdi
        mov rbx, [rel fault_address]
        swapgs
        iretq
