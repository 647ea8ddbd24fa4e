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
constexpr uint32_t WORTH_SMALL = 10; // of classes up to WIDE_MOST
constexpr uint32_t WORTH_PAGES = 8;
constexpr uint32_t WORTH_IN_PLENTY = 1;
constexpr size_t PLENTY_SHARE = 6;
constexpr size_t SMALL_PART = 128;

// First spans that are there because their class is hot may take this part of what is taken: those of the smallest
// slots are cheap and serve most.
constexpr size_t HOT_SHARE_TINY = 48; // slots up to TINY_MOST
constexpr size_t HOT_SHARE = 128;
constexpr size_t TINY_MOST = 64;

constexpr uint16_t NO_EVENT = UINT16_MAX;

// ---- shapes: how much a span has at least; what it gets beyond that, up to where it must end, is more slots

#define CLAMP(value, low, high) ((value) < (low) ? (low) : (value) > (high) ? (high) : (value))
// Of slots up to TINY_MOST, as many as keep the span below SPAN_SLOTS_MOST when it has got a granule more.
#define TINY_SLOTS(bytes) CLAMP(64 - 1023 / (int)(bytes), 16, 36)
#define SLOTS_LEAST(bytes)                                                                                             \
    ((bytes) <= TINY_MOST ? TINY_SLOTS(bytes) : (bytes) <= FINE_MOST ? 3584 / (bytes) : 24'000 / (bytes))
#define UNITS_FOR(slot_count, bytes) ((sizeof(struct span) + (slot_count) * (bytes)) / UNIT)
// 2^64 / BYTES, rounded down, and 1. So the remainder of slot n is no more than n * BYTES, and that of a place before
// slot 0 is large, also where BYTES is a power of two.
#define INVERSE_OF(bytes) (UINT64_MAX / (bytes) + (((bytes) & ((bytes) - 1)) == 0) + 1)
#define SHAPE(bytes)                                                                                                   \
    {                                                                                                                  \
        .slot_bytes = (bytes),                                                                                         \
        .least_units = UNITS_FOR(SLOTS_LEAST(bytes), bytes),                                                           \
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
        .least_units = UNITS_FOR(PAGE_SPAN_SLOTS, (count) * PAGE_SIZE),                                                \
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
static void list_add(struct default_heap *self, struct span *span)
{
    place_t place = place_of(self, span), first = self->classes[span->class].partial;
    if (first == 0) {
        self->classes[span->class].partial = place;
        span->next = place;
        span->previous = place;
        return;
    }
    struct span *before = span_at(self, span_at(self, first)->previous);
    span->next = first;
    span->previous = place_of(self, before);
    before->next = place;
    span_at(self, first)->previous = place;
}

static void list_remove(struct default_heap *self, struct span *span)
{
    place_t place = place_of(self, span);
    span_at(self, span->next)->previous = span->previous;
    span_at(self, span->previous)->next = span->next;
    if (self->classes[span->class].partial == place)
        self->classes[span->class].partial = span->next != place ? span->next : 0;
}

// ---- a span's life

static void make_current(struct default_heap *self, struct span *span)
{
    span->frees_until_event = NO_EVENT;
    self->current[span->class] = place_of(self, span);
}

// Let the map lead to PLACE from every granule in which a slot of SPAN may begin.
[[gnu::noinline]] static void mark(struct default_heap *self, const struct span *span, size_t end, place_t place)
{
    size_t granule = granule_of(self, span->base), limit = granule_of(self, end);
    size_t step = span->class < PAGE_FIRST ? 1 : (span->class - PAGE_FIRST + 1) * (PAGE_SIZE >> GRANULE_SHIFT);
#pragma unroll 1
    for (; granule < limit; granule += step)
        self->map[granule] = place;
}

static size_t end_of(const struct span *span)
{
    return span->base + (size_t)span->slot_count * span_shapes[span->class].slot_bytes;
}

// The last slot ends where the span does, at a granule or a page. So slots are aligned as their size is, and none
// begins behind the last.
static struct span *create(struct default_heap *self, unsigned class)
{
    const struct span_shape *shape = &span_shapes[class];
    size_t alignment = class < PAGE_FIRST ? GRANULE_BYTES : PAGE_SIZE, least = shape->least_units * UNIT;
    struct span *span = block_take(self, shape->least_units, CLASS_OF_SPANS, alignment, least);
    if (span == nullptr)
        return nullptr;
    size_t end = round_up((uintptr_t)span + least, alignment);
    size_t count = (size_t)((unsigned __int128)(end - (uintptr_t)span - sizeof *span) * shape->inverse >> 64);
    count = count < SPAN_SLOTS_MOST ? count : SPAN_SLOTS_MOST;
    self->slot_bytes[class] = shape->slot_bytes;
    span->class = (uint8_t)class;
    span->slot_count = (uint8_t)count;
    span->free_slots = all_slots((unsigned)count);
    span->base = end - count * shape->slot_bytes;
    span->inverse = shape->inverse;
    mark(self, span, end, place_of(self, span));
    return span;
}

[[gnu::noinline]] static void release(struct default_heap *self, struct span *span)
{
    unsigned class = span->class;
    struct span_class *of = &self->classes[class];
    if (--of->span_count == 0) {
        self->hot_units -= of->is_hot ? span_shapes[class].least_units : 0;
        of->is_hot = false;
        of->is_due = false;
    }
    mark(self, span, end_of(span), 0);
    block_free(self, (uint8_t *)span + HEADER_BYTES);
}

// CLASS, without span, may be hot: then it gets one if there are not too many of that kind.
static bool is_hot(struct default_heap *self, unsigned class)
{
    struct span_class *of = &self->classes[class];
    size_t units = span_shapes[class].least_units;
    bool is_hot = self->unspanned_count - of->heat_since < EPOCH && class < PAGE_FIRST;
    of->heat_since = self->unspanned_count;
    of->heat = 0;
    size_t share = span_shapes[class].slot_bytes <= TINY_MOST ? HOT_SHARE_TINY : HOT_SHARE;
    if (!is_hot || self->hot_units + units > self->taken_units / share)
        return false;
    of->is_hot = true;
    self->hot_units += units;
    return true;
}

static uint32_t worth_units(const struct default_heap *self, unsigned class)
{
    uint32_t units = span_shapes[class].least_units, worth = class < PAGE_FIRST ? WORTH_SMALL : WORTH_PAGES;
    size_t region = self->granule_count * (GRANULE_BYTES / UNIT);
    if (self->taken_units * PLENTY_SHARE < region && units * SMALL_PART < region)
        worth = WORTH_IN_PLENTY;
    return units * worth / 4;
}

void span_consider(struct default_heap *self, unsigned class)
{
    struct span_class *of = &self->classes[class];
    of->worth_units = worth_units(self, class);
    of->is_due = of->unspanned_units >= of->worth_units || (of->heat >= HEAT_LEAST && is_hot(self, class));
}

void *span_begin(struct default_heap *self, unsigned class)
{
    struct span_class *of = &self->classes[class];
    struct span *span = create(self, class);
    if (span == nullptr)
        return nullptr;
    of->span_count++;
    make_current(self, span);
    span->free_slots &= span->free_slots - 1;
    return (void *)span->base;
}

void span_exhausted(struct default_heap *self, unsigned class, struct span *span)
{
    span->frees_until_event = 1;
    place_t next = self->classes[class].partial;
    if (next != 0) {
        struct span *other = span_at(self, next);
        list_remove(self, other);
        make_current(self, other);
    } else {
        self->current[class] = 0;
    }
}

void span_event(struct default_heap *self, struct span *span)
{
    unsigned class = span->class, count = span->slot_count;
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
        struct span *span = span_at(self, self->current[class]);
        if (span == &self->nothing || span->free_slots != all_slots(span->slot_count))
            continue;
        span_exhausted(self, class, span);
        release(self, span);
        has_released = true;
    }
    return has_released;
}

// ---- what can be seen

[[gnu::cold]] void span_walk(struct default_heap *self, const struct span *span, heap_visit_fn *visit, void *context)
{
    for (unsigned slot = 0; slot < span->slot_count; slot++) {
        size_t slot_bytes = self->slot_bytes[span->class];
        bool is_taken = !(span->free_slots >> slot & 1);
        struct heap_block seen = {(void *)(span->base + slot * slot_bytes), slot_bytes, is_taken};
        visit(context, &seen);
    }
}

static bool is_listed(struct default_heap *self, const struct span *span)
{
    place_t first = self->classes[span->class].partial, place = first;
    for (uint32_t i = 0; place != 0 && i < self->classes[span->class].span_count; i++) {
        if (span_at(self, place) == span)
            return true;
        place = span_at(self, place)->next;
    }
    return false;
}

[[gnu::cold]] const char *span_validate(struct default_heap *self, struct span *span)
{
    if (span->class >= CLASS_COUNT || span->inverse != span_shapes[span->class].inverse)
        return "a span's record is damaged";
    size_t least = span_shapes[span->class].least_units * UNIT;
    if (span->slot_count == 0 || span->slot_count > SPAN_SLOTS_MOST ||
        end_of(span) != round_up((uintptr_t)span + least, span->class < PAGE_FIRST ? GRANULE_BYTES : PAGE_SIZE))
        return "a span's record is damaged";
    if (span_at(self, self->map[granule_of(self, span->base)]) != span)
        return "the map does not lead to a span";
    if ((span->free_slots & ~all_slots(span->slot_count)) != 0)
        return "a span has more free slots than slots";
    bool is_current = span_at(self, self->current[span->class]) == span;
    if (is_current ? span->free_slots == 0 : is_listed(self, span) != (span->free_slots != 0))
        return "a span with free slots is in no list, or a full one is in one";
    return nullptr;
}
