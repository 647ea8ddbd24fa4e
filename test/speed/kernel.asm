; SPDX-License-Identifier: MIT
; The kernel of the speed tests: its first instruction stops the clock. Then it sends the ledger (ledger.inc) with the
; loader's own time stamps, and makes sure that all of it has arrived. make_kernel.py gives it its size.

%include "ledger.inc"

bits 64
default rel

extern payload_start, payload_end, payload_hash

BOOT_INFO_MAGIC equ 544F4F424E574548h   ; struct boot_info, stage2/include/boot/boot_info.h
INFO_FLAGS      equ 16
INFO_STAMPS     equ 184
HASH_START      equ 0CBF29CE484222325h  ; make_kernel.py
HASH_FACTOR     equ 100000001B3h
PASSED          equ 10h
FAILED          equ 11h

section .text
; In: RDI = struct boot_info *, the loader's identity map and stack.
global _start
_start:
        rdtsc
        mov     ebx, LEDGER
        mov     [rbx + ledger.arrival], eax
        mov     [rbx + ledger.arrival + 4], edx
        mov     eax, [rdi + INFO_FLAGS]
        mov     [rbx + ledger.flags], eax
        lea     rsi, [rdi + INFO_STAMPS]
        mov     r8, [rdi]
        lea     rdi, [rbx + ledger.stamps]
        mov     ecx, 8                  ; stamps and in_firmware
        cld
        rep     movsq

        call    emit_ledger
        mov     rax, BOOT_INFO_MAGIC
        cmp     rax, r8
        jne     .failed
        mov     rax, HASH_START
        mov     rdx, HASH_FACTOR
        lea     rsi, [payload_start]
        lea     rdi, [payload_end]
.hash:
        xor     rax, [rsi]
        imul    rax, rdx
        add     rsi, 8
        cmp     rsi, rdi
        jb      .hash
        cmp     rax, [payload_hash]
        jne     .failed
        emit_text '# hewn: end pass 1 tests'
        mov     al, PASSED
        out     DEBUG_EXIT, al
.failed:
        emit_text '# hewn: end fail 1 tests'
        mov     al, FAILED
        out     DEBUG_EXIT, al
.stop:
        cli
        hlt
        jmp     .stop

define_emitters

; The boot protocol's checksum note; make_kernel.py fills in the descriptor.
section .note.hewn note
        dd      note_name_end - note_name
        dd      16
        dd      1
note_name:
        db      "Hewn", 0
note_name_end:
        align   4, db 0
        dq      0, 0
