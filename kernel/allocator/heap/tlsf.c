// SPDX-License-Identifier: MIT
// Two-level segregated fit: free blocks stand in lists by size, and two levels of bitmaps find the first list that has
// something in it. Whatever the heap has been through, an allocation and a free are the same few steps: no loop
// anywhere. (The idea is Masmano's, Ripoll's, Crespo's and Real's: "TLSF: a new dynamic memory allocator for real-time
// systems", 2004.)
//
//   level   sizes from one power of two to the next, in 32 classes of equal width; the lowest one has 1 to 31 units
//   class   a list of free blocks, doubly linked, last in first out; a bit that says whether there is one
//
//   region  | struct heap, bitmaps, lists | block | block | ... | header without block |
//   taken   | header |               bytes of its owner                 |
//   free    | header | next, previous |  ...  | units: who comes after it finds its beginning |
//
// Time:   O(1), about 100 instructions; a block that moves into what is free before it is copied.
// Memory: 8 bytes a block, 24 at least; up to 4 KiB of lists, less where the region cannot become large. What is left
//         of a block that is found is free again. Neighbours that are free do not exist: they are joined when the
//         second one is freed.
#include "header.h"
#include <lib/string.h>

constexpr unsigned CLASS_BITS = 5;
constexpr unsigned CLASSES = 1u << CLASS_BITS; // of a level
constexpr unsigned LEVEL_MOST = 31;
constexpr size_t UNITS_LEAST = 3; // header, links, units at the end

constexpr uint32_t USED = HEADER_USED;
constexpr uint32_t BEFORE_USED = HEADER_MARK; // the block before this one is somebody's, or there is none

// Where a block is: units from the heap's beginning, where no block is. 0: nowhere.
typedef uint32_t place_t;

struct block {
    uint64_t header;
    place_t next, previous; // of what is free
};

struct tlsf_heap {
    struct heap heap;
    size_t place_end; // of the region
    uint32_t class_count;
    uint32_t levels;                  // a bit for each that has something
    uint32_t classes[LEVEL_MOST + 1]; // a bit for each class of a level
    place_t first[];                  // by class
};

static struct tlsf_heap *self_of(struct heap *heap)
{
    return (struct tlsf_heap *)heap;
}

static struct block *block_at(struct tlsf_heap *self, size_t place)
{
    return (struct block *)((uint64_t *)self + place);
}

static place_t place_of(const struct tlsf_heap *self, const struct block *block)
{
    return (place_t)(((uintptr_t)block - (uintptr_t)self) / UNIT);
}

static struct block *block_after(struct block *block, size_t units)
{
    return (struct block *)((uint64_t *)block + units);
}

static struct block *first_block(struct tlsf_heap *self)
{
    return block_at(self, round_up(sizeof(*self) + self->class_count * sizeof(place_t), UNIT) / UNIT);
}

static uint64_t read(const struct tlsf_heap *self, const struct block *block)
{
    return header_read(&self->heap, &block->header);
}

static void write(const struct tlsf_heap *self, struct block *block, size_t units, uint32_t flags)
{
    header_write(&self->heap, &block->header, units, flags);
}

// ---- damage

[[noreturn, gnu::cold, gnu::noinline]] static void panic_header(const struct tlsf_heap *self, const struct block *block,
                                                                size_t units)
{
    heap_panic_damaged(&self->heap, &block->header, units * UNIT, "the header of the block");
}

[[noreturn, gnu::cold, gnu::noinline]] static void panic_list(const struct tlsf_heap *self, const struct block *block,
                                                              size_t units)
{
    heap_panic_damaged(&self->heap, block, units * UNIT, "the list of free blocks");
}

static void require_free(const struct tlsf_heap *self, const struct block *block, uint64_t header)
{
    if (__builtin_expect(header_flags(header) != BEFORE_USED, false))
        panic_header(self, block, 0);
}

// ---- classes

