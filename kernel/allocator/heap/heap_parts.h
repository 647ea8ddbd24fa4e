// SPDX-License-Identifier: MIT
// What the designs share: what they do when they cannot go on, and how they say what is wrong. For this folder alone.
#pragma once
#include <heap/heap.h>
#include <lib/panic.h>

// HEAP's design has no SIZE_BYTES at ALIGNMENT. Lets the region grow, then tries the other regions. Returns a block or
// nullptr. A design returns what this returns, in a tail call.
[[gnu::cold]] void *heap_exhausted(struct heap *heap, size_t size_bytes, size_t alignment);

// BLOCK does not lie in HEAP's region: frees it in another region of the same heap, or panics, unless it is nullptr.
[[gnu::cold]] void heap_free_elsewhere(struct heap *heap, void *block);

// FREE_BYTES at the end of HEAP's region are free. Returns how many of them, a multiple of 4096 that leaves
// give_back_bytes / 2 behind and what the region began with, have been given back; heap->end has been moved. 0 when it
// is not worth it or refused. The design takes them out of its books when it knows how many.
size_t heap_give_back(struct heap *heap, size_t free_bytes);

// How a mistake ends. SIZE_BYTES: of the block, 0 when it is not known.
[[noreturn, gnu::cold]] void heap_panic_freed_twice(const struct heap *heap, const void *block, size_t size_bytes);
[[noreturn, gnu::cold]] void heap_panic_foreign(const struct heap *heap, const void *block);
// WHAT: "the header of the block", "the list of free blocks of 64 bytes", ...
[[noreturn, gnu::cold]] void heap_panic_damaged(const struct heap *heap, const void *where, size_t size_bytes,
                                                const char *what);

static inline size_t round_up(size_t value, size_t alignment)
{
    return (value + alignment - 1) & -alignment;
}

static inline bool is_power_of_two(size_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}
