// SPDX-License-Identifier: MIT
// Middle blocks: two-level segregated fit over chunks, for sizes that have no span. A block has a header of 8 bytes in
// front of it; one that is free also has links and, in its last 8 bytes, its size, so that the block behind it finds
// its beginning. Neighbours that are free do not exist. Called by default.c. Every function takes a bounded number of
// steps.
//
//   chunk    | header block | header block | ... | header without block |
//   header   20 bits of zero; USED; USED_BEFORE; FIRST; KEPT; class; units with the header. Stored XOR its own address
//            and the heap's secret, so that what somebody else has written there is told from a header: first of all
//            its first bytes, which an overrun of the block before it meets first
//
// A chunk has no record. It begins with the block that says FIRST, and ends with a header of no units; no map entry
// leads to it. So it can grow at its end, and lose granules anywhere, which makes two of one.
#include "parts.h"

constexpr uint64_t CHECK_MASK = (1ull << 20) - 1;
constexpr uint64_t USED = 1ull << 20;
constexpr uint64_t USED_BEFORE = 1ull << 21; // the block before this one, or there is none
constexpr uint64_t FIRST = 1ull << 22;       // of its chunk
constexpr uint64_t KEPT = 1ull << 23;        // freed, but kept as it is for the next one of its size
constexpr unsigned CLASS_SHIFT = 24;         // of what is taken: its class; 8 bits
constexpr unsigned UNITS_SHIFT = 32;
static_assert(CLASS_COUNT < 1 << 8);
constexpr size_t HEADER_BYTES = 8;
constexpr size_t BLOCK_UNITS_LEAST = 3; // header, links, size at the end
constexpr size_t BLOCK_BYTES_LEAST = BLOCK_UNITS_LEAST * UNIT;
constexpr size_t GROWTH_GRANULES = 8;       // by which chunks grow at least
constexpr size_t RETURN_BYTES = 128 * 1024; // a free block from this size on goes back to the runs

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

static struct block *block_after(struct block *block, size_t units)
{
    return (struct block *)((uint64_t *)block + units);
}

static struct block *block_at(struct default_heap *self, place_t place)
{
    return (struct block *)run_at(self, place);
}

static struct block *block_of(const void *payload)
{
    return (struct block *)((uintptr_t)payload - HEADER_BYTES);
}

static void *payload_of(struct block *block)
{
    return (uint8_t *)block + HEADER_BYTES;
}

static uint64_t read_checked(const struct default_heap *self, const struct block *block)
{
    uint64_t header = read(self, block);
    if (__builtin_expect((header & CHECK_MASK) != 0, false))
        heap_panic_damaged(&self->heap, block, 0, "the header of the block");
    return header;
}

// The free block that ends where BLOCK begins.
static struct block *block_before(const struct default_heap *self, struct block *block, uint64_t *header)
{
    uint64_t units = ((uint64_t *)block)[-1];
    struct block *before = (struct block *)((uint64_t *)block - units);
    if (units <= ((uintptr_t)block - self->data) / UNIT) {
        *header = read(self, before);
        if ((*header & CHECK_MASK) == 0 && units_of(*header) == units && !(*header & USED))
            return before;
    }
    heap_panic_damaged(&self->heap, block, 0, "the end of the free block before the block");
}

// ---- bins

// Sizes below this many units have a bin each; above, every power of two has 16.
constexpr size_t EXACT = 128;
constexpr unsigned BINS_SHIFT = 4;
constexpr unsigned EXPONENT_MOST = 20;

static unsigned bin_of(size_t units)
{
    if (units < EXACT)
        return (unsigned)units;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(units);
    if (exponent > EXPONENT_MOST)
        return MIDDLE_BIN_COUNT - 1;
    return (unsigned)EXACT + ((exponent - 7) << BINS_SHIFT) + (unsigned)(units >> (exponent - BINS_SHIFT) & 15);
}

// The first bin all of whose blocks have UNITS, which are no more than MIDDLE_MOST.
static unsigned bin_from(size_t units)
{
    if (units < EXACT)
        return (unsigned)units;
    return bin_of(units + ((size_t)1 << (59 - __builtin_clzll(units))) - 1);
}

// What a free block of UNITS says of itself. IS_FIRST: FIRST or 0.
static void mark_free(struct default_heap *self, struct block *block, size_t units, uint64_t is_first)
{
    write(self, block, units << UNITS_SHIFT | USED_BEFORE | is_first);
    ((uint64_t *)block)[units - 1] = units;
}

