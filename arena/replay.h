// SPDX-License-Identifier: MIT
// The loop that times, counts and searches alike go through: one switch, a table of pointers, no more. Each kind of
// allocator has its own copy of it, with the calls in it that a program would make.
#pragma once
#include "trace.h"
#include <heap/heap.h>

// A bump pointer that begins again at the end of its memory, over what was there.
struct floor {
    uint8_t *memory;
    size_t size_bytes, used_bytes;
};

// Replay the first COUNT operations of TRACE; BLOCKS has an entry a slot. Of every block the first word is written;
// memory that is wanted zeroed is zeroed. Return how many operations succeeded: less than COUNT when there was no
// memory. Names that begin with replay_ are what instructions.c counts in.
[[gnu::noinline]] uint32_t replay_design(struct heap *heap, const struct trace *trace, void **blocks, uint32_t count);
[[gnu::noinline]] uint32_t replay_library(const struct trace *trace, void **blocks, uint32_t count);
[[gnu::noinline]] uint32_t replay_floor(struct floor *floor, const struct trace *trace, void **blocks, uint32_t count);
