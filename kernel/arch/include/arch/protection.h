// SPDX-License-Identifier: MIT
// What the CPU itself has to keep memory to its rights, found out and switched on. Called by the memory module, in the
// order of this file; knows no page table. Exported names begin with cpu_.
#pragma once
#include <stdint.h>

struct cpu_protections {
    bool has_no_execute;   // bit 63 of a page table's entries is no reserved one
    bool has_smep;         // ring 0 does not execute what is ring 3's
    bool has_smap;         // ... nor read or write it, unless RFLAGS.AC is set
    bool has_umip;         // ring 3 cannot ask where the descriptor tables are
    bool has_global_pages; // kept in the TLB when CR3 is written
    bool has_1g_pages;
    unsigned phys_bits; // of a physical address
};

// Ask CPUID, and no leaf that the CPU does not have. Changes nothing; any context.
struct cpu_protections cpu_identify_protections(void);

// Let entries of page tables have the no-execute bit, where the CPU has it: a loader may have left that undone. To be
// called before such an entry is in use.
void cpu_enable_no_execute(const struct cpu_protections *protections);

// Switch on write protection in ring 0, and of SMEP, SMAP, UMIP and global pages what the CPU has. To be called with
// the kernel's own tables in CR3: a loader's may call the kernel's pages ring 3's. Trap entries close ring 3's memory
// from here on.
void cpu_protect(const struct cpu_protections *protections);
