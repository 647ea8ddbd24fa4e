// SPDX-License-Identifier: MIT
// Blocks: two-level segregated fit over the whole region. A block has a header of 8 bytes in front of it; one that is
// free also has links and, in its last 8 bytes, its size, so that the block behind it finds its beginning. Neighbours
// that are free do not exist. Spans are blocks too. Called by default.c and span.c. Every function takes a bounded
// number of steps.
//
//   region   | header block | header block | ... | header without block |
//   header   20 bits of zero; USED; USED_BEFORE; class; units with the header. Stored XOR its own address and the
//            heap's secret, so that what somebody else has written there is told from a header: first of all its first
//            bytes, which an overrun of the block before it meets first
#include "parts.h"
#include <lib/string.h>

constexpr uint64_t CHECK_MASK = (1ull << 20) - 1;
constexpr uint64_t USED = 1ull << 20;
constexpr uint64_t USED_BEFORE = 1ull << 21; // the block before this one, or there is none
constexpr unsigned CLASS_SHIFT = 24;         // of what is taken: its class; 8 bits
constexpr unsigned UNITS_SHIFT = 32;
static_assert(CLASS_OF_SPANS < 1 << 8);
constexpr unsigned NO_BIN = UINT32_MAX;

struct block {
    uint64_t header;
    place_t next, previous; // of what is free
};

// ---- headers

static uint64_t read(const struct default_heap *self, const struct block *block)
{
    return block->header ^ self->heap.secret ^ (uintptr_t)block;
}

static void write(const struct default_heap *self, struct block *block, uint64_t header)
{
    block->header = header ^ self->heap.secret ^ (uintptr_t)block;
}

static size_t units_of(uint64_t header)
{
    return header >> UNITS_SHIFT;
}

static unsigned class_in(uint64_t header)
{
    return (uint8_t)(header >> CLASS_SHIFT);
}

static struct block *block_after(struct block *block, size_t units)
{
    return (struct block *)((uint64_t *)block + units);
}

static struct block *block_at(struct default_heap *self, place_t place)
{
    return (struct block *)span_at(self, place);
}

static struct block *block_of(const void *payload)
{
    return (struct block *)((uintptr_t)payload - HEADER_BYTES);
}

static void *payload_of(struct block *block)
{
    return (uint8_t *)block + HEADER_BYTES;
}

[[noreturn, gnu::cold, gnu::noinline]] static void refuse(const struct default_heap *self, const struct block *block,
                                                          const char *what)
{
    heap_panic_damaged(&self->heap, block, 0, what);
}

static uint64_t read_checked(const struct default_heap *self, const struct block *block)
{
    uint64_t header = read(self, block);
    if (__builtin_expect((header & CHECK_MASK) != 0, false))
        refuse(self, block, "the header of the block");
    return header;
}

// The free block that ends where BLOCK begins.
static struct block *block_before(const struct default_heap *self, struct block *block, size_t *units)
{
    *units = ((uint64_t *)block)[-1];
    struct block *before = (struct block *)((uint64_t *)block - *units);
    if (*units <= ((uintptr_t)block - self->data) / UNIT) {
        uint64_t header = read(self, before);
        if ((uint32_t)header == USED_BEFORE && units_of(header) == *units)
            return before;
    }
    refuse(self, block, "the end of the free block before the block");
}

// ---- bins

static unsigned bin_of(size_t units)
{
    if (units < EXACT_UNITS)
        return (unsigned)units;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(units);
    return EXACT_UNITS + (exponent - EXACT_SHIFT - 1) * 16 + (unsigned)(units >> (exponent - 4));
}

// The first bin all of whose blocks have UNITS.
static unsigned bin_from(size_t units)
{
    if (units < EXACT_UNITS)
        return (unsigned)units;
    return bin_of(units + ((size_t)1 << (59 - __builtin_clzll(units))) - 1);
}

// The first bin from BIN on that has a block, or NO_BIN.
static inline unsigned bin_find(const struct default_heap *self, unsigned bin)
{
    unsigned index = bin / 64;
    uint64_t word = self->bins[index] >> bin % 64;
    if (word != 0)
        return bin + (unsigned)__builtin_ctzll(word);
    uint64_t later = self->bin_words & -2ull << index;
    if (later == 0)
        return NO_BIN;
    index = (unsigned)__builtin_ctzll(later);
    return index * 64 + (unsigned)__builtin_ctzll(self->bins[index]);
}

static void bin_empty(struct default_heap *self, unsigned bin)
{
    uint64_t word = self->bins[bin / 64] & ~(1ull << bin % 64);
    self->bins[bin / 64] = word;
    if (word == 0)
        self->bin_words &= ~(1ull << bin / 64);
}

