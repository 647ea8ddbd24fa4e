// SPDX-License-Identifier: MIT
// Finding the ACPI root pointer by its signature (ACPI 6.5, 5.2.5). The caller knows where to look: the first KiB of
// the EBDA, then 0xE0000..0xFFFFF. Pure; any context.
#pragma once
#include <stdint.h>

// Search LENGTH_BYTES at MEMORY, which is physical address BASE (a multiple of 16; MEMORY needs no alignment). Returns
// the physical address of the first root pointer whose checksums are right and which lies inside as a whole, or 0.
// Costs 5 instructions every 16 bytes.
uint32_t rsdp_find(const void *memory, uint32_t base, uint32_t length_bytes);
