; SPDX-License-Identifier: MIT
; The kernel's first instructions, its boot stack and that of the double fault. Jumped to by the loader
; (docs/boot-protocol.md); calls kernel_main.
; Knows nothing of struct boot_info but that RDI holds its address.
bits 64

global kernel_entry, double_fault_stack_top
extern kernel_main

BOOT_STACK_SIZE         equ 32 * 1024
DOUBLE_FAULT_STACK_SIZE equ 8 * 1024

section .text
; kernel_entry: never returns
; before  long mode, kernel mapped as its program headers say, the loader's stack and GDT, RDI = struct boot_info *
; after   interrupts closed, DF clear, own stack with an unmapped page below it, RBP = 0 ends every backtrace
kernel_entry:
        cli
        cld
        lea rsp, [rel boot_stack_top]
        xor ebp, ebp
        call kernel_main            ; RSP is a multiple of 16 before a call, as the System V ABI wants
        ud2

; kernel.ld gives each of these sections a segment of its own behind a gap: an overflow faults instead of eating data.
section .boot_stack nobits alloc write noexec align=4096
        resb BOOT_STACK_SIZE
boot_stack_top:

; The CPU cannot push the frame of that fault on the stack that has overflown, so the double fault has this one.
section .double_fault_stack nobits alloc write noexec align=4096
        resb DOUBLE_FAULT_STACK_SIZE
double_fault_stack_top:
