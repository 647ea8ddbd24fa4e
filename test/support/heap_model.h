// SPDX-License-Identifier: MIT
// What a heap has to do, told with a byte for each eight of its memory and a list of all blocks: for the unit tests and
// the fuzzers, which hold the designs of kernel/allocator/heap against it. It is the heap's host, too: memory that
// grows and shrinks. Breaks of the contract end in panic().
//
// Every block is full of a pattern of its own, which is looked at before the block goes. Under AddressSanitizer, all
// that the heap has no business with is poisoned whenever the heap runs: every taken block but the one that it is asked
// about, and what its region has not grown into. So a heap that touches a block of somebody else is caught in the act.
#pragma once
#include <heap/heap.h>
#include <stddef.h>
#include <stdint.h>

constexpr unsigned HEAP_MODEL_REGIONS = 3;
constexpr size_t HEAP_MODEL_NONE = SIZE_MAX;
constexpr size_t HEAP_MODEL_SLACK = 64; // bytes that a skipped beginning of a region may have

struct heap_shape {
    size_t region_bytes[HEAP_MODEL_REGIONS]; // one behind the other, without a gap; 0: there is none
    size_t skipped_bytes;                    // before the first region, up to HEAP_MODEL_SLACK; 0 when it grows
    size_t reserved_bytes;                   // of the first region; 0: it does not grow
    size_t grow_bytes;                       // what the host gives is a multiple of this; 0: no more than asked for
    uint64_t secret;
};

struct heap_model_block {
    uint8_t *address;
    size_t size_bytes, usable_bytes, alignment;
    uint64_t pattern;
};

struct heap_model {
    struct heap *heap;
    const struct heap_design *design;
    struct heap_host host;
    uint8_t *mapping, *memory; // of all regions; MEMORY lies in MAPPING, at a multiple of 64 MiB
    size_t mapping_bytes;
    size_t memory_bytes, used_bytes; // whole pages
    uint8_t *map;                    // a byte for each eight of MEMORY: see heap_model.c
    struct {
        uint8_t *start, *end;
    } regions[HEAP_MODEL_REGIONS];
    unsigned region_count;
    uint8_t *least_end, *limit;       // of the first region
    uint8_t *upper_start, *upper_end; // of what it has been given further up, behind a hole; null: nothing
    size_t grow_bytes;
    bool is_grow_failing, is_shrink_failing; // the host's answers; for the test to set
    unsigned grow_count, shrink_count;
    struct heap_model_block *blocks;
    size_t block_count, block_limit;
    size_t taken_bytes, edge_bytes;
    uint64_t next_pattern, operations;
};

// MEMORY_BYTES is the most that the regions of a shape have together, BLOCK_LIMIT the most blocks there are at once.
// Of a block, EDGE_BYTES at each end are filled and looked at; SIZE_MAX: all.
void heap_model_init(struct heap_model *model, size_t memory_bytes, size_t block_limit, size_t edge_bytes);
void heap_model_destroy(struct heap_model *model);

// What the first region has by now, without a hole.
size_t heap_model_first_bytes(const struct heap_model *model);

// A new heap; what was there before is forgotten.
void heap_model_begin(struct heap_model *model, const struct heap_design *design, const struct heap_shape *shape);

// Each returns the number of the block, in model->blocks, or HEAP_MODEL_NONE when there was no memory.
size_t heap_model_allocate(struct heap_model *model, size_t size_bytes, size_t alignment);
size_t heap_model_allocate_zeroed(struct heap_model *model, size_t size_bytes, size_t alignment);
// False when there was no memory; the block keeps its number.
bool heap_model_reallocate(struct heap_model *model, size_t index, size_t size_bytes, size_t alignment);
// The last block gets the number that is free now.
void heap_model_free(struct heap_model *model, size_t index);
void heap_model_free_all(struct heap_model *model);

// Nothing in the regions is poisoned any more: for a test that goes on by misusing the heap.
void heap_model_permit_all(struct heap_model *model);

// All contents, the heap's own check, its walk and its statistics. Linear.
void heap_model_check(struct heap_model *model);
