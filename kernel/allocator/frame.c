// SPDX-License-Identifier: MIT
// Handing out frames and taking them back; frame_init.c begins it all.
//
// Two levels of the same map (block_map.h): an area's says which of its 512 frames are free, a section's which of its
// 512 areas are wholly free. All maps of a zone in which something is free stand in rings, one for each order that
// their largest free block can have; a bit for each ring that is not empty finds the smallest block that will do. An
// area that is wholly free is in no ring: a bit of its section speaks for it, and its own map means nothing until it is
// taken again ("live"). Sections that were never needed have no records at all; a region keeps how far it has been
// touched.
//
// The usual allocation and the usual free save no register: what is seldom done is a function of its own (noinline),
// called last, and what they share is inlined for the order at hand.
#include "frame_parts.h"
#include <allocator/frame.h>
#include <lib/panic.h>

// What the links of the rings are cast to.
static_assert(offsetof(struct block_map, link) == 0 && offsetof(struct frame_section, map) == 0);

typedef unsigned long long printable_t;

static printable_t address_of(uint64_t frame)
{
    return frame << PAGE_SHIFT;
}

[[noreturn]] __attribute__((cold, noinline)) static void panic_misaligned(uint64_t address, unsigned order)
{
    if (order >= FRAME_ORDER_COUNT)
        panic("frame 0x%llx: freed as a block of order %u, and the highest is %u", (printable_t)address, order,
              FRAME_ORDER_COUNT - 1);
    panic("frame 0x%llx: freed as a block of order %u, to which it is not aligned", (printable_t)address, order);
}

[[noreturn]] __attribute__((cold, noinline)) static void panic_foreign(uint64_t frame)
{
    panic("frame 0x%llx: freed, but it was never the frame allocator's", address_of(frame));
}

[[noreturn]] __attribute__((cold, noinline)) static void panic_free(uint64_t frame)
{
    panic("frame 0x%llx: freed, but it is free already", address_of(frame));
}

// The next section that nobody has asked for becomes a free block like any other.
static void touch_section(struct frame_allocator *allocator, struct frame_zone_state *zone)
{
    struct frame_region *region = zone->fresh;
    uint64_t section = (region->first + region->touched_frames) >> FRAME_SECTION_ORDER;
    struct frame_section *record = frame_section_at(region, section);
    uint64_t *live = frame_live_word(region, section << BLOCK_MAP_ORDER);
    for (unsigned i = 0; i < BLOCK_MAP_WORDS; i++)
        live[i] = 0;
    record->region = region;
    record->map.area = (uint32_t)(section << BLOCK_MAP_ORDER);
    block_map_fill(&record->map, 0, BLOCK_MAP_WORDS);
    frame_ring_add(zone, &record->map, FRAME_SECTION_BASE + BLOCK_MAP_FREE);
    region->touched_frames += FRAME_SECTION_FRAMES;
    region->touched_areas += BLOCK_MAP_UNITS;
    frame_remember(allocator, region, section << FRAME_SECTION_ORDER);
    if (allocator->poison != 0)
        frame_poison(allocator, section << FRAME_SECTION_ORDER, FRAME_SECTION_FRAMES);
    if (region->touched_frames < region->frame_count)
        return;
    zone->fresh = region->next_fresh;
    if (!zone->fresh)
        zone->ranks &= ~(1ull << FRAME_RANK_FRESH);
}

// Take 2^ORDER units of MAP, the first of its RANK, whose level begins at BASE. Returns the unit.
__attribute__((always_inline)) static inline unsigned take_units(struct frame_zone_state *zone, struct block_map *map,
                                                                 unsigned order, unsigned rank, unsigned base)
{
    unsigned unit;
    unsigned reach = rank - base;
    unsigned reach_then = block_map_take(map, order, reach, &unit);
    if (reach_then == reach)
        return unit;
    frame_ring_remove(zone, map);
    map->rank = base + reach_then;
    if (reach_then > 0)
        frame_ring_add(zone, map, base + reach_then);
    return unit;
}

