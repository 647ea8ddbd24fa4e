// SPDX-License-Identifier: MIT
#define _DEFAULT_SOURCE 1 // MAP_ANONYMOUS: -std=c23 hides it
#include <lib/address.h>
#include <lib/panic.h>
#include <stdlib.h>
#include <string.h>
#include <support/heap_model.h>
#include <sys/mman.h>

// Of the memory: a design that goes by the bits of addresses does the same in every run.
constexpr size_t ALIGNMENT = (size_t)1 << 26;

// What the map says of eight bytes.
constexpr uint8_t FREE = 0, FIRST = 1, FURTHER = 2, SEEN_FREE = 3;

// Whoever touches what is forbidden ends the test. Without the sanitizer that is so for whole pages, which is what the
// host has to give and to take.
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>

static void forbid(const void *address, size_t size_bytes)
{
    ASAN_POISON_MEMORY_REGION(address, size_bytes);
}

static void permit(const void *address, size_t size_bytes)
{
    ASAN_UNPOISON_MEMORY_REGION(address, size_bytes);
}

static void forbid_pages(uint8_t *address, size_t size_bytes)
{
    forbid(address, size_bytes);
}

static void permit_pages(uint8_t *address, size_t size_bytes)
{
    permit(address, size_bytes);
}
#else
static void forbid(const void *, size_t)
{
}

static void permit(const void *, size_t)
{
}

static void protect(uint8_t *address, size_t size_bytes, int protection)
{
    if (size_bytes != 0 && mprotect(address, size_bytes, protection) != 0)
        panic("the pages at %p are not the model's", (void *)address);
}

static void forbid_pages(uint8_t *address, size_t size_bytes)
{
    protect(address, size_bytes, PROT_NONE);
}

static void permit_pages(uint8_t *address, size_t size_bytes)
{
    protect(address, size_bytes, PROT_READ | PROT_WRITE);
}
#endif

static void *map_memory(size_t size_bytes)
{
    void *memory =
        mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        panic("no memory for a model of a heap of %zu bytes", size_bytes);
    return memory;
}

void heap_model_init(struct heap_model *model, size_t memory_bytes, size_t block_limit, size_t edge_bytes)
{
    memory_bytes = (memory_bytes + HEAP_MODEL_SLACK + PAGE_SIZE - 1) & -PAGE_SIZE;
    *model = (struct heap_model){
        .mapping = map_memory(ALIGNMENT + memory_bytes),
        .mapping_bytes = ALIGNMENT + memory_bytes,
        .memory_bytes = memory_bytes,
        .map = map_memory(memory_bytes / HEAP_ALIGNMENT + 1), // the last byte ends the last block
        .blocks = malloc(block_limit * sizeof(struct heap_model_block)),
        .block_limit = block_limit,
        .edge_bytes = edge_bytes,
        .next_pattern = 1,
    };
    if (model->blocks == nullptr)
        panic("no memory for a model of %zu blocks", block_limit);
    model->memory = model->mapping + (-(uintptr_t)model->mapping & (ALIGNMENT - 1));
}

void heap_model_destroy(struct heap_model *model)
{
    permit_pages(model->memory, model->memory_bytes);
    munmap(model->mapping, model->mapping_bytes);
    munmap(model->map, model->memory_bytes / HEAP_ALIGNMENT + 1);
    free(model->blocks);
}

// ---- the map

static uint8_t *entry_of(const struct heap_model *model, const uint8_t *address)
{
    return model->map + (size_t)(address - model->memory) / HEAP_ALIGNMENT;
}

static size_t entries_of(size_t size_bytes)
{
    return (size_bytes + HEAP_ALIGNMENT - 1) / HEAP_ALIGNMENT;
}

static bool are_all(const uint8_t *bytes, size_t count, uint8_t value)
{
    return count == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, count - 1) == 0);
}

static bool is_in_a_region(const struct heap_model *model, const uint8_t *address, size_t size_bytes)
{
    for (unsigned i = 0; i < model->region_count; i++) {
        const uint8_t *start = model->regions[i].start, *end = model->regions[i].end;
        if (address >= start && address < end)
            return size_bytes <= (size_t)(end - address);
    }
    if (address >= model->upper_start && address < model->upper_end)
        return size_bytes <= (size_t)(model->upper_end - address);
    return false;
}

