// SPDX-License-Identifier: MIT
// Which addresses of a program are taken, with which rights, and what a page holds when it is first touched. Exported
// names start with areas_. Numbers only: knows no page table and no frame, and the host tests run the same source.
//
// Areas are kept in an array in the order of their addresses; neighbours that say the same are one. Finding is
// O(log areas), everything else O(areas). The array is the caller's: an operation that could need more of it than there
// is returns STATUS_NO_MEMORY and has changed nothing. Addresses are multiples of PAGE_SIZE, and START lies below END.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

enum area_rights : uint8_t {
    AREA_NONE = 0,
    AREA_READ = 1 << 0,
    AREA_WRITE = 1 << 1,
    AREA_EXECUTE = 1 << 2,
};

struct area {
    uint64_t start, end;
    // What lies at START: SOURCE_BYTES of them, then zeros. nullptr: zeros alone.
    const uint8_t *source;
    uint64_t source_bytes;
    enum area_rights rights;
};

struct area_map {
    struct area *areas;
    uint32_t count, capacity;
    uint32_t last_found;  // of areas_find(): the same one is asked for again and again
    uint64_t total_bytes; // of all areas
};

// Free entries that any operation may need.
constexpr uint32_t AREAS_SLACK = 2;

// The area that ADDRESS, any address, lies in; nullptr when it is nobody's.
const struct area *areas_search(struct area_map *map, uint64_t address);

static inline const struct area *areas_find(struct area_map *map, uint64_t address)
{
    if (map->last_found < map->count && address - map->areas[map->last_found].start <
                                            map->areas[map->last_found].end - map->areas[map->last_found].start)
        return &map->areas[map->last_found];
    return areas_search(map, address);
}

// Whether nothing of START..END is taken.
bool areas_is_free(const struct area_map *map, uint64_t start, uint64_t end);

// The highest free run of SIZE_BYTES that lies between BOTTOM and TOP. False when there is none.
bool areas_find_gap(const struct area_map *map, uint64_t bottom, uint64_t top, uint64_t size_bytes, uint64_t *start);

// Take what is free. STATUS_NO_MEMORY, STATUS_BUSY.
[[nodiscard]] enum status areas_add(struct area_map *map, const struct area *area);

// Nothing of START..END is taken from here on. STATUS_NO_MEMORY.
[[nodiscard]] enum status areas_remove(struct area_map *map, uint64_t start, uint64_t end);

// All of START..END has RIGHTS from here on. STATUS_NO_MEMORY, or STATUS_NOT_FOUND when a part of it is free.
[[nodiscard]] enum status areas_protect(struct area_map *map, uint64_t start, uint64_t end, enum area_rights rights);
