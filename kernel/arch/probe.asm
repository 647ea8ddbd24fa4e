; SPDX-License-Identifier: MIT
; The instructions that are allowed to fault, and where each of them goes on then. Called through arch/probe.h; probe.c
; reads the table.
bits 64

global probe_copy, probe_copy_from_user, probe_copy_to_user, probe_load, probe_store
extern cpu_smap_is_on           ; protection.c

USER_END equ 1 << 47             ; the lower half of the canonical addresses

; may_fault LABEL, LANDING: an entry of the table of probe.c (struct landing). At the landing place RAX holds the vector of
; the fault, RDX its error code and R8 what CR2 was; the other registers are as they were at LABEL.
%macro may_fault 2
[section .landings progbits alloc noexec nowrite align=16]
        dq %1, %2
__?SECT?__
%endmacro

section .text
; size_t probe_copy(void *destination RDI, const void *source RSI, size_t size_bytes RDX)
; out   RAX = bytes that were not copied
; uses  RCX, RSI, RDI
probe_copy:
        mov rcx, rdx
.copy:
        rep movsb                   ; a fault leaves in RCX what is left to do
.landing:
        mov rax, rcx
        ret
        may_fault .copy, .landing

; copy_for_user NAME, POINTER: size_t NAME(void *destination RDI, const void *source RSI, size_t size_bytes RDX), where
; POINTER, RDI or RSI, is the program's
; out   RAX = bytes that were not copied, AC clear
; uses  RCX, RSI, RDI
%macro copy_for_user 2
%1:
        mov rcx, rdx
%ifndef HEWN_BREAK_UNCHECKED_POINTER
        mov rax, USER_END
        cmp %2, rax
        jae .refused
        sub rax, %2
        cmp rdx, rax
        ja .refused
%endif
        cmp byte [rel cpu_smap_is_on], 0
        je .copy
        stac
.copy:
        rep movsb
.landing:
        cmp byte [rel cpu_smap_is_on], 0
        je .refused
        clac                        ; the fault's IRETQ has set it again
.refused:
        mov rax, rcx
        ret
        may_fault .copy, .landing
%endmacro

        copy_for_user probe_copy_from_user, rsi
        copy_for_user probe_copy_to_user, rdi

; choose_size: go on at the access of EDX bytes; that of 8 follows. Each of the four may fault
%macro choose_size 0
        may_fault .quadword, access_failed
        may_fault .doubleword, access_failed
        may_fault .word, access_failed
        may_fault .byte, access_failed
        cmp edx, 2
        jb .byte
        je .word
        cmp edx, 4
        je .doubleword
%endmacro

; bool probe_load(uint64_t *value RDI, virt_addr_t address RSI, unsigned size_bytes EDX, struct probe_fault *fault RCX)
; out   RAX = whether [RDI] was filled, otherwise [RCX]
; uses  RDX, R8
probe_load:
        choose_size
.quadword:
        mov rax, [rsi]
        jmp .loaded
.doubleword:
        mov eax, [rsi]              ; clears the upper half
        jmp .loaded
.word:
        movzx eax, word [rsi]
        jmp .loaded
.byte:
        movzx eax, byte [rsi]
.loaded:
        mov [rdi], rax
        mov eax, 1
        ret

; bool probe_store(uint64_t value RDI, virt_addr_t address RSI, unsigned size_bytes EDX, struct probe_fault *fault RCX)
; out   RAX = whether it was stored; otherwise [RCX] is filled
; uses  RDX, R8
probe_store:
        choose_size
.quadword:
        mov [rsi], rdi
        jmp .stored
.doubleword:
        mov [rsi], edi
        jmp .stored
.word:
        mov [rsi], di
        jmp .stored
.byte:
        mov [rsi], dil
.stored:
        mov eax, 1
        ret

; Where the instructions of both land: RCX = struct probe_fault *
access_failed:
        mov [rcx], rax
        mov [rcx + 8], rdx
        mov [rcx + 16], r8
        xor eax, eax
        ret
