// SPDX-License-Identifier: MIT
// Spans: the layer of the default design for small blocks, but for the two paths that run most often, which stand in
// default.c. A class has one current span, from which slots come, and a list of others with room. A span without a free
// slot is in no list; nothing leads to it but the map.
//
// Two things happen to a span when slots are freed: it has room again after it had none, and it becomes empty. Neither
// is looked for at each free. A span counts down how many frees it takes until one of them can be: 1 when it is full;
// as many as there are slots in use when it has room and is not current; no number that matters while it is current.
//
// A class gets its first span when blocks of its size take a few spans' worth of memory, or when many allocations in a
// row are of that class. So a heap with few blocks of many sizes stays small.
#include "parts.h"

// A class is worth its first span when blocks of its size that are no slots take this many quarters of a span; less,
// while less than PLENTY_SHARE of the region is taken, of which a span is a small part.
constexpr uint32_t WORTH_SMALL = 12; // of classes up to WIDE_MOST
constexpr uint32_t WORTH_PAGES = 8;
constexpr uint32_t WORTH_IN_PLENTY = 1;
constexpr size_t PLENTY_SHARE = 6;
constexpr size_t SMALL_PART = 128;

// First spans that are there because their class is hot may take this part of what is taken: those of the smallest
// slots are cheap and serve most.
constexpr size_t HOT_SHARE_TINY = 48; // slots up to TINY_MOST
constexpr size_t HOT_SHARE = 128;
constexpr size_t TINY_MOST = 64;
constexpr uint8_t KEPT_MOST = 4; // middle blocks that a hot class without span keeps

constexpr uint16_t NO_EVENT = UINT16_MAX;

// ---- shapes: where a slot is small, spans have about 40; elsewhere as many granules as lose a few percent at the end

#define GRANULES_OF(bytes)                                                                                             \
    ((bytes) <= 64 ? (40 * (bytes) + sizeof(struct run) + GRANULE_BYTES - 1) / GRANULE_BYTES                           \
                   : ((bytes) <= FINE_MOST ? 4 : 16))
#define SLOTS_OF(bytes) ((GRANULES_OF(bytes) * GRANULE_BYTES - sizeof(struct run)) / (bytes))
// 2^64 / BYTES, rounded down, and 1. So the remainder of slot n is no more than n * BYTES, and that of a place before
// slot 0 is large, also where BYTES is a power of two.
#define INVERSE_OF(bytes) (UINT64_MAX / (bytes) + (((bytes) & ((bytes) - 1)) == 0) + 1)
#define SHAPE(bytes)                                                                                                   \
    {                                                                                                                  \
        .slot_bytes = (bytes),                                                                                         \
        .granules = GRANULES_OF(bytes),                                                                                \
        .slot_count = SLOTS_OF(bytes) < SPAN_SLOTS_MOST ? SLOTS_OF(bytes) : SPAN_SLOTS_MOST,                           \
        .units = (bytes) < 2 * UNIT ? 3 : (bytes) / UNIT + 1,                                                          \
        .inverse = INVERSE_OF(bytes),                                                                                  \
    }
#define FOUR(bytes, step)                                                                                              \
    SHAPE(bytes), SHAPE((bytes) + (step)), SHAPE((bytes) + 2 * (step)), SHAPE((bytes) + 3 * (step))
#define SIXTEEN(bytes, step)                                                                                           \
    FOUR(bytes, step), FOUR((bytes) + 4 * (step), step), FOUR((bytes) + 8 * (step), step),                             \
        FOUR((bytes) + 12 * (step), step)
#define PAGES(count)                                                                                                   \
    {                                                                                                                  \
        .slot_bytes = (count) * PAGE_SIZE,                                                                             \
        .granules = 1 + PAGE_SPAN_SLOTS * (count) * PAGE_SIZE / GRANULE_BYTES,                                         \
        .slot_count = PAGE_SPAN_SLOTS,                                                                                 \
        .inverse = INVERSE_OF((count) * PAGE_SIZE),                                                                    \
    }

const struct span_shape span_shapes[CLASS_COUNT] = {
    SIXTEEN(8, 8),     SIXTEEN(136, 8), SIXTEEN(264, 8), SIXTEEN(392, 8), SIXTEEN(544, 32), SIXTEEN(1056, 32),
    SIXTEEN(1568, 32), PAGES(1),        PAGES(2),        PAGES(3),        PAGES(4),
};