// UNITS from BLOCK on are free, and so is nothing beside them.
static void make_free(struct default_heap *self, struct block *block, size_t units, uint64_t is_first)
{
    unsigned bin = bin_of(units);
    place_t place = place_of(self, block), head = bin_set_has(&self->middle_bins, bin) ? self->middle_blocks[bin] : 0;
    mark_free(self, block, units, is_first);
    block->next = head;
    block->previous = 0;
    self->middle_blocks[bin] = place;
    if (head != 0)
        block_at(self, head)->previous = place;
    else
        bin_set_add(&self->middle_bins, bin);
}

static void remove(struct default_heap *self, struct block *block, size_t units)
{
    unsigned bin = bin_of(units);
    place_t place = place_of(self, block), next = block->next, previous = block->previous;
    bool is_inside = next < self->place_limit && previous < self->place_limit;
    place_t *link = previous == 0 || !is_inside ? &self->middle_blocks[bin] : &block_at(self, previous)->next;
    if (__builtin_expect(!is_inside || *link != place, false))
        heap_panic_damaged(&self->heap, block, units * UNIT, "the list of free blocks");
    *link = next;
    if (next != 0)
        block_at(self, next)->previous = previous;
    else if (previous == 0)
        bin_set_remove(&self->middle_bins, bin);
}

// BLOCK, the first of BIN, leaves it.
static void pop(struct default_heap *self, unsigned bin, struct block *block)
{
    place_t next = block->next;
    if (__builtin_expect(next >= self->place_limit, false))
        heap_panic_damaged(&self->heap, block, 0, "the list of free blocks");
    self->middle_blocks[bin] = next;
    if (next != 0)
        block_at(self, next)->previous = 0;
    else
        bin_set_remove(&self->middle_bins, bin);
}

// ---- what is taken by class, which tells spans when a class is worth one

static unsigned class_in(uint64_t header)
{
    return (uint8_t)(header >> CLASS_SHIFT);
}

static void count_taken(struct default_heap *self, unsigned class, size_t units)
{
    self->classes[class].unspanned_bytes += (uint32_t)(units * UNIT);
}

static void count_given(struct default_heap *self, uint64_t header)
{
    self->classes[class_in(header)].unspanned_bytes -= (uint32_t)(units_of(header) * UNIT);
}

// ---- chunks

// Write the header without block that ends a chunk before granule END. Returns it.
static struct block *end_chunk(struct default_heap *self, size_t end, uint64_t flags)
{
    struct block *block = block_of(granule_at(self, end));
    write(self, block, USED | flags);
    return block;
}

static size_t units_between(const struct block *block, const struct block *end)
{
    return (size_t)((const uint64_t *)end - (const uint64_t *)block);
}

static size_t granules_for(size_t units)
{
    return (units * UNIT + GRANULE_BYTES - 1) >> GRANULE_SHIFT;
}

// The chunk that grew last gets what its last block lacks of UNITS, and more if there is. Returns that block, in no
// bin.
static struct block *grow_chunk(struct default_heap *self, size_t units, uint64_t *header)
{
    size_t old_end = self->chunk_end;
    if (old_end == 0)
        return nullptr;
    struct block *block = block_of(granule_at(self, old_end));
    *header = read_checked(self, block);
    struct block *last = block;
    if (!(*header & USED_BEFORE))
        last = block_before(self, block, header);
    size_t have = units_of(*header), needed = granules_for(units > have ? units - have : 1);
    size_t count = needed < GROWTH_GRANULES ? GROWTH_GRANULES : needed;
    if (!run_take_at(self, old_end, count) && (count == needed || !run_take_at(self, old_end, count = needed)))
        return nullptr;
    if (last != block)
        remove(self, last, have);
    self->chunk_end = old_end + count;
    *header = (*header & FIRST) | USED_BEFORE | units_between(last, end_chunk(self, self->chunk_end, 0)) << UNITS_SHIFT;
    return last;
}

static struct block *new_chunk(struct default_heap *self, size_t count, uint64_t *header)
{
    struct block *block = run_take(self, count, 1);
    if (block == nullptr)
        return nullptr;
    self->chunk_end = granule_of(self, (uintptr_t)block) + count;
    *header = FIRST | USED_BEFORE | units_between(block, end_chunk(self, self->chunk_end, 0)) << UNITS_SHIFT;
    return block;
}

