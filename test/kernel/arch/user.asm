; SPDX-License-Identifier: MIT
; Operations that fault in ring 3, with RBX = fault_address. The kernel never runs them: they are the first page of a
; program, which user.c copies to its place, with a second page behind it for data and stack.
bits 64
%include "faults.inc"

global user_text_start

PAGE_SIZE equ 4096

section .rodata
user_text_start:
user_ticks     equ user_text_start + PAGE_SIZE ; counted by user.c
user_stack_top equ user_ticks + PAGE_SIZE

operation user_breakpoint
        int3
place user_breakpoint
        ud2

operation user_steps
        nop
        nop
        nop
place user_steps
        ud2

; Gives up in time when no interrupt comes.
operation user_wait_for_ticks
        mov ecx, 1 << 28
.again:
        cmp qword [rel user_ticks], 3
        jae .end
        dec ecx
        jnz .again
.end:
place user_wait_for_ticks
        ud2

operation user_invalid_opcode
place user_invalid_opcode
        ud2

operation user_halt
place user_halt
        hlt

operation user_close_interrupts
place user_close_interrupts
        cli

operation user_port
place user_port
        out 80h, al

operation user_interrupt
place user_interrupt
        int 81h

operation user_page_fault_by_int
place user_page_fault_by_int
        int 14

operation user_read
place user_read
        mov al, [rbx]

operation user_write
place user_write
        mov [rbx], al

operation user_write_own_text
        lea rax, [rel user_text_start]
place user_write_own_text
        mov [rax], al

operation user_jump
        jmp rbx

operation user_kernel_data_segment
        mov ax, 10h
place user_kernel_data_segment
        mov ds, ax

operation user_misaligned_read
        lea rax, [rel user_stack_top - 15]
place user_misaligned_read
        mov eax, [rax]
        ud2

operation user_push_nowhere
        mov esp, 100h
place user_push_nowhere
        push rax

; What programs may not ask where UMIP is: where are the kernel's tables?
operation user_sgdt
place user_sgdt
        sgdt [rsp - 16]
        ud2

operation user_sidt
place user_sidt
        sidt [rsp - 16]
        ud2

operation user_sldt
place user_sldt
        sldt eax
        ud2

operation user_str
place user_str
        str eax
        ud2

operation user_smsw
place user_smsw
        smsw eax
        ud2

        times PAGE_SIZE - ($ - user_text_start) int3
