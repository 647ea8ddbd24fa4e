; SPDX-License-Identifier: MIT
; The stacks that the kernel is linked with. kernel.ld gives each a segment of its own behind a gap, so that an overflow
; faults instead of eating data. stack.c has their names, gdt.c says who uses which.
bits 64

FAULT_STACK_SIZE equ 16 * 1024      ; the report of a death runs on it

; stack NAME, BYTES: section .NAME_stack with the labels NAME_stack_bottom and NAME_stack_top
%macro stack 2
global %1_stack_bottom, %1_stack_top
section .%1_stack nobits alloc write noexec align=4096
%1_stack_bottom:
        resb %2
%1_stack_top:
%endmacro

        stack boot, 32 * 1024

; These arrive when the current stack may be the very thing that is broken, or between two instructions that change it.
        stack double_fault, FAULT_STACK_SIZE
        stack nmi, FAULT_STACK_SIZE
        stack machine_check, FAULT_STACK_SIZE
        stack db, FAULT_STACK_SIZE ; a section called .debug... would be stripped
