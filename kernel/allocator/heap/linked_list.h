// SPDX-License-Identifier: MIT
// The free blocks of linked_list.c, for the design that stands on it (fixed_block.c): it keeps lists of its own in
// front, of blocks that nobody has but that this list does not know. Their headers say HEADER_MARK and not HEADER_USED.
#pragma once
#include "header.h"

constexpr size_t LIST_UNITS_LEAST = 2; // header, link

struct list_block {
    uint64_t header;
    struct list_block *next; // of what is free
};

struct list_heap {
    struct heap heap;
    struct list_block *first;      // block of all, up to the region's end
    struct list_block *first_free; // and from there on by address
    size_t least_units;            // shorter pieces of blocks that are cut do not go to the list: they are marked, and
    struct list_block *pieces;     // hang here
};

static inline struct list_heap *list_of(struct heap *heap)
{
    return (struct list_heap *)heap;
}

static inline struct list_block *list_block_of(const void *payload)
{
    return (struct list_block *)((uintptr_t)payload - HEADER_BYTES);
}

static inline void *list_payload(struct list_block *block)
{
    return &block->next;
}

static inline uint64_t list_read_taken(const struct heap *heap, const void *payload)
{
    uint64_t header = header_read_taken(heap, payload, heap->end);
    if (__builtin_expect(header == 0, false))
        header_panic(heap, payload, &((const struct list_heap *)heap)->first->header);
    return header;
}

// All from FIRST to the region's end is one free block.
void list_create(struct list_heap *self, struct list_block *first);

// A block of WANTED units at ALIGNMENT, the first that will do; nullptr without one. Linear in the free blocks.
struct list_block *list_take(struct list_heap *self, size_t wanted, size_t alignment);

// UNITS from BLOCK on are free again. Linear in the free blocks before it.
void list_give(struct list_heap *self, struct list_block *block, size_t units);

// Everything that is nobody's, marked or not, becomes free. Linear in all blocks, whatever list they are in.
void list_gather(struct list_heap *self);

// See struct heap_design. list_resize(): only up to what lies behind BLOCK; UNITS it has, WANTED it gets.
bool list_resize(struct list_heap *self, struct list_block *block, size_t units, size_t wanted);
size_t list_usable_size(struct heap *heap, const void *payload);
size_t list_growth(const struct heap *heap, size_t size_bytes, size_t alignment);
bool list_extend(struct heap *heap, size_t size_bytes);
void list_walk(struct heap *heap, heap_visit_fn *visit, void *context);
// *MARKED_COUNT: how many blocks are marked.
const char *list_validate(struct list_heap *self, size_t *marked_count);