// A free block of UNITS at least, from memory that no chunk has had so far; it stands in no bin.
static struct block *more_memory(struct default_heap *self, size_t units, uint64_t *header)
{
    size_t needed = granules_for(units + HEADER_BYTES / UNIT);
    size_t count = needed < GROWTH_GRANULES ? GROWTH_GRANULES : needed;
    struct block *block = grow_chunk(self, units, header);
    if (block == nullptr)
        block = new_chunk(self, count, header);
    if (block == nullptr && count > needed)
        block = new_chunk(self, needed, header);
    return block;
}

// BLOCK, free and in no bin, gives its whole granules back. Of the chunk, what lies before them is ended there, and
// what lies behind them begins. False when there are none, and nothing has changed.
static bool return_granules(struct default_heap *self, struct block *block, uint64_t header)
{
    struct block *after = block_after(block, units_of(header));
    uintptr_t from = (uintptr_t)block, to = (uintptr_t)after + HEADER_BYTES;
    if (!(header & FIRST)) {
        from = round_up(from + HEADER_BYTES, GRANULE_BYTES);
        size_t front = from - HEADER_BYTES - (uintptr_t)block;
        if (front != 0 && front < BLOCK_BYTES_LEAST)
            from += GRANULE_BYTES;
    }
    bool has_more = units_of(read_checked(self, after)) != 0;
    if (has_more) {
        to = (uintptr_t)after & -GRANULE_BYTES;
        size_t back = (uintptr_t)after - to;
        if (back != 0 && back < BLOCK_BYTES_LEAST)
            to -= GRANULE_BYTES;
    }
    if (to <= from)
        return false;
    size_t first = granule_of(self, from), end = granule_of(self, to);
    if (!(header & FIRST)) {
        size_t front = (from - HEADER_BYTES - (uintptr_t)block) / UNIT;
        end_chunk(self, first, front == 0 ? USED_BEFORE : 0);
        if (front != 0)
            make_free(self, block, front, 0);
    }
    if (has_more && to == (uintptr_t)after)
        after->header ^= FIRST | USED_BEFORE;
    else if (has_more)
        make_free(self, (struct block *)to, units_between((struct block *)to, after), FIRST);
    if (self->chunk_end == end)
        self->chunk_end = header & FIRST ? 0 : first;
    run_give(self, first, end - first);
    return true;
}

bool middle_release_largest(struct default_heap *self)
{
    uint64_t last_word = self->middle_bins.summary;
    if (last_word == 0)
        return false;
    unsigned index = 63 - (unsigned)__builtin_clzll(last_word);
    unsigned bin = index * 64 + 63 - (unsigned)__builtin_clzll(self->middle_bins.words[index]);
    struct block *block = block_at(self, self->middle_blocks[bin]);
    uint64_t header = read_checked(self, block);
    pop(self, bin, block);
    if (return_granules(self, block, header))
        return true;
    make_free(self, block, units_of(header), header & FIRST);
    return false;
}

// ---- allocate

// BLOCK, which is in no bin, gets as many of its UNITS as are WANTED, or as many as are no block's worth more. FLAGS:
// USED_BEFORE and FIRST. The block behind UNITS says that a free one is before it.
static void *take(struct default_heap *self, struct block *block, size_t units, size_t wanted, unsigned class,
                  uint64_t flags)
{
    size_t rest = units - wanted;
    if (rest >= BLOCK_UNITS_LEAST) {
        make_free(self, block_after(block, wanted - HEWN_BREAK_HEAP_DEFAULT_WRONG_SPLIT), rest, 0);
        units = wanted;
    } else {
        block_after(block, units)->header ^= USED_BEFORE;
    }
    write(self, block, units << UNITS_SHIFT | USED | flags | (uint64_t)class << CLASS_SHIFT);
    count_taken(self, class, units);
    return payload_of(block);
}

// The same of the first block of BIN. If what is left belongs into BIN as well, it takes the block's place there.
static void *take_first(struct default_heap *self, unsigned bin, struct block *block, uint64_t header, size_t wanted,
                        unsigned class)
{
    size_t units = units_of(header), rest = units - wanted;
    if (bin < EXACT || bin_of(rest) != bin) {
        pop(self, bin, block);
        return take(self, block, units, wanted, class, header & (USED_BEFORE | FIRST));
    }
    struct block *left = block_after(block, wanted);
    place_t place = place_of(self, left), next = block->next;
    mark_free(self, left, rest, 0);
    left->next = next;
    left->previous = 0;
    self->middle_blocks[bin] = place;
    if (next != 0)
        block_at(self, next)->previous = place;
    write(self, block,
          wanted << UNITS_SHIFT | USED | (header & (USED_BEFORE | FIRST)) | (uint64_t)class << CLASS_SHIFT);
    count_taken(self, class, wanted);
    return payload_of(block);
}

