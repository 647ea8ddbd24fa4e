; SPDX-License-Identifier: MIT
; The instructions that are allowed to fault, and where each of them goes on then. Called through arch/probe.h; probe.c
; reads the table.
bits 64

global probe_copy, probe_copy_from_user
extern cpu_smap_is_on           ; protection.c

USER_END equ 1 << 47             ; the lower half of the canonical addresses

; may_fault LABEL, LANDING: an entry of the table of probe.c (struct landing)
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

; size_t probe_copy_from_user(void *destination RDI, const void *source RSI, size_t size_bytes RDX)
; out   RAX = bytes that were not copied, AC clear
; uses  RCX, RSI, RDI
probe_copy_from_user:
        mov rcx, rdx
        mov rax, USER_END
        cmp rsi, rax
        jae .refused
        sub rax, rsi
        cmp rdx, rax
        ja .refused
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
