// SPDX-License-Identifier: MIT
// The CPU's way through the page tables, read as they are in memory, with reads that may fail: they may be the very
// thing that is broken. Called by the report of a page fault.
#include "parts.h"
#include <arch/cpu.h>
#include <arch/probe.h>
#include <lib/format.h>
#include <memory/phys_map.h>
#include <page_table/entry.h>

constexpr size_t WALK_LIMIT = 240;

static const char *const level_names[] = {"", "PT", "PD", "PDPT", "PML4", "PML5"};

static bool read_entry(uint64_t table, unsigned index, uint64_t *entry)
{
    phys_addr_t place = {table + index * sizeof *entry};
    return probe_copy(entry, phys_to_virt(place), sizeof *entry) == 0;
}

// One letter a right, as docs/panic-report.md says; an entry that is not present grants none.
static const char *describe_flags(char text[static 6], uint64_t entry, bool is_large)
{
    const bool has[] = {true, (entry & PAGE_ENTRY_WRITABLE) != 0, (entry & PAGE_ENTRY_USER) != 0,
                        (entry & PAGE_ENTRY_NO_EXECUTE) == 0, is_large};
    for (unsigned i = 0; i < sizeof has / sizeof *has; i++)
        text[i] = (entry & PAGE_ENTRY_PRESENT) && has[i] ? "PWUXL"[i] : '-';
    text[5] = '\0';
    return text;
}

static size_t describe_walk(char *text, size_t size_bytes, uint64_t address)
{
    uint64_t table = cpu_read_cr3() & PAGE_ENTRY_ADDRESS;
    size_t length = 0;
    for (unsigned level = cpu_read_cr4() & CR4_LA57 ? PAGE_LEVELS_LA57 : PAGE_LEVELS; level > 0; level--) {
        unsigned index = page_entry_index(address, level);
        uint64_t entry;
        if (!read_entry(table, index, &entry)) {
            length +=
                format_string(text + length, size_bytes - length, "%s[%u] cannot be read", level_names[level], index);
            return length;
        }
        bool is_large = (level == 2 || level == 3) && (entry & PAGE_ENTRY_LARGE);
        bool is_last = level == 1 || is_large || !(entry & PAGE_ENTRY_PRESENT);
        char flags[6];
        length += format_string(text + length, size_bytes - length, "%s[%u] 0x%llx %s%s", level_names[level], index,
                                (printable_t)entry, describe_flags(flags, entry, is_large), is_last ? "" : " | ");
        if (is_last)
            return length;
        table = entry & PAGE_ENTRY_ADDRESS;
    }
    return length;
}

void page_walk_write(uint64_t address, const struct log_fatal_turn *turn)
{
    char text[WALK_LIMIT]; // five times "PDPT[511] 0x8000000000000000 PWUXL | " fit
    describe_walk(text, sizeof text, address);
    int room = turn->is_brief ? SCREEN_WALK_CHARACTERS - (int)sizeof "walk: " : (int)sizeof text;
    log_emergency("walk: %.*s\n", room, text);
}
