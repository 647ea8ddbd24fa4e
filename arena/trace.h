// SPDX-License-Identifier: MIT
// Traces: what a program asked of its allocator, one record an operation (README.md has the format). Reads a file,
// checks it, and lays it into memory that the processes of one run share, decoded so far that replaying costs little.
// Knows nothing of allocators.
#pragma once
#include <stddef.h>
#include <stdint.h>

// A record as it stands in a file, little-endian.
struct trace_record {
    uint8_t kind;           // enum trace_record_kind
    uint8_t alignment_log2; // 0: the allocator's default
    uint16_t flags;
    uint32_t id; // of the block: a slot, taken again once it is free
    uint64_t size_bytes;
};
static_assert(sizeof(struct trace_record) == 16);

enum trace_record_kind {
    TRACE_ALLOCATE = 1,
    TRACE_FREE = 2,
    TRACE_REALLOCATE = 3,
};
constexpr uint16_t TRACE_ZEROED = 1; // a flag: calloc

// What a record asks for, with one case for what costs a decision.
enum operation_kind : uint8_t {
    OPERATION_ALLOCATE,
    OPERATION_ALLOCATE_ALIGNED, // to more than HEAP_ALIGNMENT
    OPERATION_ALLOCATE_ZEROED,
    OPERATION_ALLOCATE_ZEROED_ALIGNED,
    OPERATION_FREE,
    OPERATION_REALLOCATE,
};

struct operation {
    uint64_t size_bytes; // at least 1, but for OPERATION_FREE
    uint32_t id;
    enum operation_kind kind;
    uint8_t alignment_log2; // at least that of HEAP_ALIGNMENT
};
static_assert(sizeof(struct operation) == 16);

struct trace {
    uint32_t operation_count;
    uint32_t slot_count;      // ids are below this
    uint64_t peak_bytes;      // that were asked for and live at the same time, at most
    uint64_t allocated_bytes; // in all, with every reallocation
    struct operation operations[];
};

// Read the trace at PATH, plain or compressed by zstd. Returns the descriptor of memory that holds a struct trace, or
// -1 after a sentence on standard error.
int trace_read(const char *path);

// What trace_read() returned, for reading. Page faults are over when this returns. nullptr: not to be had.
const struct trace *trace_map(int descriptor);

// redis for /any/where/redis.trace.zst. BUFFER is cut to its size.
void trace_name(const char *path, char *buffer, size_t size_bytes);
