// SPDX-License-Identifier: MIT
// Blocks: two-level segregated fit over the whole region. A block has a header of 8 bytes in front of it; one that is
// free also has links and, in its last 8 bytes, its header once more, so that the block behind it finds its beginning.
// Neighbours that are free do not exist. Spans are blocks too. Called by default.c and span.c.
//
//   region   | header block | header block | ... | header without block |
//   header   20 bits of zero; USED; USED_BEFORE; class or bin; units with the header. Stored XOR its own address and
//            the heap's secret, so that what somebody else has written there is told from a header: first of all its
//            first bytes, which an overrun of the block before it meets first
//
// Every function takes a bounded number of steps, and those of an allocation and of a free are counted: they are to
// stay below 200 instructions. So what a function does last is a call that its own caller returns from, for which
// nothing has to be kept; and what lies before an aligned block is put where it costs least, in BIN_UNSORTED. When
// nothing else is left, all of that is sorted at once, which is the one thing without a bound.
#include "parts.h"
#include <lib/string.h>

constexpr uint64_t CHECK_MASK = (1ull << 20) - 1;
constexpr uint64_t USED = 1ull << 20;
constexpr uint64_t USED_BEFORE = 1ull << 21; // the block before this one, or there is none
constexpr unsigned TAG_SHIFT = 22;           // 10 bits; of what is taken: its class; of what is free: its bin
static_assert(CLASS_OF_SPANS < 1 << (UNITS_SHIFT - TAG_SHIFT) && BIN_COUNT <= 1 << (UNITS_SHIFT - TAG_SHIFT));

// ---- headers

static void write(const struct default_heap *self, struct block *block, uint64_t header)
{
    block->header = header ^ self->heap.secret ^ (uintptr_t)block;
}

