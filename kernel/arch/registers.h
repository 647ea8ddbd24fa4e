// SPDX-License-Identifier: MIT
// The CPU's system registers as they are at this moment. For the command regs. Intel SDM vol. 3, chapter 2.
#pragma once
#include "table_register.h"
#include <stdint.h>

constexpr unsigned DEBUG_ADDRESS_COUNT = 4;
constexpr unsigned SEGMENT_COUNT = 6;

struct registers {
    uint64_t cr0, cr2, cr3, cr4, efer, rflags;
    uint64_t debug_addresses[DEBUG_ADDRESS_COUNT], dr6, dr7;
    uint16_t segments[SEGMENT_COUNT]; // in the order of segment_names
    uint16_t local_table, task;       // selectors
    uint64_t fs_base, gs_base, kernel_gs_base;
    struct table_register gdt, idt;
    bool has_xcr0, has_pat, has_apic, has_syscall; // whether CPUID, or CR4, says that there is what follows
    uint64_t xcr0, pat, apic_base;
    uint64_t star, lstar, cstar, syscall_mask;
};

extern const char segment_names[SEGMENT_COUNT][3];

void registers_read(struct registers *registers);
