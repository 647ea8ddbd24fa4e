// SPDX-License-Identifier: MIT
// Sanitising and claiming, written for few bytes: maps have a dozen entries, so plain quadratic loops do. Called by
// stage 2 (map making, kernel and module loading, page tables); must not know where the ranges come from.
#include <lib/string.h>
#include <portable/memory_map.h>
#include <stdckdint.h>

// Which kind a byte gets that several ranges claim. Memory that is called bad anywhere must not be touched; an ACPI
// area inside a reserved one is still where the tables are, but nobody may take it over later, so reserved wins.
static const uint8_t severity[] = {
    [BOOT_MEMORY_USABLE] = 1,      [BOOT_MEMORY_LOADER] = 2,   [BOOT_MEMORY_KERNEL] = 3,   [BOOT_MEMORY_MODULE] = 4,
    [BOOT_MEMORY_ACPI_TABLES] = 5, [BOOT_MEMORY_ACPI_NVS] = 6, [BOOT_MEMORY_RESERVED] = 7, [BOOT_MEMORY_BAD] = 8,
};

enum boot_memory_kind memory_kind_from_e820(uint32_t e820_type)
{
    return e820_type - 1 < BOOT_MEMORY_BAD ? (enum boot_memory_kind)e820_type : BOOT_MEMORY_RESERVED;
}

// Add [BASE, END) at the end of MAP, or to its last entry when that is its neighbour of the same kind.
static enum status append(struct memory_map *map, uint64_t base, uint64_t end, enum boot_memory_kind kind)
{
    struct boot_memory *entry = &map->entries[map->count];
    if (map->count > 0 && entry[-1].kind == kind && entry[-1].base + entry[-1].length == base) {
        base = entry[-1].base;
        entry--;
    } else {
        if (map->count == MEMORY_MAP_LIMIT)
            return STATUS_RANGE;
        map->count++;
    }
    *entry = (struct boot_memory){base, end - base, kind, 0};
    return STATUS_OK;
}

enum status memory_map_add(struct memory_map *map, uint64_t base, uint64_t length_bytes, uint32_t e820_type)
{
    uint64_t end;
    if (ckd_add(&end, base, length_bytes))
        end = UINT64_MAX;
    if (base >= end)
        return STATUS_OK;
    return append(map, base, end, memory_kind_from_e820(e820_type));
}

// Shrink usable entries to whole pages, drop what is empty then, merge neighbours. Never grows the map.
static void tidy(struct memory_map *map)
{
    uint32_t count = map->count;
    map->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t base = map->entries[i].base;
        uint64_t end = base + map->entries[i].length;
        enum boot_memory_kind kind = map->entries[i].kind;
        if (kind == BOOT_MEMORY_USABLE) {
            base = (base + MEMORY_MAP_PAGE_SIZE - 1) & -MEMORY_MAP_PAGE_SIZE;
            end &= -MEMORY_MAP_PAGE_SIZE;
        }
        if (base < end)
            (void)append(map, base, end, kind);
    }
}

// Goes from border to border: at each position the most severe range that holds it decides, up to the next place where
// any range begins or ends. That needs no sorting.
enum status memory_map_sanitise(const struct memory_map *raw, struct memory_map *map)
{
    map->count = 0;
    uint64_t position = 0;
    do {
        uint64_t next = MEMORY_MAP_ADDRESS_LIMIT;
        uint32_t kind = 0;
        for (uint32_t i = 0; i < raw->count; i++) {
            const struct boot_memory *entry = &raw->entries[i];
            uint64_t border = entry->base;
            if (border <= position) {
                border += entry->length;
                if (border <= position)
                    continue;
                if (severity[kind] < severity[entry->kind])
                    kind = entry->kind;
            }
            if (next > border)
                next = border;
        }
        if (kind != 0) {
            enum status status = append(map, position, next, (enum boot_memory_kind)kind);
            if (status != STATUS_OK)
                return status;
        }
        position = next;
    } while (position != MEMORY_MAP_ADDRESS_LIMIT);
    tidy(map);
    return STATUS_OK;
}

// The index of the usable entry that holds the whole range, map->count when there is none. One entry is enough to look
// at: neighbours are merged. A BASE below the entry makes SKIPPED huge, a length of 0 wraps to the greatest one.
static uint32_t find_usable(const struct memory_map *map, uint64_t base, uint64_t length_bytes)
{
    uint32_t i = 0;
    for (; i < map->count; i++) {
        const struct boot_memory *entry = &map->entries[i];
        uint64_t skipped = base - entry->base;
        if (entry->kind == BOOT_MEMORY_USABLE && skipped < entry->length && length_bytes - 1 < entry->length - skipped)
            break;
    }
    return i;
}

enum status memory_map_claim(struct memory_map *map, uint64_t base, uint64_t length_bytes, enum boot_memory_kind kind)
{
    uint32_t index = find_usable(map, base, length_bytes);
    if (index == map->count)
        return STATUS_RANGE;
    if (map->count > MEMORY_MAP_LIMIT - 2)
        return STATUS_NO_MEMORY;

    // Usable entries are whole pages, so the rounded range is inside this one too.
    uint64_t end = (base + length_bytes + MEMORY_MAP_PAGE_SIZE - 1) & -MEMORY_MAP_PAGE_SIZE;
    base &= -MEMORY_MAP_PAGE_SIZE;

    // The entry becomes three, the outer ones perhaps empty.
    struct boot_memory *entry = &map->entries[index];
    memmove(entry + 2, entry, (map->count - index) * sizeof(*entry));
    map->count += 2;
    entry[2].length -= end - entry->base;
    entry[2].base = end;
    entry[1] = (struct boot_memory){base, end - base, kind, 0};
    entry->length = base - entry->base;
    tidy(map);
    return STATUS_OK;
}

enum status memory_map_allocate(struct memory_map *map, uint64_t length_bytes, uint32_t alignment, uint64_t minimum,
                                uint64_t limit, enum boot_memory_kind kind, uint64_t *base)
{
    uint64_t end;
    for (uint32_t i = 0; i < map->count; i++) {
        uint64_t start = map->entries[i].base;
        if (start < minimum)
            start = minimum;
        start = (start + alignment - 1) & -(uint64_t)alignment;
        if (start < minimum || ckd_add(&end, start, length_bytes) || end > limit)
            continue;
        enum status status = memory_map_claim(map, start, length_bytes, kind);
        if (status != STATUS_RANGE) {
            *base = start;
            return status;
        }
    }
    return STATUS_NO_MEMORY;
}

bool memory_map_covers(const struct memory_map *map, uint64_t base, uint64_t length_bytes)
{
    return find_usable(map, base, length_bytes) != map->count;
}

uint64_t memory_map_usable_bytes(const struct memory_map *map)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < map->count; i++)
        if (map->entries[i].kind == BOOT_MEMORY_USABLE)
            sum += map->entries[i].length;
    return sum;
}