// UNITS from BLOCK on are free, and so is nothing beside them.
[[gnu::noinline]] static void make_free(struct default_heap *self, struct block *block, size_t units)
{
    write(self, block, units << UNITS_SHIFT | USED_BEFORE);
    ((uint64_t *)block)[units - 1] = units;
    unsigned bin = bin_of(units);
    place_t place = place_of(self, block), head = self->free_blocks[bin];
    self->free_blocks[bin] = place;
    block->previous = 0;
    uint64_t word = self->bins[bin / 64], bit = 1ull << bin % 64;
    if ((word & bit) != 0) {
        block->next = head;
        block_at(self, head)->previous = place;
    } else {
        block->next = 0;
        self->bins[bin / 64] = word | bit;
        self->bin_words |= 1ull << bin / 64;
    }
}

[[gnu::noinline]] static void remove(struct default_heap *self, struct block *block, size_t units)
{
    place_t place = place_of(self, block), next = block->next, previous = block->previous;
    unsigned bin = bin_of(units);
    bool is_inside = next < self->place_limit && previous < self->place_limit;
    place_t *link = previous == 0 || !is_inside ? &self->free_blocks[bin] : &block_at(self, previous)->next;
    if (__builtin_expect(!is_inside || *link != place, false))
        refuse(self, block, "the list of free blocks");
    *link = next;
    if (next != 0) {
        block_at(self, next)->previous = previous;
    } else if (previous == 0) {
        bin_empty(self, bin);
    }
}

// ---- take

// How many units of BLOCK lie before one whose byte OFFSET is aligned. None, or a block's worth.
static size_t skipped_units(const struct block *block, size_t alignment, size_t offset)
{
    size_t skipped = (-((uintptr_t)block + offset) & (alignment - 1)) / UNIT;
    return skipped != 0 && skipped < BLOCK_UNITS_LEAST && offset == HEADER_BYTES ? skipped + alignment / UNIT : skipped;
}

// BLOCK, in no bin, of HAVE units, gets as many as are WANTED, or as many as are no block's worth more. The block
// behind HAVE says that a free one is before it. FLAGS: class and USED_BEFORE.
static void cut(struct default_heap *self, struct block *block, size_t have, size_t wanted, uint64_t flags)
{
    size_t rest = have - wanted;
    if (rest >= BLOCK_UNITS_LEAST) {
        make_free(self, block_after(block, wanted - HEWN_BREAK_HEAP_DEFAULT_WRONG_SPLIT), rest);
        have = wanted;
    } else {
        block_after(block, have)->header ^= USED_BEFORE;
    }
    write(self, block, have << UNITS_SHIFT | USED | flags);
    self->classes[class_in(flags)].unspanned_units += (uint32_t)have;
    self->taken_units += have;
}

// The first block of BIN, which it leaves.
static inline struct block *pop(struct default_heap *self, unsigned bin, size_t *units)
{
    struct block *block = block_at(self, self->free_blocks[bin]);
    *units = units_of(read_checked(self, block));
    place_t next = block->next;
    if (__builtin_expect(next >= self->place_limit, false))
        refuse(self, block, "the list of free blocks");
    self->free_blocks[bin] = next;
    if (next != 0)
        block_at(self, next)->previous = 0;
    else
        bin_empty(self, bin);
    return block;
}

// The first block of the first bin may do, though nothing promises it; from a certain bin on all will.
void *block_take(struct default_heap *self, size_t units, unsigned class, size_t alignment, size_t offset)
{
    size_t slack = alignment == HEAP_ALIGNMENT ? 0 : alignment / UNIT + BLOCK_UNITS_LEAST - 1, have;
    unsigned sure = bin_from(units + slack), bin = bin_find(self, bin_of(units));
    if (bin < sure) {
        const struct block *first = block_at(self, self->free_blocks[bin]);
        if (units_of(read(self, first)) < units + skipped_units(first, alignment, offset))
            bin = bin_find(self, sure);
    }
    if (bin == NO_BIN)
        return nullptr;
    struct block *block = pop(self, bin, &have);
    uint64_t flags = (uint64_t)class << CLASS_SHIFT | USED_BEFORE;
    size_t skipped = skipped_units(block, alignment, offset);
    if (class == CLASS_OF_SPANS) {
        units += skipped;
    } else if (skipped != 0) {
        make_free(self, block, skipped);
        block = block_after(block, skipped);
        have -= skipped;
        flags ^= USED_BEFORE;
    }
    cut(self, block, have, units, flags);
    return block;
}

