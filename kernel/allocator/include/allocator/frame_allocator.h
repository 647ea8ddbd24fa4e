// SPDX-License-Identifier: MIT
// What a frame allocator is made of, for whoever has to put one somewhere, from where it cannot be moved: it points
// into itself. Only kernel/allocator looks inside; the top of kernel/allocator/frame.c describes it.
#pragma once
#include <allocator/frame.h>
#include <stddef.h>
#include <stdint.h>

constexpr unsigned FRAME_NEAR_COUNT = 64;

struct frame_region;

// A zone has a ring of records of free frames for each order that the largest free block of a record can have: rank =
// order + 1. The last two are no record's.
constexpr unsigned FRAME_RANK_FRESH = FRAME_ORDER_COUNT + 1; // sections that have no record yet
constexpr unsigned FRAME_RANK_END = FRAME_RANK_FRESH + 1;

struct frame_link {
    struct frame_link *next, *previous;
};

struct frame_zone_state {
    struct frame_link rings[FRAME_RANK_FRESH]; // of the records of each rank; each begins and ends here
    uint64_t ranks;                            // a bit for each that has a record; FRAME_RANK_END has always
    struct frame_region *fresh;                // the first of those that have sections without a record
    uint64_t free_frames;                      // in areas that are neither free nor taken as a whole
    uint64_t free_areas;
    uint64_t total_frames;
    uint64_t frees;
};

// Frames in a row, of one zone, which either lie in one section or are whole sections. The addresses of the records
// are those that the area, section or word of number 0 would have, so that the numbers need no subtraction.
struct frame_region {
    uint64_t first;          // frame
    uint64_t touched_frames; // of those from the first on, which belong to sections that have a record
    uint64_t frame_count;
    uint64_t first_area; // of those that lie in it as a whole
    uint64_t touched_areas;
    uintptr_t areas;    // struct block_map, by area
    uintptr_t sections; // struct frame_section, by section
    uintptr_t live;     // uint64_t with a bit an area, by area / 64: whether its map speaks for it, or its section's
    struct frame_zone_state *zone;
    struct frame_region *next_fresh;
};

struct frame_allocator {
    struct frame_zone_state *highest[FRAME_ZONE_COUNT]; // up to the one asked for that has memory at all, or the lowest
    struct frame_region *near[FRAME_NEAR_COUNT];        // by section number: a region that has some of such a section
    uint64_t until_event;                               // allocations, the next being 1; 0: 2^64
    uint64_t event_attempt;                             // the number of the allocation at which until_event is 0
    uint64_t failing_attempt;                           // the number of the allocation that fails; 0: none
    uint64_t failures;
    uint64_t poison;
    uint8_t *physical;
    struct frame_zone_state zones[FRAME_ZONE_COUNT];
    struct frame_region nowhere;  // has no frames; all of NEAR lead there at first and, with poisoning, always
    struct frame_region *regions; // sorted
    size_t region_count;
    size_t metadata_bytes;
};
