// SPDX-License-Identifier: MIT
// The segment descriptors and the task-state segment of a CPU (Intel SDM vol. 3, 3.4, 3.5 and 7.7). Loaded once by the
// interrupt module; selectors matter to whoever enters ring 3 and to those who explain a fault.
#pragma once
#include <stdint.h>

// In the order that SYSCALL and SYSRET compute them in (vol. 2, SYSRET): kernel code, then data; a 32-bit user code
// segment that nobody uses, then user data, then 64-bit user code.
constexpr uint16_t GDT_KERNEL_CODE = 0x08;
constexpr uint16_t GDT_KERNEL_DATA = 0x10;
constexpr uint16_t GDT_SYSRET_BASE = 0x18;
constexpr uint16_t GDT_USER_DATA = GDT_SYSRET_BASE + 8;
constexpr uint16_t GDT_USER_CODE = GDT_SYSRET_BASE + 16;
constexpr uint16_t GDT_TASK_STATE = 0x30; // two entries
constexpr uint16_t GDT_END = 0x40;
constexpr uint16_t GDT_RING_3 = 3; // requested privilege level, for selectors of user segments

// The entries of the interrupt stack table that gates name to get a stack of their own: for what may arrive while the
// current stack is broken or about to be changed.
enum gdt_stack : uint8_t {
    GDT_STACK_CURRENT, // none of them
    GDT_STACK_DOUBLE_FAULT,
    GDT_STACK_NMI,
    GDT_STACK_MACHINE_CHECK,
    GDT_STACK_DEBUG,
};

// Load this CPU's own table in place of the loader's, reload CS, SS, DS and ES from it, load the task register and no
// local table, and point the GS base to its struct cpu_local; FS and GS become null. Interrupts must be closed.
void gdt_load(void);

// From here on interrupts and system calls from ring 3 begin at STACK_TOP, a multiple of 16. Before the first call they
// begin at the top of the boot stack.
void gdt_set_kernel_stack(uint64_t stack_top);
