// SPDX-License-Identifier: MIT
// The beginning of a frame allocator: ranges become regions, and regions get the place for their records. Only what is
// not a multiple of an area or of a section is written now; the rest when frame.c first needs it.
#include "frame_parts.h"
#include <allocator/frame.h>
#include <stdckdint.h>

constexpr uint64_t FRAME_LIMIT = 1ull << (52 - PAGE_SHIFT); // physical addresses have 52 bits: Intel SDM vol. 3, 4.1.4

// The first frame above each zone but the last.
static const uint64_t zone_ends[] = {1ull << (20 - PAGE_SHIFT), 1ull << (32 - PAGE_SHIFT), FRAME_LIMIT};

static_assert(sizeof zone_ends / sizeof zone_ends[0] == FRAME_ZONE_COUNT);

static bool are_valid(const struct frame_range *ranges, size_t count)
{
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t first = ranges[i].first;
        if (ranges[i].count == 0 || first < end || ckd_add(&end, first, ranges[i].count) || end > FRAME_LIMIT)
            return false;
    }
    return true;
}

// Cuts ranges into what regions can be, in the order of their addresses.
struct cutter {
    const struct frame_range *ranges, *ranges_end;
    uint64_t first, end; // what is left of the range at hand, and of those that begin where it ends
};

static uint64_t lower_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool next_range(struct cutter *cutter)
{
    if (cutter->ranges == cutter->ranges_end)
        return false;
    cutter->first = cutter->ranges->first;
    cutter->end = cutter->first;
    for (; cutter->ranges < cutter->ranges_end && cutter->ranges->first == cutter->end; cutter->ranges++)
        cutter->end += cutter->ranges->count;
    if (cutter->first == 0) // an address of 0 means that there is no memory
        cutter->first = 1;
    return true;
}

// Whole sections as far as they go, else what there is of one; no zone ends within.
static bool next_piece(struct cutter *cutter, struct frame_range *piece, unsigned *zone)
{
    while (cutter->first >= cutter->end) {
        if (!next_range(cutter))
            return false;
    }
    uint64_t first = cutter->first, in_section = first % FRAME_SECTION_FRAMES;
    for (*zone = 0; first >= zone_ends[*zone];)
        ++*zone;
    uint64_t end = lower_of(cutter->end, zone_ends[*zone]);
    if (in_section == 0 && end - first >= FRAME_SECTION_FRAMES)
        end -= end % FRAME_SECTION_FRAMES;
    else
        end = lower_of(end, first - in_section + FRAME_SECTION_FRAMES);
    *piece = (struct frame_range){.first = first, .count = end - first};
    cutter->first = end;
    return true;
}

static uint64_t blocks_touched(const struct frame_range *piece, unsigned order)
{
    return ((piece->first + piece->count - 1) >> order) - (piece->first >> order) + 1;
}

// Bytes of the records of a region.
static size_t record_bytes(const struct frame_range *piece)
{
    return blocks_touched(piece, FRAME_SECTION_ORDER) * sizeof(struct frame_section) +
           blocks_touched(piece, FRAME_AREA_ORDER) * sizeof(struct block_map) +
           blocks_touched(piece, FRAME_AREA_ORDER + BLOCK_MAP_WORD_ORDER) * sizeof(uint64_t);
}

size_t frame_metadata_size(const struct frame_range *ranges, size_t count)
{
    if (!are_valid(ranges, count))
        return 0;
    size_t bytes = 0;
    unsigned zone;
    struct frame_range piece;
    struct cutter cutter = {.ranges = ranges, .ranges_end = ranges + count};
    while (next_piece(&cutter, &piece, &zone))
        bytes += sizeof(struct frame_region) + record_bytes(&piece);
    return bytes;
}

// The frames from FIRST to END of an area of which others are not the region's.
static void start_partial_area(struct frame_region *region, uint64_t first, uint64_t end)
{
    uint64_t area = first / FRAME_AREA_FRAMES;
    struct block_map *map = frame_area_map(region, area);
    map->area = (uint32_t)area;
    unsigned reach = block_map_start(map, first % FRAME_AREA_FRAMES, (unsigned)(end - first));
    frame_ring_add(region->zone, map, FRAME_AREA_BASE + reach);
    *frame_live_word(region, area) |= 1ull << area % 64;
    region->zone->free_frames += end - first;
}

// A region in one section, of which others are not the region's.
static void start_partial_section(struct frame_region *region)
{
    uint64_t first = region->first, end = first + region->frame_count;
    uint64_t first_area = (first + FRAME_AREA_FRAMES - 1) / FRAME_AREA_FRAMES, end_area = end / FRAME_AREA_FRAMES;
    struct frame_section *section = frame_section_at(region, first >> FRAME_SECTION_ORDER);
    for (uint64_t *live = frame_live_word(region, first / FRAME_AREA_FRAMES);
         live <= frame_live_word(region, (end - 1) / FRAME_AREA_FRAMES); live++)
        *live = 0;
    section->region = region;
    section->map.area = (uint32_t)(first >> FRAME_SECTION_ORDER << BLOCK_MAP_ORDER);
    uint64_t areas = end_area > first_area ? end_area - first_area : 0;
    unsigned reach = block_map_start(&section->map, first_area % BLOCK_MAP_UNITS, (unsigned)areas);
    section->map.rank = FRAME_SECTION_BASE;
    if (reach > 0)
        frame_ring_add(region->zone, &section->map, FRAME_SECTION_BASE + reach);
    region->zone->free_areas += areas;
    region->touched_frames = region->frame_count;
    region->touched_areas = areas;
    if (first < first_area * FRAME_AREA_FRAMES)
        start_partial_area(region, first, lower_of(end, first_area * FRAME_AREA_FRAMES));
    if (end_area >= first_area && end > end_area * FRAME_AREA_FRAMES)
        start_partial_area(region, end_area * FRAME_AREA_FRAMES, end);
}