static uint64_t all_slots(unsigned count)
{
    return UINT64_MAX >> (64 - count);
}

// ---- the list of spans with room

// A ring: the span before the first one is the last one. New ones go to the end, so that they have more free slots when
// their turn comes.
static void list_add(struct default_heap *self, struct run *span)
{
    place_t place = place_of(self, span), first = self->classes[span->class].partial;
    if (first == 0) {
        self->classes[span->class].partial = place;
        span->next = place;
        span->previous = place;
        return;
    }
    struct run *before = run_at(self, run_at(self, first)->previous);
    span->next = first;
    span->previous = place_of(self, before);
    before->next = place;
    run_at(self, first)->previous = place;
}

static void list_remove(struct default_heap *self, struct run *span)
{
    place_t place = place_of(self, span);
    run_at(self, span->next)->previous = span->previous;
    run_at(self, span->previous)->next = span->next;
    if (self->classes[span->class].partial == place)
        self->classes[span->class].partial = span->next != place ? span->next : 0;
}

// ---- a span's life

static void make_current(struct default_heap *self, struct run *span)
{
    span->frees_until_event = NO_EVENT;
    self->current[span->class] = place_of(self, span);
}

// Let the map lead to PLACE from the first granule of a span and from every one in which a slot begins.
static void mark(struct default_heap *self, unsigned class, size_t first, place_t place)
{
    const struct span_shape *shape = &span_shapes[class];
    place_t *map = &self->map[1 + first];
    map[0] = place;
    size_t step = class < PAGE_FIRST ? 1 : shape->slot_bytes >> GRANULE_SHIFT;
    for (size_t i = 1; i < shape->granules; i += step)
        map[i] = place;
}

// The last slot ends where the span does. So slots are aligned as their size is, and none begins behind the last. Pages
// have a granule before them for the record.
static struct run *create(struct default_heap *self, unsigned class)
{
    const struct span_shape *shape = &span_shapes[class];
    struct run *span = run_take(self, shape->granules, class < PAGE_FIRST ? 1 : PAGE_SIZE >> GRANULE_SHIFT);
    if (span == nullptr)
        return nullptr;
    mark(self, class, granule_of(self, (uintptr_t)span), place_of(self, span));
    self->slot_bytes[class] = shape->slot_bytes;
    span->free_slots = all_slots(shape->slot_count);
    span->base =
        (uintptr_t)span + ((size_t)shape->granules << GRANULE_SHIFT) - (size_t)shape->slot_count * shape->slot_bytes;
    span->inverse = shape->inverse;
    span->class = (uint8_t)class;
    span->kind = RUN_SPAN;
    return span;
}

// A class has no span of GRANULES any more, or has not got one.
static void cool_down(struct default_heap *self, struct span_class *of, size_t granules)
{
    self->hot_granules -= of->is_hot ? granules : 0;
    of->is_hot = false;
}

static void release(struct default_heap *self, struct run *span)
{
    struct span_class *of = &self->classes[span->class];
    size_t count = span_shapes[span->class].granules, first = granule_of(self, (uintptr_t)span);
    if (--of->span_count == 0)
        cool_down(self, of, count);
    span->kind = RUN_NOTHING;
    mark(self, span->class, first, 0);
    run_give(self, first, count);
}

// CLASS, without span, may be hot: then it gets one if there are not too many of that kind, or keeps its freed blocks.
static bool is_hot(struct default_heap *self, unsigned class)
{
    struct span_class *of = &self->classes[class];
    size_t granules = span_shapes[class].granules;
    bool is_hot = self->unspanned_count - of->heat_since < EPOCH && class < PAGE_FIRST;
    of->heat_since = self->unspanned_count;
    of->heat = 0;
    of->kept_most = is_hot ? KEPT_MOST : 0;
    size_t share = span_shapes[class].slot_bytes <= TINY_MOST ? HOT_SHARE_TINY : HOT_SHARE;
    if (!is_hot || self->hot_granules + granules > self->taken_granules / share)
        return false;
    of->is_hot = true;
    self->hot_granules += granules;
    return true;
}

