// SPDX-License-Identifier: MIT
// Handing out frames and taking them back; frame_init.c begins it all.
//
// Two levels of the same map (block_map.h): an area's says which of its 512 frames are free, a section's which of its
// 512 areas are wholly free. A map knows the order of its largest free block and stands in its zone's list of that
// order, and a bit for each list that is not empty finds the smallest that will do. An area that is wholly free stands
// in no list: a bit of its section speaks for it, and its own map means nothing until it is taken again ("live").
// Sections that were never needed have no records at all; a region keeps how far it has been touched.
#include "frame_parts.h"
#include <allocator/frame.h>
#include <lib/panic.h>

typedef unsigned long long printable_t;

static_assert(offsetof(struct block_map, link) == 0 && offsetof(struct frame_section, map) == 0);

[[noreturn]] __attribute__((cold, noinline)) static void panic_misaligned(uint64_t address, unsigned order)
{
    if (order >= FRAME_ORDER_COUNT)
        panic("frame 0x%llx: freed as a block of order %u, and the highest is %u", (printable_t)address, order,
              FRAME_ORDER_COUNT - 1);
    panic("frame 0x%llx: freed as a block of order %u, to which it is not aligned", (printable_t)address, order);
}

[[noreturn]] __attribute__((cold, noinline)) static void panic_foreign(uint64_t frame)
{
    panic("frame 0x%llx: freed, but it was never the frame allocator's", (printable_t)(frame << PAGE_SHIFT));
}

[[noreturn]] __attribute__((cold, noinline)) static void panic_free(uint64_t frame)
{
    panic("frame 0x%llx: freed, but it is free already", (printable_t)(frame << PAGE_SHIFT));
}

// The rest of a section that nobody has asked for yet becomes a free block like any other.
__attribute__((noinline)) static void touch_section(struct frame_zone_state *zone)
{
    struct frame_region *region = zone->fresh;
    uint64_t section = (region->first + region->touched_frames) >> FRAME_SECTION_ORDER;
    struct frame_section *record = frame_section_at(region, section);
    uint64_t *live = frame_live_word(region, section << BLOCK_MAP_ORDER);
    for (unsigned i = 0; i < BLOCK_MAP_WORDS; i++)
        live[i] = 0;
    record->region = region;
    record->map.area = (uint32_t)(section << BLOCK_MAP_ORDER);
    record->map.reaches = BLOCK_MAP_ALL_FREE;
    record->map.reach = BLOCK_MAP_FREE;
    frame_list_add(zone, &record->map, FRAME_SECTION_ORDER);
    region->touched_frames += FRAME_SECTION_FRAMES;
    if (region->touched_frames < region->frame_count)
        return;
    zone->fresh = region->next_fresh;
    if (!zone->fresh)
        zone->lists_in_use &= ~(1ull << FRAME_FRESH_BIT);
}

// Take 2^ORDER units of the first map of LIST, whose level's lists begin at BASE. Returns the unit.
__attribute__((always_inline)) static inline unsigned take_units(struct frame_zone_state *zone, struct block_map *map,
                                                                 unsigned order, unsigned list, unsigned base)
{
    unsigned unit;
    unsigned reach = list - base + 1;
    unsigned reach_then = block_map_take(map, order, reach, &unit);
    if (reach_then != reach) {
        map->reach = (uint8_t)reach_then;
        frame_list_remove(zone, map, list);
        if (reach_then > 0)
            frame_list_add(zone, map, base + reach_then - 1);
    }
    return unit;
}

// The map of an area that was wholly free, of which the first block of 2^ORDER frames is taken now.
static inline void start_area(struct frame_zone_state *zone, struct frame_region *region, uint32_t area, unsigned order)
{
    struct block_map *map = frame_area_map(region, area);
    *frame_live_word(region, area) |= 1ull << area % 64;
    map->area = area;
    if (order < BLOCK_MAP_WORD_ORDER) {
        map->reaches = BLOCK_MAP_ALL_FREE - 1;
        map->words[0] = ~block_map_run(order);
    } else {
        map->reaches = BLOCK_MAP_ALL_FREE << (8u << (order - BLOCK_MAP_WORD_ORDER));
    }
    map->reach = BLOCK_MAP_ORDER;
    frame_list_add(zone, map, FRAME_AREA_ORDER - 1);
}

