// SPDX-License-Identifier: MIT
// Mode overhead: the smallest region in which a design completes the trace, over the peak of what the program had asked
// for; for libraries, whose memory comes in pages from the system, what the process has grown by.
#include "replay.h"
#include "worker.h"
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

constexpr double PRECISION = 0.001;
constexpr double FIRST_FACTOR = 1.25, NEXT_FACTOR = 1.5, LAST_FACTOR = 100;

static bool completes(struct worker *worker, size_t region_bytes)
{
    worker_say("progress");
    struct heap *heap = worker_heap(worker, region_bytes);
    uint32_t count = worker->trace->operation_count;
    return heap != nullptr && replay_design(heap, worker->trace, worker->blocks, count) == count;
}

// Regions of FAILING bytes have failed, or are less than what is live; COMPLETING bytes have done.
static size_t bisect(struct worker *worker, size_t failing, size_t completing)
{
    while ((double)(completing - failing) > PRECISION * (double)failing && completing - failing > HEAP_ALIGNMENT) {
        size_t middle = (failing + (completing - failing) / 2) & -HEAP_ALIGNMENT;
        if (completes(worker, middle))
            completing = middle;
        else
            failing = middle;
    }
    return completing;
}

static double smallest_region(struct worker *worker)
{
    double peak = (double)worker->trace->peak_bytes;
    double last = peak * LAST_FACTOR + 16 * HEAP_REGION_LEAST;
    worker->memory = worker_memory((size_t)last, false);
    size_t failing = (size_t)peak & -HEAP_ALIGNMENT;
    for (double bytes = peak * FIRST_FACTOR; bytes < last; bytes *= NEXT_FACTOR) {
        size_t region_bytes = (size_t)bytes & -HEAP_ALIGNMENT;
        if (completes(worker, region_bytes))
            return (double)bisect(worker, failing, region_bytes) / peak;
        failing = region_bytes;
    }
    worker_fail("it does not complete the trace in %.0f bytes, %.0f times the peak", last, LAST_FACTOR);
}

// ---- libraries

// KEY is the beginning of a line of /proc/self/status, whose number is in KiB. Without stdio, which calls malloc.
static double status_bytes(const char *key)
{
    static char text[4096];
    int file = open("/proc/self/status", O_RDONLY);
    ssize_t got = file >= 0 ? read(file, text, sizeof(text) - 1) : 0;
    close(file);
    text[got > 0 ? got : 0] = '\0';
    const char *line = strstr(text, key);
    if (line == nullptr)
        worker_fail("/proc/self/status does not say %s", key);
    return 1024 * strtod(line + strlen(key), nullptr);
}

static void forget_peak(void)
{
    int file = open("/proc/self/clear_refs", O_WRONLY);
    if (file < 0 || write(file, "5", 1) != 1) // Documentation/filesystems/proc.rst: 5 sets VmHWM to what is there now
        worker_fail("/proc/self/clear_refs cannot be written, so the peak of the process's memory is not known");
    close(file);
}

// Every byte of every block is written, so that all of its pages are there.
static void write_all(struct worker *worker)
{
    const struct operation *operation = worker->trace->operations;
    for (uint32_t i = 0; i < worker->trace->operation_count; i++, operation++) {
        void **slot = &worker->blocks[operation->id];
        if (operation->kind == OPERATION_FREE) {
            free(*slot);
            continue;
        }
        size_t alignment = (size_t)1 << operation->alignment_log2;
        if (operation->kind == OPERATION_REALLOCATE)
            *slot = realloc(*slot, operation->size_bytes);
        else if (alignment > HEAP_ALIGNMENT)
            *slot = memalign(alignment, operation->size_bytes);
        else
            *slot = malloc(operation->size_bytes);
        if (*slot == nullptr)
            worker_out_of_memory(worker, i, 0);
        memset(*slot, 0x5a, operation->size_bytes);
    }
}

static double growth(struct worker *worker)
{
    forget_peak();
    double before = status_bytes("VmRSS:");
    write_all(worker);
    return (status_bytes("VmHWM:") - before) / (double)worker->trace->peak_bytes;
}

double overhead_round(struct worker *worker)
{
    return worker->allocator->kind == ALLOCATOR_DESIGN ? smallest_region(worker) : growth(worker);
}