// The map of an area that was wholly free, of which the first block of 2^ORDER frames is taken now.
static inline void start_area(struct frame_zone_state *zone, const struct frame_region *region, uint32_t area,
                              unsigned order)
{
    struct block_map *map = frame_area_map(region, area);
    *frame_live_word(region, area) |= 1ull << area % 64;
    map->area = area;
    block_map_fill(map, 0, BLOCK_MAP_WORDS);
    if (order < BLOCK_MAP_WORD_ORDER) {
        map->words[0] = ~block_map_run(order);
        map->word_reach[0] = BLOCK_MAP_WORD_FREE - 1;
    } else {
        block_map_clear(map, 0, 1u << (order - BLOCK_MAP_WORD_ORDER));
    }
    frame_ring_add(zone, map, BLOCK_MAP_ORDER);
}

static inline struct block_map *first_of(const struct frame_zone_state *zone, unsigned rank)
{
    return (struct block_map *)zone->rings[rank].next;
}

// The rank of the smallest block that ORDER fits into.
__attribute__((always_inline)) static inline unsigned rank_for(const struct frame_zone_state *zone, unsigned order)
{
    return (unsigned)__builtin_ctzll(zone->ranks >> (order + 1) << (order + 1));
}

// The frame number of a block of ORDER, below that of an area, from a section of RANK.
__attribute__((always_inline)) static inline uint64_t take_from_new_area(struct frame_zone_state *zone, unsigned order,
                                                                         unsigned rank)
{
    struct block_map *map = first_of(zone, rank);
    uint32_t area = map->area + take_units(zone, map, 0, rank, FRAME_SECTION_BASE);
    start_area(zone, ((struct frame_section *)map)->region, area, order);
    zone->free_areas--;
    zone->free_frames += FRAME_AREA_FRAMES - (1ull << order);
    return area * FRAME_AREA_FRAMES;
}

__attribute__((always_inline)) static inline uint64_t take_from_area(struct frame_zone_state *zone, unsigned order,
                                                                     unsigned rank)
{
    struct block_map *map = first_of(zone, rank);
    unsigned frame = take_units(zone, map, order, rank, FRAME_AREA_BASE);
    zone->free_frames -= 1ull << order;
    return map->area * FRAME_AREA_FRAMES + frame;
}

__attribute__((always_inline)) static inline uint64_t take_from_section(struct frame_zone_state *zone, unsigned order,
                                                                        unsigned rank)
{
    struct block_map *map = first_of(zone, rank);
    unsigned area = take_units(zone, map, order - FRAME_AREA_ORDER, rank, FRAME_SECTION_BASE);
    zone->free_areas -= 1ull << (order - FRAME_AREA_ORDER);
    return (uint64_t)(map->area + area) * FRAME_AREA_FRAMES;
}

// A block from ZONE or from one below it, wherever it comes from; 0 without one.
static uint64_t take_block(struct frame_allocator *allocator, struct frame_zone_state *zone, unsigned order)
{
    unsigned rank = FRAME_RANK_END;
    if (order < FRAME_ORDER_COUNT)
        rank = rank_for(zone, order);
    while (rank == FRAME_RANK_END) {
        if (order >= FRAME_ORDER_COUNT || zone == allocator->zones)
            return 0;
        rank = rank_for(--zone, order);
    }
    if (rank == FRAME_RANK_FRESH) {
        touch_section(allocator, zone);
        rank = FRAME_RANK_FRESH - 1;
    }
    if (order >= FRAME_AREA_ORDER)
        return take_from_section(zone, order, rank);
    return rank <= FRAME_AREA_ORDER ? take_from_area(zone, order, rank) : take_from_new_area(zone, order, rank);
}

__attribute__((noinline)) static phys_addr_t allocate_any(struct frame_allocator *allocator,
                                                          struct frame_zone_state *zone, unsigned order)
{
    uint64_t frame = take_block(allocator, zone, order);
    if (frame == 0)
        allocator->failures++;
    return (phys_addr_t){frame << PAGE_SHIFT};
}

