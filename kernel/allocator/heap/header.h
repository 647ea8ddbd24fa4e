// SPDX-License-Identifier: MIT
// The word in front of a block, for the designs that have one: how long the block is, and whether it is somebody's.
// Blocks lie one behind the other, so that the end of one is the beginning of the next.
//
//   63              32   31     30     29            0
//   | units of 8 bytes | mark | used | zero            |   stored XOR the word's own address and the heap's secret
//
// What a block's owner writes beyond its end reaches the low bytes first. There the stored word is nothing but address
// and secret: whatever else stands there is noticed. A word that was a header once says until it is written over that
// its block is free, so a pointer that is freed late is told from one that is foreign.
#pragma once
#include "heap_parts.h"

constexpr size_t HEADER_BYTES = 8;
constexpr size_t UNIT = 8;
constexpr uint32_t HEADER_USED = 1u << 30;
constexpr uint32_t HEADER_MARK = 1u << 31; // what it means is the design's business

static inline uint64_t header_read(const struct heap *heap, const uint64_t *header)
{
    return *header ^ heap->secret ^ (uintptr_t)header;
}

static inline void header_write(const struct heap *heap, uint64_t *header, size_t units, uint32_t flags)
{
    *header = ((uint64_t)units << 32 | flags) ^ heap->secret ^ (uintptr_t)header;
}

static inline size_t header_units(uint64_t value)
{
    return value >> 32;
}

// HEADER_USED, HEADER_MARK, both, or neither; anything else says that the header has been overwritten.
static inline uint32_t header_flags(uint64_t value)
{
    return (uint32_t)value;
}

static inline bool header_is_sound(uint64_t value)
{
    return (header_flags(value) & ~(HEADER_USED | HEADER_MARK)) == 0;
}

// How many units a block of SIZE_BYTES takes, which are no more than HEAP_REGION_MOST.
static inline size_t units_for(size_t size_bytes, size_t least_units)
{
    size_t units = (size_bytes + HEADER_BYTES + UNIT - 1) / UNIT;
    return units < least_units ? least_units : units;
}

// Whether PAYLOAD lies in HEAP's region, with a word before it that does, too.
static inline bool header_has_place(const struct heap *heap, const void *payload)
{
    uintptr_t least = (uintptr_t)heap + HEADER_BYTES;
    return (uintptr_t)payload - least < (uintptr_t)heap->end - least;
}

// Whether a block begins at HEADER, when blocks lie one behind the other from FIRST on. Linear.
static inline bool header_is_reached(const struct heap *heap, const uint64_t *first, const uint64_t *header)
{
    while (first < header) {
        uint64_t value = header_read(heap, first);
        if (!header_is_sound(value) || header_units(value) == 0)
            return false;
        first += header_units(value);
    }
    return first == header;
}

// Says why PAYLOAD is no block that can be freed or resized. FIRST: the first block.
[[noreturn, gnu::cold, gnu::noinline]] static inline void header_panic(const struct heap *heap, const void *payload,
                                                                       const uint64_t *first)
{
    const uint64_t *header = (const uint64_t *)payload - 1;
    if ((uintptr_t)payload % HEAP_ALIGNMENT != 0 || header < first)
        heap_panic_foreign(heap, payload);
    uint64_t value = header_read(heap, header);
    if (header_is_sound(value) && !(header_flags(value) & HEADER_USED) && header_units(value) != 0)
        heap_panic_freed_twice(heap, payload, header_units(value) * UNIT - HEADER_BYTES);
    if (header_is_reached(heap, first, header))
        heap_panic_damaged(heap, header, 0, "the header of the block");
    heap_panic_foreign(heap, payload);
}

// The header of PAYLOAD, which header_has_place() is true of; 0 unless it is that of a block which is somebody's and
// ends at END or before.
static inline uint64_t header_read_taken(const struct heap *heap, const void *payload, const uint8_t *end)
{
    if (__builtin_expect((uintptr_t)payload % HEAP_ALIGNMENT != 0, false))
        return 0;
    const uint64_t *header = (const uint64_t *)payload - 1;
    uint64_t value = header_read(heap, header);
    bool is_taken = (header_flags(value) & ~HEADER_MARK) == HEADER_USED;
    bool is_inside = (uintptr_t)header + header_units(value) * UNIT <= (uintptr_t)end;
    return __builtin_expect(is_taken && is_inside, true) ? value : 0;
}
