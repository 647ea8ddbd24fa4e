; SPDX-License-Identifier: MIT
; The loop of gap.h. Each round has the same instructions, so two rounds that nothing interrupts take the same time.
bits 64

global gap_wait

ROUND equ 10                        ; instructions from one RDTSC to the next

section .text
; uint64_t gap_wait(uint64_t patience_ticks RDI)
; out   RAX
; uses  RCX, RDX, RSI
gap_wait:
        rdtsc
        shl rdx, 32
        or rax, rdx
        mov rcx, rax                ; the last look
        add rdi, rax                ; the end of patience
.round:
        rdtsc
        shl rdx, 32
        or rax, rdx
        mov rsi, rax
        sub rsi, rcx
        mov rcx, rax
        cmp rsi, ROUND
        ja .gap
        cmp rax, rdi
        jb .round
        xor eax, eax
        ret
.gap:
        lea rax, [rsi - ROUND]
        ret