// ZONE has no block of ORDER: one from the highest zone below it.
__attribute__((always_inline)) static inline phys_addr_t allocate_lower(struct frame_allocator *allocator,
                                                                        struct frame_zone_state *zone, unsigned order)
{
    unsigned rank = FRAME_RANK_END;
    while (rank == FRAME_RANK_END && zone != allocator->zones)
        rank = rank_for(--zone, order);
    if (rank >= FRAME_RANK_FRESH)
        return allocate_any(allocator, zone, order);
    uint64_t frame;
    if (order >= FRAME_AREA_ORDER)
        frame = take_from_section(zone, order, rank);
    else if (rank <= FRAME_AREA_ORDER)
        frame = take_from_area(zone, order, rank);
    else
        frame = take_from_new_area(zone, order, rank);
    return (phys_addr_t){frame << PAGE_SHIFT};
}

__attribute__((noinline)) static phys_addr_t allocate_lower_frame(struct frame_allocator *allocator,
                                                                  struct frame_zone_state *zone)
{
    return allocate_lower(allocator, zone, FRAME_ORDER_4K);
}

__attribute__((noinline)) static phys_addr_t allocate_lower_area(struct frame_allocator *allocator,
                                                                 struct frame_zone_state *zone)
{
    return allocate_lower(allocator, zone, FRAME_ORDER_2M);
}

__attribute__((noinline)) static phys_addr_t allocate_from_new_area(struct frame_allocator *allocator,
                                                                    struct frame_zone_state *zone, unsigned rank)
{
    if (rank == FRAME_RANK_END)
        return allocate_lower_frame(allocator, zone);
    if (rank == FRAME_RANK_FRESH)
        return allocate_any(allocator, zone, FRAME_ORDER_4K);
    return (phys_addr_t){take_from_new_area(zone, FRAME_ORDER_4K, rank) << PAGE_SHIFT};
}

__attribute__((noinline)) static phys_addr_t allocate_area(struct frame_allocator *allocator,
                                                           struct frame_zone_state *zone)
{
    unsigned rank = rank_for(zone, FRAME_ORDER_2M);
    if (__builtin_expect(rank >= FRAME_RANK_FRESH, false))
        return rank == FRAME_RANK_END ? allocate_lower_area(allocator, zone)
                                      : allocate_any(allocator, zone, FRAME_ORDER_2M);
    return (phys_addr_t){take_from_section(zone, FRAME_ORDER_2M, rank) << PAGE_SHIFT};
}

// All that is free holds the pattern, from the beginning on.
__attribute__((cold, noinline)) static void check_poison(const struct frame_allocator *allocator, uint64_t frame,
                                                         uint64_t count)
{
    const uint64_t *words = frame_words(allocator, frame);
    for (uint64_t i = 0; i < count * (PAGE_SIZE / sizeof(uint64_t)); i++) {
        uint64_t offset = i * sizeof(uint64_t);
        if (words[i] != allocator->poison)
            panic("frame 0x%llx: written to while it was free, 0x%llx at offset %u",
                  address_of(frame + offset / PAGE_SIZE), (printable_t)words[i], (unsigned)(offset % PAGE_SIZE));
    }
}

// An allocation that fails because it was told to, or any with poisoning.
__attribute__((cold, noinline)) static phys_addr_t allocate_at_event(struct frame_allocator *allocator,
                                                                     struct frame_zone_state *zone, unsigned order)
{
    bool is_failing = allocator->event_attempt == allocator->failing_attempt;
    if (allocator->poison != 0) {
        allocator->event_attempt++;
        allocator->until_event = 1;
    }
    if (is_failing) {
        allocator->failures++;
        return (phys_addr_t){0};
    }
    phys_addr_t block = allocate_any(allocator, zone, order);
    if (block.value != 0 && allocator->poison != 0)
        check_poison(allocator, block.value >> PAGE_SHIFT, 1ull << order);
    return block;
}

phys_addr_t frame_allocate(struct frame_allocator *allocator, unsigned order, enum frame_zone zone_number)
{
    struct frame_zone_state *zone = allocator->highest[zone_number];
    if (__builtin_expect(--allocator->until_event == 0, false))
        return allocate_at_event(allocator, zone, order);
    if (__builtin_expect(order != FRAME_ORDER_4K, false))
        return order == FRAME_ORDER_2M ? allocate_area(allocator, zone) : allocate_any(allocator, zone, order);
    unsigned rank = (unsigned)__builtin_ctzll(zone->ranks);
    if (__builtin_expect(rank > FRAME_AREA_ORDER, false))
        return allocate_from_new_area(allocator, zone, rank);
    return (phys_addr_t){take_from_area(zone, FRAME_ORDER_4K, rank) << PAGE_SHIFT};
}

