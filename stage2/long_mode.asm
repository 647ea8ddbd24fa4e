; SPDX-License-Identifier: MIT
; From protected mode to long mode and the kernel; and back, when the kernel is damaged or raises an exception before it has
; an IDT of its own. Called by handover.c. Long mode is entered as in SDM Vol. 3A, 10.8.5.

        cpu     x64
%include "layout.inc"

EFER            equ 0C0000080h
EFER_LME        equ 1 << 8
CR0_HANDOVER    equ 80010031h           ; PG, WP, NE, ET, PE
CR4_HANDOVER    equ 20h                 ; PAE
UNROLLED        equ 16                  ; words a step of the checksum

struc handover                          ; struct handover of handover.c
  .page_table_root: resd 1
  .efer:            resd 1
  .boot_info:       resd 1
  .stamp:           resd 1
  .entry:           resq 1
  .first:           resq 1
  .second:          resq 1
  .range_count:     resd 1
  .ranges:
endstruc

extern handover_state, idt32_pointer, idt64_pointer, stage2_stack_top

section .text
global enter_long_mode, leave_long_mode

; enter_long_mode: go, as handover_state says. Comes back, with the same in protected mode, only when something is wrong.
; uses EAX, ECX, EDX
bits 32
enter_long_mode:
        push    ebx
        push    esi
        push    edi
        push    ebp
        mov     [stack_pointer], esp
        lidt    [idt64_pointer]
        mov     ebx, handover_state
        mov     eax, CR4_HANDOVER
        mov     cr4, eax
        mov     eax, [ebx + handover.page_table_root]
        mov     cr3, eax
        mov     ecx, EFER
        mov     eax, [ebx + handover.efer]
        xor     edx, edx
        wrmsr
        mov     eax, CR0_HANDOVER
        jmp     switch_on_paging

; What runs with paging on: the linker script puts it in one place, and handover.c maps that executable.
section .text.long_mode progbits alloc exec nowrite align=4

switch_on_paging:
        mov     cr0, eax
        jmp     CODE64:.long_mode

; Long mode. EBX = handover_state; upper halves of all registers are undefined until written.
bits 64
.long_mode:
        mov     ebx, ebx
        xor     eax, eax                ; first sum
        xor     edx, edx                ; second sum
        lea     r8, [rbx + handover.ranges]
        mov     r9d, [rbx + handover.range_count]
        test    r9d, r9d
        jz      .jump
.range:
        mov     esi, [r8]
        mov     ecx, [r8 + 4]
        add     r8, 8
        mov     r10d, ecx
        shr     r10d, 4
        jz      .rest
.block:
%assign word_offset 0
%rep UNROLLED
        add     rax, [rsi + word_offset]
        add     rdx, rax
  %assign word_offset word_offset + 8
%endrep
        sub     rsi, -UNROLLED * 8
        dec     r10d
        jnz     .block
.rest:
        and     ecx, UNROLLED - 1
        jz      .next_range
.word:
        add     rax, [rsi]
        add     rdx, rax
        add     rsi, 8
        dec     ecx
        jnz     .word
.next_range:
        dec     r9d
        jnz     .range
        xchg    rax, [rbx + handover.first]     ; now both hold what was found, and the registers what was wanted
        xchg    rdx, [rbx + handover.second]
        cmp     rax, [rbx + handover.first]
        jne     leave_long_mode
        cmp     rdx, [rbx + handover.second]
        jne     leave_long_mode
.jump:
        mov     esi, [rbx + handover.stamp]
        rdtsc
        mov     [rsi], eax
        mov     [rsi + 4], edx
        mov     edi, [rbx + handover.boot_info]
        mov     rax, [rbx + handover.entry]
        mov     esp, stage2_stack_top
        xor     ecx, ecx
        push    rcx                     ; a return address that leads nowhere, and the alignment of a called function
        xor     edx, edx
        xor     ebx, ebx
        xor     esi, esi
        xor     ebp, ebp
        xor     r8d, r8d
        xor     r9d, r9d
        xor     r10d, r10d
        xor     r11d, r11d
        xor     r12d, r12d
        xor     r13d, r13d
        xor     r14d, r14d
        xor     r15d, r15d
        push    2                       ; RFLAGS: nothing set but the bit that always is; NT, say, would break IRETQ
        popfq
        jmp     rax

; Back to enter_long_mode's caller. From the checksum above, or from an exception (exceptions.asm).
leave_long_mode:
        mov     esp, [stack_pointer]
        cli
        cld
        push    CODE32
        push    .compatibility
        o64 retf
bits 32
.compatibility:
        mov     eax, cr0
        and     eax, 7FFFFFFFh
        mov     cr0, eax
        mov     ecx, EFER
        rdmsr
        and     eax, ~EFER_LME
        wrmsr
        jmp     paging_is_off

section .text
paging_is_off:
        mov     ax, DATA32
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     esp, [stack_pointer]
        lidt    [idt32_pointer]
        pop     ebp
        pop     edi
        pop     esi
        pop     ebx
        ret

section .bss
align 4
stack_pointer:  resd 1