static void require_memory(const struct heap_model *model, const char *what, const uint8_t *address, size_t size_bytes)
{
    if (!is_in_a_region(model, address, size_bytes))
        panic("%s at %p of %zu bytes lies in no region", what, (const void *)address, size_bytes);
    if ((uintptr_t)address % HEAP_ALIGNMENT != 0)
        panic("%s at %p of %zu bytes is not aligned", what, (const void *)address, size_bytes);
}

static void mark_taken(struct heap_model *model, const struct heap_model_block *block)
{
    uint8_t *entry = entry_of(model, block->address);
    size_t count = entries_of(block->usable_bytes);
    if (!are_all(entry, count, FREE))
        panic("the block at %p of %zu bytes overlaps another", (void *)block->address, block->usable_bytes);
    memset(entry, FURTHER, count);
    *entry = FIRST;
    model->taken_bytes += block->usable_bytes;
}

static void mark_free(struct heap_model *model, const struct heap_model_block *block)
{
    memset(entry_of(model, block->address), FREE, entries_of(block->usable_bytes));
    model->taken_bytes -= block->usable_bytes;
}

// ---- the host

// Which end ADDRESS is: that of the first region or, where a heap leaves a hole, of what lies behind it.
static uint8_t **end_at(struct heap_model *model, const uint8_t *address)
{
    if (address == model->regions[0].end)
        return &model->regions[0].end;
    return model->upper_end != nullptr && address == model->upper_end ? &model->upper_end : nullptr;
}

static bool begins_upper(const struct heap_model *model, const uint8_t *address)
{
    return model->upper_end == nullptr && address > model->regions[0].end && address < model->limit;
}

static size_t grow(void *context, void *address, size_t least_bytes)
{
    struct heap_model *model = context;
    if (begins_upper(model, address))
        model->upper_start = model->upper_end = address;
    uint8_t **end = end_at(model, address);
    if (end == nullptr || (uintptr_t)address % PAGE_SIZE != 0 || least_bytes == 0 || least_bytes % PAGE_SIZE != 0)
        panic("the host was asked for %zu bytes at %p, where no region ends", least_bytes, address);
    bool is_lower = end == &model->regions[0].end && model->upper_end != nullptr;
    size_t room = (size_t)((is_lower ? model->upper_start : model->limit) - *end);
    if (least_bytes > room)
        panic("the host was asked for %zu bytes, and %zu are reserved", least_bytes, room);
    if (model->is_grow_failing)
        return 0;
    if (model->grow_bytes != 0)
        least_bytes = (least_bytes + model->grow_bytes - 1) / model->grow_bytes * model->grow_bytes;
    size_t size_bytes = least_bytes < room ? least_bytes : room;
    permit_pages(*end, size_bytes);
    *end += size_bytes;
    model->grow_count++;
    return size_bytes;
}

static bool shrink(void *context, void *address, size_t size_bytes)
{
    struct heap_model *model = context;
    uint8_t *start = address, **end = end_at(model, start + size_bytes);
    if (end == nullptr || (uintptr_t)address % PAGE_SIZE != 0 || size_bytes == 0 || size_bytes % PAGE_SIZE != 0)
        panic("the host was given %zu bytes at %p, where no region ends", size_bytes, address);
    if (start < (end == &model->upper_end ? model->upper_start : model->least_end))
        panic("the host was given %zu bytes at %p, and not all of them are its own", size_bytes, address);
    if (!are_all(entry_of(model, start), size_bytes / HEAP_ALIGNMENT, FREE))
        panic("the host was given %zu bytes at %p, in which there are blocks", size_bytes, address);
    if (model->is_shrink_failing)
        return false;
    memset(start, 0xdb, PAGE_SIZE); // who gets it next finds something else there
    forbid_pages(start, size_bytes);
    *end = start;
    model->shrink_count++;
    return true;
}

size_t heap_model_first_bytes(const struct heap_model *model)
{
    return (size_t)(model->regions[0].end - model->regions[0].start) + (size_t)(model->upper_end - model->upper_start);
}

