// SPDX-License-Identifier: MIT
// What the workers of all modes share: how they begin, and how they answer.
#include "worker.h"
#include <dlfcn.h>
#include <lib/panic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct {
    const char *name;
    round_fn *round;
} modes[] = {
    {"time", time_round},         {"instructions", instructions_round},
    {"overhead", overhead_round}, {"worst", worst_round},
    {"verify", verify_round},     {"paths", paths_round},
};

// ---- answers

[[gnu::format(printf, 2, 0)]] static void answer(const char *word, const char *format, va_list arguments)
{
    char line[512];
    int length = snprintf(line, sizeof(line), "%s", word);
    length += vsnprintf(line + length, sizeof(line) - 1 - (size_t)length, format, arguments);
    if ((size_t)length > sizeof(line) - 2)
        length = sizeof(line) - 2;
    line[length] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)length + 1) != length + 1)
        _exit(2); // nobody listens any more
}

void worker_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    answer("", format, arguments);
    va_end(arguments);
}

void worker_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    answer("failed ", format, arguments);
    va_end(arguments);
    _exit(1);
}

// What a design says when it finds a mistake or damage.
void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    answer("failed ", format, arguments);
    va_end(arguments);
    _exit(1);
}

void worker_out_of_memory(const struct worker *worker, uint32_t done, size_t region_bytes)
{
    const struct operation *operation = &worker->trace->operations[done];
    worker_fail("it has no memory for operation %u of %u, %llu bytes, in a region of %zu bytes", done,
                worker->trace->operation_count, (unsigned long long)operation->size_bytes, region_bytes);
}

// ---- memory

void *worker_memory(size_t size_bytes, bool is_populated)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (is_populated ? MAP_POPULATE : MAP_NORESERVE);
    void *memory = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED)
        worker_fail("the arena itself has no memory for %zu bytes", size_bytes);
    return memory;
}

struct heap *worker_heap(const struct worker *worker, size_t size_bytes)
{
    static const struct heap_options OPTIONS = {.secret = 0x6a09'e667'f3bc'c908};
    return heap_create(heap_design_find(worker->allocator->name), worker->memory, size_bytes, &OPTIONS);
}

void worker_clean(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->live_count; i++)
        free(worker->blocks[worker->live[i]]);
}

static void find_live(struct worker *worker)
{
    const struct trace *trace = worker->trace;
    uint8_t *is_live = worker_memory(trace->slot_count, true);
    for (uint32_t i = 0; i < trace->operation_count; i++)
        is_live[trace->operations[i].id] = trace->operations[i].kind != OPERATION_FREE;
    for (uint32_t id = 0; id < trace->slot_count; id++) {
        if (is_live[id])
            worker->live[worker->live_count++] = id;
    }
    munmap(is_live, trace->slot_count);
}

// ---- life

static void prepare(struct worker *worker, const char *name, int trace, double region_factor)
{
    // Large pages would come to those alone who ask for them or whose memory happens to lie well.
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    worker->allocator = allocator_find(name);
    worker->trace_descriptor = trace;
    worker->trace = trace_map(trace);
    if (worker->allocator == nullptr || worker->trace == nullptr)
        worker_fail("the worker was started with what it does not understand");
    const char *marker = worker->allocator->marker;
    if (marker != nullptr && dlsym(RTLD_DEFAULT, marker) == nullptr)
        worker_fail("the library was preloaded, but is not there");
    worker->region_factor = region_factor;
    worker->blocks = worker_memory(worker->trace->slot_count * sizeof(void *), true);
    worker->live = worker_memory(worker->trace->slot_count * sizeof(uint32_t), true);
    find_live(worker);
}

int worker_main(char *arguments[])
{
    struct worker worker = {};
    prepare(&worker, arguments[1], (int)strtol(arguments[2], nullptr, 10), strtod(arguments[3], nullptr));
    if (arguments[4] != nullptr)
        worker.paths = (int)strtol(arguments[4], nullptr, 10);
    round_fn *round = nullptr;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].name, arguments[0]) == 0)
            round = modes[i].round;
    }
    if (round == nullptr)
        worker_fail("the worker was started with what it does not understand");
    double bytes = worker.region_factor * (double)worker.trace->peak_bytes;
    worker.memory_bytes = ((size_t)bytes + HEAP_ALIGNMENT - 1) & -HEAP_ALIGNMENT;
    if (worker.memory_bytes < HEAP_REGION_LEAST)
        worker.memory_bytes = HEAP_REGION_LEAST;
    if (worker.allocator->kind != ALLOCATOR_LIBRARY && round != overhead_round)
        worker.memory = worker_memory(worker.memory_bytes, true);
    worker_say("ready");
    char go;
    while (read(STDIN_FILENO, &go, 1) == 1)
        worker_say("value %.17g", round(&worker));
    return 0;
}
