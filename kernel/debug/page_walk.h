// SPDX-License-Identifier: MIT
// From CR3 to the entry that decides about an address, a table at a time. For this folder alone. Any context in which
// arch/probe.h can be used; changes nothing.
//
//   struct page_walk walk = page_walk_begin(address);
//   while (page_walk_next(&walk))
//       ...
#pragma once
#include <page_table/entry.h>
#include <stdint.h>

struct page_walk {
    uint64_t address;
    uint64_t table;   // physical
    unsigned level;   // of that table (page_table/entry.h)
    unsigned index;   // of the entry in it
    uint64_t entry;   // arbitrary when it is not readable
    bool is_readable; // whether there is such a table
    bool is_present;
    bool is_page; // present, and maps a page of this level's size
    unsigned next_level;
    uint64_t next_table;
};

extern const char page_level_names[PAGE_LEVELS_LA57 + 1][5];

struct page_walk page_walk_begin(uint64_t address);

// How many entries of the table at physical TABLE are present; of one that cannot be read, none is.
unsigned page_walk_count(uint64_t table);

// Look at the next table. False when the walk has come to its end.
bool page_walk_next(struct page_walk *walk);
