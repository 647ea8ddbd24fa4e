// SPDX-License-Identifier: MIT
// What a frame allocator is made of, for whoever has to put one somewhere. Only kernel/allocator looks inside. The
// structure is described at the top of kernel/allocator/frame.c.
#pragma once
#include <allocator/frame.h>
#include <stddef.h>
#include <stdint.h>

constexpr unsigned FRAME_NEAR_COUNT = 64;

struct block_map;

// Of a ring of maps, the fixed place where it begins and ends; or a map's place in it.
struct block_map_link {
    struct block_map_link *next, *previous;
};

struct frame_zone_state {
    uint64_t lists_in_use;                          // a bit for each list that is not empty
    struct block_map_link lists[FRAME_ORDER_COUNT]; // by the order of the largest block that is free in the map
    struct frame_region *fresh;                     // the first of those that have sections without a record
    uint64_t free_frames;                           // in areas that are neither free nor taken as a whole
    uint64_t free_areas;
    uint64_t total_frames;
};

struct frame_allocator {
    struct frame_zone_state zones[FRAME_ZONE_COUNT];
    struct frame_region *near[FRAME_NEAR_COUNT]; // by section number: where the last frame of such a number was found
    struct frame_region *regions;                // sorted
    size_t region_count;
    size_t metadata_bytes;
    uint64_t until_failure; // allocations; 0: 2^64
    uint64_t last_attempt;  // the number of the allocation at which until_failure is 0
    uint64_t failures;
    uint64_t frees;
    uint8_t *physical;
    uint64_t poison;
};
