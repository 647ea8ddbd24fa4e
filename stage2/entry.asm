; SPDX-License-Identifier: MIT
; Stage 2's header, its first instructions in real mode, the way to protected mode, and the stubs that turn an exception
; there into a sentence. Owns the descriptor tables. The boot sector jumps here; C goes on in stage2_main().

        cpu     586

STAGE2_BASE     equ 10000h              ; stage2.ld; the segment STAGE2_BASE >> 4 in real mode
CODE32          equ 08h
DATA32          equ 10h

extern stage2_main, stage2_exception, stage2_image_end, stage2_end, stage2_stack_top

section .header progbits alloc exec write align=16
global stage2_header
stage2_header:
        db      "HWN2"
        dw      1                       ; version of this header
        dw      0                       ; sectors           (cmake/tools/stage2_image.py fills in
        dw      0, 0                    ; checksum words     these three)
        dd      0

; At 1000:0010, real mode. DL = boot drive; SS:SP = 0:7BF8 holds the boot sector's time stamp, zero if there is no RDTSC.
bits 16
        cli
        cld
        mov     ax, cs
        mov     ds, ax
        mov     cl, dl
        pop     esi
        pop     edi
        xor     eax, eax
        cdq
        mov     ebx, esi
        or      ebx, edi
        jz      .stamped
        rdtsc
.stamped:
        mov     ebx, eax
        mov     ebp, edx
        lgdt    [dword gdt_pointer - STAGE2_BASE]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword CODE32:.protected

; Protected mode: flat segments, interrupts off, A20 unknown (all of this lies below 1 MiB, in an even MiB).
; CL = drive, EDI:ESI = boot sector's stamp, EBP:EBX = stage 2's
bits 32
.protected:
        mov     ax, DATA32
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     esp, stage2_stack_top
        push    ebp
        push    ebx
        push    edi
        push    esi
        movzx   edx, cl
        mov     edi, stage2_image_end
        mov     ecx, stage2_end
        sub     ecx, edi
        shr     ecx, 2
        xor     eax, eax
        rep     stosd                   ; .bss
        call    fill_idt
        lidt    [idt_pointer]
        mov     eax, esp                ; const uint64_t stamps[2]
        call    stage2_main             ; (stamps, drive) in EAX, EDX: -mregparm=3
        ud2

; fill_idt: one interrupt gate for each exception, to its stub.
; uses EAX, ECX, EDI
fill_idt:
        mov     edi, idt
        mov     eax, exception_stubs
        mov     ecx, EXCEPTIONS
.next:
        mov     [edi], ax               ; (SDM Vol. 3A, figure 7-2)
        mov     word [edi + 2], CODE32
        mov     dword [edi + 4], STAGE2_BASE | 8E00h    ; present, 32-bit interrupt gate
        add     eax, EXCEPTION_STUB_SIZE
        add     edi, 8
        loop    .next
        ret

; Each stub pushes its vector and goes to the common end, which hands the stack to C.
EXCEPTIONS              equ 32
EXCEPTION_STUB_SIZE     equ 4
exception_stubs:
%assign vector 0
%rep EXCEPTIONS
        push    byte vector
        jmp     short exception_common
  %assign vector vector + 1
%endrep
%if ($ - exception_stubs) != EXCEPTIONS * EXCEPTION_STUB_SIZE
  %error exception stubs are not all of one size
%endif
exception_common:
        mov     eax, esp                ; vector, [error code,] EIP, CS, EFLAGS
        cld
        call    stage2_exception

section .data
align 8
global gdt_pointer, idt_pointer
gdt:    dq      0
        dq      00CF9B000000FFFFh       ; 08: code, 32 bit, 4 GiB
        dq      00CF93000000FFFFh       ; 10: data, 4 GiB
        dq      00009B010000FFFFh       ; 18: code, 16 bit, 64 KiB at STAGE2_BASE
        dq      000093000000FFFFh       ; 20: data, 64 KiB at 0: the limit that real mode expects
        dq      00AF9B000000FFFFh       ; 28: code, 64 bit
gdt_end:
gdt_pointer:
        dw      gdt_end - gdt - 1
        dd      gdt, 0                  ; upper half for LGDT in 64-bit mode
idt_pointer:
        dw      EXCEPTIONS * 8 - 1
        dd      idt

section .bss
align 8
idt:    resq    EXCEPTIONS
