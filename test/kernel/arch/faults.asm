; SPDX-License-Identifier: MIT
; Operations of ring 0 that raise one exception each. Called by the tests of exceptions through fault_provoke(), which
; drops the stack; what a test has to prepare or to put back stands beside the operation.
bits 64
%include "faults.inc"

extern fault_address            ; exception.c: where the memory operations go
extern fault_selector           ; ... and what the segment loads load

RFLAGS_TRAP     equ 1 << 8
CR0_TASK_SWITCH equ 1 << 3
DR7_FIRST_LOCAL equ 1 << 0
DR7_FIRST_WRITE equ 1 << 16     ; break on writes to one byte; 0: on execution

section .text

operation divide_by_zero
        mov eax, 1
        xor edx, edx
        xor ecx, ecx
place divide_by_zero
        div ecx

operation divide_overflow
        mov eax, 80000000h
        cdq
        mov ecx, -1
place divide_overflow
        idiv ecx

operation single_step
        pushfq
        or qword [rsp], RFLAGS_TRAP
        popfq
        nop                     ; TF counts from the instruction after the one that set it
place single_step
        ud2

operation debug_interrupt
        int 1                   ; the one-byte INT1 does nothing in QEMU's TCG
place debug_interrupt
        ud2

; Puts back: DR7
operation execution_breakpoint
        lea rax, [rel operation_execution_breakpoint_at]
        mov dr0, rax
        mov eax, DR7_FIRST_LOCAL
        mov dr7, rax
place execution_breakpoint
        nop
        ud2

; Puts back: DR7
operation write_breakpoint
        lea rcx, [rel watched]
        mov dr0, rcx
        mov eax, DR7_FIRST_LOCAL | DR7_FIRST_WRITE
        mov dr7, rax
        mov byte [rcx], 1
place write_breakpoint
        ud2

operation breakpoint
        int3
place breakpoint
        ud2

operation breakpoint_in_two_bytes
        db 0cdh, 3
place breakpoint_in_two_bytes
        ud2

operation overflow
        int 4                   ; INTO does not exist in 64-bit mode
place overflow
        ud2

operation bound_range
        int 5                   ; nor does BOUND
place bound_range
        ud2

operation invalid_opcode
place invalid_opcode
        ud2

operation into_in_long_mode
place into_in_long_mode
        db 0ceh

operation lock_without_memory
place lock_without_memory
        db 0f0h, 01h, 0c0h      ; lock add eax, eax

; Puts back: CR0.TS
operation no_coprocessor
        mov rax, cr0
        or rax, CR0_TASK_SWITCH
        mov cr0, rax
place no_coprocessor
        fnop

; Needs: a gate for page faults that is not present
operation page_fault_without_handler
        mov rax, [rel fault_address]
place page_fault_without_handler
        mov al, [rax]

; Needs: fault_address = the lowest address of a stack
operation push_into_guard_page
        mov rsp, [rel fault_address]
place push_into_guard_page
        push rax

; Needs: a task-state segment that ends in front of the stack of #DB
operation gate_beyond_task_state
place gate_beyond_task_state
        int 1

operation load_task_register
        mov ax, [rel fault_selector]
place load_task_register
        ltr ax

operation load_local_table
        mov ax, [rel fault_selector]
place load_local_table
        lldt ax

operation load_data_segment
        mov ax, [rel fault_selector]
place load_data_segment
        mov ds, ax

operation load_stack_segment
        mov ax, [rel fault_selector]
place load_stack_segment
        mov ss, ax

operation return_to_selector
        movzx eax, word [rel fault_selector]
        lea rcx, [rel operation_return_to_selector_at]
        push rax
        push rcx
place return_to_selector
        o64 retf

; Needs: a gate 80h that is not present, or a table that ends before it
operation gate_80h
place gate_80h
        int 80h

operation read
        mov rax, [rel fault_address]
place read
        mov al, [rax]
        ret

operation write
        mov rax, [rel fault_address]
place write
        mov [rax], al
        ret

operation read_by_frame_pointer
        mov rbp, [rel fault_address]
place read_by_frame_pointer
        mov al, [rbp]

operation jump
        jmp [rel fault_address]

operation jump_far_away
        mov rax, 8000000000000000h
place jump_far_away
        jmp rax

; Puts back: FNINIT
operation x87_divide_by_zero
        fninit
        fldcw [rel divide_by_zero_unmasked]
        fld1
        fldz
        fdivp st1, st0
place x87_divide_by_zero
        fwait

; Needs: CR4.OSFXSR and CR4.OSXMMEXCPT. Puts back: MXCSR
operation simd_divide_by_zero
        ldmxcsr [rel simd_divide_by_zero_unmasked]
        xorps xmm0, xmm0
        movss xmm1, [rel one]
place simd_divide_by_zero
        divss xmm1, xmm0

section .rodata
        align 4
divide_by_zero_unmasked:
        dw 037bh                ; all exceptions masked but ZM
        align 4
simd_divide_by_zero_unmasked:
        dd 1d80h                ; MXCSR after reset, without ZM
one:
        dd 3f800000h

section .bss
watched:
        resb 1
