// SPDX-License-Identifier: MIT
// The CPU's way through the page tables, read as they are in memory, with reads that may fail: they may be the very
// thing that is broken. Called by the report of a page fault and by the command ptwalk.
#include "page_walk.h"
#include "parts.h"
#include <arch/cpu.h>
#include <arch/probe.h>
#include <lib/format.h>
#include <memory/phys_map.h>

constexpr size_t WALK_LIMIT = 240;

const char page_level_names[PAGE_LEVELS_LA57 + 1][5] = {"", "PT", "PD", "PDPT", "PML4", "PML5"};

struct page_walk page_walk_begin(uint64_t address)
{
    return (struct page_walk){
        .address = address,
        .next_level = cpu_read_cr4() & CR4_LA57 ? PAGE_LEVELS_LA57 : PAGE_LEVELS,
        .next_table = cpu_read_cr3() & PAGE_ENTRY_ADDRESS,
    };
}

static bool read_entry(uint64_t table, unsigned index, uint64_t *entry)
{
    phys_addr_t place = {table + index * sizeof *entry};
    return probe_copy(entry, phys_to_virt(place), sizeof *entry) == 0;
}

unsigned page_walk_count(uint64_t table)
{
    unsigned count = 0;
    uint64_t entry;
    for (unsigned i = 0; i < PAGE_TABLE_ENTRIES; i++)
        count += read_entry(table, i, &entry) && (entry & PAGE_ENTRY_PRESENT);
    return count;
}

bool page_walk_next(struct page_walk *walk)
{
    if (walk->next_level == 0)
        return false;
    walk->level = walk->next_level;
    walk->table = walk->next_table;
    walk->index = page_entry_index(walk->address, walk->level);
    walk->is_readable = read_entry(walk->table, walk->index, &walk->entry);
    walk->is_present = walk->is_readable && (walk->entry & PAGE_ENTRY_PRESENT);
    bool is_large = (walk->level == 2 || walk->level == 3) && (walk->entry & PAGE_ENTRY_LARGE);
    walk->is_page = walk->is_present && (walk->level == 1 || is_large);
    walk->next_level = walk->is_present && !walk->is_page ? walk->level - 1 : 0;
    walk->next_table = walk->entry & PAGE_ENTRY_ADDRESS;
    return true;
}

// One letter a right, as docs/panic-report.md says; an entry that is not present grants none.
static const char *describe_flags(char text[static 6], const struct page_walk *walk)
{
    const bool has[] = {true, (walk->entry & PAGE_ENTRY_WRITABLE) != 0, (walk->entry & PAGE_ENTRY_USER) != 0,
                        (walk->entry & PAGE_ENTRY_NO_EXECUTE) == 0, walk->is_page && walk->level > 1};
    for (unsigned i = 0; i < sizeof has / sizeof *has; i++)
        text[i] = walk->is_present && has[i] ? "PWUXL"[i] : '-';
    text[5] = '\0';
    return text;
}

static void describe_walk(char *text, size_t size_bytes, uint64_t address)
{
    struct page_walk walk = page_walk_begin(address);
    size_t length = 0;
    while (page_walk_next(&walk)) {
        const char *name = page_level_names[walk.level];
        char flags[6];
        if (!walk.is_readable)
            length += format_string(text + length, size_bytes - length, "%s[%u] cannot be read", name, walk.index);
        else
            length +=
                format_string(text + length, size_bytes - length, "%s[%u] 0x%llx %s%s", name, walk.index,
                              (printable_t)walk.entry, describe_flags(flags, &walk), walk.next_level == 0 ? "" : " | ");
    }
}

void page_walk_write(uint64_t address, const struct log_fatal_turn *turn)
{
    char text[WALK_LIMIT]; // five times "PDPT[511] 0x8000000000000000 PWUXL | " fit
    describe_walk(text, sizeof text, address);
    int room = turn->is_brief ? SCREEN_WALK_CHARACTERS - (int)sizeof "walk: " : (int)sizeof text;
    log_emergency("walk: %.*s\n", room, text);
}