// The region that has FRAME, also in a section that nobody has asked for yet; or nullptr.
static struct frame_region *search_region(const struct frame_allocator *allocator, uint64_t frame)
{
    size_t below = 0, end = allocator->region_count;
    while (end - below > 1) {
        size_t middle = below + (end - below) / 2;
        if (allocator->regions[middle].first <= frame)
            below = middle;
        else
            end = middle;
    }
    struct frame_region *region = &allocator->regions[below];
    return frame - region->first < region->frame_count ? region : nullptr;
}

// Moves MAP, of a level that begins at BASE, to RANK, which is above its own.
__attribute__((always_inline)) static inline void raise(struct frame_zone_state *zone, struct block_map *map,
                                                        unsigned rank, unsigned base)
{
    if (map->rank > base)
        frame_ring_remove(zone, map);
    frame_ring_add(zone, map, rank);
}

// Words of MAP have become wholly free, but it had such already. A run joins its other half at most.
__attribute__((always_inline)) static inline void join_words(struct frame_zone_state *zone, struct block_map *map,
                                                             unsigned base)
{
    if (block_map_reaches(map->reaches, map->rank - base + 1))
        raise(zone, map, map->rank + 1, base);
}

// Always true, so that giving back can end with it.
__attribute__((noinline)) static bool join_areas(struct frame_zone_state *zone, struct block_map *map)
{
    join_words(zone, map, FRAME_SECTION_BASE);
    return true;
}

// Give 2^ORDER areas from AREA on back to their section, as FREES blocks. False, and nothing has changed, when one is
// free.
__attribute__((always_inline)) static inline bool give_to_section(const struct frame_region *region, uint64_t area,
                                                                  unsigned order, unsigned frees)
{
    struct block_map *map = &frame_section_at(region, area >> BLOCK_MAP_ORDER)->map;
    if (!block_map_give(map, area % BLOCK_MAP_UNITS, order))
        return false;
    struct frame_zone_state *zone = region->zone;
    zone->free_areas += 1ull << order;
    zone->frees += frees;
    unsigned risen = block_map_risen(map, area % BLOCK_MAP_UNITS, order);
    if (risen == 0)
        return true;
    if (map->rank < FRAME_SECTION_BASE + risen)
        raise(zone, map, FRAME_SECTION_BASE + risen, FRAME_SECTION_BASE);
    else if (risen >= BLOCK_MAP_WORD_FREE)
        return join_areas(zone, map);
    return true;
}

// All of an area is free: its section speaks for it.
__attribute__((always_inline)) static inline void give_area(struct frame_region *region, struct block_map *map)
{
    struct frame_zone_state *zone = region->zone;
    uint64_t area = map->area;
    frame_ring_remove(zone, map);
    *frame_live_word(region, area) &= ~(1ull << area % 64);
    zone->free_frames -= FRAME_AREA_FRAMES;
    (void)give_to_section(region, area, 0, 0);
}

// The same for an area, whose words are whole.
__attribute__((noinline)) static bool join_frames(struct frame_region *region, struct block_map *map)
{
    if (map->reaches == BLOCK_MAP_ALL_FREE)
        give_area(region, map);
    else
        join_words(region->zone, map, FRAME_AREA_BASE);
    return true;
}

static inline bool is_live(const struct frame_region *region, uint64_t area)
{
    return *frame_live_word(region, area) >> area % 64 & 1;
}

