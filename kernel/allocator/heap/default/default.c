// SPDX-License-Identifier: MIT
// The design that the kernel uses: small blocks without headers in spans, over blocks with headers. Here stand the
// struct's beginning and the two paths that run most often; span.c and block.c are the layers, each of which needs only
// those below it, and what all of them know of each other is in parts.h.
//
//   region  | struct default_heap | map: a place a granule | block | span           | free block | block | span ...
//                                                                    '- struct span, slot, slot, ...
//
// A size up to FINE_MOST is a class, and a class's current span has a bit for each of its slots: the lowest bit that is
// set is the block. A pointer leads through the map to its span; one multiplication says which slot it is and whether
// it is one at all. So a small block costs no header, and freeing one twice, or a pointer into the middle of one, is
// always noticed as long as two slots of the span are taken. Neither path touches the block itself.
//
// A span begins anywhere and ends at a granule, so no slot of it begins behind its last one. Before its first one, in
// the same granule, there may be blocks: the map leads from them to a span that begins behind them.
//
// Time: bounded, but where no memory is left, which releases spans that are empty and sorts free blocks, and for
// heap_reallocate(), which copies. Memory: 4 bytes a granule, 48 a span, 8 a block that is no slot, and the struct
// itself; then what is lost at the ends of spans, and slots that nobody has.
#include "parts.h"
#include <lib/string.h>

static struct default_heap *self_of(struct heap *heap)
{
    return (struct default_heap *)heap;
}

// ---- begin

// How many granules fit between the beginning of the data and END.
static size_t granules_until(const struct default_heap *self, const uint8_t *end)
{
    return (uintptr_t)end > self->data ? ((uintptr_t)end - self->data) >> GRANULE_SHIFT : 0;
}

// What the map has to reach for COUNT granules.
static uint8_t *map_end_for(struct default_heap *self, size_t count)
{
    return (uint8_t *)&self->map[count];
}

// Between the map and the data there may be addresses that nothing lies at.
static void set_map_end(struct default_heap *self, uint8_t *end)
{
    self->map_end = end;
    self->heap.hole = end;
    self->heap.hole_bytes = self->data - (uintptr_t)end;
}

// Let the map be used up to an entry for COUNT granules. False when there is no memory for it.
RARE static bool extend_map(struct default_heap *self, size_t count)
{
    uint8_t *needed = map_end_for(self, count);
    if (needed <= self->map_end)
        return true;
    const struct heap_host *host = self->heap.host;
    size_t least = round_up((size_t)(needed - self->map_end), PAGE_SIZE);
    size_t bytes = host->grow(host->context, self->map_end, least);
    set_map_end(self, self->map_end + bytes);
    return bytes != 0;
}

// The region has COUNT granules, more than before.
RARE static void add_granules(struct default_heap *self, size_t count)
{
    size_t old = self->granule_count;
    if (count == old)
        return;
    memset(&self->map[old], 0, (count - old) * sizeof(place_t));
    block_extend(self, count);
}

RARE void default_shrink_map(struct default_heap *self)
{
    uint8_t *end = (uint8_t *)round_up((uintptr_t)map_end_for(self, self->granule_count), PAGE_SIZE);
    end = end < self->map_least_end ? self->map_least_end : end;
    const struct heap_host *host = self->heap.host;
    if (end < self->map_end && host->shrink(host->context, end, (size_t)(self->map_end - end)))
        set_map_end(self, end);
}

// The map lies between the heap's struct and the data, with room for as many granules as there may be one day. What a
// region has at first may end within the map; then the data is memory that it gets as it grows.
RARE static void create(struct heap *heap)
{
    struct default_heap *self = self_of(heap);
    memset((uint8_t *)self + sizeof(struct heap), 0, offsetof(struct default_heap, slot_bytes) - sizeof(struct heap));
    self->bins[NO_BIN / 64] = 1;
    self->nothing.base = UINTPTR_MAX;
    self->nothing.inverse = 1;
    size_t most = (size_t)(heap->limit - (uint8_t *)heap) >> GRANULE_SHIFT;
    self->data = round_up((uintptr_t)map_end_for(self, most), heap->limit > heap->end ? PAGE_SIZE : GRANULE_BYTES);
    self->map_end = (uintptr_t)heap->end < self->data ? heap->end : (uint8_t *)self->data;
    self->map_least_end = self->map_end;
    size_t granules = granules_until(self, heap->end);
    if ((uintptr_t)heap->end < self->data) {
        set_map_end(self, heap->end);
        heap->end = (uint8_t *)self->data;
        heap->least_end = heap->end;
    }
    add_granules(self, granules);
}

