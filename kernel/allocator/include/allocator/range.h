// SPDX-License-Identifier: MIT
// Ranges of addresses: who has which part of a region of the address space. Exported names begin with range_. It hands
// out numbers, not memory: what is mapped there is its caller's business. Knows no page tables; the host tests run the
// same source.
//
// The region is tiled by ranges, taken or free, in a balanced tree ordered by address whose nodes also know the largest
// free range below them: everything is O(log ranges), but for what range_allocate() says. Neighbouring free ranges do
// not exist, so a free needs no memory and cannot fail. Nothing recurses; a call takes less than 2 KiB of stack.
// Nothing is locked: one context at a time, never in an interrupt handler.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

struct range_node; // private

// Return PAGE_SIZE bytes on a page boundary, contents arbitrary, or nullptr. The allocator keeps them for its nodes,
// for ever. Must not call the allocator that it works for.
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

// How many free ranges that are large enough, but in which no aligned start fits, an allocation looks at before it
// takes one that is larger than it need be.
constexpr unsigned RANGE_EXACT_TRIES = 16;

// Take SIZE_BYTES, rounded up to pages, at a multiple of ALIGNMENT, a power of two of at least PAGE_SIZE: at the lowest
// such address if ALIGNMENT is PAGE_SIZE or RANGE_EXACT_TRIES do, else the lowest in a free range of SIZE_BYTES +
// ALIGNMENT - PAGE_SIZE. Where there is none of these, all free ranges of SIZE_BYTES are looked at: then, and then
// only, it is O(their number * log ranges). Fails with STATUS_NO_MEMORY (no page for a node), STATUS_RANGE (no room) or
// STATUS_INVALID (no size, or no such alignment); then nothing has changed.
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

// Copy SIZE_BYTES from SOURCE. Return how many could not be read; 0 is success.
typedef size_t range_read_fn(void *destination, const void *source, size_t size_bytes);

// The same for the report of a death, from any context: each node is fetched with READ, which may fail, and after some
// 70 of them the search ends, whatever the tree looks like. In the middle of an operation that has been interrupted, or
// on damaged memory, a range may be missing or have the extent that it had before; what is returned holds ADDRESS.
bool range_find_guarded(const struct range_allocator *allocator, virt_addr_t address, range_read_fn *read,
                        struct range *range);