// The frame number of a block that is taken now, or 0.
__attribute__((always_inline)) static inline uint64_t take_block(struct frame_allocator *allocator, unsigned order,
                                                                 enum frame_zone zone_number)
{
    struct frame_zone_state *zone = &allocator->zones[zone_number];
    while (!(zone->lists_in_use >> order)) {
        if (zone == allocator->zones)
            return 0;
        zone--;
    }
    unsigned list = order + (unsigned)__builtin_ctzll(zone->lists_in_use >> order);
    if (list < FRAME_AREA_ORDER) {
        struct block_map *map = (struct block_map *)zone->lists[list].next;
        unsigned frame = take_units(zone, map, order, list, 0);
        zone->free_frames -= 1ull << order;
        return (uint64_t)map->area * FRAME_AREA_FRAMES + frame;
    }
    if (__builtin_expect(list == FRAME_FRESH_BIT, false)) {
        touch_section(zone);
        list = FRAME_SECTION_ORDER;
    }
    struct block_map *map = (struct block_map *)zone->lists[list].next;
    if (order >= FRAME_AREA_ORDER) {
        unsigned area = take_units(zone, map, order - FRAME_AREA_ORDER, list, FRAME_AREA_ORDER);
        zone->free_areas -= 1ull << (order - FRAME_AREA_ORDER);
        return (uint64_t)(map->area + area) * FRAME_AREA_FRAMES;
    }
    uint32_t area = map->area + take_units(zone, map, 0, list, FRAME_AREA_ORDER);
    start_area(zone, ((struct frame_section *)map)->region, area, order);
    zone->free_areas--;
    zone->free_frames += FRAME_AREA_FRAMES - (1ull << order);
    return area * FRAME_AREA_FRAMES;
}

__attribute__((noinline)) static uint64_t take_any_block(struct frame_allocator *allocator, unsigned order,
                                                         enum frame_zone zone)
{
    return order < FRAME_ORDER_COUNT ? take_block(allocator, order, zone) : 0;
}

static uint64_t *frame_words(const struct frame_allocator *allocator, uint64_t frame)
{
    return (uint64_t *)(void *)(allocator->physical + (frame << PAGE_SHIFT));
}

// A frame in which the pattern stands was free, and then the pattern stands in all of it; any other was never freed.
__attribute__((cold, noinline)) static void check_poison(const struct frame_allocator *allocator, uint64_t frame,
                                                         uint64_t count)
{
    constexpr unsigned words_a_frame = PAGE_SIZE / sizeof(uint64_t);
    for (; count > 0; frame++, count--) {
        const uint64_t *words = frame_words(allocator, frame);
        unsigned other = 0, poisoned = 0;
        for (unsigned i = 0; i < words_a_frame; i++) {
            if (words[i] == allocator->poison)
                poisoned++;
            else
                other = i;
        }
        if (poisoned > 0 && poisoned < words_a_frame)
            panic("frame 0x%llx: written to after it was freed, 0x%llx at offset %u",
                  (printable_t)(frame << PAGE_SHIFT), (printable_t)words[other], (unsigned)(other * sizeof(uint64_t)));
    }
}

__attribute__((cold, noinline)) static void fill_with_poison(const struct frame_allocator *allocator, uint64_t frame,
                                                             uint64_t count)
{
    uint64_t *words = frame_words(allocator, frame);
    for (uint64_t i = 0; i < count * (PAGE_SIZE / sizeof(uint64_t)); i++)
        words[i] = allocator->poison;
}

