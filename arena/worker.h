// SPDX-License-Identifier: MIT
// A worker: the process that one allocator is measured in. arena.c starts it (run.c), says go once a round, and reads
// what it answers, a line each:
//
//   ready           the trace is mapped and the memory is there
//   note TEXT       what a reader may want to know beside the value
//   progress        it is still at it; the parent's patience begins anew
//   value NUMBER    the round's result
//   failed REASON   there is none, and why; the end of it
//
// Nothing of this calls malloc once the worker is ready: it may be what is measured.
#pragma once
#include "allocator.h"
#include "trace.h"

struct worker {
    const struct allocator *allocator;
    const struct trace *trace;
    int trace_descriptor;
    int paths; // a descriptor; of mode paths, which is arena-paths's alone
    double region_factor;
    uint8_t *memory; // region_factor times the peak, for designs and floor
    size_t memory_bytes;
    void **blocks;  // by slot
    uint32_t *live; // slots that are taken when the operations have ended
    uint32_t live_count;
};

constexpr uint32_t COUNTED_OPERATIONS = 20'000; // of mode instructions

typedef double round_fn(struct worker *worker);
round_fn time_round, instructions_round, overhead_round, worst_round, verify_round, paths_round;

// ARGUMENTS: mode, allocator, descriptor of the trace, region factor, and of mode paths a descriptor. Then nullptr.
int worker_main(char *arguments[]);

// Anonymous memory, every page of it there already when IS_POPULATED. Ends the worker when there is none.
void *worker_memory(size_t size_bytes, bool is_populated);

// A heap of the worker's design in SIZE_BYTES of its memory; nullptr when the design does not accept so little.
struct heap *worker_heap(const struct worker *worker, size_t size_bytes);

// Give back what the first COUNT operations have left, all of them unless the replay has stopped early. Libraries only.
void worker_clean(const struct worker *worker);

[[gnu::format(printf, 1, 2)]] void worker_say(const char *format, ...);
[[noreturn, gnu::format(printf, 1, 2)]] void worker_fail(const char *format, ...);
[[noreturn]] void worker_out_of_memory(const struct worker *worker, uint32_t done, size_t region_bytes);