// Sizes below 64 units have a class each. The number of a class is a continuous function of the size: one that is
// rounded up across a power of two is in the right class by itself.
static unsigned class_shift(size_t units)
{
    return ((unsigned)__builtin_clzll(units | CLASSES) ^ 63) - CLASS_BITS;
}

static unsigned class_of(size_t units)
{
    unsigned shift = class_shift(units);
    return (shift << CLASS_BITS) + (unsigned)(units >> shift);
}

// The first class of which every block has UNITS.
static unsigned class_from(size_t units)
{
    unsigned shift = class_shift(units);
    size_t rounded = HEWN_BREAK_HEAP_TLSF_WRONG_CLASS ? units : units + ((size_t)1 << shift) - 1;
    return (shift << CLASS_BITS) + (unsigned)(rounded >> shift);
}

// The first class from CLASS on that has a block, or 0.
static unsigned class_find(const struct tlsf_heap *self, unsigned class)
{
    unsigned level = class >> CLASS_BITS;
    uint32_t here = self->classes[level] >> class % CLASSES;
    if (here != 0)
        return class + (unsigned)__builtin_ctz(here);
    uint32_t above = self->levels & ~1u << level;
    if (above == 0)
        return 0;
    level = (unsigned)__builtin_ctz(above);
    return (level << CLASS_BITS) + (unsigned)__builtin_ctz(self->classes[level]);
}

static void class_is_empty(struct tlsf_heap *self, unsigned class)
{
    unsigned level = class >> CLASS_BITS;
    self->classes[level] &= ~(1u << class % CLASSES);
    if (self->classes[level] == 0)
        self->levels &= ~(1u << level);
}

// ---- lists

// UNITS from BLOCK on are free, and so is nothing beside them.
static void make_free(struct tlsf_heap *self, struct block *block, size_t units)
{
    unsigned class = class_of(units);
    place_t place = place_of(self, block), next = self->first[class];
    write(self, block, units, BEFORE_USED);
    ((uint64_t *)block)[units - 1] = units;
    block->next = next;
    block->previous = 0;
    self->first[class] = place;
    if (next != 0) {
        block_at(self, next)->previous = place;
        return;
    }
    self->classes[class >> CLASS_BITS] |= 1u << class % CLASSES;
    self->levels |= 1u << (class >> CLASS_BITS);
}

// BLOCK, of UNITS, leaves its list. Its links are followed only when they lead into the region and back.
static void remove(struct tlsf_heap *self, struct block *block, size_t units)
{
    place_t place = place_of(self, block), next = block->next, previous = block->previous;
    if (__builtin_expect(next >= self->place_end || previous >= self->place_end, false))
        panic_list(self, block, units);
    if (next != 0) {
        if (__builtin_expect(block_at(self, next)->previous != place, false))
            panic_list(self, block, units);
        block_at(self, next)->previous = previous;
    }
    unsigned class = 0;
    place_t *link = &block_at(self, previous)->next;
    if (previous == 0) {
        class = class_of(units);
        link = &self->first[class];
    }
    if (__builtin_expect(*link != place, false))
        panic_list(self, block, units);
    *link = next;
    if (next == 0 && previous == 0)
        class_is_empty(self, class);
}

// The first block of CLASS, which has one, leaves it.
static struct block *pop(struct tlsf_heap *self, unsigned class, size_t *units)
{
    struct block *block = block_at(self, self->first[class]);
    uint64_t header = read(self, block);
    require_free(self, block, header);
    *units = header_units(header);
    place_t next = block->next;
    if (__builtin_expect(block->previous != 0 || next >= self->place_end, false))
        panic_list(self, block, *units);
    self->first[class] = next;
    if (next != 0)
        block_at(self, next)->previous = 0;
    if (next == 0 || HEWN_BREAK_HEAP_TLSF_LOST_BLOCK)
        class_is_empty(self, class);
    return block;
}

// ---- free

