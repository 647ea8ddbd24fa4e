// SPDX-License-Identifier: MIT
// What all designs have in common: regions behind one another, growth, moving a block, and the words for what is wrong.
// Called by whoever has a heap and, when a design cannot go on, by the designs.
#include "heap_parts.h"
#include <heap/history.h>
#include <lib/address.h>
#include <lib/string.h>

constexpr size_t GROW_BYTES = 64 * 1024;       // a region grows by at least this
constexpr size_t GIVE_BACK_BYTES = 256 * 1024; // free at the end of a region, from which on half of it goes back

static const struct heap_host no_host;

static size_t least_of(size_t left, size_t right)
{
    return left < right ? left : right;
}

const struct heap_design *const heap_designs[HEAP_DESIGN_COUNT] = {
    &heap_bump, &heap_linked_list, &heap_fixed_block, &heap_buddy, &heap_tlsf, &heap_default,
};

const struct heap_design *heap_design_find(const char *name)
{
    for (unsigned i = 0; i < HEAP_DESIGN_COUNT; i++) {
        if (strcmp(heap_designs[i]->name, name) == 0)
            return heap_designs[i];
    }
    return nullptr;
}

// ---- regions

static bool is_inside(const struct heap *heap, const void *block)
{
    uintptr_t address = (uintptr_t)block;
    return address - (uintptr_t)heap < (uintptr_t)heap->end - (uintptr_t)heap &&
           address - (uintptr_t)heap->hole >= heap->hole_bytes;
}

// The region of HEAP that BLOCK lies in, or nullptr.
static struct heap *region_of(struct heap *heap, const void *block)
{
    for (struct heap *region = heap->first; region != nullptr; region = region->next) {
        if (is_inside(region, block))
            return region;
    }
    return nullptr;
}

// With a host, what the region may grow into ends at LIMIT_BYTES.
static struct heap *lay_out(const struct heap_design *design, void *memory, size_t size_bytes, size_t limit_bytes,
                            const struct heap_host *host, uint64_t secret)
{
    size_t skipped = -(uintptr_t)memory % HEAP_ALIGNMENT;
    if (size_bytes < skipped || size_bytes - skipped < HEAP_REGION_LEAST)
        return nullptr;
    size_t usable = least_of((size_bytes - skipped) & -HEAP_ALIGNMENT, HEAP_REGION_MOST);
    size_t most = least_of(limit_bytes, HEAP_REGION_MOST);
    struct heap *heap = (void *)((uint8_t *)memory + skipped);
    *heap = (struct heap){
        .allocate = design->allocate,
        .free = design->free,
        .allocate_aligned = design->allocate_aligned,
        .design = design,
        .end = (uint8_t *)heap + usable,
        .least_end = (uint8_t *)heap + usable,
        .limit = (uint8_t *)heap + (host->grow != nullptr && most > usable ? most : usable),
        .first = heap,
        .host = host,
        .secret = secret,
        .give_back_bytes = host->shrink != nullptr ? GIVE_BACK_BYTES : SIZE_MAX,
    };
    design->create(heap);
    return heap;
}

struct heap *heap_create(const struct heap_design *design, void *memory, size_t size_bytes,
                         const struct heap_options *options)
{
    const struct heap_host *host = options->host != nullptr ? options->host : &no_host;
    return lay_out(design, memory, size_bytes, options->reserved_bytes, host, options->secret);
}

enum status heap_add_region(struct heap *heap, void *memory, size_t size_bytes)
{
    struct heap *region = lay_out(heap->design, memory, size_bytes, size_bytes, &no_host, heap->secret);
    if (region == nullptr)
        return STATUS_INVALID;
    region->first = heap->first;
    struct heap **last = &heap->first->next;
    while (*last != nullptr)
        last = &(*last)->next;
    *last = region;
    return STATUS_OK;
}

// ---- more memory, and less

static bool grow(struct heap *heap, size_t size_bytes, size_t alignment)
{
    constexpr size_t REQUEST_LIMIT = (size_t)1 << 39;
    if (heap->host->grow == nullptr || size_bytes > REQUEST_LIMIT)
        return false;
    size_t room = (size_t)(heap->limit - heap->end) & -PAGE_SIZE;
    size_t wanted = heap->design->growth(heap, size_bytes, alignment);
    if (wanted > room)
        return false;
    wanted = round_up(wanted, PAGE_SIZE);
    wanted = wanted < GROW_BYTES ? least_of(GROW_BYTES, room) : wanted;
    size_t grown = heap->host->grow(heap->host->context, heap->end, wanted);
    if (grown == 0)
        return false;
    heap->end += grown;
    if (heap->design->extend(heap, grown))
        return true;
    heap->end -= grown;
    if (heap->host->shrink == nullptr || !heap->host->shrink(heap->host->context, heap->end, grown))
        heap->limit = heap->end; // what lies there now is not asked for again
    return false;
}

void *heap_exhausted(struct heap *heap, size_t size_bytes, size_t alignment)
{
    if (heap->is_growing)
        return nullptr;
    heap->is_growing = true;
    void *block = nullptr;
    if (grow(heap, size_bytes, alignment))
        block = heap_allocate(heap, size_bytes, alignment);
    heap->is_growing = false;
    if (block == nullptr && heap->next != nullptr)
        return heap_allocate(heap->next, size_bytes, alignment);
    return block;
}

