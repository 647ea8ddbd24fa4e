// SPDX-License-Identifier: MIT
// Modes time and instructions: the replay loop by the clock, or under a counter.
#include "replay.h"
#include "worker.h"
#include <time.h>

constexpr uint32_t ROUND_OPERATIONS = 200'000; // a round replays a short trace until it has this many
constexpr double WARM_UP_LIMIT_NS = 1e9;

// Of this thread, so that what else runs on the machine does not count.
static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

// One replay of COUNT operations in a fresh region, in nanoseconds; what is left is given back afterwards.
static double timed_replay(struct worker *worker, uint32_t count)
{
    struct floor floor = {worker->memory, worker->memory_bytes, 0};
    struct heap *heap = nullptr;
    uint32_t done = 0;
    if (worker->allocator->kind == ALLOCATOR_DESIGN)
        heap = worker_heap(worker, worker->memory_bytes);
    double start_ns = now_ns();
    switch (worker->allocator->kind) {
    case ALLOCATOR_DESIGN:
        done = replay_design(heap, worker->trace, worker->blocks, count);
        break;
    case ALLOCATOR_LIBRARY:
        done = replay_library(worker->trace, worker->blocks, count);
        break;
    case ALLOCATOR_FLOOR:
        done = replay_floor(&floor, worker->trace, worker->blocks, count);
        break;
    }
    double passed_ns = now_ns() - start_ns;
    if (done != count)
        worker_out_of_memory(worker, done, worker->memory_bytes);
    return passed_ns;
}

// What comes before a round, other workers' rounds among it, has filled the caches with other things. A replay that is
// not counted brings them back; where one takes long, it makes no difference.
double time_round(struct worker *worker)
{
    static double last_ns;
    uint32_t count = worker->trace->operation_count, replays = 0;
    double sum_ns = 0;
    bool is_warm = last_ns > WARM_UP_LIMIT_NS;
    while (replays * (uint64_t)count < ROUND_OPERATIONS) {
        worker_say("progress");
        last_ns = timed_replay(worker, count);
        if (worker->allocator->kind == ALLOCATOR_LIBRARY)
            worker_clean(worker);
        if (is_warm) {
            sum_ns += last_ns;
            replays++;
        }
        is_warm = true;
    }
    return sum_ns / replays / count;
}

// The counter (callgrind, run.c) sees the replay alone. Returns what its result is to be divided by.
double instructions_round(struct worker *worker)
{
    uint32_t count = worker->trace->operation_count;
    count = count < COUNTED_OPERATIONS ? count : COUNTED_OPERATIONS;
    timed_replay(worker, count);
    return count;
}