// The pages at the end go back, when BLOCK, in no list, is the last one and large. Returns how many units it still has.
[[gnu::noinline]] static size_t give_back(struct tlsf_heap *self, struct block *block, size_t units)
{
    struct block *end = block_after(block, units);
    if ((uint8_t *)end + HEADER_BYTES != self->heap.end)
        return units;
    write(self, end, 0, 0); // nobody shall take it for a block's when the memory comes again
    size_t given_units = heap_give_back(&self->heap, units * UNIT) / UNIT;
    self->place_end -= given_units;
    write(self, block_after(block, units - given_units), 0, USED);
    return units - given_units;
}

// The free block that ends where BLOCK begins.
static struct block *block_before(struct tlsf_heap *self, struct block *block, size_t *units)
{
    *units = ((uint64_t *)block)[-1];
    if (__builtin_expect(*units >= place_of(self, block), false))
        heap_panic_damaged(&self->heap, block, 0, "the end of the free block before the block");
    struct block *before = (struct block *)((uint64_t *)block - *units);
    uint64_t header = read(self, before);
    require_free(self, before, header);
    if (__builtin_expect(header_units(header) != *units, false))
        panic_header(self, before, *units);
    return before;
}

// UNITS from BLOCK on belong to nobody any more, and BLOCK's header says USED. They are joined with what is free beside
// them, and stand in no list then. *UNITS is how many there are.
[[gnu::always_inline]] static inline struct block *join(struct tlsf_heap *self, struct block *block, uint64_t header,
                                                        size_t *units)
{
    *units = header_units(header);
    struct block *after = block_after(block, *units);
    uint64_t after_header = read(self, after);
    if (header_flags(after_header) == (USED | BEFORE_USED)) {
        after->header ^= BEFORE_USED;
    } else {
        require_free(self, after, after_header);
        if (!HEWN_BREAK_HEAP_TLSF_MISSING_MERGE) {
            remove(self, after, header_units(after_header));
            *units += header_units(after_header);
        }
    }
    if (header_flags(header) & BEFORE_USED)
        return block;
    block->header ^= USED;
    size_t before_units;
    block = block_before(self, block, &before_units);
    remove(self, block, before_units);
    *units += before_units;
    return block;
}

static inline void release(struct tlsf_heap *self, struct block *block, uint64_t header)
{
    size_t units;
    block = join(self, block, header, &units);
    if (__builtin_expect(units * UNIT >= self->heap.give_back_bytes, false))
        units = give_back(self, block, units);
    make_free(self, block, units);
}

static struct block *block_of(const void *payload)
{
    return (struct block *)((uintptr_t)payload - HEADER_BYTES);
}

[[noreturn, gnu::cold, gnu::noinline]] static void panic_payload(struct tlsf_heap *self, const void *payload)
{
    header_panic(&self->heap, payload, &first_block(self)->header);
}

static inline uint64_t read_taken(struct tlsf_heap *self, const void *payload)
{
    uint64_t header = header_read_taken(&self->heap, payload, self->heap.end - HEADER_BYTES);
    if (__builtin_expect(header == 0, false))
        panic_payload(self, payload);
    return header;
}

static void tlsf_free(struct heap *heap, void *payload)
{
    struct tlsf_heap *self = self_of(heap);
    if (__builtin_expect(!header_has_place(heap, payload), false)) {
        heap_free_elsewhere(heap, payload);
        return;
    }
    release(self, block_of(payload), read_taken(self, payload));
}

// ---- allocate

// BLOCK, in no list, gets as many of its UNITS as are WANTED, or all when the rest is no block's worth. FLAGS: whether
// what is before it is used.
static inline void take(struct tlsf_heap *self, struct block *block, size_t units, size_t wanted, uint32_t flags)
{
    size_t rest = units - wanted;
    if (rest < UNITS_LEAST) {
        write(self, block, units, USED | flags);
        block_after(block, units)->header ^= BEFORE_USED;
        return;
    }
    write(self, block, wanted, USED | flags);
    size_t early = HEWN_BREAK_HEAP_TLSF_WRONG_SPLIT;
    make_free(self, block_after(block, wanted - early), rest + early);
}