// ---- give

// The header without block at the region's end.
static struct block *end_of(const struct default_heap *self)
{
    return block_of(granule_at(self, self->granule_count));
}

static void set_end(struct default_heap *self, size_t count, uint64_t flags)
{
    self->granule_count = count;
    self->place_limit = place_of(self, end_of(self));
    write(self, end_of(self), flags);
}

// A free block of UNITS, in no bin, is the last one: returns how many units of it stay.
[[gnu::noinline]] static size_t give_back(struct default_heap *self, size_t units)
{
    size_t granules = heap_give_back(&self->heap, units * UNIT) >> GRANULE_SHIFT;
    if (granules == 0)
        return units;
    set_end(self, self->granule_count - granules, USED);
    default_shrink_map(self);
    return units - (granules << GRANULE_SHIFT) / UNIT;
}

// The header says from here on that BLOCK is free, even where it is soon in the middle of a larger one.
static void give(struct default_heap *self, struct block *block, uint64_t header)
{
    size_t units = units_of(header), units_before;
    self->classes[class_in(header)].unspanned_units -= (uint32_t)units;
    self->taken_units -= units;
    block->header ^= USED;
    struct block *after = block_after(block, units);
    uint64_t after_header = read_checked(self, after);
    if (after_header & USED) {
        after->header ^= USED_BEFORE;
    } else {
        remove(self, after, units_of(after_header));
        units += units_of(after_header);
    }
    if (!(header & USED_BEFORE) && !HEWN_BREAK_HEAP_DEFAULT_MISSING_MERGE) {
        block = block_before(self, block, &units_before);
        remove(self, block, units_before);
        units += units_before;
    }
    if (__builtin_expect(units * UNIT >= self->heap.give_back_bytes, false) && !self->heap.is_growing &&
        block_after(block, units) == end_of(self))
        units = give_back(self, units);
    make_free(self, block, units);
}

void block_extend(struct default_heap *self, size_t count)
{
    struct block *block = granule_at(self, 0);
    uint64_t before = USED_BEFORE;
    if (self->granule_count != 0) {
        block = end_of(self);
        before = read_checked(self, block) & USED_BEFORE;
    }
    set_end(self, count, USED | USED_BEFORE);
    size_t units = (size_t)((uint64_t *)end_of(self) - (uint64_t *)block);
    self->taken_units += units;
    self->classes[CLASS_OF_LARGER].unspanned_units += (uint32_t)units;
    uint64_t header = units << UNITS_SHIFT | USED | before | (uint64_t)CLASS_OF_LARGER << CLASS_SHIFT;
    write(self, block, header);
    give(self, block, header);
}

void block_trim(struct default_heap *self)
{
    size_t usual = self->heap.give_back_bytes, units;
    if (self->granule_count == 0 || usual == SIZE_MAX || read_checked(self, end_of(self)) & USED_BEFORE)
        return;
    struct block *last = block_before(self, end_of(self), &units);
    remove(self, last, units);
    self->heap.give_back_bytes = 2 * PAGE_SIZE;
    make_free(self, last, give_back(self, units));
    self->heap.give_back_bytes = usual;
}

// PAYLOAD is none that is taken. What was freed still has its header, wherever that has got to.
[[noreturn, gnu::cold, gnu::noinline]] static void refuse_payload(const struct default_heap *self, const void *payload)
{
    uint64_t header = 0;
    if ((uintptr_t)payload % HEAP_ALIGNMENT == 0 && (uintptr_t)payload >= self->data + HEADER_BYTES)
        header = read(self, block_of(payload));
    if ((header & CHECK_MASK) != 0 || units_of(header) < BLOCK_UNITS_LEAST)
        heap_panic_foreign(&self->heap, payload);
    heap_panic_freed_twice(&self->heap, payload, units_of(header) * UNIT - HEADER_BYTES);
}

static uint64_t read_taken(const struct default_heap *self, const void *payload)
{
    uint64_t header = 0;
    if ((uintptr_t)payload % HEAP_ALIGNMENT == 0 && (uintptr_t)payload >= self->data + HEADER_BYTES)
        header = read(self, block_of(payload));
    if (__builtin_expect((header & (CHECK_MASK | USED)) != USED, false))
        refuse_payload(self, payload);
    return header;
}

void block_free(struct default_heap *self, void *payload)
{
    uint64_t header = read_taken(self, payload);
    give(self, block_of(payload), header);
}

// ---- resize

