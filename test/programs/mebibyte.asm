; SPDX-License-Identifier: MIT
; A program with a file of more than 1 MiB that looks at the TSC with its first instruction. It writes what it saw, eight
; bytes, and says the last byte of its data as it ends. Without a library, whose own beginning would come first.

        bits    64
        default rel

WRITE           equ 1
EXIT            equ 60
STANDARD_OUTPUT equ 1
DATA_BYTES      equ 1 << 20
FILLING         equ 90

        global  _start

        section .text
_start:
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        push    rax
        mov     eax, WRITE
        mov     edi, STANDARD_OUTPUT
        mov     rsi, rsp
        mov     edx, 8
        syscall
        movzx   edi, byte [data + DATA_BYTES - 1]
        mov     eax, EXIT
        syscall

        section .data
data:   times DATA_BYTES db FILLING
