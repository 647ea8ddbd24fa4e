// SPDX-License-Identifier: MIT
// What the files of the frame allocator share: its regions and records. Private to kernel/allocator.
#pragma once
#include "block_map.h"
#include <allocator/frame_allocator.h>

constexpr unsigned FRAME_AREA_ORDER = BLOCK_MAP_ORDER;
constexpr unsigned FRAME_SECTION_ORDER = 2 * BLOCK_MAP_ORDER;
constexpr uint64_t FRAME_AREA_FRAMES = 1ull << FRAME_AREA_ORDER;
constexpr uint64_t FRAME_SECTION_FRAMES = 1ull << FRAME_SECTION_ORDER;
constexpr unsigned FRAME_FRESH_BIT = FRAME_ORDER_COUNT; // of lists_in_use

static_assert(FRAME_AREA_ORDER == FRAME_ORDER_2M && FRAME_SECTION_ORDER == FRAME_ORDER_1G);

// Frames in a row, of one zone, which either lie in one section or are whole sections. The addresses of the records
// are those that the area, section or word of number 0 would have, so that the numbers need no subtraction.
struct frame_region {
    uint64_t first;          // frame
    uint64_t touched_frames; // of those from the first on, which belong to sections that have a record
    uint64_t frame_count;
    uintptr_t areas;    // struct block_map, by area
    uintptr_t sections; // struct frame_section, by section
    uintptr_t live;     // uint64_t with a bit an area, by area / 64: whether its map speaks for it, or its section's
    struct frame_zone_state *zone;
    struct frame_region *next_fresh;
};

struct frame_section {
    struct block_map map;
    struct frame_region *region;
};

static inline struct block_map *frame_area_map(const struct frame_region *region, uint64_t area)
{
    return (struct block_map *)(region->areas + area * sizeof(struct block_map));
}

static inline struct frame_section *frame_section_at(const struct frame_region *region, uint64_t section)
{
    return (struct frame_section *)(region->sections + section * sizeof(struct frame_section));
}

static inline uint64_t *frame_live_word(const struct frame_region *region, uint64_t area)
{
    return (uint64_t *)(region->live + area / 64 * sizeof(uint64_t));
}

// Puts MAP at the front of its zone's list of this ORDER.
static inline void frame_list_add(struct frame_zone_state *zone, struct block_map *map, unsigned order)
{
    struct block_map_link *list = &zone->lists[order];
    struct block_map_link *next = list->next;
    map->link = (struct block_map_link){.next = next, .previous = list};
    next->previous = &map->link;
    list->next = &map->link;
    zone->lists_in_use |= 1ull << order;
}

static inline void frame_list_remove(struct frame_zone_state *zone, struct block_map *map, unsigned order)
{
    struct block_map_link *next = map->link.next, *previous = map->link.previous;
    previous->next = next;
    next->previous = previous;
    if (next == previous) // only a list's place has the same neighbour twice
        zone->lists_in_use &= ~(1ull << order);
}
