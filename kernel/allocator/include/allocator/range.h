// SPDX-License-Identifier: MIT
// Ranges of addresses: who has which part of a region of the address space. Exported names begin with range_. It hands
// out numbers, not memory: what is mapped there is its caller's business. Knows no page tables; the host tests run the
// same source.
//
// The region is tiled by ranges, taken or free, in a balanced tree ordered by address whose nodes also know the largest
// free range below them: everything is O(log ranges). Neighbouring free ranges do not exist, so a free needs no memory
// and cannot fail. Nothing is locked: one context at a time, never in an interrupt handler.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <stdint.h>

struct range_node; // private

// Return PAGE_SIZE bytes on a page boundary, or nullptr. The allocator keeps them for its nodes.
typedef void *range_page_fn(void *context);

struct range_allocator {
    struct range_node *root;
    struct range_node *unused;
    range_page_fn *allocate_page;
    void *context;
    uint64_t taken_bytes, free_bytes;
};

// Hand out the addresses from START on, SIZE_BYTES of them, all free; both are multiples of PAGE_SIZE. ALLOCATE_PAGE is
// called when nodes run out. Fails with STATUS_NO_MEMORY, or STATUS_INVALID for a region that is empty or wraps round.
[[nodiscard]] enum status range_allocator_init(struct range_allocator *allocator, virt_addr_t start,
                                               uint64_t size_bytes, range_page_fn *allocate_page, void *context);

// Take SIZE_BYTES, rounded up to pages, at the lowest free address that is a multiple of ALIGNMENT, a power of two of
// at least PAGE_SIZE. Fails with STATUS_NO_MEMORY (no page for a node), STATUS_RANGE (no room) or STATUS_INVALID (no
// size, or no such alignment); then nothing has changed.
[[nodiscard]] enum status range_allocate(struct range_allocator *allocator, uint64_t size_bytes, uint64_t alignment,
                                         virt_addr_t *start);

// Give back the range that was handed out at START. Panics when there is none.
void range_free(struct range_allocator *allocator, virt_addr_t start);

struct range {
    virt_addr_t start;
    uint64_t size_bytes;
    bool is_taken;
};

// The range that ADDRESS lies in. False outside the region.
bool range_find(const struct range_allocator *allocator, virt_addr_t address, struct range *range);
