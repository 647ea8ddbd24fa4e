// SPDX-License-Identifier: MIT
// The replay loop and its three copies. Called by the workers of the modes.
#include "replay.h"
#include <malloc.h>
#include <stdlib.h>

// How one kind of allocator is called. Constant wherever replay() is inlined, so that nothing of this is left.
struct calls {
    void *(*allocate)(void *context, size_t size_bytes);
    void *(*allocate_aligned)(void *context, size_t size_bytes, size_t alignment);
    void *(*allocate_zeroed)(void *context, size_t size_bytes, size_t alignment); // 0: the default
    void (*free)(void *context, void *block);
    void *(*reallocate)(void *context, void *block, size_t size_bytes, size_t alignment);
};

[[gnu::always_inline]] static inline uint32_t replay(const struct calls calls, void *context, const struct trace *trace,
                                                     void **blocks, uint32_t count)
{
    const struct operation *operation = trace->operations;
    for (uint32_t i = 0; i < count; i++, operation++) {
        void **slot = &blocks[operation->id];
        size_t alignment = (size_t)1 << operation->alignment_log2;
        void *block;
        switch (operation->kind) {
        case OPERATION_ALLOCATE:
            block = calls.allocate(context, operation->size_bytes);
            break;
        case OPERATION_FREE:
            calls.free(context, *slot);
            continue;
        case OPERATION_ALLOCATE_ALIGNED:
            block = calls.allocate_aligned(context, operation->size_bytes, alignment);
            break;
        case OPERATION_ALLOCATE_ZEROED:
            block = calls.allocate_zeroed(context, operation->size_bytes, 0);
            break;
        case OPERATION_ALLOCATE_ZEROED_ALIGNED:
            block = calls.allocate_zeroed(context, operation->size_bytes, alignment);
            break;
        case OPERATION_REALLOCATE:
            block = calls.reallocate(context, *slot, operation->size_bytes, alignment);
            break;
        }
        if (block == nullptr)
            return i;
        *(volatile uint64_t *)block = 0; // a block of less has a whole word all the same, by its alignment
        *slot = block;
    }
    return count;
}

// ---- a heap

static void *design_allocate(void *heap, size_t size_bytes)
{
    return heap_allocate(heap, size_bytes, HEAP_ALIGNMENT);
}

static void *design_allocate_aligned(void *heap, size_t size_bytes, size_t alignment)
{
    return heap_allocate(heap, size_bytes, alignment);
}

static void *design_allocate_zeroed(void *heap, size_t size_bytes, size_t alignment)
{
    return heap_allocate_zeroed(heap, size_bytes, alignment);
}

static void design_free(void *heap, void *block)
{
    heap_free(heap, block);
}

static void *design_reallocate(void *heap, void *block, size_t size_bytes, size_t alignment)
{
    return heap_reallocate(heap, block, size_bytes, alignment);
}

uint32_t replay_design(struct heap *heap, const struct trace *trace, void **blocks, uint32_t count)
{
    static const struct calls CALLS = {
        design_allocate, design_allocate_aligned, design_allocate_zeroed, design_free, design_reallocate,
    };
    return replay(CALLS, heap, trace, blocks, count);
}

// ---- malloc and its kin

static void *library_allocate(void *, size_t size_bytes)
{
    return malloc(size_bytes);
}

static void *library_allocate_aligned(void *, size_t size_bytes, size_t alignment)
{
    return memalign(alignment, size_bytes); // aligned_alloc() of some wants sizes that are multiples
}

static void *library_allocate_zeroed(void *, size_t size_bytes, size_t alignment)
{
    if (alignment == 0)
        return calloc(1, size_bytes);
    void *block = memalign(alignment, size_bytes);
    return block != nullptr ? __builtin_memset(block, 0, size_bytes) : nullptr;
}

static void library_free(void *, void *block)
{
    free(block);
}

// What realloc() moves has the default alignment, whatever was asked for; the traces are recorded so.
static void *library_reallocate(void *, void *block, size_t size_bytes, size_t)
{
    return realloc(block, size_bytes);
}

uint32_t replay_library(const struct trace *trace, void **blocks, uint32_t count)
{
    static const struct calls CALLS = {
        library_allocate, library_allocate_aligned, library_allocate_zeroed, library_free, library_reallocate,
    };
    return replay(CALLS, nullptr, trace, blocks, count);
}

// ---- the floor

static void *floor_allocate_aligned(void *context, size_t size_bytes, size_t alignment)
{
    struct floor *floor = context;
    size_t start = (floor->used_bytes + alignment - 1) & -alignment;
    if (size_bytes > floor->size_bytes)
        return nullptr;
    if (start > floor->size_bytes - size_bytes)
        start = 0;
    floor->used_bytes = start + size_bytes;
    return floor->memory + start;
}

static void *floor_allocate(void *context, size_t size_bytes)
{
    return floor_allocate_aligned(context, size_bytes, HEAP_ALIGNMENT);
}

static void *floor_allocate_zeroed(void *context, size_t size_bytes, size_t alignment)
{
    void *block = floor_allocate_aligned(context, size_bytes, alignment == 0 ? HEAP_ALIGNMENT : alignment);
    return block != nullptr ? __builtin_memset(block, 0, size_bytes) : nullptr;
}

static void floor_free(void *, void *)
{
}

static void *floor_reallocate(void *context, void *, size_t size_bytes, size_t alignment)
{
    return floor_allocate_aligned(context, size_bytes, alignment);
}

uint32_t replay_floor(struct floor *floor, const struct trace *trace, void **blocks, uint32_t count)
{
    static const struct calls CALLS = {
        floor_allocate, floor_allocate_aligned, floor_allocate_zeroed, floor_free, floor_reallocate,
    };
    return replay(CALLS, floor, trace, blocks, count);
}
