// SPDX-License-Identifier: MIT
// The page attribute table: which memory type a page has whose entry says so by number (Intel SDM vol. 3, 11.12). The
// numbers are those of enum page_cache (page_table/page_table.h): 0 write-back, 1 write-through, 2 and 3 uncached, as
// after a reset, and 4 write-combining. Called by the memory module.
#pragma once

// Fill the table of this CPU, if it has one. To be called before a page with another number than 0 to 3 is mapped.
void memory_type_init(void);

// Whether number 4 is write-combining, from memory_type_init() on. Otherwise the CPU has no such table, bit 7 of a
// page's entry is a reserved one, and whoever wants write-combining must take number 3 instead. Any context.
[[nodiscard]] bool memory_type_has_write_combining(void);

// What number NUMBER, below 8, stands for on this CPU at this moment: "write-back". Any context.
const char *memory_type_name(unsigned number);