// How many units lie before a place in BLOCK for a header behind which ALIGNMENT is kept. None, or a block's worth.
static size_t skipped_units(const struct block *block, size_t alignment)
{
    size_t units = (-((uintptr_t)block + HEADER_BYTES) & (alignment - 1)) / UNIT;
    return units != 0 && units < UNITS_LEAST ? units + alignment / UNIT : units;
}

// Whether the first block of CLASS, if there is one, has WANTED units at ALIGNMENT.
static bool first_suffices(struct tlsf_heap *self, unsigned class, size_t wanted, size_t alignment)
{
    if (class >= self->class_count || self->first[class] == 0)
        return false;
    struct block *block = block_at(self, self->first[class]);
    uint64_t header = read(self, block);
    require_free(self, block, header);
    return header_units(header) >= wanted + skipped_units(block, alignment);
}

// Only the class of the size itself may still have a block: its first one is looked at, and no other.
[[gnu::noinline]] static void *allocate_last(struct tlsf_heap *self, size_t size_bytes)
{
    size_t wanted = units_for(size_bytes, UNITS_LEAST), units;
    unsigned class = class_of(wanted);
    if (!first_suffices(self, class, wanted, HEAP_ALIGNMENT))
        return heap_exhausted(&self->heap, size_bytes, HEAP_ALIGNMENT);
    struct block *block = pop(self, class, &units);
    take(self, block, units, wanted, BEFORE_USED);
    return (uint8_t *)block + HEADER_BYTES;
}

static void *allocate(struct heap *heap, size_t size_bytes)
{
    struct tlsf_heap *self = self_of(heap);
    if (__builtin_expect(size_bytes > HEAP_REGION_MOST, false))
        return heap_exhausted(heap, size_bytes, HEAP_ALIGNMENT);
    size_t wanted = units_for(size_bytes, UNITS_LEAST), units;
    unsigned class = class_find(self, class_from(wanted));
    if (__builtin_expect(class == 0, false))
        return allocate_last(self, size_bytes);
    struct block *block = pop(self, class, &units);
    take(self, block, units, wanted, BEFORE_USED);
    return (uint8_t *)block + HEADER_BYTES;
}

// Units in which WANTED fit at ALIGNMENT, wherever they begin.
static size_t units_with_slack(size_t wanted, size_t alignment)
{
    return alignment <= HEAP_ALIGNMENT ? wanted : wanted + alignment / UNIT + UNITS_LEAST - 1;
}

static void *allocate_aligned(struct heap *heap, size_t size_bytes, size_t alignment)
{
    struct tlsf_heap *self = self_of(heap);
    if (size_bytes > HEAP_REGION_MOST)
        return heap_exhausted(heap, size_bytes, alignment);
    size_t wanted = units_for(size_bytes, UNITS_LEAST), units;
    unsigned class = class_of(wanted);
    if (!first_suffices(self, class, wanted, alignment))
        class = class_find(self, class_from(units_with_slack(wanted, alignment)));
    if (class == 0)
        return heap_exhausted(heap, size_bytes, alignment);
    struct block *block = pop(self, class, &units);
    size_t skipped = skipped_units(block, alignment);
    if (skipped == 0) {
        take(self, block, units, wanted, BEFORE_USED);
    } else {
        make_free(self, block, skipped);
        block = block_after(block, skipped);
        take(self, block, units - skipped, wanted, 0);
    }
    return (uint8_t *)block + HEADER_BYTES;
}

// ---- resize

static size_t usable_size(struct heap *heap, const void *payload)
{
    return header_units(read_taken(self_of(heap), payload)) * UNIT - HEADER_BYTES;
}

static void shrink(struct tlsf_heap *self, struct block *block, uint64_t header, size_t wanted)
{
    size_t rest = header_units(header) - wanted;
    if (rest < UNITS_LEAST)
        return;
    write(self, block, wanted, header_flags(header));
    struct block *tail = block_after(block, wanted);
    release(self, tail, (uint64_t)rest << 32 | USED | BEFORE_USED);
}