[[gnu::noinline]] static void *allocate_from_more(struct default_heap *self, size_t wanted, unsigned class)
{
    uint64_t header;
    struct block *block = more_memory(self, wanted, &header);
    if (block == nullptr)
        return default_exhausted(self, wanted * UNIT - HEADER_BYTES, HEAP_ALIGNMENT);
    return take(self, block, units_of(header), wanted, class, header & (USED_BEFORE | FIRST));
}

void *middle_allocate(struct default_heap *self, size_t wanted, unsigned class)
{
    unsigned bin = bin_of(wanted);
    if (wanted >= EXACT) {
        // The first block of the bin where the right sizes begin may do, or not.
        if (bin_set_has(&self->middle_bins, bin)) {
            struct block *block = block_at(self, self->middle_blocks[bin]);
            uint64_t header = read_checked(self, block);
            if (units_of(header) >= wanted)
                return take_first(self, bin, block, header, wanted, class);
        }
        bin = bin_from(wanted);
    }
    bin = bin_set_find(&self->middle_bins, bin);
    if (__builtin_expect(bin == NO_BIN, false))
        return allocate_from_more(self, wanted, class);
    struct block *block = block_at(self, self->middle_blocks[bin]);
    return take_first(self, bin, block, read_checked(self, block), wanted, class);
}

// How many units of BLOCK lie before a place for a header behind which ALIGNMENT is kept. None, or a block's worth.
static size_t skipped_units(const struct block *block, size_t alignment)
{
    size_t skipped = -((uintptr_t)block + HEADER_BYTES) & (alignment - 1);
    return (skipped != 0 && skipped < BLOCK_BYTES_LEAST ? skipped + alignment : skipped) / UNIT;
}

void *middle_allocate_aligned(struct default_heap *self, size_t wanted, unsigned class, size_t alignment)
{
    size_t enough = wanted + alignment / UNIT + BLOCK_UNITS_LEAST - 1;
    unsigned bin = bin_of(wanted);
    struct block *block = nullptr;
    uint64_t header = 0;
    if (bin_set_has(&self->middle_bins, bin)) {
        block = block_at(self, self->middle_blocks[bin]);
        header = read_checked(self, block);
        if (units_of(header) < wanted + skipped_units(block, alignment))
            header = 0;
    }
    if (header == 0) {
        bin = bin_set_find(&self->middle_bins, bin_from(enough));
        if (bin != NO_BIN) {
            block = block_at(self, self->middle_blocks[bin]);
            header = read_checked(self, block);
        }
    }
    if (header != 0)
        pop(self, bin, block);
    else if ((block = more_memory(self, enough, &header)) == nullptr)
        return default_exhausted(self, wanted * UNIT - HEADER_BYTES, alignment);
    size_t skipped = skipped_units(block, alignment);
    if (skipped == 0)
        return take(self, block, units_of(header), wanted, class, header & (USED_BEFORE | FIRST));
    make_free(self, block, skipped, header & FIRST);
    return take(self, block_after(block, skipped), units_of(header) - skipped, wanted, class, 0);
}

size_t middle_units(size_t size_bytes)
{
    size_t units = (size_bytes + HEADER_BYTES + UNIT - 1) / UNIT;
    return units < BLOCK_UNITS_LEAST ? BLOCK_UNITS_LEAST : units;
}

// ---- free

static uint64_t read_taken(const struct default_heap *self, const void *payload)
{
    if ((uintptr_t)payload % HEAP_ALIGNMENT != 0 || (uintptr_t)payload < self->data + HEADER_BYTES)
        heap_panic_foreign(&self->heap, payload);
    uint64_t header = read(self, block_of(payload));
    if ((header & CHECK_MASK) != 0 || units_of(header) < BLOCK_UNITS_LEAST)
        heap_panic_foreign(&self->heap, payload);
    if ((header & (USED | KEPT)) != USED)
        heap_panic_freed_twice(&self->heap, payload, units_of(header) * UNIT - HEADER_BYTES);
    return header;
}