static unsigned tag_of(uint64_t header)
{
    return (uint32_t)header >> TAG_SHIFT;
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

RARE [[noreturn, gnu::noinline]] static void refuse_header(const struct default_heap *self, const struct block *block)
{
    heap_panic_damaged(&self->heap, block, 0, "the header of the block");
}

RARE [[noreturn, gnu::noinline]] static void refuse_list(const struct default_heap *self, const struct block *block)
{
    heap_panic_damaged(&self->heap, block, 0, "the list of free blocks");
}

static uint64_t read_checked(const struct default_heap *self, const struct block *block)
{
    uint64_t header = block_read(self, block);
    if (__builtin_expect((header & CHECK_MASK) != 0, false))
        refuse_header(self, block);
    return header;
}

// Of the free block that ends where BLOCK begins: the header, as its last word says.
static uint64_t header_before(const struct block *block)
{
    return ((const uint64_t *)block)[-1];
}

// That block; HEADER is what header_before() says. No other one has that header.
static struct block *block_before(const struct default_heap *self, struct block *block, uint64_t header)
{
    struct block *before = (struct block *)((uint64_t *)block - units_of(header));
    if (__builtin_expect(
            units_of(header) > ((uintptr_t)block - self->data) / UNIT || block_read(self, before) != header, false))
        heap_panic_damaged(&self->heap, block, 0, "the end of the free block before the block");
    return before;
}

// ---- bins

static unsigned bin_of(size_t units)
{
    return BIN_OF(units);
}

// The first bin from BIN on that has a block, or NO_BIN, which always seems to have one.
static inline unsigned bin_find(const struct default_heap *self, unsigned bin)
{
    size_t index = bin / 64;
    uint64_t word = self->bins[index] >> bin % 64;
    if (word != 0)
        return bin + (unsigned)__builtin_ctzll(word);
#pragma unroll 1
    do
        word = self->bins[++index];
    while (word == 0);
    return (unsigned)index * 64 + (unsigned)__builtin_ctzll(word);
}

static void bin_empty(struct default_heap *self, unsigned bin)
{
    self->bins[bin / 64] &= ~(1ull << bin % 64);
}

// UNITS from BLOCK on are free and in BIN, and nothing beside them is free. True when they are the first there.
static inline bool put(struct default_heap *self, struct block *block, size_t units, unsigned bin)
{
    uint64_t header = (units << (UNITS_SHIFT - TAG_SHIFT) | bin) << TAG_SHIFT | USED_BEFORE;
    write(self, block, header);
    ((uint64_t *)block)[units - 1] = header;
    place_t place = place_of(self, block), next = self->free_blocks[bin];
    self->free_blocks[bin] = place;
    block->links = next;
    if (next == 0)
        return true;
    block_at(self, next)->previous = place;
    return false;
}

// Put UNITS from BLOCK on where they belong. Returns the payload of TAKEN: so a caller that has taken a block can have
// this as the last thing to do, and need not keep anything meanwhile.
[[gnu::noinline]] static void *make_free(struct default_heap *self, struct block *block, size_t units,
                                         struct block *taken)
{
    unsigned bin = bin_of(units);
    if (put(self, block, units, bin))
        self->bins[bin / 64] |= 1ull << bin % 64;
    return payload_of(taken);
}

// BLOCK is no longer in its bin.
[[gnu::always_inline]] static inline void remove(struct default_heap *self, struct block *block, uint64_t header)
{
    place_t place = place_of(self, block), next = block->next, previous = block->previous;
    if (__builtin_expect(next >= self->place_limit || previous >= self->place_limit, false))
        refuse_list(self, block);
    if (previous != 0) {
        if (__builtin_expect(block_at(self, previous)->next != place, false))
            refuse_list(self, block);
        block_at(self, previous)->next = next;
    } else {
        unsigned bin = tag_of(header);
        if (__builtin_expect(self->free_blocks[bin] != place, false))
            refuse_list(self, block);
        self->free_blocks[bin] = next;
        if (next == 0)
            bin_empty(self, bin);
    }
    if (next != 0) {
        if (__builtin_expect(block_at(self, next)->previous != place, false))
            refuse_list(self, block);
        block_at(self, next)->previous = previous;
    }
}

// The same where fewer bytes count for more than time.
[[gnu::noinline]] static void remove_slowly(struct default_heap *self, struct block *block, uint64_t header)
{
    remove(self, block, header);
}

// ---- take

// BLOCK, the first of BIN, leaves it. Returns how many units it has.
static inline size_t pop(struct default_heap *self, unsigned bin, const struct block *block)
{
    uint64_t header = read_checked(self, block);
    place_t next = block->next;
    self->free_blocks[bin] = next;
    if (next == 0) {
        bin_empty(self, bin);
    } else {
        if (__builtin_expect(next >= self->place_limit || block_at(self, next)->previous != place_of(self, block),
                             false))
            refuse_list(self, block);
        block_at(self, next)->previous = 0;
    }
    return units_of(header);
}

// BLOCK, in no bin, of HAVE units, gets as many as are WANTED, or as many as are no block's worth more. The block
// behind HAVE says that a free one is before it. BEFORE: USED_BEFORE or 0. Returns the payload.
[[gnu::always_inline]] static inline void *cut(struct default_heap *self, struct block *block, size_t have,
                                               size_t wanted, size_t class, uint64_t before)
{
    size_t rest = have - wanted;
    if (rest < BLOCK_UNITS_LEAST) {
        block_after(block, have)->header ^= USED_BEFORE;
        wanted = have;
        rest = 0;
    }
    write(self, block, (wanted << (UNITS_SHIFT - TAG_SHIFT) | class) << TAG_SHIFT | USED | before);
    self->classes[class].unspanned_units += (uint32_t)wanted;
    self->taken_units += wanted;
    if (rest == 0)
        return payload_of(block);
    return make_free(self, block_after(block, wanted - HEWN_BREAK_HEAP_DEFAULT_WRONG_SPLIT), rest, block);
}

// How many units of BLOCK lie before one whose payload is aligned. None, or a block's worth.
static size_t skipped_units(const struct block *block, size_t alignment)
{
    size_t skipped = (-((uintptr_t)block + HEADER_BYTES) & (alignment - 1)) / UNIT;
    return skipped != 0 && skipped < BLOCK_UNITS_LEAST ? skipped + alignment / UNIT : skipped;
}

[[gnu::noinline]] static void *cut_slowly(struct default_heap *self, struct block *block, size_t have, size_t wanted,
                                          size_t class, uint64_t before)
{
    return cut(self, block, have, wanted, class, before);
}

// As cut(), but the first SKIPPED units are free. They are not sorted: so there is only one free block to find a bin
// for.
[[gnu::noinline]] static void *cut_behind(struct default_heap *self, struct block *block, size_t have, size_t wanted,
                                          size_t class, size_t skipped)
{
    (void)put(self, block, skipped, BIN_UNSORTED);
    return cut_slowly(self, block_after(block, skipped), have - skipped, wanted, class, 0);
}

// The first block of BIN will do.
[[gnu::noinline]] static void *take_from(struct default_heap *self, size_t class, size_t alignment, unsigned bin,
                                         size_t units)
{
    struct block *block = block_at(self, self->free_blocks[bin]);
    size_t have = pop(self, bin, block), skipped;
    if (class == CLASS_OF_SPANS) {
        uintptr_t end = ((uintptr_t)block + (have < units ? have : units) * UNIT) & -alignment;
        ((struct span *)block)->base = end;
        units = (end - (uintptr_t)block) / UNIT;
    } else if (alignment != HEAP_ALIGNMENT && (skipped = skipped_units(block, alignment)) != 0) {
        return cut_behind(self, block, have, units, class, skipped);
    }
    return cut(self, block, have, units, class, USED_BEFORE);
}

// Is the first block of BIN, which is the size's own, large enough? Nothing promises it.
static bool will_do(struct default_heap *self, unsigned bin, size_t alignment, size_t units)
{
    place_t place = self->free_blocks[bin];
    const struct block *block = block_at(self, place);
    return place != 0 && units_of(block_read(self, block)) >= units + skipped_units(block, alignment);
}

// No block will do in any case. Those that are not sorted may, or, for what is aligned, the first of its own bin.
RARE [[gnu::noinline]] static void *take_scarce(struct default_heap *self, size_t class, size_t alignment, size_t units)
{
    if (class == CLASS_OF_SPANS)
        return nullptr;
    if (self->free_blocks[BIN_UNSORTED] == 0) {
        unsigned bin = bin_of(units);
        return will_do(self, bin, alignment, units) ? take_from(self, class, alignment, bin, units)
                                                    : default_exhausted(self, class, alignment, units);
    }
    do {
        struct block *block = block_at(self, self->free_blocks[BIN_UNSORTED]);
        uint64_t header = read_checked(self, block);
        remove_slowly(self, block, header);
        (void)make_free(self, block, units_of(header), block);
    } while (self->free_blocks[BIN_UNSORTED] != 0);
    return block_allocate(self, class, alignment, units);
}

[[gnu::noinline]] void *block_take(struct default_heap *self, size_t class, size_t alignment, unsigned bin,
                                   size_t units)
{
    bin = bin_find(self, bin);
    if (__builtin_expect(bin == NO_BIN, false))
        return take_scarce(self, class, alignment, units);
    return take_from(self, class, alignment, bin, units);
}

void *block_allocate(struct default_heap *self, size_t class, size_t alignment, size_t units)
{
    if (alignment != HEAP_ALIGNMENT)
        return block_take(self, class, alignment, bin_of(units + alignment / UNIT + BLOCK_UNITS_LEAST - 1) + 1, units);
    unsigned bin = bin_of(units);
    if (will_do(self, bin, HEAP_ALIGNMENT, units))
        return take_from(self, class, HEAP_ALIGNMENT, bin, units);
    return block_take(self, class, HEAP_ALIGNMENT, bin + 1, units);
}

// ---- give

// The header without block at the region's end.
static struct block *end_of(struct default_heap *self)
{
    return block_at(self, self->place_limit);
}

RARE static void set_end(struct default_heap *self, size_t count, uint64_t flags)
{
    self->granule_count = count;
    self->place_limit = place_of(self, block_of(granule_at(self, count)));
    self->plenty_units = count * (GRANULE_BYTES / UNIT / PLENTY_SHARE);
    write(self, end_of(self), flags);
}

// UNITS from BLOCK on, in no bin, become a free block, less what is given back if they are the last.
RARE [[gnu::noinline]] static void give_back(struct default_heap *self, struct block *block, size_t units)
{
    if (!self->heap.is_growing && block_after(block, units) == end_of(self)) {
        size_t granules = heap_give_back(&self->heap, units * UNIT) >> GRANULE_SHIFT;
        units -= (granules << GRANULE_SHIFT) / UNIT;
        if (granules != 0) {
            set_end(self, self->granule_count - granules, USED);
            default_shrink_map(self);
        }
    }
    (void)make_free(self, block, units, block);
}

// The header says from here on that BLOCK is free, even where it is soon in the middle of a larger one.
[[gnu::noinline]] static void give(struct default_heap *self, struct block *block, uint64_t header)
{
    size_t units = units_of(header);
    self->taken_units -= units;
    block->header ^= USED;
    struct block *after = block_after(block, units);
    uint64_t after_header = block_read(self, after);
    if (__builtin_expect((after_header & (CHECK_MASK | USED)) == 0, true)) {
        remove(self, after, after_header);
        units += units_of(after_header);
    } else {
        if (__builtin_expect((after_header & CHECK_MASK) != 0, false))
            refuse_header(self, after);
        after->header ^= USED_BEFORE;
    }
    if (!(header & USED_BEFORE) && !HEWN_BREAK_HEAP_DEFAULT_MISSING_MERGE) {
        uint64_t before = header_before(block);
        block = block_before(self, block, before);
        remove(self, block, before);
        units += units_of(before);
    }
    if (__builtin_expect(units * UNIT >= self->heap.give_back_bytes, false))
        give_back(self, block, units);
    else
        (void)make_free(self, block, units, block);
}

void block_release(struct default_heap *self, struct block *block)
{
    give(self, block, read_checked(self, block));
}

RARE void block_extend(struct default_heap *self, size_t count)
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
    write(self, block, units << UNITS_SHIFT | USED | before);
    block_release(self, block);
}

