; SPDX-License-Identifier: MIT
; Sends the CPU through the trap entry of a vector with a canary in every register. Called by stub.c.
bits 64

global stub_interrupt, stub_by_hand, stub_registers, stub_flags

; struct registers of stub.c
struc registers
        .rax    resq 1
        .rbx    resq 1
        .rcx    resq 1
        .rdx    resq 1
        .rsi    resq 1
        .rdi    resq 1
        .rbp    resq 1
        .r8     resq 1
        .r9     resq 1
        .r10    resq 1
        .r11    resq 1
        .r12    resq 1
        .r13    resq 1
        .r14    resq 1
        .r15    resq 1
        .rflags resq 1
        .rsp    resq 1
endstruc

KERNEL_CODE equ 08h             ; arch/gdt.h
KERNEL_DATA equ 10h
RFLAGS_RESERVED_ONE equ 1 << 1

%macro exchange_registers 1     ; mov between registers and [stub_registers], in the direction of the macro given
        %1 rax
        %1 rbx
        %1 rcx
        %1 rdx
        %1 rsi
        %1 rdi
        %1 rbp
        %1 r8
        %1 r9
        %1 r10
        %1 r11
        %1 r12
        %1 r13
        %1 r14
        %1 r15
%endmacro

%macro load 1
        mov %1, [rel stub_registers + registers. %+ %1]
%endmacro
%macro store 1
        mov [rel stub_registers + registers. %+ %1], %1
%endmacro

%macro save_and_load 0
        push rbp
        push rbx
        push r12
        push r13
        push r14
        push r15
        mov [rel own_rsp], rsp
        exchange_registers load
        push qword [rel stub_flags]
        popfq                       ; nothing from here to the trap entry changes a flag
%endmacro

section .text
; void stub_interrupt(void (*instruction)(void) RDI): calls one of int_instructions with the registers of
; [stub_registers] and the flags of [stub_flags], IF and TF not among them, and stores what came back, RSP relative to
; what went in.
stub_interrupt:
        mov [rel target], rdi
        save_and_load
        call [rel target]
        jmp store_and_restore

; void stub_by_hand(uint64_t entry RDI, uint64_t error_code RSI): the same, but jumps to the entry of a vector with the
; frame that the CPU would have left (Intel SDM vol. 3, 6.14.2)
stub_by_hand:
        mov [rel target], rdi
        mov [rel error_code], rsi
        save_and_load
        mov [rel frame_rsp], rsp
        lea rsp, [rel frame_end]    ; a multiple of 16, as the CPU makes it
        push qword KERNEL_DATA
        push qword [rel frame_rsp]
        push qword [rel stub_flags]
        push qword KERNEL_CODE
        push qword store_and_restore
        push qword [rel error_code]
        jmp [rel target]

store_and_restore:
        mov [rel stub_registers + registers.rsp], rsp
        exchange_registers store
        pushfq
        pop qword [rel stub_registers + registers.rflags]
        push qword RFLAGS_RESERVED_ONE
        popfq
        mov rax, [rel own_rsp]
        sub [rel stub_registers + registers.rsp], rax
        mov rsp, rax
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbx
        pop rbp
        ret

section .data
stub_registers:
        times registers_size db 0
stub_flags:
        dq 0

section .bss nobits alloc write noexec align=16
        resb 8192                   ; the handler runs below the frame of stub_by_hand
frame_end:
own_rsp:
        resq 1
target:
        resq 1
error_code:
        resq 1
frame_rsp:
        resq 1
