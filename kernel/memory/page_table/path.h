// SPDX-License-Identifier: MIT
// The way from the root to the entry that decides about an address, for the module's own sources.
#pragma once
#include <page_table/entry.h>
#include <page_table/page_table.h>

// By level: the entry of that level's table which the address goes through. Index 0 is unused.
struct path {
    uint64_t *entries[PAGE_LEVELS + 1];
};

// The bits of a memory type's number (Intel SDM vol. 3, 4.9.2).
constexpr uint8_t CACHE_WRITE_THROUGH = 1;
constexpr uint8_t CACHE_DISABLE = 2;
constexpr uint8_t CACHE_PAT = 4;

constexpr uint64_t HIGH_HALF = -ADDRESS_HALF_SIZE;

// What one entry of a table of LEVEL spans: 1 << this.
static inline unsigned slot_shift(unsigned level)
{
    return 3 + 9 * level;
}

// The address bits within such a span.
static inline uint64_t slot_mask(unsigned level)
{
    return (1ull << slot_shift(level)) - 1;
}

// How many entries of a table of LEVEL the range from ADDRESS to LAST goes through, up to the table's end.
static inline uint64_t entries_in_table(uint64_t address, uint64_t last, unsigned level)
{
    uint64_t count = (last >> slot_shift(level)) - (address >> slot_shift(level)) + 1;
    uint64_t room = PAGE_TABLE_ENTRIES - page_entry_index(address, level);
    return count < room ? count : room;
}

static inline uint64_t *table_at(const struct page_tables *tables, uint64_t frame)
{
    return (uint64_t *)((uintptr_t)tables->physical + frame); // physical address 0 may be seen at 0, a null pointer
}

static inline bool is_present(uint64_t entry)
{
    return entry & PAGE_ENTRY_PRESENT;
}

// Of the low byte, LARGE is the sign, and all is 0 in an entry that is not present: one comparison tells both.
static inline bool names_table(uint64_t entry, unsigned level)
{
    static_assert(PAGE_ENTRY_LARGE == 1 << 7);
    return level > 1 && (int8_t)entry > 0;
}

static inline bool names_page(uint64_t entry, unsigned level)
{
    return is_present(entry) && !names_table(entry, level);
}

// Go down for ADDRESS to the entry that maps it or is not present. Returns the level of that entry's table.
[[gnu::always_inline]] static inline unsigned descend(const struct page_tables *tables, uint64_t address,
                                                      struct path *path)
{
    uint64_t frame = tables->root.value;
#pragma clang loop unroll(full)
    for (unsigned level = PAGE_LEVELS; level > 1; level--) {
        uint64_t *entry = &table_at(tables, frame)[page_entry_index(address, level)];
        path->entries[level] = entry;
        if (!names_table(*entry, level))
            return level;
        frame = *entry & PAGE_ENTRY_ADDRESS;
    }
    path->entries[1] = &table_at(tables, frame)[page_entry_index(address, 1)];
    return 1;
}