static uint8_t *add_region(struct heap_model *model, uint8_t *start, size_t size_bytes)
{
    if ((size_t)(model->memory + model->memory_bytes - start) < size_bytes)
        panic("the model has %zu bytes for regions, which are more", model->memory_bytes);
    permit(start, size_bytes);
    model->regions[model->region_count].start = start;
    model->regions[model->region_count].end = start + size_bytes;
    model->region_count++;
    return start + size_bytes;
}

// Every byte is permitted again and free; only as far as the last heap went.
static void forget(struct heap_model *model)
{
    permit_pages(model->memory, model->used_bytes);
    memset(model->map, FREE, model->used_bytes / HEAP_ALIGNMENT);
    forbid(model->memory, model->used_bytes);
    model->block_count = model->taken_bytes = 0;
    model->region_count = 0;
}

void heap_model_begin(struct heap_model *model, const struct heap_design *design, const struct heap_shape *shape)
{
    forget(model);
    model->design = design;
    model->host = (struct heap_host){grow, shrink, model};
    model->grow_bytes = shape->grow_bytes;
    model->is_grow_failing = model->is_shrink_failing = false;
    model->grow_count = model->shrink_count = 0;
    model->upper_start = model->upper_end = nullptr;
    uint8_t *first = model->memory + shape->skipped_bytes;
    uint8_t *next = add_region(model, first, shape->region_bytes[0]);
    model->least_end = next;
    if (shape->reserved_bytes > shape->region_bytes[0]) {
        next = first + shape->reserved_bytes;
        forbid_pages(model->least_end, (size_t)(next - model->least_end));
    }
    model->limit = next;
    struct heap_options options = {.secret = shape->secret};
    if (shape->reserved_bytes != 0) {
        options.host = &model->host;
        options.reserved_bytes = shape->reserved_bytes;
    }
    model->heap = heap_create(design, first, shape->region_bytes[0], &options);
    if (model->heap == nullptr)
        panic("no heap was made of %zu bytes", shape->region_bytes[0]);
    for (unsigned i = 1; i < HEAP_MODEL_REGIONS && shape->region_bytes[i] != 0; i++) {
        uint8_t *start = next;
        next = add_region(model, start, shape->region_bytes[i]);
        if (heap_add_region(model->heap, start, shape->region_bytes[i]) != STATUS_OK)
            panic("a region of %zu bytes was not added", shape->region_bytes[i]);
    }
    model->used_bytes = ((size_t)(next - model->memory) + PAGE_SIZE - 1) & -PAGE_SIZE;
}

// ---- contents

static uint8_t pattern_at(uint64_t pattern, size_t offset)
{
    return (uint8_t)(pattern + offset + (offset >> 8) * 7 + (pattern >> 8) * 13);
}

// A row of bytes that pattern_at() gives, 256 at a time: they only count up.
static const uint8_t *pattern_row(uint64_t pattern, size_t offset)
{
    static uint8_t row[512];
    if (row[1] == 0) {
        for (size_t i = 0; i < sizeof row; i++)
            row[i] = (uint8_t)i;
    }
    return row + pattern_at(pattern, offset);
}

static size_t row_length(size_t offset, size_t end)
{
    size_t length = 256 - offset % 256;
    return length < end - offset ? length : end - offset;
}

static void fill(const struct heap_model_block *block, size_t offset, size_t end)
{
    while (offset < end) {
        size_t length = row_length(offset, end);
        memcpy(block->address + offset, pattern_row(block->pattern, offset), length);
        offset += length;
    }
}

static void require_pattern(const struct heap_model_block *block, size_t offset, size_t end)
{
    while (offset < end) {
        size_t length = row_length(offset, end);
        if (memcmp(block->address + offset, pattern_row(block->pattern, offset), length) != 0)
            panic("the block at %p of %zu bytes has been written over, from offset %zu on", (void *)block->address,
                  block->usable_bytes, offset);
        offset += length;
    }
}

typedef void range_fn(const struct heap_model_block *block, size_t offset, size_t end);