RARE void block_trim(struct default_heap *self)
{
    size_t usual = self->heap.give_back_bytes;
    if (self->granule_count == 0 || usual == SIZE_MAX || read_checked(self, end_of(self)) & USED_BEFORE)
        return;
    uint64_t header = header_before(end_of(self));
    struct block *last = block_before(self, end_of(self), header);
    remove_slowly(self, last, header);
    self->heap.give_back_bytes = 2 * PAGE_SIZE;
    give_back(self, last, units_of(header));
    self->heap.give_back_bytes = usual;
}

// PAYLOAD is none that is taken. What was freed still has its header, wherever that has got to.
RARE [[noreturn, gnu::noinline]] static void refuse_payload(const struct default_heap *self, const void *payload)
{
    uint64_t header = 0;
    if ((uintptr_t)payload % HEAP_ALIGNMENT == 0 && (uintptr_t)payload > self->data)
        header = block_read(self, block_of(payload));
    if ((header & CHECK_MASK) != 0 || units_of(header) < BLOCK_UNITS_LEAST)
        heap_panic_foreign(&self->heap, payload);
    heap_panic_freed_twice(&self->heap, payload, units_of(header) * UNIT - HEADER_BYTES);
}

static uint64_t read_taken(const struct default_heap *self, const void *payload)
{
    uint64_t header = 0;
    if ((uintptr_t)payload % HEAP_ALIGNMENT == 0 && (uintptr_t)payload > self->data)
        header = block_read(self, block_of(payload));
    if (__builtin_expect((header & (CHECK_MASK | USED)) != USED, false))
        refuse_payload(self, payload);
    return header;
}

