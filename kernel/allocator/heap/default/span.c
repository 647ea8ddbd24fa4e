// SPDX-License-Identifier: MIT
// Spans: the layer of the default design for small blocks, but for the two paths that run most often, which stand in
// default.c. A class has one current span, from which slots come, and a list of others with room. A span without a free
// slot is in no list; nothing leads to it but the map.
//
// Three things happen to a span when slots are freed: it has room again after it had none, only one slot is left that
// is taken, and none is. None is looked for at each free. A span counts down how many frees it takes until one of them
// can be: 1 when it is full, or has one slot left; as many as there are to the last slot when it has room and is not
// current; no number that matters while it is current.
//
// What takes long is done in two steps, so that no single allocation or free has all of it to do:
//
//   begin()             takes the memory and its last slot  } the map leads to one slot, which is all that is taken:
//   open()              adds the others and fills the map   } the span is closed
//   close_but_for_one() clears the map, but for one slot    } and is so again
//   end()               gives the memory back
//
// A class gets its first span when blocks of its size take a few spans' worth of memory, or when many allocations in a
// row are of that class. So a heap with few blocks of many sizes stays small.
#include "parts.h"

// A class is worth its first span when blocks of its size that are no slots take this many quarters of a span; only
// one, while there is plenty of memory and there are more granules than a span has units.
constexpr uint32_t WORTH = 10;
// Pages with headers leave holes of nearly a page, so they get a span at once if it is no more than this part of the
// region, and none before.
constexpr size_t PAGES_SHARE = 8;

// First spans that are there because their class is hot may take this part of what is taken: those of the smallest
// slots are cheap and serve most.
constexpr size_t HOT_SHARE_TINY = 48; // slots up to TINY_MOST
constexpr size_t HOT_SHARE = 128;
constexpr size_t TINY_MOST = 64;

constexpr uint16_t NO_EVENT = UINT16_MAX;

// ---- shapes: how much a span has at least, where memory is not scarce; what it gets beyond that, up to where it must
// end, is more slots

