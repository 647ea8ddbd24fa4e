// SPDX-License-Identifier: MIT
// One routine writes every mapping: it takes the largest page that fits, walks down to the table for that size and
// fills it in one tight loop, which is what makes a tebibyte cheap. Called by stage 2 before the hand-over; must not
// know where table pages come from.
#include <portable/page_tables.h>

// Entry bits, SDM Vol. 3A, tables 4-15 to 4-20.
constexpr uint64_t ENTRY_PRESENT = 1u << 0;
constexpr uint64_t ENTRY_WRITE = 1u << 1;
constexpr uint64_t ENTRY_LARGE = 1u << 7; // in a PDPTE or PDE; in a PTE this bit selects a PAT entry
constexpr uint64_t ENTRY_NO_EXECUTE = 1ull << 63;

// A level is named by the shift of what one of its entries maps.
constexpr uint32_t SHIFT_4K = 12, SHIFT_2M = 21, SHIFT_1G = 30, SHIFT_ROOT = 39;
constexpr uint32_t LEVEL_BITS = 9;
constexpr uint32_t ENTRY_COUNT = 1u << LEVEL_BITS;

constexpr uint32_t LOW_PAGE_COUNT = 1u << (32 - SHIFT_4K);
constexpr uint32_t PAGE_MASK = PAGE_TABLES_PAGE_SIZE - 1;

static void fill(uint64_t *entries, uint32_t count, uint64_t value, uint32_t step)
{
    do {
        *entries++ = value;
        value += step;
    } while (--count != 0);
}

// The table that ENTRY refers to, whose entries map 1 << SHIFT bytes each. Where there is none it is made: empty, or
// with what ENTRY mapped as one large page. Returns nullptr without memory.
static uint64_t *table_below(struct page_tables *tables, uint64_t *entry, uint32_t shift)
{
    uint64_t old = *entry;
    if ((old & (ENTRY_PRESENT | ENTRY_LARGE)) != ENTRY_PRESENT) {
        uint32_t page = tables->allocate_page(tables->context);
        if (page == 0)
            return nullptr;
        // Permissive here, so that the last level alone decides.
        *entry = page | ENTRY_PRESENT | ENTRY_WRITE;
        if (old & ENTRY_PRESENT) {
            if (shift == SHIFT_4K)
                old &= ~ENTRY_LARGE;
            fill((uint64_t *)(tables->memory + page), ENTRY_COUNT, old, 1u << shift);
        }
    }
    // Tables are below 4 GiB, so the low half of the entry has the address.
    return (uint64_t *)(tables->memory + ((uint32_t)*entry & ~PAGE_MASK));
}

// Map PAGE_COUNT pages at VIRT to what VALUE says, an entry for a 4 KiB page: address and permissions. Shifts 64-bit
// numbers by constants only: on i386 all else is a call into a compiler library.
static enum status map_range(struct page_tables *tables, uint64_t virt, uint64_t value, uint32_t page_count,
                             uint32_t largest_shift)
{
    while (page_count != 0) {
        uint32_t addresses = (uint32_t)virt | ((uint32_t)value & ~PAGE_MASK);
        uint32_t shift = largest_shift;
        while ((addresses & ((1u << shift) - 1)) != 0 || page_count >> (shift - SHIFT_4K) == 0)
            shift -= LEVEL_BITS;

        uint64_t *entry = &tables->root;
        uint64_t indices = virt << 16; // the index at the level that is next has the top 9 bits
        uint32_t index;
        uint32_t level = SHIFT_ROOT + LEVEL_BITS;
        do {
            level -= LEVEL_BITS;
            entry = table_below(tables, entry, level);
            if (entry == nullptr)
                return STATUS_NO_MEMORY;
            index = (uint32_t)(indices >> (64 - LEVEL_BITS));
            indices <<= LEVEL_BITS;
            entry += index;
        } while (level != shift);

        uint32_t count = page_count >> (shift - SHIFT_4K);
        if (count > ENTRY_COUNT - index)
            count = ENTRY_COUNT - index;
        uint32_t step = 1u << shift;
        fill(entry, count, step > PAGE_TABLES_PAGE_SIZE ? value | ENTRY_LARGE : value, step);

        count <<= shift - SHIFT_4K;
        page_count -= count;
        uint64_t done = (uint64_t)count << SHIFT_4K;
        virt += done;
        value += done;
    }
    return STATUS_OK;
}

// Permissions as they stand in the last entry of a walk. The others allow everything.
static uint64_t entry_bits(const struct page_tables *tables, enum page_permissions permissions)
{
    static_assert(PAGE_WRITE == ENTRY_WRITE);
    uint64_t bits = ENTRY_PRESENT | (permissions & ENTRY_WRITE);
    if (tables->has_nx && !(permissions & PAGE_EXECUTE))
        bits |= ENTRY_NO_EXECUTE;
    return bits;
}

static uint32_t largest_shift(const struct page_tables *tables)
{
    return tables->has_1g_pages ? SHIFT_1G : SHIFT_2M;
}

static bool is_valid(uint64_t addresses, uint64_t length)
{
    return ((addresses | length) & PAGE_MASK) == 0 && length < MEMORY_MAP_ADDRESS_LIMIT;
}

enum status page_tables_map(struct page_tables *tables, uint64_t virt, uint64_t phys, uint64_t length,
                            enum page_permissions permissions)
{
    if (!is_valid(virt | phys, length))
        return STATUS_INVALID;
    return map_range(tables, virt, phys | entry_bits(tables, permissions), (uint32_t)(length >> SHIFT_4K),
                     largest_shift(tables));
}

enum status page_tables_map_identity(struct page_tables *tables, const struct memory_map *map)
{
    uint64_t bits = entry_bits(tables, PAGE_WRITE);
    // RAM, reserved areas and devices are mixed here: no 1 GiB pages, which may not span memory types (11.11.9).
    enum status status =
        map_range(tables, PAGE_TABLES_PAGE_SIZE, PAGE_TABLES_PAGE_SIZE | bits, LOW_PAGE_COUNT - 1, SHIFT_2M);
    uint32_t position = LOW_PAGE_COUNT; // the first page that has not been looked at
    for (uint32_t i = 0; status == STATUS_OK && i < map->count; i++) {
        const struct boot_memory *entry = &map->entries[i];
        uint32_t start = (uint32_t)(entry->base >> SHIFT_4K);
        uint32_t end = (uint32_t)((entry->base + entry->length + PAGE_MASK) >> SHIFT_4K);
        if (entry->kind == BOOT_MEMORY_RESERVED || entry->kind == BOOT_MEMORY_BAD || end <= position)
            continue;
        if (start < position)
            start = position;
        uint64_t address = (uint64_t)start << SHIFT_4K;
        status = map_range(tables, address, address | bits, end - start, largest_shift(tables));
        position = end;
        i = 0; // allocate_page may have changed the map; the first entry is behind us in any case
    }
    return status;
}