// The header says from here on that BLOCK is free, even where it is soon in the middle of a larger one.
static void release(struct default_heap *self, struct block *block, uint64_t header)
{
    size_t units = units_of(header);
    block->header ^= USED;
    struct block *after = block_after(block, units);
    uint64_t after_header = read_checked(self, after);
    if (after_header & USED) {
        after->header ^= USED_BEFORE;
    } else {
        remove(self, after, units_of(after_header));
        units += units_of(after_header);
        after = block_after(block, units);
    }
    if (!(header & USED_BEFORE)) {
        block = block_before(self, block, &header);
        remove(self, block, units_of(header));
        units += units_of(header);
    }
    bool is_whole = header & FIRST && units_of(read(self, after)) == 0;
    bool is_kept = is_whole && granule_of(self, (uintptr_t)after + HEADER_BYTES) == self->chunk_end;
    if ((units * UNIT >= RETURN_BYTES || (is_whole && !is_kept)) &&
        return_granules(self, block, units << UNITS_SHIFT | USED_BEFORE | (header & FIRST)))
        return;
    make_free(self, block, units, header & FIRST);
}

void middle_free(struct default_heap *self, void *payload)
{
    uint64_t header = read_taken(self, payload);
    size_t units = units_of(header);
    struct block *block = block_of(payload);
    struct span_class *class = &self->classes[class_in(header)];
    if (class->kept_count < class->kept_most) {
        block->header ^= KEPT;
        block->next = class->kept;
        block->previous = 0;
        class->kept = place_of(self, block);
        class->kept_count++;
        return;
    }
    class->unspanned_bytes -= (uint32_t)(units * UNIT);
    release(self, block, header);
}

static struct block *unkeep(struct default_heap *self, struct span_class *class)
{
    struct block *block = block_at(self, class->kept);
    if ((read_checked(self, block) & KEPT) == 0)
        heap_panic_damaged(&self->heap, block, 0, "the header of the freed block");
    block->header ^= KEPT;
    if (block->next >= self->place_limit)
        heap_panic_damaged(&self->heap, block, 0, "the list of freed blocks");
    class->kept = block->next;
    class->kept_count--;
    return block;
}

void *middle_reuse(struct default_heap *self, struct span_class *class, size_t alignment)
{
    if ((((uintptr_t)block_at(self, class->kept) + HEADER_BYTES) & (alignment - 1)) != 0)
        return middle_allocate_aligned(self, span_shapes[class - self->classes].units,
                                       (unsigned)(class - self->classes), alignment);
    return payload_of(unkeep(self, class));
}

bool middle_flush(struct default_heap *self)
{
    bool has_flushed = false;
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        struct span_class *class = &self->classes[i];
        while (class->kept != 0) {
            struct block *block = unkeep(self, class);
            uint64_t header = read(self, block);
            count_given(self, header);
            release(self, block, header);
            has_flushed = true;
        }
    }
    return has_flushed;
}

void middle_mark_freed(struct default_heap *self, void *block, size_t size_bytes)
{
    write(self, block_of(block), (size_bytes / UNIT + 1) << UNITS_SHIFT);
}

// ---- resize

size_t middle_usable_size(struct default_heap *self, const void *payload)
{
    return units_of(read_taken(self, payload)) * UNIT - HEADER_BYTES;
}

// The class whose slots are just as large, so that the block can be kept for it.
static unsigned class_of_units(size_t units)
{
    size_t size_bytes = units * UNIT - HEADER_BYTES;
    unsigned class = size_bytes <= WIDE_MOST ? class_of(size_bytes - 1) : CLASS_COUNT;
    return class < PAGE_FIRST && class_bytes(class) == size_bytes ? class : CLASS_COUNT;
}

static void shrink(struct default_heap *self, struct block *block, uint64_t header, size_t wanted)
{
    size_t rest = units_of(header) - wanted;
    if (rest < BLOCK_UNITS_LEAST)
        return;
    unsigned class = class_of_units(wanted);
    count_given(self, header);
    count_taken(self, class, wanted);
    write(self, block,
          wanted << UNITS_SHIFT | USED | (header & (USED_BEFORE | FIRST)) | (uint64_t)class << CLASS_SHIFT);
    struct block *tail = block_after(block, wanted);
    uint64_t tail_header = rest << UNITS_SHIFT | USED | USED_BEFORE | (uint64_t)CLASS_COUNT << CLASS_SHIFT;
    write(self, tail, tail_header);
    release(self, tail, tail_header);
}

static bool grow(struct default_heap *self, struct block *block, uint64_t header, size_t wanted)
{
    size_t units = units_of(header);
    struct block *after = block_after(block, units);
    uint64_t after_header = read_checked(self, after);
    if (after_header & USED || units + units_of(after_header) < wanted)
        return false;
    remove(self, after, units_of(after_header));
    count_given(self, header);
    (void)take(self, block, units + units_of(after_header), wanted, class_of_units(wanted),
               header & (USED_BEFORE | FIRST));
    return true;
}

