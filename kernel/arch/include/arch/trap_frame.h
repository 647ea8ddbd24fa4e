// SPDX-License-Identifier: MIT
// What an exception or interrupt leaves on the stack. The upper part is pushed by the CPU (Intel SDM vol. 3, 6.14.2),
// the rest by arch/trap_entry.asm, which has the same layout as a NASM structure. Handlers may change the registers:
// the entry code restores them from here.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector;
    uint64_t error_code; // 0 for vectors that have none
    uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(offsetof(struct trap_frame, r15) == 0);
static_assert(offsetof(struct trap_frame, rbp) == 64);
static_assert(offsetof(struct trap_frame, rax) == 112);
static_assert(offsetof(struct trap_frame, vector) == 120);
static_assert(offsetof(struct trap_frame, error_code) == 128);
static_assert(offsetof(struct trap_frame, rip) == 136);
static_assert(offsetof(struct trap_frame, ss) == 168);
static_assert(sizeof(struct trap_frame) == 176,
              "a multiple of 16, so that the handler is called with an aligned stack");