static void start_whole_sections(struct frame_region *region)
{
    struct frame_zone_state *zone = region->zone;
    region->next_fresh = zone->fresh;
    zone->fresh = region;
    zone->ranks |= 1ull << FRAME_RANK_FRESH;
    zone->free_areas += region->frame_count / FRAME_AREA_FRAMES;
}

// Returns the first byte behind the region's records, which begin at RECORDS.
static uintptr_t start_region(struct frame_region *region, const struct frame_range *piece,
                              struct frame_zone_state *zone, uintptr_t records)
{
    uint64_t section = piece->first >> FRAME_SECTION_ORDER, area = piece->first >> FRAME_AREA_ORDER;
    uintptr_t areas = records + blocks_touched(piece, FRAME_SECTION_ORDER) * sizeof(struct frame_section);
    uintptr_t live = areas + blocks_touched(piece, FRAME_AREA_ORDER) * sizeof(struct block_map);
    *region = (struct frame_region){
        .first = piece->first,
        .frame_count = piece->count,
        .first_area = (piece->first + FRAME_AREA_FRAMES - 1) / FRAME_AREA_FRAMES,
        .sections = records - section * sizeof(struct frame_section),
        .areas = areas - area * sizeof(struct block_map),
        .live = live - area / 64 * sizeof(uint64_t),
        .zone = zone,
    };
    zone->total_frames += piece->count;
    if (piece->first % FRAME_SECTION_FRAMES == 0 && piece->count % FRAME_SECTION_FRAMES == 0)
        start_whole_sections(region);
    else
        start_partial_section(region);
    return records + record_bytes(piece);
}

static void start_zone(struct frame_zone_state *zone)
{
    zone->ranks = 1ull << FRAME_RANK_END;
    zone->fresh = nullptr;
    zone->free_frames = zone->free_areas = zone->total_frames = zone->frees = 0;
    for (unsigned rank = 0; rank < FRAME_RANK_FRESH; rank++) {
        struct frame_link *ring = &zone->rings[rank];
        *ring = (struct frame_link){.next = ring, .previous = ring};
    }
}

__attribute__((cold)) void frame_poison(const struct frame_allocator *allocator, uint64_t frame, uint64_t count)
{
    uint64_t *words = frame_words(allocator, frame);
    for (uint64_t i = 0; i < count * (PAGE_SIZE / sizeof(uint64_t)); i++)
        words[i] = allocator->poison;
}

// Returns the bytes of metadata that they take; 0 when there is no region.
static size_t start_regions(struct frame_allocator *allocator, const struct frame_range *ranges, size_t count)
{
    unsigned zone;
    struct frame_range piece;
    struct cutter cutter = {.ranges = ranges, .ranges_end = ranges + count};
    while (next_piece(&cutter, &piece, &zone))
        allocator->region_count++;
    uintptr_t records = (uintptr_t)(allocator->regions + allocator->region_count);
    struct frame_region *region = allocator->regions;
    cutter = (struct cutter){.ranges = ranges, .ranges_end = ranges + count};
    for (; next_piece(&cutter, &piece, &zone); region++) {
        records = start_region(region, &piece, &allocator->zones[zone], records);
        if (region->touched_frames == 0)
            continue;
        frame_remember(allocator, region, region->first);
        if (allocator->poison != 0)
            frame_poison(allocator, region->first, region->touched_frames);
    }
    return records - (uintptr_t)allocator->regions;
}

enum status frame_allocator_init(struct frame_allocator *allocator, const struct frame_range *ranges, size_t count,
                                 void *metadata, const struct frame_options *options)
{
    if (!are_valid(ranges, count))
        return STATUS_INVALID;
    uint64_t event = options->poison != 0 ? 1 : options->fail_at;
    // One by one, since most of the structure is about to be written in any case.
    allocator->until_event = allocator->event_attempt = event;
    allocator->failing_attempt = options->fail_at;
    allocator->failures = 0;
    allocator->poison = options->poison;
    allocator->physical = options->physical;
    allocator->nowhere = (struct frame_region){};
    allocator->regions = metadata;
    allocator->region_count = 0;
    for (unsigned zone = 0; zone < FRAME_ZONE_COUNT; zone++)
        start_zone(&allocator->zones[zone]);
    for (unsigned i = 0; i < FRAME_NEAR_COUNT; i++)
        allocator->near[i] = &allocator->nowhere;
    allocator->metadata_bytes = start_regions(allocator, ranges, count);
    allocator->highest[0] = &allocator->zones[0];
    for (unsigned zone = 1; zone < FRAME_ZONE_COUNT; zone++) {
        bool is_empty = allocator->zones[zone].total_frames == 0;
        allocator->highest[zone] = is_empty ? allocator->highest[zone - 1] : &allocator->zones[zone];
    }
    return allocator->metadata_bytes != 0 ? STATUS_OK : STATUS_INVALID;
}