// BLOCK moves to the beginning of the free block before it; what is free behind it is used, too, if it is needed.
static void *grow_down(struct tlsf_heap *self, struct block *block, uint64_t header, size_t wanted, size_t after_units,
                       size_t alignment)
{
    size_t old_units = header_units(header), before_units;
    struct block *before = block_before(self, block, &before_units);
    size_t units = before_units + old_units + after_units;
    bool is_aligned = ((uintptr_t)before + HEADER_BYTES) % alignment == 0;
    if (units < wanted || !is_aligned)
        return nullptr;
    remove(self, before, before_units);
    if (after_units != 0)
        remove(self, block_after(block, old_units), after_units);
    else
        block_after(block, old_units)->header ^= BEFORE_USED;
    block->header ^= USED;
    void *payload = (uint8_t *)before + HEADER_BYTES;
    memmove(payload, (uint8_t *)block + HEADER_BYTES, old_units * UNIT - HEADER_BYTES);
    take(self, before, units, wanted, BEFORE_USED);
    return payload;
}

static void *grow(struct tlsf_heap *self, struct block *block, uint64_t header, size_t wanted, size_t alignment)
{
    size_t units = header_units(header);
    struct block *after = block_after(block, units);
    uint64_t after_header = read(self, after);
    bool is_after_free = header_flags(after_header) == BEFORE_USED;
    size_t after_units = is_after_free ? header_units(after_header) : 0;
    if (is_after_free && units + after_units >= wanted) {
        remove(self, after, after_units);
        take(self, block, units + after_units, wanted, header_flags(header) & BEFORE_USED);
        return (uint8_t *)block + HEADER_BYTES;
    }
    if (header_flags(header) & BEFORE_USED)
        return nullptr;
    return grow_down(self, block, header, wanted, after_units, alignment);
}

static void *resize(struct heap *heap, void *payload, size_t size_bytes, size_t alignment)
{
    struct tlsf_heap *self = self_of(heap);
    uint64_t header = read_taken(self, payload);
    if (size_bytes > HEAP_REGION_MOST)
        return nullptr;
    size_t wanted = units_for(size_bytes, UNITS_LEAST);
    if (wanted > header_units(header))
        return grow(self, block_of(payload), header, wanted, alignment);
    shrink(self, block_of(payload), header, wanted);
    return payload;
}

// ---- the region

static void create(struct heap *heap)
{
    struct tlsf_heap *self = self_of(heap);
    self->place_end = (size_t)(heap->end - (uint8_t *)heap) / UNIT;
    size_t units_most = (size_t)(heap->limit - (uint8_t *)heap) / UNIT;
    self->class_count = (class_of(units_most) / CLASSES + 1) * CLASSES;
    self->levels = 0;
    memset(self->classes, 0, sizeof(self->classes));
    memset(self->first, 0, self->class_count * sizeof(place_t));
    struct block *block = first_block(self), *end = block_at(self, self->place_end - 1);
    write(self, end, 0, USED);
    make_free(self, block, place_of(self, end) - place_of(self, block));
}

static size_t growth(const struct heap *, size_t size_bytes, size_t alignment)
{
    size_t units = units_with_slack(units_for(size_bytes, UNITS_LEAST), alignment);
    return round_up(units, (size_t)1 << class_shift(units)) * UNIT;
}

// The header without block becomes that of the new memory.
static bool extend(struct heap *heap, size_t size_bytes)
{
    struct tlsf_heap *self = self_of(heap);
    struct block *block = block_at(self, self->place_end - 1);
    uint64_t header = read(self, block);
    if ((header_flags(header) & ~BEFORE_USED) != USED || header_units(header) != 0)
        panic_header(self, block, 0);
    self->place_end += size_bytes / UNIT;
    write(self, block_at(self, self->place_end - 1), 0, USED | BEFORE_USED);
    size_t units;
    block = join(self, block, (uint64_t)(size_bytes / UNIT) << 32 | header_flags(header), &units);
    make_free(self, block, units);
    return true;
}