bool middle_resize(struct default_heap *self, void *payload, size_t size_bytes)
{
    uint64_t header = read_taken(self, payload);
    if (size_bytes > MIDDLE_MOST)
        return false;
    size_t wanted = middle_units(size_bytes);
    if (wanted > units_of(header))
        return grow(self, block_of(payload), header, wanted);
    shrink(self, block_of(payload), header, wanted);
    return true;
}

// ---- what can be seen

size_t middle_walk(struct default_heap *self, size_t granule, heap_visit_fn *visit, void *context)
{
    struct block *block = granule_at(self, granule);
    for (uint64_t header; units_of(header = read_checked(self, block)) != 0;
         block = block_after(block, units_of(header))) {
        bool is_taken = (header & (USED | KEPT)) == USED;
        struct heap_block seen = {payload_of(block), units_of(header) * UNIT - HEADER_BYTES, is_taken};
        visit(context, &seen);
    }
    return granule_of(self, (uintptr_t)payload_of(block));
}

const char *middle_validate(struct default_heap *self, size_t granule, size_t *end)
{
    struct block *block = granule_at(self, granule);
    const struct block *limit = granule_at(self, self->granule_count);
    bool is_first = true, is_before_used = true;
    for (;;) {
        if (block >= limit)
            return "a chunk has no end";
        uint64_t header = read(self, block);
        if ((header & CHECK_MASK) != 0)
            return "a header of a middle block is damaged";
        if (((header & FIRST) != 0) != is_first && units_of(header) != 0)
            return "a middle block is wrong about being the first of its chunk";
        if (((header & USED_BEFORE) != 0) != is_before_used)
            return "a middle block is wrong about the one before it";
        size_t units = units_of(header);
        if (units == 0)
            break;
        if (units > units_between(block, limit))
            return "a middle block ends behind the region";
        if (units < BLOCK_UNITS_LEAST || (!(header & USED) && !is_before_used))
            return "a middle block is too small, or free beside a free one";
        if (!(header & USED) && ((uint64_t *)block)[units - 1] != units)
            return "a free middle block does not end with its size";
        is_first = false;
        is_before_used = header & USED;
        block = block_after(block, units);
    }
    *end = granule_of(self, (uintptr_t)payload_of(block));
    return (uintptr_t)payload_of(block) % GRANULE_BYTES == 0 ? nullptr : "a chunk does not end at a granule";
}

static const char *validate_bin(struct default_heap *self, unsigned bin)
{
    place_t previous = 0;
    if (!bin_set_has(&self->middle_bins, bin))
        return nullptr;
    if (self->middle_blocks[bin] == 0)
        return "the set of bins of middle blocks is wrong";
    for (place_t place = self->middle_blocks[bin]; place != 0; previous = place, place = block_at(self, place)->next) {
        const struct block *block = block_at(self, place);
        if (place >= self->place_limit)
            return "a list of free middle blocks leads out of the region";
        uint64_t header = read(self, block);
        if ((header & CHECK_MASK) != 0 || header & USED || bin_of(units_of(header)) != bin ||
            block->previous != previous)
            return "a list of free middle blocks is damaged";
    }
    return nullptr;
}

static const char *validate_kept(struct default_heap *self, const struct span_class *class)
{
    unsigned count = 0;
    for (place_t place = class->kept; place != 0; place = block_at(self, place)->next) {
        if (place >= self->place_limit || ++count > class->kept_count)
            return "a list of kept middle blocks is damaged";
        uint64_t header = read(self, block_at(self, place));
        if ((header & CHECK_MASK) != 0 || (header & (USED | KEPT)) != (USED | KEPT) ||
            &self->classes[class_in(header)] != class || block_at(self, place)->previous != 0)
            return "a kept middle block is damaged";
    }
    return count == class->kept_count ? nullptr : "a list of kept middle blocks is too short";
}

const char *middle_validate_bins(struct default_heap *self)
{
    const char *problem = nullptr;
    for (unsigned class = 0; class < CLASS_COUNT && problem == nullptr; class ++)
        problem = validate_kept(self, &self->classes[class]);
    for (unsigned bin = 0; bin < MIDDLE_BIN_COUNT && problem == nullptr; bin++)
        problem = validate_bin(self, bin);
    return problem;
}
