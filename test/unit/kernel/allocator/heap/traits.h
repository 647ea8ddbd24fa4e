// SPDX-License-Identifier: MIT
// What one design of a heap promises that another does not. Read by the tests beside this file.
#pragma once
#include <heap/heap.h>

// What a behaviour has to know of the design at hand. All of it is said in the design's file.
struct heap_traits {
    const struct heap_design *design;
    bool takes_back;     // what is freed serves again at once, not only when all is freed
    bool merges;         // neighbours that are free become one at once, not only when there is need
    bool gives_back;     // pages at the end of the region, when it is asked to trim at the latest
    bool names_mistakes; // every pointer that is freed and is no block's
    bool has_headers;    // in front of blocks, so that an overrun of the block before is noticed
    bool has_links;      // in what is free, so that a write to it is noticed
    size_t bare_most;    // blocks and free memory of no more bytes may have none of these, although others do
};

extern const struct heap_traits heap_traits[HEAP_DESIGN_COUNT];
