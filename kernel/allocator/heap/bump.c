// SPDX-License-Identifier: MIT
// A pointer that moves on. An allocation is what lies behind it; a free only counts, but for the topmost block, whose
// memory comes back at once. When the last block goes, all of it does. Nothing is quicker, and nothing keeps more
// memory from being used: one block that lives long holds all that lies before it.
//
//   region  | struct heap, top, count | block | block | gap | block |        free        |
//                                                                  ^ top
//   block   | header |  bytes of its owner, or of nobody any more  |
//   gap     | header |  what alignment has skipped                 |
//
// Time:   O(1), about 40 instructions.
// Memory: 8 bytes a block, 16 at least. What is freed below another block serves again when all is freed.
#include "header.h"

constexpr size_t UNITS_LEAST = 2;

struct bump_heap {
    struct heap heap;
    uint64_t *top;      // the header of the next block
    size_t taken_count; // blocks
};

static struct bump_heap *self_of(struct heap *heap)
{
    return (struct bump_heap *)heap;
}

static uint64_t *first_header(struct bump_heap *self)
{
    return (uint64_t *)(self + 1);
}

static size_t free_units(const struct bump_heap *self)
{
    return ((uintptr_t)self->heap.end - (uintptr_t)self->top) / UNIT;
}

static uint64_t read_taken(struct bump_heap *self, const void *payload)
{
    uint64_t header = header_read_taken(&self->heap, payload, (const uint8_t *)self->top);
    if (header == 0)
        header_panic(&self->heap, payload, first_header(self));
    return header;
}

// ---- allocate

// UNITS, which there are.
static inline void *take(struct bump_heap *self, size_t units)
{
    uint64_t *header = self->top;
    header_write(&self->heap, header, units, HEADER_USED);
    self->top = header + units;
    self->taken_count++;
    return header + 1;
}

static void *allocate(struct heap *heap, size_t size_bytes)
{
    struct bump_heap *self = self_of(heap);
    if (size_bytes > HEAP_REGION_MOST || units_for(size_bytes, UNITS_LEAST) > free_units(self))
        return heap_exhausted(heap, size_bytes, HEAP_ALIGNMENT);
    return take(self, units_for(size_bytes, UNITS_LEAST));
}

static void *allocate_aligned(struct heap *heap, size_t size_bytes, size_t alignment)
{
    struct bump_heap *self = self_of(heap);
    size_t gap_units = (-((uintptr_t)self->top + HEADER_BYTES) & (alignment - 1)) / UNIT;
    if (size_bytes > HEAP_REGION_MOST || units_for(size_bytes, UNITS_LEAST) + gap_units > free_units(self))
        return heap_exhausted(heap, size_bytes, alignment);
    if (gap_units != 0)
        header_write(heap, self->top, gap_units, 0);
    self->top += gap_units;
    return take(self, units_for(size_bytes, UNITS_LEAST));
}

// ---- free

static void bump_free(struct heap *heap, void *payload)
{
    struct bump_heap *self = self_of(heap);
    if (!header_has_place(heap, payload)) {
        heap_free_elsewhere(heap, payload);
        return;
    }
    uint64_t *header = (uint64_t *)payload - 1;
    bool is_topmost = header + header_units(read_taken(self, payload)) == self->top;
    *header ^= HEADER_USED;
    if (!(HEWN_BREAK_HEAP_BUMP_MISCOUNT && is_topmost))
        self->taken_count--;
    if (is_topmost && !HEWN_BREAK_HEAP_BUMP_LOST_TOP)
        self->top = header;
    if (self->taken_count == 0)
        self->top = first_header(self);
    if (free_units(self) * UNIT >= heap->give_back_bytes)
        (void)heap_give_back(heap, free_units(self) * UNIT);
}

// ---- resize

static size_t usable_size(struct heap *heap, const void *payload)
{
    return header_units(read_taken(self_of(heap), payload)) * UNIT - HEADER_BYTES;
}

// The topmost block has as much as there is. Any other one keeps what it has.
static void *resize(struct heap *heap, void *payload, size_t size_bytes, size_t)
{
    struct bump_heap *self = self_of(heap);
    uint64_t *header = (uint64_t *)payload - 1;
    size_t units = header_units(read_taken(self, payload));
    if (size_bytes > HEAP_REGION_MOST)
        return nullptr;
    size_t wanted = units_for(size_bytes, UNITS_LEAST);
    if (header + units != self->top)
        return wanted <= units ? payload : nullptr;
    if (wanted > units + free_units(self))
        return nullptr;
    header_write(heap, header, wanted, HEADER_USED);
    self->top = header + wanted;
    return payload;
}

// ---- the region

static void create(struct heap *heap)
{
    struct bump_heap *self = self_of(heap);
    self->top = first_header(self);
    self->taken_count = 0;
}

static size_t growth(const struct heap *, size_t size_bytes, size_t alignment)
{
    return units_for(size_bytes, UNITS_LEAST) * UNIT + alignment;
}

static bool extend(struct heap *, size_t)
{
    return true;
}

// ---- what can be seen

static void walk(struct heap *heap, heap_visit_fn *visit, void *context)
{
    struct bump_heap *self = self_of(heap);
    for (uint64_t *header = first_header(self); header < self->top;) {
        uint64_t value = header_read(heap, header);
        size_t units = header_units(value);
        if (!header_is_sound(value) || units == 0 || units > (size_t)(self->top - header))
            heap_panic_damaged(heap, header, 0, "the header of the block");
        if (units >= UNITS_LEAST)
            visit(context, &(struct heap_block){header + 1, units * UNIT - HEADER_BYTES, header_flags(value) != 0});
        header += units;
    }
    if (free_units(self) >= UNITS_LEAST)
        visit(context, &(struct heap_block){self->top + 1, free_units(self) * UNIT - HEADER_BYTES, false});
}

static const char *validate(struct heap *heap)
{
    struct bump_heap *self = self_of(heap);
    const uint64_t *header = first_header(self);
    size_t taken_count = 0;
    if (self->top < header || (uint8_t *)self->top > heap->end)
        return "the pointer to what is free leads out of the region";
    while (header < self->top) {
        uint64_t value = header_read(heap, header);
        if ((header_flags(value) & ~HEADER_USED) != 0)
            return "the header of a block has been overwritten";
        if (header_units(value) == 0 || header_units(value) > (size_t)(self->top - header))
            return "a block is shorter or longer than can be";
        taken_count += header_flags(value) == HEADER_USED;
        header += header_units(value);
    }
    return taken_count == self->taken_count ? nullptr : "the count of taken blocks is not that of the headers";
}

const struct heap_design heap_bump = {
    .name = "bump",
    .create = create,
    .allocate = allocate,
    .allocate_aligned = allocate_aligned,
    .free = bump_free,
    .resize = resize,
    .usable_size = usable_size,
    .growth = growth,
    .extend = extend,
    .walk = walk,
    .validate = validate,
};