// DO for those of the bytes from START to END that count (edge_bytes).
static void at_edges(const struct heap_model *model, const struct heap_model_block *block, size_t start, size_t end,
                     range_fn *do_range)
{
    size_t edge = model->edge_bytes, usable = block->usable_bytes;
    if (edge > usable / 2) {
        do_range(block, start, end);
        return;
    }
    do_range(block, start, end < edge ? end : edge);
    do_range(block, start > usable - edge ? start : usable - edge, end);
}

static void open_block(const struct heap_model_block *block)
{
    permit(block->address, block->usable_bytes);
}

static void close_block(const struct heap_model_block *block)
{
    forbid(block->address, block->usable_bytes);
}

// ---- operations

static void keep(struct heap_model *model, struct heap_model_block *block, size_t kept_bytes)
{
    block->usable_bytes = heap_usable_size(model->heap, block->address);
    require_memory(model, "the block", block->address, block->usable_bytes);
    size_t alignment = block->alignment > HEAP_ALIGNMENT ? block->alignment : HEAP_ALIGNMENT;
    if ((uintptr_t)block->address % alignment != 0)
        panic("the block at %p is not aligned to %zu", (void *)block->address, alignment);
    size_t least_bytes = block->size_bytes + (block->size_bytes == 0);
    if (block->usable_bytes < least_bytes)
        panic("a block has %zu bytes, and %zu were asked for", block->usable_bytes, least_bytes);
    mark_taken(model, block);
    at_edges(model, block, kept_bytes, block->usable_bytes, fill);
    close_block(block);
}

static size_t add(struct heap_model *model, void *address, size_t size_bytes, size_t alignment)
{
    model->operations++;
    if (address == nullptr)
        return HEAP_MODEL_NONE;
    if (model->block_count == model->block_limit)
        panic("the model has no place for another block than %zu", model->block_limit);
    size_t index = model->block_count++;
    model->blocks[index] = (struct heap_model_block){
        .address = address,
        .size_bytes = size_bytes,
        .alignment = alignment,
        .pattern = model->next_pattern++,
    };
    keep(model, &model->blocks[index], 0);
    return index;
}

size_t heap_model_allocate(struct heap_model *model, size_t size_bytes, size_t alignment)
{
    return add(model, heap_allocate(model->heap, size_bytes, alignment), size_bytes, alignment);
}

size_t heap_model_allocate_zeroed(struct heap_model *model, size_t size_bytes, size_t alignment)
{
    uint8_t *address = heap_allocate_zeroed(model->heap, size_bytes, alignment);
    if (address != nullptr && !are_all(address, size_bytes, 0))
        panic("the zeroed block at %p of %zu bytes is not zero", (void *)address, size_bytes);
    return add(model, address, size_bytes, alignment);
}

bool heap_model_reallocate(struct heap_model *model, size_t index, size_t size_bytes, size_t alignment)
{
    struct heap_model_block *block = &model->blocks[index], old = *block;
    model->operations++;
    open_block(block);
    at_edges(model, block, 0, block->usable_bytes, require_pattern);
    mark_free(model, &old); // so that a region may shrink by what it was
    uint8_t *address = heap_reallocate(model->heap, block->address, size_bytes, alignment);
    if (address == nullptr) {
        mark_taken(model, &old);
        if (heap_usable_size(model->heap, old.address) != old.usable_bytes)
            panic("the block at %p changed its size when there was no memory for another", (void *)old.address);
        at_edges(model, block, 0, block->usable_bytes, require_pattern);
        close_block(block);
        return false;
    }
    block->address = address;
    block->size_bytes = size_bytes;
    block->alignment = alignment;
    size_t kept_bytes = old.usable_bytes < size_bytes ? old.usable_bytes : size_bytes;
    at_edges(model, &(struct heap_model_block){address, kept_bytes, old.usable_bytes, 0, old.pattern}, 0, kept_bytes,
             require_pattern);
    keep(model, block, model->edge_bytes == SIZE_MAX ? kept_bytes : 0);
    return true;
}

void heap_model_free(struct heap_model *model, size_t index)
{
    struct heap_model_block block = model->blocks[index];
    model->operations++;
    open_block(&block);
    at_edges(model, &block, 0, block.usable_bytes, require_pattern);
    mark_free(model, &block);
    model->blocks[index] = model->blocks[--model->block_count];
    heap_free(model->heap, block.address);
}

