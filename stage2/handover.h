// SPDX-License-Identifier: MIT
// The last step: page tables, long mode, the kernel's checksum, the jump.
#pragma once
#include "cpu.h"
#include "load.h"
#include <boot/boot_info.h>

// Build the page tables that the boot protocol promises and claim their memory in MAP. Stops when there is too little.
// Returns the address for CR3.
uint32_t handover_build_page_tables(const struct cpu_features *cpu, const struct loaded_kernel *kernel,
                                    struct memory_map *map);

// Enter long mode, verify KERNEL where it has a checksum, and jump to its entry. A wrong checksum, or an exception
// before the kernel has an IDT of its own, comes back here and ends in a sentence that names PATH.
[[noreturn]] void handover_jump(const char *path, uint32_t page_table_root, const struct cpu_features *cpu,
                                const struct loaded_kernel *kernel, struct boot_info *info);
