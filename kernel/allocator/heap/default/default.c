// SPDX-License-Identifier: MIT
// The design that the kernel uses: small blocks without headers in spans, over middle blocks with headers in chunks,
// over runs of granules. Here stand the struct's beginning and the two paths that run most often; span.c, middle.c and
// run.c are the layers, each of which needs only those below it, and what all of them know of each other is in parts.h.
//
//   region  | struct default_heap | map: a place a granule | span | chunk      | free run | large block | ...
//                                                            |      '- middle block, middle block, ...
//                                                            '- struct run, slot, slot, ...
//
// A size up to FINE_MOST is a class, and a class's current span has a bit for each of its slots: the lowest bit that is
// set is the block. A pointer leads through the map to its span; one multiplication says which slot it is and whether
// it is one at all. So a small block costs no header, and freeing one twice, or a pointer into the middle of one, is
// always noticed. Neither path touches the block itself.
//
// Time: bounded, but for default_exhausted(), which gives up what is kept, and for heap_reallocate(), which copies.
// Memory: 4 bytes a granule, 40 a span, 8 a middle block, 48 a large one, and the struct itself; then what is lost at
// the ends of spans, and slots that nobody has.
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

// What the map has to reach so that there is an entry behind the last of COUNT granules.
static uint8_t *map_end_for(struct default_heap *self, size_t count)
{
    return (uint8_t *)&self->map[1 + count + 1];
}

// Between the map and the data there may be addresses that nothing lies at.
static void set_map_end(struct default_heap *self, uint8_t *end)
{
    self->map_end = end;
    self->heap.hole = end;
    self->heap.hole_bytes = self->data - (uintptr_t)end;
}

// Let the map be used up to an entry for COUNT granules. False when there is no memory for it.
static bool extend_map(struct default_heap *self, size_t count)
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

static void set_granule_count(struct default_heap *self, size_t count)
{
    self->granule_count = count;
    self->place_limit = place_of(self, granule_at(self, count));
}

// The region has COUNT granules, more than before.
static void add_granules(struct default_heap *self, size_t count)
{
    size_t old = self->granule_count;
    set_granule_count(self, count);
    memset(&self->map[1 + old], 0, (count - old + 1) * sizeof(place_t));
    self->taken_granules += count - old;
    if (count != old)
        run_give(self, old, count - old);
}

void default_shrink(struct default_heap *self, size_t count)
{
    set_granule_count(self, count);
    uint8_t *end = (uint8_t *)round_up((uintptr_t)map_end_for(self, count), PAGE_SIZE);
    end = end < self->map_least_end ? self->map_least_end : end;
    const struct heap_host *host = self->heap.host;
    if (end < self->map_end && host->shrink(host->context, end, (size_t)(self->map_end - end)))
        set_map_end(self, end);
}

