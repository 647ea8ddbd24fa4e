; SPDX-License-Identifier: MIT
; The kernel's first instructions. Jumped to by the loader (docs/boot-protocol.md); calls kernel_main.
; Knows nothing of struct boot_info but that RDI holds its address.
bits 64

global kernel_entry
extern kernel_main, boot_stack_top

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
