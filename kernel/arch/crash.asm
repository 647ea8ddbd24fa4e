; SPDX-License-Identifier: MIT
; The instructions of arch/crash.h. Each function keeps the chain of frame pointers whole, so that the backtrace of the
; report leads to whoever called it. The segment tables are sealed by now, so what needs a broken descriptor works on a
; copy of the GDT.
bits 64

global crash_divide, crash_single_step, crash_breakpoint, crash_nmi, crash_overflow, crash_bound, crash_machine_check
global crash_invalid_opcode, crash_not_available, crash_double_fault, crash_task_state, crash_not_present
global crash_stack_segment, crash_x87, crash_simd, crash_triple_fault, crash_jump

RFLAGS_TRAP       equ 1 << 8
CR0_TASK_SWITCHED equ 1 << 3
CR4_SSE           equ 3 << 9    ; OSFXSR and OSXMMEXCPT

; Intel SDM vol. 3, 3.4.5 and 7.7. gdt.h has the selectors.
SPARE_SELECTOR    equ 18h
TASK_STATE        equ 30h
DATA_NOT_PRESENT  equ 0000120000000000h ; writable, ring 0
BUSY_BYTE         equ 5
BUSY              equ 1 << 1
DEBUG_STACK       equ 36 + 8 * 3        ; where the task state has the stack of vector 1 (enum gdt_stack)
TABLE_BYTES       equ 40h

; crash NAME: a function with a frame pointer
%macro crash 1
crash_%1:
        push rbp
        mov rbp, rsp
%endmacro

section .text
        crash divide
        mov eax, 1
        xor edx, edx
        xor ecx, ecx
        div ecx

        crash single_step
        pushfq
        or qword [rsp], RFLAGS_TRAP
        popfq
        nop                     ; TF counts from the instruction after the one that set it
        ud2

        crash breakpoint
        int3
        pop rbp
        ret

        crash nmi
        int 2
        ud2

        crash overflow
        int 4                   ; INTO does not exist in 64-bit mode
        ud2

        crash bound
        int 5                   ; nor does BOUND
        ud2

        crash machine_check
        int 18
        ud2

        crash invalid_opcode
        ud2

        crash not_available
        mov rax, cr0
        or rax, CR0_TASK_SWITCHED
        mov cr0, rax
        fnop
        ud2

        crash double_fault
        cli                     ; an interrupt would find no stack either
        xor esp, esp
        push rax
        ud2

        crash task_state
        call use_copy
        mov word [rel table + TASK_STATE], DEBUG_STACK - 1
        and byte [rel table + TASK_STATE + BUSY_BYTE], ~BUSY
        mov eax, TASK_STATE
        ltr ax
        int 1
        ud2

        crash not_present
        call use_copy
        mov eax, SPARE_SELECTOR
        mov ds, ax
        ud2

        crash stack_segment
        call use_copy
        mov eax, SPARE_SELECTOR
        mov ss, ax
        ud2

        crash x87
        fninit
        fldcw [rel divide_by_zero_unmasked]
        fld1
        fldz
        fdivp st1, st0
        fwait
        ud2

        crash simd
        mov rdx, cr4
        mov rax, rdx
        or rax, CR4_SSE
        mov cr4, rax
        ldmxcsr [rel simd_divide_by_zero_unmasked]
        xorps xmm0, xmm0
        movss xmm1, [rel one]
        divss xmm1, xmm0
        ldmxcsr [rel simd_masked] ; nothing was raised
        mov cr4, rdx
        pop rbp
        ret

        crash triple_fault
        lidt [rel no_table]
        int3

; crash_jump: RDI = where to
        crash jump
        call rdi
        ud2

; Load a copy of the GDT whose spare entry is a data segment that is not present.
; uses  RAX, RCX, RSI, RDI
use_copy:
        sub rsp, 16
        sgdt [rsp]
        mov rsi, [rsp + 2]
        lea rdi, [rel table]
        mov ecx, TABLE_BYTES
        rep movsb
        mov rax, DATA_NOT_PRESENT
        mov [rel table + SPARE_SELECTOR], rax
        lea rax, [rel table]
        mov word [rsp], TABLE_BYTES - 1
        mov [rsp + 2], rax
        lgdt [rsp]
        add rsp, 16
        ret

section .rodata
no_table:
        dw 0
        dq 0
        align 4
simd_masked:
        dd 1f80h                ; MXCSR after reset
simd_divide_by_zero_unmasked:
        dd 1d80h                ; the same without ZM
one:
        dd 3f800000h
divide_by_zero_unmasked:
        dw 037bh                ; all exceptions of the x87 masked but ZM

section .bss align=16
table:
        resb TABLE_BYTES
