// SPDX-License-Identifier: MIT
// The command ptwalk: how the CPU comes from a virtual address to a physical one, a table at a time. Called by the
// shell; page_walk.c reads the tables.
#include "page_walk.h"
#include "parts.h"
#include <arch/memory_type.h>
#include <describe/size.h>
#include <lib/command_list.h>
#include <lib/format.h>

constexpr unsigned INDENT = 11; // behind "PDPT[511]  "

// Intel SDM vol. 3, 4.5. Bits 12 and up are spoken of elsewhere.
static const struct command_bit table_bits[] = {
    {0, "P present"}, {1, "W writable"}, {2, "U for ring 3, too"},   {3, "PWT"},
    {4, "PCD"},       {5, "A accessed"}, {9, "pinned (Hewn's own)"}, {63, "NX not executable"},
};
static const struct command_bit page_bits[] = {
    {0, "P present"}, {1, "W writable"},         {2, "U for ring 3, too"}, {3, "PWT"},
    {4, "PCD"},       {5, "A accessed"},         {6, "D dirty"},           {7, "PAT"},
    {8, "G global"},  {63, "NX not executable"},
};
static const struct command_bit large_bits[] = {
    {0, "P present"},          {1, "W writable"}, {2, "U for ring 3, too"}, {3, "PWT"},      {4, "PCD"},
    {5, "A accessed"},         {6, "D dirty"},    {7, "L large"},           {8, "G global"}, {12, "PAT"},
    {63, "NX not executable"},
};
#define BITS(array) array, sizeof(array) / sizeof *(array)

static uint64_t span_of(unsigned level)
{
    return 1ull << (PAGE_SHIFT + 9 * (level - 1));
}

static uint64_t page_address(const struct page_walk *walk)
{
    return walk->entry & PAGE_ENTRY_ADDRESS & ~(span_of(walk->level) - 1);
}

static void say_entry(struct command_call *call, const struct page_walk *walk)
{
    char title[16], size[DESCRIBE_SIZE_LIMIT];
    format_string(title, sizeof title, "%s[%u]", page_level_names[walk->level], walk->index);
    struct command_list list = command_list_begin(call, INDENT, title);
    if (!walk->is_readable) {
        command_list_add(&list, "the table at physical 0x%llx cannot be read", (printable_t)walk->table);
        command_list_end(&list, "");
        return;
    }
    command_list_add(&list, "0x%016llx in the table at physical 0x%llx", (printable_t)walk->entry,
                     (printable_t)walk->table);
    constexpr uint64_t RIGHTS = 0x1ff | PAGE_ENTRY_NO_EXECUTE;
    if (!walk->is_present) {
        command_list_add(&list, "not present");
    } else if (!walk->is_page) {
        command_list_add_bits(&list, walk->entry & ((RIGHTS & ~PAGE_ENTRY_DIRTY) | PAGE_ENTRY_PINNED),
                              BITS(table_bits));
        command_list_add(&list, "names the table at 0x%llx", (printable_t)walk->next_table);
        unsigned present = page_walk_count(walk->next_table);
        command_list_add(&list, present == 1 ? "%u entry of which is present" : "%u entries of which are present",
                         present);
    } else {
        bool is_large = walk->level > 1;
        if (is_large)
            command_list_add_bits(&list, walk->entry & (RIGHTS | PAGE_ENTRY_PAT_LARGE), BITS(large_bits));
        else
            command_list_add_bits(&list, walk->entry & RIGHTS, BITS(page_bits));
        command_list_add(&list, "maps %s from 0x%llx on", describe_size(size, span_of(walk->level)),
                         (printable_t)page_address(walk));
    }
    command_list_end(&list, "");
}

// The number by which the PAT knows the memory type of a page (4.9.2).
static unsigned memory_type_of(const struct page_walk *walk)
{
    uint64_t pat = walk->level > 1 ? PAGE_ENTRY_PAT_LARGE : PAGE_ENTRY_PAT_4K;
    return (walk->entry & PAGE_ENTRY_WRITE_THROUGH ? 1u : 0) | (walk->entry & PAGE_ENTRY_CACHE_DISABLE ? 2u : 0) |
           (walk->entry & pat ? 4u : 0);
}

// ALL: bits that every entry on the way has; ANY: bits that at least one has.
static void say_result(struct command_call *call, const struct page_walk *walk, uint64_t all, uint64_t any)
{
    uint64_t physical = page_address(walk) | (walk->address & (span_of(walk->level) - 1));
    command_print(call, "physical   0x%llx\n", (printable_t)physical);
    command_print(call, "rights     read%s%s, %s\n", all & PAGE_ENTRY_WRITABLE ? ", write" : "",
                  any & PAGE_ENTRY_NO_EXECUTE ? "" : ", execute",
                  all & PAGE_ENTRY_USER ? "in every ring" : "in ring 0 alone");
    unsigned type = memory_type_of(walk);
    command_print(call, "memory     %s, number %u of the PAT\n", memory_type_name(type), type);
}

static enum status run_ptwalk(struct command_call *call)
{
    uint64_t address = call->arguments[0].number, all = UINT64_MAX, any = 0;
    if (!address_is_canonical(address))
        return command_fail(
            call, STATUS_RANGE,
            "0x%016llx is no address: bits 48 to 63 have to be as bit 47, or the CPU does not even look",
            (printable_t)address);
    char place[CAUSE_LIMIT];
    command_print(call, "0x%016llx, %s\n", (printable_t)address,
                  cause_describe_place(place, sizeof place, facts_collect_access(address, nullptr), address));
    struct page_walk walk = page_walk_begin(address);
    while (page_walk_next(&walk)) {
        say_entry(call, &walk);
        all &= walk.entry;
        any |= walk.entry;
    }
    if (walk.is_page)
        say_result(call, &walk, all, any);
    else
        command_print(call, "nothing is mapped there\n");
    return STATUS_OK;
}

COMMAND(ptwalk, .summary = "walk the page tables to an address", .run = run_ptwalk,
        .details = "Each table on the CPU's way from CR3 to the page, with the bits of the entry\n"
                   "that it takes (Intel SDM vol. 3, 4.5), and what they come to: a page can be\n"
                   "written where all entries have W, executed where none has NX, used by ring 3\n"
                   "where all have U. PWT, PCD and PAT make the number of a memory type.\n",
        .parameters = {{"address", .kind = COMMAND_NUMBER}});