void heap_model_free_all(struct heap_model *model)
{
    while (model->block_count > 0)
        heap_model_free(model, model->block_count - 1);
}

void heap_model_permit_all(struct heap_model *model)
{
    for (unsigned i = 0; i < model->region_count; i++)
        permit(model->regions[i].start, (size_t)(model->regions[i].end - model->regions[i].start));
    permit(model->upper_start, (size_t)(model->upper_end - model->upper_start));
}

// ---- the whole

struct walk {
    const struct heap_model *model;
    size_t taken_blocks, free_blocks, free_bytes, largest_bytes;
};

static void visit(void *context, const struct heap_block *block)
{
    struct walk *walk = context;
    const struct heap_model *model = walk->model;
    require_memory(model, block->is_taken ? "the walk's block" : "the walk's free block", block->address,
                   block->size_bytes);
    uint8_t *entry = entry_of(model, block->address);
    size_t count = entries_of(block->size_bytes);
    if (block->is_taken) {
        walk->taken_blocks++;
        if (*entry != FIRST || !are_all(entry + 1, count - 1, FURTHER) || entry[count] == FURTHER)
            panic("the walk finds a block at %p of %zu bytes, which nobody has", block->address, block->size_bytes);
        return;
    }
    walk->free_blocks++;
    walk->free_bytes += block->size_bytes;
    if (block->size_bytes > walk->largest_bytes)
        walk->largest_bytes = block->size_bytes;
    if (!are_all(entry, count, FREE))
        panic("the walk finds %zu free bytes at %p, which are taken or seen before", block->size_bytes, block->address);
    memset(entry, SEEN_FREE, count);
}

static void forget_seen(void *context, const struct heap_block *block)
{
    const struct heap_model *model = context;
    if (!block->is_taken)
        memset(entry_of(model, block->address), FREE, entries_of(block->size_bytes));
}

static void require_number(const char *name, size_t is, size_t should_be)
{
    if (is != should_be)
        panic("statistics: %s is %zu instead of %zu", name, is, should_be);
}

static void check_statistics(struct heap_model *model, const struct walk *walk)
{
    struct heap_statistics now;
    heap_statistics_read(model->heap, &now);
    size_t region_bytes = (size_t)(model->upper_end - model->upper_start);
    for (unsigned i = 0; i < model->region_count; i++) {
        uintptr_t start = ((uintptr_t)model->regions[i].start + HEAP_ALIGNMENT - 1) & -HEAP_ALIGNMENT;
        region_bytes += ((uintptr_t)model->regions[i].end & -HEAP_ALIGNMENT) - start;
    }
    require_number("region_bytes", now.region_bytes, region_bytes);
    require_number("region_count", now.region_count, model->region_count);
    require_number("taken_blocks", now.taken_blocks, model->block_count);
    require_number("taken_bytes", now.taken_bytes, model->taken_bytes);
    require_number("free_blocks", now.free_blocks, walk->free_blocks);
    require_number("free_bytes", now.free_bytes, walk->free_bytes);
    require_number("largest_free_bytes", now.largest_free_bytes, walk->largest_bytes);
    require_number("book_bytes", now.book_bytes, now.region_bytes - now.taken_bytes - now.free_bytes);
    if (now.taken_bytes + now.free_bytes > now.region_bytes)
        panic("statistics: more is taken and free than there is");
}

void heap_model_check(struct heap_model *model)
{
    const char *problem = heap_validate(model->heap);
    if (problem != nullptr)
        panic("the heap finds its books wrong: %s", problem);
    for (size_t i = 0; i < model->block_count; i++) {
        const struct heap_model_block *block = &model->blocks[i];
        open_block(block);
        at_edges(model, block, 0, block->usable_bytes, require_pattern);
        close_block(block);
    }
    struct walk walk = {.model = model};
    heap_walk(model->heap, visit, &walk);
    require_number("blocks of the walk", walk.taken_blocks, model->block_count);
    heap_walk(model->heap, forget_seen, model);
    check_statistics(model, &walk);
}
