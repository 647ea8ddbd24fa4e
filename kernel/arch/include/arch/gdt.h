// SPDX-License-Identifier: MIT
// The kernel's segment descriptors (Intel SDM vol. 3, 3.4 and 3.5). Called once by whoever sets up exceptions; nobody
// else needs to know a selector.
#pragma once
#include <stdint.h>

constexpr uint16_t GDT_KERNEL_CODE = 0x08;
constexpr uint16_t GDT_KERNEL_DATA = 0x10;
constexpr uint16_t GDT_TASK_STATE = 0x18; // two entries

// The entry of the interrupt stack table that a gate names to get a stack of its own. A double fault needs one: it is
// what becomes of a page fault when the stack has run into its guard page.
constexpr uint8_t GDT_STACK_DOUBLE_FAULT = 1;

// Load the kernel's own table in place of the loader's, reload CS, SS, DS and ES from it, and load the task register;
// FS and GS become null. Interrupts must be closed.
void gdt_load(void);
