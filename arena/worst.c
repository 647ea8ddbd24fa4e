// SPDX-License-Identifier: MIT
// Mode worst: the largest number of instructions of one allocate or free, counted by stepping through a sample of them.
// A stop may cost 15 microseconds on a virtual machine, so stepping through everything would take an hour.
#include "worst.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

struct worst {
    const uint8_t *is_stepped;
    uint64_t instructions;
    uint32_t operation;
};

// An allocation or a free as a call; the arguments of a library's functions differ from those of a design's.
static struct step_call call_of(const struct worker *worker, struct heap *heap, const struct operation *operation)
{
    bool is_design = worker->allocator->kind == ALLOCATOR_DESIGN;
    uintptr_t context = (uintptr_t)heap, block = (uintptr_t)worker->blocks[operation->id];
    uintptr_t alignment = (uintptr_t)1 << operation->alignment_log2;
    if (operation->kind == OPERATION_FREE) {
        if (is_design)
            return (struct step_call){(void *)heap->free, {context, block}};
        return (struct step_call){(void *)free, {block}};
    }
    if (alignment > HEAP_ALIGNMENT) {
        if (is_design)
            return (struct step_call){(void *)heap->allocate_aligned, {context, operation->size_bytes, alignment}};
        return (struct step_call){(void *)memalign, {alignment, operation->size_bytes}};
    }
    if (is_design)
        return (struct step_call){(void *)heap->allocate, {context, operation->size_bytes}};
    return (struct step_call){(void *)malloc, {operation->size_bytes}};
}

uintptr_t worst_make(const struct step_call *call)
{
    uintptr_t (*function)(uintptr_t, uintptr_t, uintptr_t) =
        (uintptr_t (*)(uintptr_t, uintptr_t, uintptr_t))call->function;
    return function(call->arguments[0], call->arguments[1], call->arguments[2]);
}

static void *reallocate(const struct worker *worker, struct heap *heap, const struct operation *operation)
{
    void *block = worker->blocks[operation->id];
    if (worker->allocator->kind == ALLOCATOR_DESIGN)
        return heap_reallocate(heap, block, operation->size_bytes, (size_t)1 << operation->alignment_log2);
    return realloc(block, operation->size_bytes);
}

void worst_pass(struct worker *worker, worst_take_fn *take, void *context)
{
    worker_say("progress");
    bool is_design = worker->allocator->kind == ALLOCATOR_DESIGN;
    struct heap *heap = is_design ? worker_heap(worker, worker->memory_bytes) : nullptr;
    const struct operation *operation = worker->trace->operations;
    for (uint32_t i = 0; i < worker->trace->operation_count; i++, operation++) {
        uintptr_t result;
        if (operation->kind == OPERATION_REALLOCATE) {
            result = (uintptr_t)reallocate(worker, heap, operation);
        } else {
            struct step_call call = call_of(worker, heap, operation);
            result = take(context, i, &call);
        }
        if (operation->kind == OPERATION_FREE)
            continue;
        if (result == 0)
            worker_out_of_memory(worker, i, worker->memory_bytes);
        worker->blocks[operation->id] = (void *)result;
        *(volatile uint64_t *)result = 0;
    }
    if (!is_design)
        worker_clean(worker);
}

static uintptr_t step(void *context, uint32_t index, const struct step_call *call)
{
    struct worst *worst = context;
    if (!worst->is_stepped[index])
        return worst_make(call);
    uint64_t count;
    uintptr_t result = step_run(call, &count);
    if (count > worst->instructions) {
        worst->instructions = count;
        worst->operation = index;
    }
    return result;
}

double worst_round(struct worker *worker)
{
    char words[256], what[80] = "a free";
    uint8_t *is_stepped = worker_memory(worker->trace->operation_count, true);
    if (worker->allocator->kind == ALLOCATOR_DESIGN)
        sample_by_paths(worker, is_stepped, words, sizeof(words));
    else
        sample_by_cycles(worker, is_stepped, words, sizeof(words));
    struct worst worst = {.is_stepped = is_stepped};
    step_prepare();
    worst_pass(worker, step, &worst);
    const struct operation *operation = &worker->trace->operations[worst.operation];
    if (operation->kind != OPERATION_FREE)
        snprintf(what, sizeof(what), "an allocation of %llu bytes at a multiple of %u",
                 (unsigned long long)operation->size_bytes, 1u << operation->alignment_log2);
    worker_say("note stepped were %s; the dearest is operation %u, %s", words, worst.operation, what);
    return (double)worst.instructions;
}