// ---- what is no slot, or not yet

// Each span is given back once, so this comes to an end.
RARE void *default_exhausted(struct default_heap *self, size_t class, size_t alignment, size_t units)
{
    if (self->taken_units != 0 && span_release_idle(self))
        return block_allocate(self, class, alignment, units);
    return heap_exhausted(&self->heap, units * UNIT - HEADER_BYTES, alignment);
}

// SIZE_BYTES is not 0.
[[gnu::noinline]] static void *allocate_block(struct default_heap *self, size_t size_bytes, size_t alignment)
{
    if (size_bytes > HEAP_REGION_MOST)
        return nullptr;
    return block_allocate(self, CLASS_OF_LARGER, alignment, block_units(size_bytes));
}

// The only free slot of CLASS's current span, whose bit is SLOT, has just been taken; or CLASS has no span at all.
[[gnu::noinline]] static void *allocate_last(struct default_heap *self, size_t class, uint64_t slot, size_t alignment)
{
    if (self->current[class] == 0)
        return span_allocate(self, class, alignment);
    return span_exhausted(self, class, slot);
}

// ---- allocate

static inline void *allocate_slot(struct default_heap *self, size_t class, size_t alignment)
{
    struct span *span = span_at(self, self->current[class]);
    uint64_t free = span->free_slots, rest = free & (free - 1);
    span->free_slots = rest;
    if (__builtin_expect(rest == 0, false))
        return allocate_last(self, class, free, alignment);
    return (void *)(span->base + (uint32_t)__builtin_ctzll(free) * self->slot_bytes[class]);
}

[[gnu::noinline]] static void *allocate_of_class(struct default_heap *self, size_t class, size_t alignment)
{
    if (self->current[class] == 0)
        return span_allocate(self, class, alignment);
    return allocate_slot(self, class, alignment);
}

// A block whose last byte is number LAST_BYTE, the first being 0. Of a block of size 0 that is the number before 0.
[[gnu::noinline]] static void *allocate_larger(struct default_heap *self, size_t last_byte)
{
    if (last_byte < WIDE_MOST)
        return allocate_of_class(self, class_of_wide(last_byte), HEAP_ALIGNMENT);
    if (last_byte == SIZE_MAX)
        return allocate_of_class(self, 0, HEAP_ALIGNMENT);
    return allocate_block(self, last_byte + 1, HEAP_ALIGNMENT);
}

static void *allocate(struct heap *heap, size_t size_bytes)
{
    struct default_heap *self = self_of(heap);
    size_t last_byte = size_bytes - 1;
    if (__builtin_expect(last_byte >= FINE_MOST, false))
        return allocate_larger(self, last_byte);
    size_t class = last_byte / HEAP_ALIGNMENT;
    if (HEWN_BREAK_HEAP_DEFAULT_WRONG_CLASS && class != 0 && last_byte % HEAP_ALIGNMENT == 0)
        class --;
    return allocate_slot(self, class, HEAP_ALIGNMENT);
}

// Slots of a size that is a multiple of ALIGNMENT have it, because a span ends with a slot, at a granule.
static void *allocate_aligned(struct heap *heap, size_t size_bytes, size_t alignment)
{
    struct default_heap *self = self_of(heap);
    size_t last_byte = (size_bytes - 1) | (alignment - 1); // of no bytes that is a large number
    if (alignment <= SPAN_ALIGNMENT_MOST && last_byte < WIDE_MOST)
        return allocate_of_class(self, class_of(last_byte), alignment);
    if (alignment == PAGE_SIZE && size_bytes % PAGE_SIZE == 0 && size_bytes - 1 < PAGES_MOST * PAGE_SIZE)
        return allocate_of_class(self, PAGE_FIRST + (unsigned)(size_bytes / PAGE_SIZE) - 1, alignment);
    return allocate_block(self, size_bytes + (size_bytes == 0), alignment);
}

// ---- free

static struct span *span_of(struct default_heap *self, const void *block)
{
    size_t granule = granule_of(self, (uintptr_t)block);
    if (granule >= self->granule_count)
        heap_panic_foreign(&self->heap, block);
    return span_at(self, self->map[granule]);
}