// The map lies between the heap's struct and the data, with room for as many granules as there may be one day. What a
// region has at first may end within the map; then the data is memory that it gets as it grows.
static void create(struct heap *heap)
{
    struct default_heap *self = self_of(heap);
    memset((uint8_t *)self + sizeof(struct heap), 0, offsetof(struct default_heap, slot_bytes) - sizeof(struct heap));
    run_set_kind(&self->nothing, RUN_NOTHING, 1);
    self->map[0] = 0;
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

// ---- what is no span's, or not yet

// SIZE_BYTES is not 0.
static void *allocate_unspanned(struct default_heap *self, size_t size_bytes, size_t alignment)
{
    if (size_bytes > MIDDLE_MOST || alignment >= GRANULE_BYTES)
        return large_allocate(self, size_bytes, CLASS_COUNT, alignment);
    unsigned class = size_bytes <= WIDE_MOST ? class_of(size_bytes - 1) : CLASS_COUNT;
    size_t units = middle_units(class != CLASS_COUNT ? class_bytes(class) : size_bytes);
    if (alignment > HEAP_ALIGNMENT)
        return middle_allocate_aligned(self, units, class, alignment);
    return middle_allocate(self, units, class);
}

// False when nothing is kept.
static bool give_up_kept(struct default_heap *self)
{
    bool has_more = middle_flush(self);
    while (middle_release_largest(self))
        has_more = true;
    return span_release_idle(self) || has_more;
}

void *default_exhausted(struct default_heap *self, size_t size_bytes, size_t alignment)
{
    if (self->is_exhausted)
        return nullptr;
    if (self->taken_granules == 0)
        return heap_exhausted(&self->heap, size_bytes, alignment);
    self->is_exhausted = true;
    void *block = give_up_kept(self) ? allocate_unspanned(self, size_bytes, alignment) : nullptr;
    self->is_exhausted = false;
    return block != nullptr ? block : heap_exhausted(&self->heap, size_bytes, alignment);
}

static void *allocate_no_slot(struct default_heap *self, unsigned class, size_t alignment)
{
    if (class >= PAGE_FIRST)
        return large_allocate(self, class_bytes(class), class, alignment);
    if (alignment > HEAP_ALIGNMENT)
        return middle_allocate_aligned(self, span_shapes[class].units, class, alignment);
    return middle_allocate(self, span_shapes[class].units, class);
}

[[gnu::noinline]] static void *allocate_from_span(struct default_heap *self, unsigned class, size_t alignment)
{
    void *slot = span_is_worth(self, class) ? span_begin(self, class) : nullptr;
    return slot != nullptr ? slot : allocate_no_slot(self, class, alignment);
}

// A block of CLASS, which has no current span.
[[gnu::noinline]] static void *allocate_without_span(struct default_heap *self, unsigned class, size_t alignment)
{
    struct span_class *of = &self->classes[class];
    self->unspanned_count++;
    of->heat++;
    if (of->kept != 0)
        return middle_reuse(self, of, alignment);
    if (of->unspanned_bytes >= of->worth_bytes || of->heat >= HEAT_LEAST)
        return allocate_from_span(self, class, alignment);
    return allocate_no_slot(self, class, alignment);
}

// The only free slot of CLASS's current span, whose bit is LAST, has just been taken; or CLASS has no span at all.
[[gnu::noinline]] static void *allocate_last(struct default_heap *self, unsigned class, uint64_t last, size_t alignment)
{
    struct run *span = run_at(self, self->current[class]);
    if (span == &self->nothing) {
        span->free_slots = last;
        return allocate_without_span(self, class, alignment);
    }
    span_exhausted(self, class, span);
    return (void *)(span->base + (uint32_t)__builtin_ctzll(last) * self->slot_bytes[class]);
}

// ---- allocate

static inline void *allocate_slot(struct default_heap *self, size_t class, size_t alignment)
{
    struct run *span = run_at(self, self->current[class]);
    uint64_t free = span->free_slots, rest = free & (free - 1);
    span->free_slots = rest;
    if (__builtin_expect(rest == 0, false))
        return allocate_last(self, (unsigned)class, free, alignment);
    return (void *)(span->base + (uint32_t)__builtin_ctzll(free) * self->slot_bytes[class]);
}

static inline void *allocate_of_class(struct default_heap *self, unsigned class, size_t alignment)
{
    if (self->current[class] == 0)
        return allocate_without_span(self, class, alignment);
    return allocate_slot(self, class, alignment);
}

// A block whose last byte is number LAST_BYTE, the first being 0. Of a block of size 0 that is the number before 0.
[[gnu::noinline]] static void *allocate_larger(struct default_heap *self, size_t last_byte)
{
    if (last_byte < WIDE_MOST)
        return allocate_of_class(self, class_of(last_byte), HEAP_ALIGNMENT);
    if (last_byte == SIZE_MAX)
        return allocate_of_class(self, 0, HEAP_ALIGNMENT);
    return allocate_unspanned(self, last_byte + 1, HEAP_ALIGNMENT);
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
    size_t last_byte = (size_bytes - (size_bytes != 0)) | (alignment - 1);
    if (alignment <= SPAN_ALIGNMENT_MOST && last_byte < WIDE_MOST)
        return allocate_of_class(self, class_of(last_byte), alignment);
    if (alignment == PAGE_SIZE && size_bytes % PAGE_SIZE == 0 && size_bytes - 1 < PAGES_MOST * PAGE_SIZE)
        return allocate_of_class(self, PAGE_FIRST + (unsigned)(size_bytes / PAGE_SIZE) - 1, alignment);
    return allocate_unspanned(self, size_bytes + (size_bytes == 0), alignment);
}

// ---- free

static struct run *run_of(struct default_heap *self, const void *block)
{
    size_t granule = granule_of(self, (uintptr_t)block);
    if (granule >= self->granule_count)
        heap_panic_foreign(&self->heap, block);
    return run_at(self, self->map[1 + granule]);
}

static bool is_large(const struct run *run, const void *block)
{
    return run->kind == RUN_LARGE && run->start == (uintptr_t)block;
}

// BLOCK lies in SPAN, and is no slot of it that is taken.
[[gnu::cold]] static void refuse_slot(const struct default_heap *self, const struct run *span, const void *block)
{
    size_t slot_bytes = span->class < CLASS_COUNT ? self->slot_bytes[span->class] : 0;
    if ((uintptr_t)block < span->base || slot_bytes == 0 || ((uintptr_t)block - span->base) % slot_bytes != 0)
        heap_panic_foreign(&self->heap, block);
    heap_panic_freed_twice(&self->heap, block, slot_bytes);
}

static unsigned __int128 slot_product(const struct run *span, const void *block)
{
    return (unsigned __int128)((uintptr_t)block - span->base) * span->inverse;
}

static void require_taken(const struct default_heap *self, const struct run *span, const void *block)
{
    unsigned __int128 product = slot_product(span, block);
    if ((uint64_t)product >= REMAINDER_LIMIT || (span->free_slots >> (uint64_t)(product >> 64) & 1) != 0)
        refuse_slot(self, span, block);
}

// BLOCK is no slot that is taken.
[[gnu::noinline]] static void free_unspanned(struct default_heap *self, void *block)
{
    struct run *run = run_of(self, block);
    if (is_large(run, block))
        large_free(self, run);
    else if (run->kind != RUN_SPAN)
        middle_free(self, block);
    else
        refuse_slot(self, run, block);
}

[[gnu::noinline]] static void note_event(struct default_heap *self, void *block)
{
    span_event(self, run_of(self, block));
}

static void free(struct heap *heap, void *block)
{
    struct default_heap *self = self_of(heap);
    size_t granule = granule_of(self, (uintptr_t)block);
    if (__builtin_expect(granule >= self->granule_count, false)) {
        heap_free_elsewhere(heap, block);
        return;
    }
    struct run *span = run_at(self, self->map[1 + granule]);
    unsigned __int128 product = slot_product(span, block);
    if (__builtin_expect((uint64_t)product >= REMAINDER_LIMIT, false)) {
        free_unspanned(self, block);
        return;
    }
    // A bit that was set already makes a smaller number.
    uint64_t before = span->free_slots, after = before ^ 1ull << (uint64_t)(product >> 64);
    if (__builtin_expect(after < before, false)) {
        free_unspanned(self, block);
        return;
    }
    span->free_slots = after;
    if (__builtin_expect(--span->frees_until_event == 0, false))
        note_event(self, block);
}

// ---- resize, grow

static void *resize(struct heap *heap, void *block, size_t size_bytes, size_t alignment)
{
    struct default_heap *self = self_of(heap);
    struct run *run = run_of(self, block);
    if (run->kind == RUN_SPAN) {
        require_taken(self, run, block);
        size_t slot = self->slot_bytes[run->class];
        size_t least = size_bytes > alignment ? size_bytes : alignment;
        return size_bytes <= slot && (least > slot / 2 || slot == HEAP_ALIGNMENT) ? block : nullptr;
    }
    if (is_large(run, block))
        return large_resize(self, run, size_bytes, alignment);
    return middle_resize(self, block, size_bytes) ? block : nullptr;
}

static size_t usable_size(struct heap *heap, const void *block)
{
    struct default_heap *self = self_of(heap);
    struct run *run = run_of(self, block);
    if (run->kind == RUN_SPAN) {
        require_taken(self, run, block);
        return self->slot_bytes[run->class];
    }
    if (is_large(run, block))
        return (run->count << GRANULE_SHIFT) - (run->start - (uintptr_t)run);
    return middle_usable_size(self, block);
}

static size_t growth(const struct heap *, size_t size_bytes, size_t alignment)
{
    constexpr size_t BOOKS = 8 * GRANULE_BYTES; // of what is cut out of it, and for whole granules
    return size_bytes + 2 * alignment + BOOKS;
}

static bool extend(struct heap *heap, size_t)
{
    struct default_heap *self = self_of(heap);
    size_t count = granules_until(self, heap->end);
    if (!extend_map(self, count))
        return false;
    add_granules(self, count);
    return true;
}

static void trim(struct heap *heap)
{
    (void)give_up_kept(self_of(heap));
    run_trim(self_of(heap));
}

// ---- what can be seen

static void walk_run(struct run *run, heap_visit_fn *visit, void *context)
{
    size_t offset = run->kind == RUN_LARGE ? run->start - (uintptr_t)run : 0;
    struct heap_block seen = {(uint8_t *)run + offset, (run->count << GRANULE_SHIFT) - offset, run->kind == RUN_LARGE};
    visit(context, &seen);
}

// From granule to granule: what does not begin a span or a run begins a chunk.
static void walk(struct heap *heap, heap_visit_fn *visit, void *context)
{
    struct default_heap *self = self_of(heap);
    for (size_t granule = 0; granule < self->granule_count;) {
        struct run *run = run_at(self, self->map[1 + granule]);
        if (run->kind == RUN_NOTHING) {
            granule = middle_walk(self, granule, visit, context);
        } else if (run->kind == RUN_SPAN) {
            span_walk(self, run, visit, context);
            granule += span_shapes[run->class].granules;
        } else {
            walk_run(run, visit, context);
            granule += run->count;
        }
    }
}

static const char *validate_run(struct default_heap *self, size_t *granule)
{
    struct run *run = run_at(self, self->map[1 + *granule]);
    if (self->map[1 + *granule] >= self->place_limit)
        return "the map leads out of the region";
    if (run->kind == RUN_NOTHING)
        return middle_validate(self, *granule, granule);
    if (run->kind == RUN_SPAN && run->class >= CLASS_COUNT)
        return "a span's record is damaged";
    size_t first = *granule;
    *granule += run->kind == RUN_SPAN ? span_shapes[run->class].granules : run->count;
    if (run->kind == RUN_SPAN)
        return span_validate(self, run);
    if (run->kind > RUN_LARGE || granule_of(self, (uintptr_t)run) != first || run->count == 0)
        return "a run's record is damaged";
    if (*granule > self->granule_count || run_at(self, self->map[1 + *granule - 1]) != run)
        return "the map does not lead from a run's end to its record";
    return nullptr;
}

static const char *validate(struct heap *heap)
{
    struct default_heap *self = self_of(heap);
    const char *problem = nullptr;
    size_t granule = 0;
    while (granule < self->granule_count && problem == nullptr)
        problem = validate_run(self, &granule);
    if (problem == nullptr && granule != self->granule_count)
        problem = "the last run ends behind the region";
    if (problem == nullptr)
        problem = run_validate_bins(self);
    return problem != nullptr ? problem : middle_validate_bins(self);
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