// ---- what can be seen

static void walk(struct heap *heap, heap_visit_fn *visit, void *context)
{
    struct tlsf_heap *self = self_of(heap);
    struct block *block = first_block(self), *end = block_at(self, self->place_end - 1);
    while (block != end) {
        uint64_t header = read(self, block);
        size_t units = header_units(header);
        if (!header_is_sound(header) || units < UNITS_LEAST || units > place_of(self, end) - place_of(self, block))
            panic_header(self, block, 0);
        visit(context, &(struct heap_block){(uint8_t *)block + HEADER_BYTES, units * UNIT - HEADER_BYTES,
                                            header_flags(header) & USED});
        block = block_after(block, units);
    }
}

// What is wrong with the blocks in a row, or nullptr. *FREE_COUNT: how many are free.
static const char *validate_blocks(struct tlsf_heap *self, size_t *free_count)
{
    uint32_t before = BEFORE_USED;
    size_t place = place_of(self, first_block(self)), end = self->place_end - 1;
    while (place != end) {
        struct block *block = block_at(self, place);
        uint64_t header = read(self, block);
        size_t units = header_units(header);
        if (!header_is_sound(header))
            return "the header of a block has been overwritten";
        if (units < UNITS_LEAST || units > end - place)
            return "a block is shorter or longer than can be";
        if ((header_flags(header) & BEFORE_USED) != before)
            return "a block takes the one before it for free, and it is not, or the reverse";
        bool is_free = !(header_flags(header) & USED);
        if (is_free && before == 0)
            return "two free blocks lie beside each other";
        if (is_free && ((uint64_t *)block)[units - 1] != units)
            return "the end of a free block has been overwritten";
        before = is_free ? 0 : BEFORE_USED;
        *free_count += is_free;
        place += units;
    }
    uint64_t last = read(self, block_at(self, end));
    return last == (USED | before) ? nullptr : "the header at the end of the region has been overwritten";
}

// The same of the list of CLASS. *FREE_COUNT counts down.
static const char *validate_list(struct tlsf_heap *self, unsigned class, size_t *free_count)
{
    place_t previous = 0;
    for (place_t place = self->first[class]; place != 0; place = block_at(self, place)->next) {
        if (place >= self->place_end - UNITS_LEAST)
            return "a link in a list of free blocks leads nowhere";
        struct block *block = block_at(self, place);
        uint64_t header = read(self, block);
        if (header_flags(header) != BEFORE_USED || block->previous != previous)
            return "a link in a list of free blocks leads to something else";
        if (class_of(header_units(header)) != class)
            return "a free block is in a list of other sizes";
        if ((*free_count)-- == 0)
            return "the lists of free blocks have more than there are";
        previous = place;
    }
    return nullptr;
}

static const char *validate(struct heap *heap)
{
    struct tlsf_heap *self = self_of(heap);
    size_t free_count = 0;
    const char *problem = validate_blocks(self, &free_count);
    for (unsigned class = 0; class < self->class_count && problem == nullptr; class ++) {
        unsigned level = class / CLASSES;
        bool has_bit = self->classes[level] >> class % CLASSES & 1;
        bool has_level_bit = self->levels >> level & 1;
        if (has_bit != (self->first[class] != 0) || has_level_bit != (self->classes[level] != 0))
            return "a bitmap and the lists of free blocks contradict each other";
        problem = validate_list(self, class, &free_count);
    }
    if (problem == nullptr && free_count != 0)
        return "a free block is in no list";
    return problem;
}

const struct heap_design heap_tlsf = {
    .name = "tlsf",
    .create = create,
    .allocate = allocate,
    .allocate_aligned = allocate_aligned,
    .free = tlsf_free,
    .resize = resize,
    .usable_size = usable_size,
    .growth = growth,
    .extend = extend,
    .walk = walk,
    .validate = validate,
};