// BLOCK lies in SPAN, and is no slot of it that is taken.
RARE static void refuse_slot(const struct default_heap *self, const struct span *span, const void *block)
{
    size_t slot_bytes = span->class < CLASS_COUNT ? self->slot_bytes[span->class] : 0;
    if ((uintptr_t)block < span->base || slot_bytes == 0 || ((uintptr_t)block - span->base) % slot_bytes != 0)
        heap_panic_foreign(&self->heap, block);
    heap_panic_freed_twice(&self->heap, block, slot_bytes);
}

static unsigned __int128 slot_product(const struct span *span, const void *block)
{
    return (unsigned __int128)((uintptr_t)block - span->base) * span->inverse;
}

static void require_taken(const struct default_heap *self, const struct span *span, const void *block)
{
    unsigned __int128 product = slot_product(span, block);
    if ((uint64_t)product >= REMAINDER_LIMIT || (span->free_slots >> (uint64_t)(product >> 64) & 1) != 0)
        refuse_slot(self, span, block);
}

// BLOCK, in GRANULE, is no slot that is taken.
[[gnu::noinline]] static void free_unspanned(struct default_heap *self, void *block, size_t granule)
{
    const struct span *span = span_at(self, self->map[granule]);
    if ((uintptr_t)block >= span->base)
        refuse_slot(self, span, block);
    block_free(self, block);
}

static void free(struct heap *heap, void *block)
{
    struct default_heap *self = self_of(heap);
    size_t granule = granule_of(self, (uintptr_t)block);
    if (__builtin_expect(granule >= self->granule_count, false)) {
        heap_free_elsewhere(heap, block);
        return;
    }
    struct span *span = span_at(self, self->map[granule]);
    unsigned __int128 product = slot_product(span, block);
    if (__builtin_expect((uint64_t)product >= REMAINDER_LIMIT, false)) {
        free_unspanned(self, block, granule);
        return;
    }
    // A bit that was set already makes a smaller number.
    uint64_t before = span->free_slots, after = before ^ 1ull << (uint64_t)(product >> 64);
    if (__builtin_expect(after < before, false)) {
        free_unspanned(self, block, granule);
        return;
    }
    span->free_slots = after;
    if (__builtin_expect(--span->frees_until_event == 0, false))
        span_event(self, granule);
}

// ---- resize, grow

static void *resize(struct heap *heap, void *block, size_t size_bytes, size_t alignment)
{
    struct default_heap *self = self_of(heap);
    const struct span *span = span_of(self, block);
    if ((uintptr_t)block < span->base)
        return block_resize(self, block, size_bytes + (size_bytes == 0), alignment);
    require_taken(self, span, block);
    size_t slot = self->slot_bytes[span->class];
    size_t least = size_bytes > alignment ? size_bytes : alignment;
    return size_bytes <= slot && (least > slot / 2 || slot == HEAP_ALIGNMENT) ? block : nullptr;
}

static size_t usable_size(struct heap *heap, const void *block)
{
    struct default_heap *self = self_of(heap);
    const struct span *span = span_of(self, block);
    if ((uintptr_t)block < span->base)
        return block_usable_size(self, block);
    require_taken(self, span, block);
    return self->slot_bytes[span->class];
}

static size_t growth(const struct heap *, size_t size_bytes, size_t alignment)
{
    constexpr size_t BOOKS = 2 * GRANULE_BYTES; // headers, and what there is beyond whole granules
    return size_bytes + 2 * alignment + BOOKS;
}

RARE static bool extend(struct heap *heap, size_t)
{
    struct default_heap *self = self_of(heap);
    size_t count = granules_until(self, heap->end);
    if (!extend_map(self, count))
        return false;
    add_granules(self, count);
    return true;
}

RARE static void trim(struct heap *heap)
{
    while (span_release_idle(self_of(heap)))
        ;
    block_trim(self_of(heap));
}

static void walk(struct heap *heap, heap_visit_fn *visit, void *context)
{
    block_walk(self_of(heap), visit, context);
}

static const char *validate(struct heap *heap)
{
    return block_validate(self_of(heap));
}

const struct heap_design heap_default = {
    .name = "default",
    .create = create,
    .allocate = allocate,
    .allocate_aligned = allocate_aligned,
    .free = free,
    .resize = resize,
    .usable_size = usable_size,
    .growth = growth,
    .extend = extend,
    .trim = trim,
    .walk = walk,
    .validate = validate,
};