size_t block_usable_size(const struct default_heap *self, const void *payload)
{
    return units_of(read_taken(self, payload)) * UNIT - HEADER_BYTES;
}

void *block_resize(struct default_heap *self, void *payload, size_t size_bytes, size_t alignment)
{
    uint64_t header = read_taken(self, payload);
    if (size_bytes > HEAP_REGION_MOST)
        return nullptr;
    struct block *block = block_of(payload);
    size_t old = units_of(header), have = old, wanted = block_units(size_bytes), units_before = 0;
    struct block *after = block_after(block, old), *before = nullptr;
    uint64_t after_header = read_checked(self, after);
    if (!(after_header & USED))
        have += units_of(after_header);
    if (wanted > have) {
        if (header & USED_BEFORE || alignment > HEAP_ALIGNMENT)
            return nullptr;
        before = block_before(self, block, &units_before);
        if (wanted > have + units_before)
            return nullptr;
        remove(self, before, units_before);
    }
    if (after_header & USED)
        after->header ^= USED_BEFORE;
    else
        remove(self, after, units_of(after_header));
    self->classes[class_in(header)].unspanned_units -= (uint32_t)old;
    self->taken_units -= old;
    uint64_t flags = (header & USED_BEFORE) | (uint64_t)class_for(size_bytes) << CLASS_SHIFT;
    if (before != nullptr) {
        block->header ^= USED;
        memmove(payload_of(before), payload, old * UNIT - HEADER_BYTES);
        block = before;
        flags |= USED_BEFORE;
    }
    [[clang::noinline]] cut(self, block, have + units_before, wanted, flags);
    return payload_of(block);
}

// ---- what can be seen

[[gnu::cold]] void block_walk(struct default_heap *self, heap_visit_fn *visit, void *context)
{
    if (self->granule_count == 0)
        return;
    struct block *block = granule_at(self, 0);
    for (uint64_t header; units_of(header = read_checked(self, block)) != 0;
         block = block_after(block, units_of(header))) {
        struct heap_block seen = {payload_of(block), units_of(header) * UNIT - HEADER_BYTES, header & USED};
        if (class_in(header) == CLASS_OF_SPANS && header & USED)
            span_walk(self, (const struct span *)block, visit, context);
        else
            visit(context, &seen);
    }
}

// The block or the end that stands at BLOCK. IS_BEFORE_USED: what the one before it says of itself.
static const char *validate_header(const struct default_heap *self, struct block *block, bool is_before_used)
{
    uint64_t header = read(self, block);
    size_t units = units_of(header);
    if ((header & CHECK_MASK) != 0)
        return "a header is damaged";
    if (((header & USED_BEFORE) != 0) != is_before_used)
        return "a block is wrong about the one before it";
    if (units > (size_t)((uint64_t *)end_of(self) - (uint64_t *)block))
        return "a block ends behind the region";
    if (units < BLOCK_UNITS_LEAST && block != end_of(self))
        return "a block is too small";
    if (!(header & USED) && (!is_before_used || ((uint64_t *)block)[units - 1] != units))
        return "a free block is beside a free one, or does not end with its size";
    return nullptr;
}

static const char *validate_bin(struct default_heap *self, unsigned bin)
{
    bool has_block = self->bins[bin / 64] >> bin % 64 & 1;
    place_t previous = 0;
    for (place_t place = has_block ? self->free_blocks[bin] : 0; place != 0; place = block_at(self, place)->next) {
        const struct block *block = block_at(self, place);
        if (place >= self->place_limit)
            return "a list of free blocks leads out of the region";
        uint64_t header = read(self, block);
        if ((header & (CHECK_MASK | USED)) != 0 || bin_of(units_of(header)) != bin || block->previous != previous)
            return "a list of free blocks is damaged";
        previous = place;
    }
    return has_block && previous == 0 ? "the set of bins is wrong" : nullptr;
}

[[gnu::cold]] const char *block_validate(struct default_heap *self)
{
    if (self->granule_count == 0)
        return nullptr;
    struct block *block = granule_at(self, 0);
    const char *problem = nullptr;
    bool is_before_used = true;
    while ((problem = validate_header(self, block, is_before_used)) == nullptr && block != end_of(self)) {
        uint64_t header = read(self, block);
        is_before_used = header & USED;
        if (is_before_used && class_in(header) == CLASS_OF_SPANS)
            problem = span_validate(self, (struct span *)block);
        if (problem != nullptr)
            return problem;
        block = block_after(block, units_of(header));
    }
    for (unsigned bin = 0; bin < BIN_COUNT && problem == nullptr; bin++)
        problem = validate_bin(self, bin);
    return problem;
}