void block_free(struct default_heap *self, void *payload)
{
    uint64_t header = read_taken(self, payload);
    self->classes[tag_of(header)].unspanned_units -= (uint32_t)units_of(header);
    give(self, block_of(payload), header);
}

// ---- resize

SELDOM size_t block_usable_size(const struct default_heap *self, const void *payload)
{
    return units_of(read_taken(self, payload)) * UNIT - HEADER_BYTES;
}

SELDOM void *block_resize(struct default_heap *self, void *payload, size_t size_bytes, size_t alignment)
{
    uint64_t header = read_taken(self, payload);
    if (size_bytes > HEAP_REGION_MOST)
        return nullptr;
    struct block *block = block_of(payload);
    size_t old = units_of(header), have = old, wanted = block_units(size_bytes);
    uint64_t header_of_before = 0;
    struct block *after = block_after(block, old), *before = nullptr;
    uint64_t after_header = read_checked(self, after);
    if (!(after_header & USED))
        have += units_of(after_header);
    if (wanted > have) {
        if (header & USED_BEFORE || alignment > HEAP_ALIGNMENT)
            return nullptr;
        header_of_before = header_before(block);
        before = block_before(self, block, header_of_before);
        if (wanted > have + units_of(header_of_before))
            return nullptr;
        remove_slowly(self, before, header_of_before);
    }
    if (after_header & USED)
        after->header ^= USED_BEFORE;
    else
        remove_slowly(self, after, after_header);
    self->classes[tag_of(header)].unspanned_units -= (uint32_t)old;
    self->taken_units -= old;
    uint64_t used_before = header & USED_BEFORE;
    if (before != nullptr) {
        block->header ^= USED;
        memmove(payload_of(before), payload, old * UNIT - HEADER_BYTES);
        block = before;
        used_before = USED_BEFORE;
    }
    return cut_slowly(self, block, have + units_of(header_of_before), wanted, class_for(size_bytes), used_before);
}

