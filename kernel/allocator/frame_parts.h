// SPDX-License-Identifier: MIT
// What the files of the frame allocator share: its regions and records. Private to kernel/allocator.
#pragma once
#include "block_map.h"
#include <allocator/frame_allocator.h>

constexpr unsigned FRAME_AREA_ORDER = BLOCK_MAP_ORDER;
constexpr unsigned FRAME_SECTION_ORDER = 2 * BLOCK_MAP_ORDER;
constexpr uint64_t FRAME_AREA_FRAMES = 1ull << FRAME_AREA_ORDER;
constexpr uint64_t FRAME_SECTION_FRAMES = 1ull << FRAME_SECTION_ORDER;

// The rank of a map of the level is the level's base and the map's reach. A map of reach 0 is in no ring.
constexpr unsigned FRAME_AREA_BASE = 0;
constexpr unsigned FRAME_SECTION_BASE = FRAME_AREA_ORDER;

static_assert(FRAME_AREA_ORDER == FRAME_ORDER_2M && FRAME_SECTION_ORDER == FRAME_ORDER_1G);

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

// Poisoning has a step more at each free, which only who searches for the region takes.
static inline void frame_remember(struct frame_allocator *allocator, struct frame_region *region, uint64_t frame)
{
    if (allocator->poison == 0)
        allocator->near[(frame >> FRAME_SECTION_ORDER) % FRAME_NEAR_COUNT] = region;
}

// Puts MAP before all others of RANK.
static inline void frame_ring_add(struct frame_zone_state *zone, struct block_map *map, unsigned rank)
{
    struct frame_link *ring = &zone->rings[rank], *next = ring->next;
    map->link = (struct frame_link){.next = next, .previous = ring};
    map->rank = rank;
    next->previous = &map->link;
    ring->next = &map->link;
    zone->ranks |= 1ull << rank;
}

static inline void frame_ring_remove(struct frame_zone_state *zone, struct block_map *map)
{
    struct frame_link *next = map->link.next, *previous = map->link.previous;
    previous->next = next;
    next->previous = previous;
    if (next == previous) // then it is the ring
        zone->ranks &= ~(1ull << map->rank);
}

static inline uint64_t *frame_words(const struct frame_allocator *allocator, uint64_t frame)
{
    return (uint64_t *)((uintptr_t)allocator->physical + (frame << PAGE_SHIFT));
}

// Fill COUNT frames that are free from now on with the pattern.
void frame_poison(const struct frame_allocator *allocator, uint64_t frame, uint64_t count);
