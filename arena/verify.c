// SPDX-License-Identifier: MIT
// Mode verify: every block is filled with bytes of its own, which are looked at before it is resized or freed, and at
// the end. Alignment, room, zeroed memory and the books are checked; of designs also that blocks lie in the region,
// and, with a bit for every word of it, that no two of them share one.
#include "replay.h"
#include "worker.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

constexpr uint32_t VALIDATIONS = 64; // of a design's books, evenly spread over the trace
constexpr uint32_t PROGRESS_OPERATIONS = 1 << 14;
constexpr size_t WORD_BYTES = HEAP_ALIGNMENT; // blocks begin at words, so no word belongs to two

struct live_block {
    uint64_t size_bytes; // 0: none
    uint64_t seed;
};

struct verifier {
    struct worker *worker;
    struct heap *heap;       // nullptr: a library
    struct live_block *live; // by slot
    uint64_t *taken;         // a bit for every word of the region
    uint32_t now;            // operation
};

[[noreturn]] static void refuse(const struct verifier *verifier, const char *problem)
{
    const struct operation *operation = &verifier->worker->trace->operations[verifier->now];
    worker_fail("at operation %u of %u (slot %u, %llu bytes at a multiple of %u): %s", verifier->now,
                verifier->worker->trace->operation_count, operation->id, (unsigned long long)operation->size_bytes,
                1u << operation->alignment_log2, problem);
}

// ---- contents

// What stands in byte INDEX of a block. Neighbouring words and neighbouring blocks differ.
static uint64_t word_at(uint64_t seed, uint64_t word)
{
    return (seed + word) * 0x9e37'79b9'7f4a'7c15;
}

static void fill(uint8_t *block, uint64_t seed, size_t size_bytes)
{
    for (size_t done = 0; done < size_bytes; done += WORD_BYTES) {
        uint64_t word = word_at(seed, done / WORD_BYTES);
        size_t left = size_bytes - done;
        memcpy(block + done, &word, left < WORD_BYTES ? left : WORD_BYTES);
    }
}

static void check_contents(const struct verifier *verifier, const uint8_t *block, uint64_t seed, size_t size_bytes)
{
    for (size_t done = 0; done < size_bytes; done += WORD_BYTES) {
        uint64_t word = word_at(seed, done / WORD_BYTES);
        size_t left = size_bytes - done;
        if (memcmp(block + done, &word, left < WORD_BYTES ? left : WORD_BYTES) != 0)
            refuse(verifier, "the contents of a live block have changed");
    }
}

static void check_zeroed(const struct verifier *verifier, const uint8_t *block, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (block[i] != 0)
            refuse(verifier, "memory that was asked for zeroed is not zero");
    }
}

// ---- places

static void mark(const struct verifier *verifier, const uint8_t *block, size_t size_bytes, bool is_taken)
{
    if (verifier->heap == nullptr)
        return;
    size_t first = (size_t)(block - verifier->worker->memory) / WORD_BYTES;
    size_t end = first + (size_bytes + WORD_BYTES - 1) / WORD_BYTES;
    for (size_t word = first; word < end; word++) {
        uint64_t bit = (uint64_t)1 << word % 64, *bits = &verifier->taken[word / 64];
        if (is_taken && (*bits & bit) != 0)
            refuse(verifier, "the block overlaps another");
        *bits = is_taken ? *bits | bit : *bits & ~bit;
    }
}

static void check_place(const struct verifier *verifier, const uint8_t *block, size_t size_bytes, size_t alignment)
{
    if ((uintptr_t)block % alignment != 0)
        refuse(verifier, "the block is not aligned");
    size_t usable = verifier->heap != nullptr ? heap_usable_size(verifier->heap, block)
                                              : malloc_usable_size((void *)(uintptr_t)block);
    if (usable < size_bytes)
        refuse(verifier, "the block's usable size is less than what was asked for");
    const uint8_t *memory = verifier->worker->memory;
    if (verifier->heap == nullptr)
        return;
    if (block < memory || usable > (size_t)(memory + verifier->worker->memory_bytes - block))
        refuse(verifier, "the block does not lie in the region");
}

static void validate(const struct verifier *verifier)
{
    const char *problem = verifier->heap != nullptr ? heap_validate(verifier->heap) : nullptr;
    if (problem != nullptr)
        refuse(verifier, problem);
}

// ---- operations