static uint32_t worth_bytes(const struct default_heap *self, unsigned class)
{
    uint32_t granules = span_shapes[class].granules, worth = class < PAGE_FIRST ? WORTH_SMALL : WORTH_PAGES;
    if (self->taken_granules * PLENTY_SHARE < self->granule_count && granules * SMALL_PART < self->granule_count)
        worth = WORTH_IN_PLENTY;
    return (granules << GRANULE_SHIFT) / 4 * worth;
}

bool span_is_worth(struct default_heap *self, unsigned class)
{
    struct span_class *of = &self->classes[class];
    if (of->span_count != 0)
        return true;
    of->worth_bytes = worth_bytes(self, class);
    return of->unspanned_bytes >= of->worth_bytes || (of->heat >= HEAT_LEAST && is_hot(self, class));
}

void *span_begin(struct default_heap *self, unsigned class)
{
    struct span_class *of = &self->classes[class];
    struct run *span = create(self, class);
    if (span == nullptr) {
        if (of->span_count == 0)
            cool_down(self, of, span_shapes[class].granules);
        return nullptr;
    }
    of->span_count++;
    of->worth_bytes = 0;
    make_current(self, span);
    span->free_slots &= span->free_slots - 1;
    return (void *)span->base;
}

void span_exhausted(struct default_heap *self, unsigned class, struct run *span)
{
    span->frees_until_event = 1;
    place_t next = self->classes[class].partial;
    if (next != 0) {
        struct run *other = run_at(self, next);
        list_remove(self, other);
        make_current(self, other);
    } else {
        self->current[class] = 0;
    }
}

void span_event(struct default_heap *self, struct run *span)
{
    unsigned class = span->class, count = span_shapes[class].slot_count;
    if (self->current[class] == place_of(self, span)) {
        span->frees_until_event = NO_EVENT;
    } else if (span->free_slots == all_slots(count)) {
        list_remove(self, span);
        release(self, span);
    } else if (self->current[class] == 0) {
        make_current(self, span);
    } else {
        span->frees_until_event = (uint16_t)(count - 1);
        if (!HEWN_BREAK_HEAP_DEFAULT_LOST_BLOCK)
            list_add(self, span);
    }
}

// Current spans stay when they become empty. False when none of them is.
bool span_release_idle(struct default_heap *self)
{
    bool has_released = false;
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        struct run *span = run_at(self, self->current[class]);
        if (span == &self->nothing || span->free_slots != all_slots(span_shapes[class].slot_count))
            continue;
        span_exhausted(self, class, span);
        release(self, span);
        has_released = true;
    }
    return has_released;
}

// ---- what can be seen

void span_walk(struct default_heap *self, struct run *span, heap_visit_fn *visit, void *context)
{
    for (unsigned slot = 0; slot < span_shapes[span->class].slot_count; slot++) {
        size_t slot_bytes = self->slot_bytes[span->class];
        bool is_taken = !(span->free_slots >> slot & 1);
        struct heap_block seen = {(void *)(span->base + slot * slot_bytes), slot_bytes, is_taken};
        visit(context, &seen);
    }
}

static bool is_listed(struct default_heap *self, const struct run *span)
{
    place_t first = self->classes[span->class].partial, place = first;
    for (uint32_t i = 0; place != 0 && i < self->classes[span->class].span_count; i++) {
        if (run_at(self, place) == span)
            return true;
        place = run_at(self, place)->next;
    }
    return false;
}

const char *span_validate(struct default_heap *self, struct run *span)
{
    if (span->class >= CLASS_COUNT || span->inverse != span_shapes[span->class].inverse)
        return "a span's record is damaged";
    const struct span_shape *shape = &span_shapes[span->class];
    size_t slots_bytes = (size_t)shape->slot_count * shape->slot_bytes;
    if (span->base != (uintptr_t)span + ((size_t)shape->granules << GRANULE_SHIFT) - slots_bytes)
        return "a span's record is damaged";
    if ((span->free_slots & ~all_slots(span_shapes[span->class].slot_count)) != 0)
        return "a span has more free slots than slots";
    bool is_current = run_at(self, self->current[span->class]) == span;
    if (is_current ? span->free_slots == 0 : is_listed(self, span) != (span->free_slots != 0))
        return "a span with free slots is in no list, or a full one is in one";
    return nullptr;
}