phys_addr_t frame_allocate(struct frame_allocator *allocator, unsigned order, enum frame_zone zone)
{
    uint64_t frame;
    if (__builtin_expect(--allocator->until_failure == 0, false))
        frame = 0;
    else if (order == FRAME_ORDER_4K)
        frame = take_block(allocator, FRAME_ORDER_4K, zone);
    else if (order == FRAME_ORDER_2M)
        frame = take_block(allocator, FRAME_ORDER_2M, zone);
    else
        frame = take_any_block(allocator, order, zone);
    if (__builtin_expect(frame == 0, false))
        allocator->failures++;
    else if (__builtin_expect(allocator->poison != 0, false))
        check_poison(allocator, frame, 1ull << order);
    return (phys_addr_t){frame << PAGE_SHIFT};
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

// For a frame that is not in the region where the last one of its kind was.
__attribute__((noinline)) static struct frame_region *find_region(struct frame_allocator *allocator, uint64_t frame)
{
    struct frame_region *region = search_region(allocator, frame);
    if (!region)
        panic_foreign(frame);
    if (frame - region->first >= region->touched_frames)
        panic_free(frame);
    allocator->near[(frame >> FRAME_SECTION_ORDER) % FRAME_NEAR_COUNT] = region;
    return region;
}

__attribute__((always_inline)) static inline struct frame_region *region_of(struct frame_allocator *allocator,
                                                                            uint64_t frame)
{
    struct frame_region *region = allocator->near[(frame >> FRAME_SECTION_ORDER) % FRAME_NEAR_COUNT];
    if (__builtin_expect(frame - region->first >= region->touched_frames, false))
        region = find_region(allocator, frame);
    return region;
}

// Give 2^ORDER units from UNIT on back to MAP, which stands in a list from BASE on unless nothing is free in it.
// Returns its reach then. FIRST_FRAME is that of the block.
__attribute__((always_inline)) static inline unsigned give_units(struct frame_zone_state *zone, struct block_map *map,
                                                                 unsigned unit, unsigned order, unsigned base,
                                                                 uint64_t first_frame)
{
    unsigned reach = map->reach;
    unsigned reach_then = block_map_give(map, unit, order, reach);
    if (__builtin_expect(reach_then == BLOCK_MAP_NOT_TAKEN, false))
        panic_free(first_frame + ((uint64_t)(block_map_first_free(map, unit, order) - unit) << base));
    if (reach_then != reach) {
        map->reach = (uint8_t)reach_then;
        if (reach > 0)
            frame_list_remove(zone, map, base + reach - 1);
        if (base != 0 || reach_then != BLOCK_MAP_FREE)
            frame_list_add(zone, map, base + reach_then - 1);
    }
    return reach_then;
}

// The area was taken as a part of a larger block, and a part of it comes back: from now on it speaks for itself.
__attribute__((noinline)) static void split_taken_area(const struct frame_region *region, struct block_map *map,
                                                       uint64_t area, uint64_t frame)
{
    struct frame_section *section = frame_section_at(region, area >> BLOCK_MAP_ORDER);
    if (block_map_is_free(&section->map, area % BLOCK_MAP_UNITS))
        panic_free(frame);
    *frame_live_word(region, area) |= 1ull << area % 64;
    map->area = (uint32_t)area;
    map->reaches = 0;
    map->reach = 0;
}

// The whole area is free: its section speaks for it.
static inline void give_area(struct frame_region *region, uint64_t area)
{
    struct frame_zone_state *zone = region->zone;
    *frame_live_word(region, area) &= ~(1ull << area % 64);
    zone->free_frames -= FRAME_AREA_FRAMES;
    zone->free_areas++;
    struct frame_section *section = frame_section_at(region, area >> BLOCK_MAP_ORDER);
    give_units(zone, &section->map, area % BLOCK_MAP_UNITS, 0, FRAME_AREA_ORDER, area * FRAME_AREA_FRAMES);
}

__attribute__((always_inline)) static inline void give_in_area(struct frame_region *region, uint64_t frame,
                                                               unsigned order)
{
    uint64_t area = frame / FRAME_AREA_FRAMES;
    struct block_map *map = frame_area_map(region, area);
    if (__builtin_expect(!(*frame_live_word(region, area) >> area % 64 & 1), false))
        split_taken_area(region, map, area, frame);
    struct frame_zone_state *zone = region->zone;
    unsigned reach = give_units(zone, map, frame % FRAME_AREA_FRAMES, order, 0, frame);
    zone->free_frames += 1ull << order;
    if (__builtin_expect(reach == BLOCK_MAP_FREE, false))
        give_area(region, area);
}

// Areas that were taken piece by piece, or of which pieces came back and went again, may be given back as a whole.
__attribute__((noinline)) static void retire_live_areas(const struct frame_region *region,
                                                        const struct block_map *section, uint64_t area, uint64_t count)
{
    for (uint64_t i = area; i < area + count; i++) {
        const struct block_map *map = frame_area_map(region, i);
        if (block_map_is_free(section, i % BLOCK_MAP_UNITS))
            panic_free(i * FRAME_AREA_FRAMES);
        if ((*frame_live_word(region, i) >> i % 64 & 1) && map->reach > 0)
            panic_free(i * FRAME_AREA_FRAMES + block_map_first_free(map, 0, BLOCK_MAP_ORDER));
    }
    for (uint64_t i = area; i < area + count; i++)
        *frame_live_word(region, i) &= ~(1ull << i % 64);
}

__attribute__((always_inline)) static inline void give_areas(struct frame_region *region, uint64_t frame,
                                                             unsigned order)
{
    uint64_t area = frame / FRAME_AREA_FRAMES;
    unsigned area_order = order - FRAME_AREA_ORDER;
    struct frame_section *section = frame_section_at(region, area >> BLOCK_MAP_ORDER);
    uint64_t run = block_map_run(area_order < BLOCK_MAP_WORD_ORDER ? area_order : BLOCK_MAP_WORD_ORDER);
    if (area_order > BLOCK_MAP_WORD_ORDER || (*frame_live_word(region, area) & run << area % 64))
        retire_live_areas(region, &section->map, area, 1ull << area_order);
    give_units(region->zone, &section->map, area % BLOCK_MAP_UNITS, area_order, FRAME_AREA_ORDER, frame);
    region->zone->free_areas += 1ull << area_order;
}

__attribute__((always_inline)) static inline void give_block(struct frame_allocator *allocator, uint64_t address,
                                                             unsigned order)
{
    if (__builtin_expect((address & ((PAGE_SIZE << order) - 1)) != 0, false))
        panic_misaligned(address, order);
    uint64_t frame = address >> PAGE_SHIFT;
    struct frame_region *region = region_of(allocator, frame);
    if (order > 0 && (1ull << order) > region->frame_count - (frame - region->first))
        panic_foreign(region->first + region->frame_count);
    if (order < FRAME_AREA_ORDER)
        give_in_area(region, frame, order);
    else
        give_areas(region, frame, order);
}

__attribute__((noinline)) static void give_any_block(struct frame_allocator *allocator, uint64_t address,
                                                     unsigned order)
{
    if (order >= FRAME_ORDER_COUNT)
        panic_misaligned(address, order);
    give_block(allocator, address, order);
}

void frame_free(struct frame_allocator *allocator, phys_addr_t block, unsigned order)
{
    if (order == FRAME_ORDER_4K)
        give_block(allocator, block.value, FRAME_ORDER_4K);
    else if (order == FRAME_ORDER_2M)
        give_block(allocator, block.value, FRAME_ORDER_2M);
    else
        give_any_block(allocator, block.value, order);
    allocator->frees++;
    if (__builtin_expect(allocator->poison != 0, false))
        fill_with_poison(allocator, block.value >> PAGE_SHIFT, 1ull << order);
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
    uint64_t attempts = allocator->last_attempt - allocator->until_failure;
    allocator->until_failure = number;
    allocator->last_attempt = attempts + number;
}

void frame_statistics_read(const struct frame_allocator *allocator, struct frame_statistics *statistics)
{
    *statistics = (struct frame_statistics){
        .allocations = allocator->last_attempt - allocator->until_failure - allocator->failures,
        .frees = allocator->frees,
        .failures = allocator->failures,
        .metadata_bytes = allocator->metadata_bytes,
        .largest_order = FRAME_ORDER_COUNT,
    };
    uint64_t lists = 0;
    for (unsigned i = 0; i < FRAME_ZONE_COUNT; i++) {
        const struct frame_zone_state *zone = &allocator->zones[i];
        uint64_t free = zone->free_frames + zone->free_areas * FRAME_AREA_FRAMES;
        statistics->zones[i].total = zone->total_frames;
        statistics->zones[i].free = free;
        statistics->total += zone->total_frames;
        statistics->free += free;
        statistics->free_blocks_2m += zone->free_areas;
        lists |= zone->lists_in_use;
    }
    if (lists == 0)
        return;
    statistics->largest_order = 63 - (unsigned)__builtin_clzll(lists);
    if (lists >> FRAME_FRESH_BIT)
        statistics->largest_order = FRAME_SECTION_ORDER;
    uint64_t scattered = statistics->free - statistics->free_blocks_2m * FRAME_AREA_FRAMES;
    statistics->fragmentation_permille = (unsigned)(scattered * 1000 / statistics->free);
}