static void *allocate(const struct verifier *verifier, const struct operation *operation)
{
    size_t alignment = (size_t)1 << operation->alignment_log2;
    switch (operation->kind) {
    case OPERATION_ALLOCATE:
    case OPERATION_ALLOCATE_ALIGNED:
        if (verifier->heap != nullptr)
            return heap_allocate(verifier->heap, operation->size_bytes, alignment);
        return alignment > HEAP_ALIGNMENT ? memalign(alignment, operation->size_bytes) : malloc(operation->size_bytes);
    case OPERATION_ALLOCATE_ZEROED:
    case OPERATION_ALLOCATE_ZEROED_ALIGNED:
        if (verifier->heap != nullptr)
            return heap_allocate_zeroed(verifier->heap, operation->size_bytes, alignment);
        if (alignment == HEAP_ALIGNMENT)
            return calloc(1, operation->size_bytes);
        return memset(memalign(alignment, operation->size_bytes), 0, operation->size_bytes);
    case OPERATION_FREE:
    case OPERATION_REALLOCATE:
        break;
    }
    return nullptr;
}

static void release(const struct verifier *verifier, uint32_t id)
{
    uint8_t *block = verifier->worker->blocks[id];
    struct live_block *live = &verifier->live[id];
    check_contents(verifier, block, live->seed, live->size_bytes);
    mark(verifier, block, live->size_bytes, false);
    live->size_bytes = 0;
    if (verifier->heap != nullptr)
        heap_free(verifier->heap, block);
    else
        free(block);
}

static void *resize(const struct verifier *verifier, const struct operation *operation)
{
    uint8_t *block = verifier->worker->blocks[operation->id];
    struct live_block *live = &verifier->live[operation->id];
    check_contents(verifier, block, live->seed, live->size_bytes);
    uint8_t *moved = verifier->heap != nullptr ? heap_reallocate(verifier->heap, block, operation->size_bytes,
                                                                 (size_t)1 << operation->alignment_log2)
                                               : realloc(block, operation->size_bytes);
    if (moved == nullptr)
        return nullptr;
    size_t kept = live->size_bytes < operation->size_bytes ? live->size_bytes : operation->size_bytes;
    check_contents(verifier, moved, live->seed, kept);
    mark(verifier, block, live->size_bytes, false);
    return moved;
}

static void apply(const struct verifier *verifier, const struct operation *operation)
{
    struct worker *worker = verifier->worker;
    if (operation->kind == OPERATION_FREE) {
        release(verifier, operation->id);
        return;
    }
    bool is_resize = operation->kind == OPERATION_REALLOCATE;
    uint8_t *block = is_resize ? resize(verifier, operation) : allocate(verifier, operation);
    if (block == nullptr)
        worker_out_of_memory(worker, verifier->now, worker->memory_bytes);
    check_place(verifier, block, operation->size_bytes, (size_t)1 << operation->alignment_log2);
    if (operation->kind == OPERATION_ALLOCATE_ZEROED || operation->kind == OPERATION_ALLOCATE_ZEROED_ALIGNED)
        check_zeroed(verifier, block, operation->size_bytes);
    mark(verifier, block, operation->size_bytes, true);
    struct live_block live = {operation->size_bytes, (uint64_t)verifier->now << 32 | operation->id};
    fill(block, live.seed, live.size_bytes);
    verifier->live[operation->id] = live;
    worker->blocks[operation->id] = block;
}

double verify_round(struct worker *worker)
{
    uint32_t count = worker->trace->operation_count;
    struct verifier verifier = {
        .worker = worker,
        .live = worker_memory(worker->trace->slot_count * sizeof(struct live_block), true),
    };
    if (worker->allocator->kind == ALLOCATOR_DESIGN) {
        verifier.heap = worker_heap(worker, worker->memory_bytes);
        verifier.taken = worker_memory(worker->memory_bytes / WORD_BYTES / 8 + sizeof(uint64_t), true);
    }
    for (; verifier.now < count; verifier.now++) {
        apply(&verifier, &worker->trace->operations[verifier.now]);
        if (verifier.now % PROGRESS_OPERATIONS == 0)
            worker_say("progress");
        if (verifier.now % (count / VALIDATIONS + 1) == 0)
            validate(&verifier);
    }
    verifier.now = count - 1;
    validate(&verifier);
    for (uint32_t i = 0; i < worker->live_count; i++)
        release(&verifier, worker->live[i]);
    validate(&verifier);
    return count;
}