size_t heap_give_back(struct heap *heap, size_t free_bytes)
{
    if (free_bytes < heap->give_back_bytes)
        return 0;
    size_t grown = (size_t)(heap->end - heap->least_end);
    size_t size_bytes = least_of((free_bytes - heap->give_back_bytes / 2) & -PAGE_SIZE, grown);
    if (size_bytes == 0 || !heap->host->shrink(heap->host->context, heap->end - size_bytes, size_bytes))
        return 0;
    heap->end -= size_bytes;
    return size_bytes;
}

void heap_free_elsewhere(struct heap *heap, void *block)
{
    if (block == nullptr)
        return;
    struct heap *region = region_of(heap, block);
    if (region == nullptr || region == heap)
        heap_panic_foreign(heap, block);
    region->free(region, block);
}

// ---- what designs need not know

void *heap_allocate_zeroed(struct heap *heap, size_t size_bytes, size_t alignment)
{
    void *block = heap_allocate(heap, size_bytes, alignment);
    return block != nullptr ? memset(block, 0, size_bytes) : nullptr;
}

void *heap_reallocate(struct heap *heap, void *block, size_t size_bytes, size_t alignment)
{
    if (block == nullptr)
        return heap_allocate(heap, size_bytes, alignment);
    if (alignment < HEAP_ALIGNMENT)
        alignment = alignment == 0 || is_power_of_two(alignment) ? HEAP_ALIGNMENT : alignment;
    if (!is_power_of_two(alignment) || alignment > HEAP_ALIGNMENT_LIMIT)
        return nullptr;
    struct heap *region = region_of(heap, block);
    if (region == nullptr)
        heap_panic_foreign(heap, block);
    if ((uintptr_t)block % alignment == 0) {
        void *resized = region->design->resize(region, block, size_bytes, alignment);
        if (resized != nullptr)
            return resized;
    }
    size_t old_bytes = region->design->usable_size(region, block);
    void *moved = heap_allocate(heap, size_bytes, alignment);
    if (moved == nullptr)
        return size_bytes <= old_bytes && (uintptr_t)block % alignment == 0 ? block : nullptr;
    memcpy(moved, block, least_of(old_bytes, size_bytes));
    heap_free(region, block);
    return moved;
}

size_t heap_usable_size(struct heap *heap, const void *block)
{
    struct heap *region = region_of(heap, block);
    if (region == nullptr)
        heap_panic_foreign(heap, block);
    return region->design->usable_size(region, block);
}

void heap_trim(struct heap *heap)
{
    for (struct heap *region = heap->first; region != nullptr; region = region->next) {
        if (region->design->trim != nullptr)
            region->design->trim(region);
    }
}

// ---- what can be seen

void heap_walk(struct heap *heap, heap_visit_fn *visit, void *context)
{
    for (struct heap *region = heap->first; region != nullptr; region = region->next)
        region->design->walk(region, visit, context);
}

const char *heap_validate(struct heap *heap)
{
    for (struct heap *region = heap->first; region != nullptr; region = region->next) {
        const char *problem = region->design->validate(region);
        if (problem != nullptr)
            return problem;
    }
    return nullptr;
}

static void count_block(void *context, const struct heap_block *block)
{
    struct heap_statistics *statistics = context;
    if (block->is_taken) {
        statistics->taken_blocks++;
        statistics->taken_bytes += block->size_bytes;
        return;
    }
    statistics->free_blocks++;
    statistics->free_bytes += block->size_bytes;
    if (block->size_bytes > statistics->largest_free_bytes)
        statistics->largest_free_bytes = block->size_bytes;
}

void heap_statistics_read(struct heap *heap, struct heap_statistics *statistics)
{
    *statistics = (struct heap_statistics){};
    for (struct heap *region = heap->first; region != nullptr; region = region->next) {
        statistics->region_count++;
        statistics->region_bytes += (size_t)(region->end - (uint8_t *)region) - region->hole_bytes;
    }
    heap_walk(heap, count_block, statistics);
    statistics->book_bytes = statistics->region_bytes - statistics->taken_bytes - statistics->free_bytes;
}

// ---- the words

void heap_panic_freed_twice(const struct heap *heap, const void *block, size_t size_bytes)
{
    char name[160];
    const void *place = heap_history_find(block);
    if (place != nullptr)
        panic("heap %s: the block at %p (%zu bytes) is freed, but it is free already: it was freed by %s",
              heap->design->name, block, size_bytes, heap_history_name(name, sizeof name, place));
    panic("heap %s: the block at %p (%zu bytes) is freed, but it is free already", heap->design->name, block,
          size_bytes);
}

void heap_panic_foreign(const struct heap *heap, const void *block)
{
    panic("heap %s: %p is freed, but no block begins there", heap->design->name, block);
}

void heap_panic_damaged(const struct heap *heap, const void *where, size_t size_bytes, const char *what)
{
    panic("heap %s: %s at %p (%zu bytes) has been overwritten, perhaps from the block before it", heap->design->name,
          what, where, size_bytes);
}
