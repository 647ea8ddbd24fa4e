// SPDX-License-Identifier: MIT
// A guard around any design, to find who writes where: each block lies between redzones, and is held back for a while
// once it is freed. What has been written beyond a block is noticed when it is freed, what has been written to it
// afterwards when it leaves the quarantine, and both by heap_validate(); the panic names block, size and offset. Costs
// about 80 bytes and two passes over each block. A heap that is made with a guard is used as any other.
#pragma once
#include <heap/heap.h>

struct heap_guard_options {
    size_t redzone_bytes;     // on either side of a block, at least; what stands there may be more
    size_t quarantine_blocks; // that are held back at most; 0: none. The oldest leaves first
    size_t quarantine_bytes;  // that they have together at most; a larger block is not held back
};

struct heap_guard {
    struct heap_design design; // for heap_create(), which needs heap_guard_least_bytes()
    const struct heap_design *inner;
    struct heap_guard_options options;
};

// Make GUARD a design that guards blocks of INNER. It outlives its heaps.
void heap_guard_init(struct heap_guard *guard, const struct heap_design *inner,
                     const struct heap_guard_options *options);

// What a region has to have. In a smaller one there is never any memory.
size_t heap_guard_least_bytes(const struct heap_guard *guard);
