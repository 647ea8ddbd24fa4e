// SPDX-License-Identifier: MIT
// Page frames: who has which 4 KiB of physical memory. Exported names begin with frame_. Knows nothing of page tables,
// of the CPU and of the firmware's map; the host tests run the same source on simulated memory.
//
//   frame   4096 bytes of physical memory on their own boundary
//   block   2^order frames, aligned to their size: order 0 is 4 KiB, 9 is 2 MiB, 18 is 1 GiB
//   area    512 frames, 2 MiB
//   section 512 areas, 1 GiB
//   zone    what an address may not exceed, for modes and devices that reach no further
//
// Each function takes a number of steps that depends neither on how much memory there is nor on how much is taken;
// where the number of ranges counts, it says so. A block that is free and large enough is always found. Nothing is
// locked: one context at a time, never in an interrupt handler.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

constexpr unsigned FRAME_ORDER_4K = 0;
constexpr unsigned FRAME_ORDER_2M = 9;
constexpr unsigned FRAME_ORDER_1G = 18;
constexpr unsigned FRAME_ORDER_COUNT = 19;

// A block of a zone lies in it or in a lower one; the highest zone that has one gives it.
enum frame_zone : unsigned {
    FRAME_ZONE_1M, // below 1 MiB: real mode
    FRAME_ZONE_4G, // below 4 GiB: devices with 32 address lines
    FRAME_ZONE_ANY,
    FRAME_ZONE_COUNT
};

// COUNT frames from frame number FIRST (physical address / 4096) on.
struct frame_range {
    uint64_t first;
    uint64_t count;
};

struct frame_options {
    uint8_t *physical; // where the caller sees physical address 0; read and written for poisoning alone
    // 0: none. Else what is free is filled with it, at the latest when its section is first needed, and an allocation
    // panics when it finds that somebody has written there.
    uint64_t poison;
    uint64_t fail_at; // 0: never. Else the allocation of this number, the first being 1, finds no memory
};

struct frame_allocator; // made whole in allocator/frame_allocator.h, for whoever has one to put somewhere

// Bytes of metadata that COUNT ranges need, less than a thousandth of ranges of 2 MiB and more; 0 when they cannot be
// managed: not sorted, overlapping, empty, or beyond 2^52 bytes. O(count).
size_t frame_metadata_size(const struct frame_range *ranges, size_t count);

// Manage COUNT ranges, all of them free. METADATA, frame_metadata_size() bytes on a boundary of 8, lies outside them
// and stays the allocator's; it is written piece by piece, when the memory that it speaks of is first used. Frame 0 is
// never managed. Fails with STATUS_INVALID where frame_metadata_size() returns 0. O(count).
[[nodiscard]] enum status frame_allocator_init(struct frame_allocator *allocator, const struct frame_range *ranges,
                                               size_t count, void *metadata, const struct frame_options *options);

// Return a block of 2^ORDER frames of ZONE, its contents arbitrary, or address 0 when there is none.
[[nodiscard]] phys_addr_t frame_allocate(struct frame_allocator *allocator, unsigned order, enum frame_zone zone);

// Give back the block of 2^ORDER frames at BLOCK. Any aligned part of what was allocated can be given back alone.
// Panics, and names the frame, when a part of it is free already or was never this allocator's. O(log ranges) at worst;
// above 2 MiB a step for each area, which are 512 at most.
void frame_free(struct frame_allocator *allocator, phys_addr_t block, unsigned order);

// The same for FRAME_COUNT frames in a row, at most 2^18, which need not be a power of two: a block of the next one is
// taken and what is left of it given back, which statistics count as frees. So there must be such a block.
[[nodiscard]] phys_addr_t frame_allocate_run(struct frame_allocator *allocator, uint64_t frame_count,
                                             enum frame_zone zone);
void frame_free_run(struct frame_allocator *allocator, phys_addr_t first, uint64_t frame_count);

// Let the allocation of number NUMBER, counted from now on, the first being 1, fail once; 0: none.
void frame_fail_at(struct frame_allocator *allocator, uint64_t number);

struct frame_statistics {
    struct {
        uint64_t total, free;  // frames
    } zones[FRAME_ZONE_COUNT]; // each without those below it
    uint64_t total, free;      // frames
    uint64_t free_blocks_2m;   // whole free areas
    uint64_t allocations;      // successful ones since frame_allocator_init()
    uint64_t frees;
    uint64_t failures;
    uint64_t metadata_bytes;
    unsigned largest_order;          // of a free block; FRAME_ORDER_COUNT when nothing is free
    unsigned fragmentation_permille; // the share of free memory that lies in no free block of 2 MiB
};

// O(ranges).
void frame_statistics_read(const struct frame_allocator *allocator, struct frame_statistics *statistics);
