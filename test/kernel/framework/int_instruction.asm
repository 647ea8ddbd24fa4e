; SPDX-License-Identifier: MIT
; INT n for each n, as functions (framework/int_instruction.h).
bits 64

global int_instructions

INT_INSTRUCTION_SIZE equ 4      ; int_instruction.h has the same number

section .text
int_instructions:
%assign vector 0
%rep 256
        db 0cdh, vector         ; not the mnemonic: for 3, NASM might choose the one-byte form
        ret
        nop
%assign vector vector + 1
%endrep
%if ($ - int_instructions) != 256 * INT_INSTRUCTION_SIZE
        %error "an entry has a wrong size"
%endif
