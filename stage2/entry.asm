; SPDX-License-Identifier: MIT
; Stage 2's header, its first instructions in real mode and the way to protected mode. Owns the GDT. The boot sector jumps
; here; C goes on in stage2_main().

        cpu     586
%include "layout.inc"

extern stage2_main, fill_idts, idt32_pointer, stage2_image_end, stage2_end, stage2_stack_top

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
        movzx   edx, cl
        push    edx
        push    ebp
        push    ebx
        push    edi
        push    esi
        mov     edi, stage2_image_end
        mov     ecx, stage2_end
        sub     ecx, edi
        shr     ecx, 2
        xor     eax, eax
        rep     stosd                   ; .bss
        call    fill_idts
        lidt    [idt32_pointer]
        mov     eax, esp                ; const uint64_t stamps[2]
        mov     edx, [esp + 16]         ; the drive
        call    stage2_main             ; (stamps, drive) in EAX, EDX: -mregparm=3
        ud2

section .data
align 8
global gdt_pointer
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