// Give 2^ORDER frames, less than an area, back. False, and nothing has changed, when one is free or the area was taken
// as a part of a larger block.
__attribute__((always_inline)) static inline bool give_to_area(struct frame_region *region, uint64_t frame,
                                                               unsigned order)
{
    uint64_t area = frame / FRAME_AREA_FRAMES;
    struct block_map *map = frame_area_map(region, area);
    if (__builtin_expect(!is_live(region, area), false) || !block_map_give(map, frame % FRAME_AREA_FRAMES, order))
        return false;
    struct frame_zone_state *zone = region->zone;
    zone->free_frames += 1ull << order;
    zone->frees++;
    unsigned risen = block_map_risen(map, frame % FRAME_AREA_FRAMES, order);
    if (risen == 0)
        return true;
    if (map->rank < FRAME_AREA_BASE + risen)
        raise(zone, map, FRAME_AREA_BASE + risen, FRAME_AREA_BASE);
    else if (risen >= BLOCK_MAP_WORD_FREE)
        return join_frames(region, map);
    return true;
}

// The area was taken as a part of a larger block, and a part of it comes back: from now on it speaks for itself.
static void split_taken_area(const struct frame_region *region, uint64_t area)
{
    struct block_map *map = frame_area_map(region, area);
    *frame_live_word(region, area) |= 1ull << area % 64;
    map->area = (uint32_t)area;
    map->rank = FRAME_AREA_BASE;
    block_map_clear(map, 0, BLOCK_MAP_WORDS);
}

static void give_part_of_area(struct frame_region *region, uint64_t frame, unsigned order)
{
    uint64_t area = frame / FRAME_AREA_FRAMES;
    if (!is_live(region, area)) {
        const struct frame_section *section = frame_section_at(region, area >> BLOCK_MAP_ORDER);
        if (block_map_is_free(&section->map, area % BLOCK_MAP_UNITS))
            panic_free(frame);
        split_taken_area(region, area);
    }
    if (give_to_area(region, frame, order))
        return;
    const struct block_map *map = frame_area_map(region, area);
    panic_free(area * FRAME_AREA_FRAMES + block_map_first_free(map, frame % FRAME_AREA_FRAMES, order));
}

// Areas that were taken piece by piece, or of which pieces came back and went again, may be given back as a whole.
static void give_areas(struct frame_region *region, uint64_t area, unsigned order)
{
    uint64_t end = area + (1ull << order);
    const struct block_map *section = &frame_section_at(region, area >> BLOCK_MAP_ORDER)->map;
    for (uint64_t i = area; i < end; i++) {
        const struct block_map *map = frame_area_map(region, i);
        if (block_map_is_free(section, i % BLOCK_MAP_UNITS))
            panic_free(i * FRAME_AREA_FRAMES);
        if (is_live(region, i) && map->rank != FRAME_AREA_BASE)
            panic_free(i * FRAME_AREA_FRAMES + block_map_first_free(map, 0, BLOCK_MAP_ORDER));
    }
    for (uint64_t i = area; i < end; i++)
        *frame_live_word(region, i) &= ~(1ull << i % 64);
    (void)give_to_section(region, area, order, 1);
}

// Any block, right or wrong, wherever it is.
__attribute__((noinline)) static void free_any(struct frame_allocator *allocator, uint64_t address, unsigned order)
{
    if (order >= FRAME_ORDER_COUNT || (address & ((PAGE_SIZE << order) - 1)) != 0)
        panic_misaligned(address, order);
    uint64_t frame = address >> PAGE_SHIFT;
    struct frame_region *region = search_region(allocator, frame);
    if (!region)
        panic_foreign(frame);
    if (frame - region->first >= region->touched_frames)
        panic_free(frame);
    if ((1ull << order) > region->frame_count - (frame - region->first))
        panic_foreign(region->first + region->frame_count);
    if (order < FRAME_AREA_ORDER)
        give_part_of_area(region, frame, order);
    else
        give_areas(region, frame / FRAME_AREA_FRAMES, order - FRAME_AREA_ORDER);
    frame_remember(allocator, region, frame);
    if (allocator->poison != 0)
        frame_poison(allocator, frame, 1ull << order);
}

// What is not aligned becomes a number that no region has.
__attribute__((always_inline)) static inline void free_area(struct frame_allocator *allocator, uint64_t address)
{
    uint64_t area = __builtin_rotateright64(address, PAGE_SHIFT + FRAME_AREA_ORDER);
    struct frame_region *region = allocator->near[(area >> BLOCK_MAP_ORDER) % FRAME_NEAR_COUNT];
    if (__builtin_expect(area - region->first_area >= region->touched_areas, false) || is_live(region, area) ||
        !give_to_section(region, area, 0, 1))
        free_any(allocator, __builtin_rotateleft64(area, PAGE_SHIFT + FRAME_AREA_ORDER), FRAME_ORDER_2M);
}