// ---- what can be seen

RARE void block_walk(struct default_heap *self, heap_visit_fn *visit, void *context)
{
    if (self->granule_count == 0)
        return;
    struct block *block = granule_at(self, 0);
    for (uint64_t header; units_of(header = read_checked(self, block)) != 0;
         block = block_after(block, units_of(header))) {
        struct heap_block seen = {payload_of(block), units_of(header) * UNIT - HEADER_BYTES, header & USED};
        if (tag_of(header) == CLASS_OF_SPANS && header & USED)
            span_walk(self, (const struct span *)block, visit, context, &seen);
        else
            visit(context, &seen);
    }
}

// The block or the end that stands at BLOCK. IS_BEFORE_USED: what the one before it says of itself.
RARE static const char *validate_header(struct default_heap *self, struct block *block, bool is_before_used)
{
    uint64_t header = block_read(self, block);
    size_t units = units_of(header), rest = (size_t)((uint64_t *)end_of(self) - (uint64_t *)block);
    if ((header & CHECK_MASK) != 0 || units > rest || (units < BLOCK_UNITS_LEAST && rest != 0))
        return "a header is damaged";
    if (((header & USED_BEFORE) != 0) != is_before_used)
        return "a block is wrong about the one before it";
    if (!(header & USED) && (!is_before_used || ((uint64_t *)block)[units - 1] != header))
        return "a free block is beside a free one, or does not end with its header";
    return nullptr;
}

RARE static bool is_bin_sound(struct default_heap *self, unsigned bin)
{
    place_t previous = 0;
    for (place_t place = self->free_blocks[bin]; place != 0; place = block_at(self, place)->next) {
        const struct block *block = block_at(self, place);
        if (place >= self->place_limit || block->previous != previous)
            return false;
        uint64_t header = block_read(self, block);
        if ((header & (CHECK_MASK | USED)) != 0 || tag_of(header) != bin ||
            (bin != BIN_UNSORTED && bin_of(units_of(header)) != bin))
            return false;
        previous = place;
    }
    return (self->bins[bin / 64] >> bin % 64 & 1) == (previous != 0 && bin != BIN_UNSORTED);
}

RARE const char *block_validate(struct default_heap *self)
{
    if (self->granule_count == 0)
        return nullptr;
    struct block *block = granule_at(self, 0);
    const char *problem = nullptr;
    bool is_before_used = true;
    while ((problem = validate_header(self, block, is_before_used)) == nullptr && block != end_of(self)) {
        uint64_t header = block_read(self, block);
        is_before_used = header & USED;
        if (is_before_used && tag_of(header) == CLASS_OF_SPANS)
            problem = span_validate(self, (struct span *)block);
        if (problem != nullptr)
            return problem;
        block = block_after(block, units_of(header));
    }
    for (unsigned bin = 0; bin < BIN_COUNT && problem == nullptr; bin++)
        problem = is_bin_sound(self, bin) ? nullptr : "a list of free blocks is damaged";
    return problem;
}