#define CLAMP(value, low, high) ((value) < (low) ? (low) : (value) > (high) ? (high) : (value))
// Of slots up to TINY_MOST, as many as keep the span below SPAN_SLOTS_MOST when it has got a granule more.
#define TINY_SLOTS(bytes) CLAMP(64 - 1023 / (int)(bytes), 16, 36)
#define SLOTS_LEAST(bytes)                                                                                             \
    ((bytes) <= TINY_MOST ? TINY_SLOTS(bytes) : (bytes) <= FINE_MOST ? 3584 / (bytes) : 18'000 / (bytes))
// A span may be smaller than the least by what the smallest block of a bin lacks and by what the end lacks to a
// granule. Of 3 KiB and more that leaves four slots; smaller ones have to find a block that has a granule more.
#define BIN_FOR(least)               (uint8_t)BIN_OF((least) < 160 ? (least) + 127 : (least))
#define UNITS_FOR(slot_count, bytes) ((sizeof(struct span) + (slot_count) * (bytes)) / UNIT)
// 2^64 / BYTES, rounded down, and 1. So the remainder of slot n is no more than n * BYTES, and that of a place before
// slot 0 is large, also where BYTES is a power of two.
#define INVERSE_OF(bytes) (UINT64_MAX / (bytes) + (((bytes) & ((bytes) - 1)) == 0) + 1)
#define SHAPE_OF(bytes, least, end_granules)                                                                           \
    {                                                                                                                  \
        .slot_bytes = (bytes),                                                                                         \
        .least_units = (least),                                                                                        \
        .most_units = (least) + (end_granules) * GRANULE_BYTES / UNIT - 1,                                             \
        .bin = BIN_FOR(least),                                                                                         \
        .granules = (end_granules),                                                                                    \
        .inverse = INVERSE_OF(bytes),                                                                                  \
    }
#define SHAPE(bytes) SHAPE_OF(bytes, UNITS_FOR(SLOTS_LEAST(bytes), bytes), 1)
#define FOUR(bytes, step)                                                                                              \
    SHAPE(bytes), SHAPE((bytes) + (step)), SHAPE((bytes) + 2 * (step)), SHAPE((bytes) + 3 * (step))
#define SIXTEEN(bytes, step)                                                                                           \
    FOUR(bytes, step), FOUR((bytes) + 4 * (step), step), FOUR((bytes) + 8 * (step), step),                             \
        FOUR((bytes) + 12 * (step), step)
#define PAGES(count)                                                                                                   \
    SHAPE_OF((count) * PAGE_SIZE, UNITS_FOR(PAGE_SPAN_SLOTS, (count) * PAGE_SIZE), PAGE_SIZE / GRANULE_BYTES)

const struct span_shape span_shapes[CLASS_COUNT] = {
    SIXTEEN(8, 8),     SIXTEEN(136, 8), SIXTEEN(264, 8), SIXTEEN(392, 8), SIXTEEN(544, 32), SIXTEEN(1056, 32),
    SIXTEEN(1568, 32), PAGES(1),        PAGES(2),        PAGES(3),        PAGES(4),
};

static uint64_t all_slots(size_t count)
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

static inline void list_remove(struct default_heap *self, struct span *span)
{
    place_t place = place_of(self, span), next = span->next;
    place_t *first = &self->classes[span->class].partial;
    if (next == place) {
        *first = 0;
        return;
    }
    span_at(self, next)->previous = span->previous;
    span_at(self, span->previous)->next = next;
    if (*first == place)
        *first = next;
}

// ---- a span's life

// Let the map lead to PLACE from every granule in which a slot of SPAN begins. (Of slots of several granules, that is
// each of their number; of others, each.) From both ends, two at a time.
[[gnu::noinline]] static void mark(struct default_heap *self, const struct span *span, place_t place)
{
    size_t bytes = self->slot_bytes[span->class], step = bytes < 2 * GRANULE_BYTES ? 1 : bytes >> GRANULE_SHIFT;
    place_t *entry = &self->map[granule_of(self, span->base)];
    place_t *last = &self->map[granule_of(self, span->base + span->slot_count * bytes)] - step;
#pragma unroll 1
    for (; entry <= last; entry += step, last -= step) {
        *entry = place;
        *last = place;
    }
}

// All the slots of SPAN can be taken from here on. It has them already, or only the last one of them.
static void open(struct default_heap *self, struct span *span)
{
    size_t class = span->class;
    size_t bytes = self->slot_bytes[class], room = span->base + span->slot_count * bytes - (uintptr_t)(span + 1);
    size_t count = (size_t)((unsigned __int128)room * span->inverse >> 64);
    count = count < SPAN_SLOTS_MOST ? count : SPAN_SLOTS_MOST;
    size_t more = count - span->slot_count;
    span->free_slots = (span->free_slots << more) | ((1ull << more) - 1);
    span->base -= more * bytes;
    span->slot_count = (uint8_t)count;
    span->is_open = true;
    mark(self, span, place_of(self, span));
}

// SPAN, which is in no list.
static void make_current(struct default_heap *self, struct span *span)
{
    span->frees_until_event = NO_EVENT;
    self->current[span->class] = place_of(self, span);
    if (!span->is_open)
        open(self, span);
}

// The first of the spans of CLASS that have room, of which there is one, becomes the current one.
static struct span *make_next_current(struct default_heap *self, size_t class)
{
    struct span *span = span_at(self, self->classes[class].partial);
    list_remove(self, span);
    make_current(self, span);
    return span;
}

// All slots of SPAN are free, no list has it, and the map does not lead to it.
[[gnu::noinline]] static void release(struct default_heap *self, struct span *span)
{
    size_t class = span->class;
    struct span_class *of = &self->classes[class];
    if (--of->span_count == 0) {
        self->hot_units -= of->is_hot ? span_shapes[class].least_units : 0;
        of->is_hot = false;
        of->is_due = false;
    }
    block_release(self, (struct block *)span);
}

// Many allocations were of CLASS, which has no span. It is hot if they were so in a row, which is asked first, and if
// there are not too many first spans of that kind.
static void consider(struct default_heap *self, size_t class)
{
    struct span_class *of = &self->classes[class];
    if (of->heat == HEAT_LEAST) {
        if (self->unspanned_count - of->heat_since < EPOCH && class < PAGE_FIRST)
            return;
    } else {
        size_t units = self->hot_units + span_shapes[class].least_units;
        size_t share = class < TINY_MOST / HEAP_ALIGNMENT ? HOT_SHARE_TINY : HOT_SHARE;
        if (units * share <= self->taken_units) {
            of->is_hot = true;
            of->is_due = true;
            self->hot_units = units;
        }
    }
    of->heat_since = self->unspanned_count;
    of->heat = 0;
}

// A block of CLASS for lack of a span.
static void *allocate_unspanned(struct default_heap *self, size_t class, size_t alignment)
{
    return block_allocate(self, class, alignment, span_shapes[class].slot_bytes / UNIT + 1 + (class == 0));
}

// The last slot ends where the span does, at a granule or a page. So slots are aligned as their size is, and none
// begins behind the last. A new span has only that one, which is taken at once.
[[gnu::noinline]] static void *begin(struct default_heap *self, size_t class, size_t alignment)
{
    const struct span_shape *shape = &span_shapes[class];
    size_t end_alignment = shape->granules * GRANULE_BYTES;
    void *payload = block_take(self, CLASS_OF_SPANS, end_alignment, shape->bin, shape->most_units);
    if (__builtin_expect(payload == nullptr, false))
        return allocate_unspanned(self, class, alignment);
    struct span *span = (struct span *)((uint64_t *)payload - HEADER_BYTES / UNIT);
    uintptr_t base = span->base - shape->slot_bytes;
    place_t place = place_of(self, span);
    self->slot_bytes[class] = shape->slot_bytes;
    self->classes[class].partial = place;
    self->classes[class].span_count++;
    span->free_slots = 0;
    span->base = base;
    span->inverse = shape->inverse;
    span->next = place;
    span->previous = place;
    span->frees_until_event = NO_EVENT;
    span->class = (uint8_t)class;
    span->slot_count = 1;
    span->is_open = false;
    self->map[granule_of(self, base)] = place;
    return (void *)base;
}

// The lowest slot of the first span of CLASS that has room. It becomes the current one, and has another free slot.
[[gnu::noinline]] static void *allocate_from_next(struct default_heap *self, size_t class)
{
    struct span *span = make_next_current(self, class);
    uint64_t free = span->free_slots;
    span->free_slots = free & (free - 1);
    return (void *)(span->base + (uint32_t)__builtin_ctzll(free) * self->slot_bytes[class]);
}

// CLASS, without span, gets one if its blocks take enough.
static void weigh(struct default_heap *self, size_t class)
{
    struct span_class *of = &self->classes[class];
    size_t units = span_shapes[class].least_units, quarters = 4 * (size_t)of->unspanned_units;
    if (class >= PAGE_FIRST) {
        if (units <= self->granule_count * (GRANULE_BYTES / UNIT / PAGES_SHARE))
            of->is_due = true;
        return;
    }
    if (quarters < units)
        return;
    bool is_plenty = self->taken_units < self->plenty_units;
    if ((is_plenty && units < self->granule_count) || quarters >= units * WORTH)
        of->is_due = true;
}

// Whether a class is to have a span is asked in turns, so that no allocation has to find out all of it.
void *span_allocate(struct default_heap *self, size_t class, size_t alignment)
{
    struct span_class *of = &self->classes[class];
    if (of->partial != 0)
        return allocate_from_next(self, class);
    if (of->is_due)
        return begin(self, class, alignment);
    self->unspanned_count++;
    if (++of->heat % 2 != 0)
        weigh(self, class);
    else if (of->heat >= HEAT_LEAST)
        consider(self, class);
    return allocate_unspanned(self, class, alignment);
}

void *span_exhausted(struct default_heap *self, size_t class, uint64_t slot)
{
    struct span *span = span_at(self, self->current[class]);
    void *block = (void *)(span->base + (uint32_t)__builtin_ctzll(slot) * self->slot_bytes[class]);
    span->frees_until_event = 1;
    self->current[class] = 0;
    if (self->classes[class].partial != 0)
        (void)make_next_current(self, class);
    return block;
}

// One of SPAN's slots is TAKEN, as its bit says.
static void close_but_for_one(struct default_heap *self, struct span *span, uint64_t taken)
{
    mark(self, span, 0);
    size_t slot = (size_t)__builtin_ctzll(taken);
    self->map[granule_of(self, span->base + slot * self->slot_bytes[span->class])] = place_of(self, span);
    span->is_open = false;
    span->frees_until_event = 1;
}

// The only slot of SPAN that was taken has been freed; GRANULE leads to it.
[[gnu::noinline]] static void end(struct default_heap *self, struct span *span, size_t granule)
{
    self->map[granule] = 0;
    list_remove(self, span);
    release(self, span);
}

// As many slots of SPAN, which is open, have been freed as it was to be told of.
[[gnu::noinline]] static void note(struct default_heap *self, struct span *span)
{
    size_t class = span->class, count = span->slot_count;
    uint64_t taken = all_slots(count) ^ span->free_slots;
    place_t place = place_of(self, span);
    if ((taken & (taken - 1)) == 0 && self->current[class] != place) {
        close_but_for_one(self, span, taken);
    } else if (self->current[class] == 0 || self->current[class] == place) {
        self->current[class] = place;
        span->frees_until_event = NO_EVENT;
    } else {
        span->frees_until_event = (uint16_t)(count - 2);
        if (!HEWN_BREAK_HEAP_DEFAULT_LOST_BLOCK)
            list_add(self, span);
    }
}

void span_event(struct default_heap *self, size_t granule)
{
    struct span *span = span_at(self, self->map[granule]);
    if (span->is_open)
        note(self, span);
    else
        end(self, span, granule);
}

// Current spans stay when they become empty, and so does a new one whose only slot is freed before it is opened.
RARE bool span_release_idle(struct default_heap *self)
{
    bool has_released = false;
    for (size_t class = 0; class < CLASS_COUNT; class ++) {
        if (self->current[class] == 0 && self->classes[class].partial != 0)
            (void)make_next_current(self, class);
        struct span *span = span_at(self, self->current[class]);
        if (span == &self->nothing || span->free_slots != all_slots(span->slot_count))
            continue;
        mark(self, span, 0);
        (void)span_exhausted(self, class, 1);
        release(self, span);
        has_released = true;
    }
    return has_released;
}

// ---- what can be seen

RARE void span_walk(struct default_heap *self, const struct span *span, heap_visit_fn *visit, void *context,
                    struct heap_block *seen)
{
    size_t slot_bytes = self->slot_bytes[span->class];
    for (unsigned slot = 0; slot < span->slot_count; slot++) {
        *seen = (struct heap_block){
            (void *)(span->base + slot * slot_bytes),
            slot_bytes,
            !(span->free_slots >> slot & 1),
        };
        visit(context, seen);
    }
}

RARE static bool is_listed(struct default_heap *self, const struct span *span)
{
    place_t first = self->classes[span->class].partial, place = first;
    for (uint32_t i = 0; place != 0 && i < self->classes[span->class].span_count; i++) {
        if (span_at(self, place) == span)
            return true;
        place = span_at(self, place)->next;
    }
    return false;
}

RARE const char *span_validate(struct default_heap *self, struct span *span)
{
    size_t class = span->class, count = span->slot_count;
    if (class >= CLASS_COUNT || span->inverse != span_shapes[class].inverse || count == 0 || count > SPAN_SLOTS_MOST ||
        (span->is_open && count < SPAN_SLOTS_LEAST))
        return "a span's record is damaged";
    size_t slot_bytes = self->slot_bytes[class];
    uintptr_t slots_end = span->base + count * slot_bytes;
    uintptr_t end = (uintptr_t)span + units_of(block_read(self, (const struct block *)span)) * UNIT;
    uint64_t all = all_slots(count), taken = all ^ span->free_slots;
    if (span->base < (uintptr_t)(span + 1) || slots_end > end ||
        slots_end % (span_shapes[class].granules * GRANULE_BYTES) != 0 || taken > all)
        return "a span's record is damaged";
    for (unsigned slot = 0; slot < count; slot++) {
        size_t granule = granule_of(self, span->base + slot * slot_bytes);
        if ((span->is_open || (taken >> slot & 1) != 0) && span_at(self, self->map[granule]) != span)
            return "the map does not lead to a span";
    }
    bool is_current = span_at(self, self->current[class]) == span, has_room = taken != all || !span->is_open;
    if (is_current ? taken == all : is_listed(self, span) != has_room)
        return "a span with free slots is in no list, or a full one is in one";
    return nullptr;
}