__attribute__((always_inline)) static inline void free_frame(struct frame_allocator *allocator, uint64_t address)
{
    uint64_t frame = __builtin_rotateright64(address, PAGE_SHIFT);
    struct frame_region *region = allocator->near[(frame >> FRAME_SECTION_ORDER) % FRAME_NEAR_COUNT];
    if (__builtin_expect(frame - region->first >= region->touched_frames, false) ||
        !give_to_area(region, frame, FRAME_ORDER_4K))
        free_any(allocator, __builtin_rotateleft64(frame, PAGE_SHIFT), FRAME_ORDER_4K);
}

void frame_free(struct frame_allocator *allocator, phys_addr_t block, unsigned order)
{
    if (order == FRAME_ORDER_4K)
        free_frame(allocator, block.value);
    else if (order == FRAME_ORDER_2M)
        free_area(allocator, block.value);
    else
        free_any(allocator, block.value, order);
}

void frame_free_run(struct frame_allocator *allocator, phys_addr_t first, uint64_t frame_count)
{
    while (frame_count > 0) {
        unsigned order = FRAME_ORDER_COUNT - 1;
        while ((1ull << order) > frame_count || (first.value & ((PAGE_SIZE << order) - 1)) != 0) {
            if (order == 0)
                panic_misaligned(first.value, 0);
            order--;
        }
        frame_free(allocator, first, order);
        first = phys_add(first, PAGE_SIZE << order);
        frame_count -= 1ull << order;
    }
}

phys_addr_t frame_allocate_run(struct frame_allocator *allocator, uint64_t frame_count, enum frame_zone zone)
{
    unsigned order = 0;
    while (order < FRAME_ORDER_COUNT && (1ull << order) < frame_count)
        order++;
    if (frame_count == 0)
        order = FRAME_ORDER_COUNT;
    phys_addr_t first = frame_allocate(allocator, order, zone);
    if (first.value != 0)
        frame_free_run(allocator, phys_add(first, frame_count << PAGE_SHIFT), (1ull << order) - frame_count);
    return first;
}

void frame_fail_at(struct frame_allocator *allocator, uint64_t number)
{
    uint64_t attempts = allocator->event_attempt - allocator->until_event;
    allocator->failing_attempt = number == 0 ? 0 : attempts + number;
    if (allocator->poison != 0)
        return;
    allocator->until_event = number;
    allocator->event_attempt = attempts + number;
}

void frame_statistics_read(const struct frame_allocator *allocator, struct frame_statistics *statistics)
{
    *statistics = (struct frame_statistics){
        .allocations = allocator->event_attempt - allocator->until_event - allocator->failures,
        .failures = allocator->failures,
        .metadata_bytes = allocator->metadata_bytes,
        .largest_order = FRAME_ORDER_COUNT,
    };
    uint64_t ranks = 0;
    for (unsigned i = 0; i < FRAME_ZONE_COUNT; i++) {
        const struct frame_zone_state *zone = &allocator->zones[i];
        uint64_t free = zone->free_frames + zone->free_areas * FRAME_AREA_FRAMES;
        statistics->zones[i].total = zone->total_frames;
        statistics->zones[i].free = free;
        statistics->total += zone->total_frames;
        statistics->free += free;
        statistics->frees += zone->frees;
        statistics->free_blocks_2m += zone->free_areas;
        ranks |= zone->ranks & ~(1ull << FRAME_RANK_END);
    }
    if (ranks == 0)
        return;
    unsigned highest = 63 - (unsigned)__builtin_clzll(ranks);
    statistics->largest_order = highest == FRAME_RANK_FRESH ? FRAME_SECTION_ORDER : highest - 1;
    uint64_t scattered = statistics->free - statistics->free_blocks_2m * FRAME_AREA_FRAMES;
    statistics->fragmentation_permille = (unsigned)(scattered * 1000 / statistics->free);
}
