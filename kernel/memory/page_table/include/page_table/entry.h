// SPDX-License-Identifier: MIT
// The bits of a page table's entries, the same on every level but for what is said (Intel SDM vol. 3, 4.5). Pure; any
// context.
#pragma once
#include <stdint.h>

constexpr uint64_t PAGE_ENTRY_PRESENT = 1ull << 0; // without it, the other bits mean nothing
constexpr uint64_t PAGE_ENTRY_WRITABLE = 1ull << 1;
constexpr uint64_t PAGE_ENTRY_USER = 1ull << 2;
constexpr uint64_t PAGE_ENTRY_WRITE_THROUGH = 1ull << 3; // with the next and PAT: the number of the memory type
constexpr uint64_t PAGE_ENTRY_CACHE_DISABLE = 1ull << 4;
constexpr uint64_t PAGE_ENTRY_ACCESSED = 1ull << 5;   // the CPU sets these two, unless they are set already
constexpr uint64_t PAGE_ENTRY_DIRTY = 1ull << 6;      // of a page
constexpr uint64_t PAGE_ENTRY_LARGE = 1ull << 7;      // levels 2 and 3: maps 2 MiB or 1 GiB and names no further table
constexpr uint64_t PAGE_ENTRY_PAT_4K = 1ull << 7;     // of a 4 KiB page
constexpr uint64_t PAGE_ENTRY_GLOBAL = 1ull << 8;     // of a page: stays in the TLB when CR3 is written
constexpr uint64_t PAGE_ENTRY_PINNED = 1ull << 9;     // ignored by the CPU: an entry of the root that stays for ever
constexpr uint64_t PAGE_ENTRY_PAT_LARGE = 1ull << 12; // of a larger one
constexpr uint64_t PAGE_ENTRY_NO_EXECUTE = 1ull << 63;
constexpr uint64_t PAGE_ENTRY_ADDRESS = 0x000f'ffff'ffff'f000; // of the next table or the page; CR3 has it there too

// Ignored by the CPU in an entry that names a table; how many entries of that table are present is kept there.
constexpr unsigned PAGE_ENTRY_COUNT_SHIFT = 52;
constexpr uint64_t PAGE_ENTRY_COUNT = 0x3ffull << PAGE_ENTRY_COUNT_SHIFT;

constexpr unsigned PAGE_TABLE_ENTRIES = 512;
constexpr unsigned PAGE_LEVELS = 4; // 1: entries name 4 KiB pages; CR3 names a table of the highest level
constexpr unsigned PAGE_LEVELS_LA57 = 5;
constexpr uint64_t CR4_LA57 = 1ull << 12; // set: five levels

// The entry's number for ADDRESS in its table of LEVEL.
static inline unsigned page_entry_index(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (3 + 9 * level) & (PAGE_TABLE_ENTRIES - 1));
}
