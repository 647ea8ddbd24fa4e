// SPDX-License-Identifier: MIT
// The kernel's segment descriptors (Intel SDM vol. 3, 3.4 and 3.5). Called once by whoever sets up exceptions; nobody
// else needs to know a selector.
#pragma once
#include <stdint.h>

constexpr uint16_t GDT_KERNEL_CODE = 0x08;
constexpr uint16_t GDT_KERNEL_DATA = 0x10;

// Load the kernel's own table in place of the loader's and reload CS, SS, DS and ES from it; FS and GS become null.
// Interrupts must be closed.
void gdt_load(void);
