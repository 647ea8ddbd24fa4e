// SPDX-License-Identifier: MIT
// Who takes part: the designs of kernel/allocator/heap, the libraries that can stand in for malloc, and the floor.
#pragma once
#include <heap/heap.h>

enum allocator_kind {
    ALLOCATOR_DESIGN,  // a heap in a region of its own
    ALLOCATOR_LIBRARY, // malloc and its kin, of whatever library the process was started with
    ALLOCATOR_FLOOR,   // a pointer that moves on, and a free that does nothing: what the replay itself costs
};

struct allocator {
    const char *name;
    enum allocator_kind kind;
    const char *library; // to be preloaded; nullptr: none
    const char *marker;  // a function that only this library has; nullptr: none
    const char *package; // of Debian, that brings the library
};

constexpr unsigned ALLOCATOR_COUNT = 11;
extern const struct allocator allocators[ALLOCATOR_COUNT];

// nullptr when there is none of that name.
const struct allocator *allocator_find(const char *name);

// The path of the library to preload, or nullptr when it is not on this machine.
const char *allocator_library(const struct allocator *allocator);
