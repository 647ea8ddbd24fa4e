// SPDX-License-Identifier: MIT
// Buddies: every block has 2^n bytes and lies at a multiple of that. An allocation halves a larger block until it fits;
// a free joins the block with the other half of what it was cut from (its buddy, whose address differs in one bit) as
// long as that is free, too. (Knowlton, "A fast storage allocator", 1965.) Blocks have no headers: what is known of
// them stands in two maps, a bit for each unit, so that a block of 4096 bytes takes 4096 bytes and is aligned to them.
//
//   unit     16 bytes, the least block; order n is 2^n units
//   begins   a block begins at this unit
//   free     it is free; without the other bit: what lies here is no block, and one before it ends here
//   segment  a part of the region that its own maps stand in front of. The first one has what the region begins with,
//            and 8 to 16 times as much if it can grow; each further one is three times as large as all before it, and
//            goes again as the region shrinks
//
//   region   | struct heap, lists, maps | blocks        | maps | blocks              | maps | blocks ...
//            | segment 0                                | segment 1                  | segment 2
//   free     | next, previous, tag of the order | ...
//
// A block is as long as from its bit to the next one; as lengths are powers of two, that is one look at a word of the
// map up to 512 bytes, and a few more above.
//
// Time:   O(log n) for allocate and free: a step for each order between what there is and what is wanted.
// Memory: sizes are rounded up to powers of two: a quarter is lost on average. Maps take 1/64 of what their segment may
//         become. Every unit of a region can be used, whatever its size and address, in blocks of the orders that fit.
#include "heap_parts.h"
#include <lib/string.h>

constexpr unsigned UNIT_SHIFT = 4;
constexpr size_t UNIT_BYTES = (size_t)1 << UNIT_SHIFT;
constexpr unsigned WORD_SHIFT = 10; // a word of the maps: 64 units
constexpr size_t WORD_BYTES = (size_t)1 << WORD_SHIFT;
constexpr unsigned ORDER_COUNT = 32;
constexpr unsigned SEGMENT_COUNT = 14;
constexpr unsigned FIRST_SEGMENT_SHIFT = 3; // a region that grows begins with maps for 8 times as much
// A free block from this size on is worth a look at the end of the region, or a smaller one so near to it that nothing
// larger can lie between.
constexpr size_t GIVE_BACK_BLOCK = 64 * 1024;

// Units from BASE on. 0: nowhere.
typedef uint32_t place_t;

struct map_word {
    uint64_t begins, free;
};

struct block {
    place_t next, previous;
    uint64_t tag; // order, XOR address and secret
};
static_assert(sizeof(struct block) == UNIT_BYTES);

struct buddy_heap {
    struct heap heap;
    uintptr_t base;         // the word that the heap begins in
    uintptr_t end;          // of what the maps speak of
    unsigned segment_shift; // log2 of the first segment's size, from BASE on
    uint32_t orders;        // a bit for each that has a free block
    place_t first[ORDER_COUNT];
    uintptr_t maps[SEGMENT_COUNT];   // of each segment, less what the words before it would take
    uintptr_t blocks[SEGMENT_COUNT]; // where they begin in each segment
    unsigned segment_count;
};

static struct buddy_heap *self_of(struct heap *heap)
{
    return (struct buddy_heap *)heap;
}

static size_t order_bytes(unsigned order)
{
    return UNIT_BYTES << order;
}

static struct block *block_at(const struct buddy_heap *self, size_t place)
{
    return (struct block *)(self->base + (place << UNIT_SHIFT));
}

static place_t place_of(const struct buddy_heap *self, uintptr_t address)
{
    return (place_t)((address - self->base) >> UNIT_SHIFT);
}

// ---- segments and maps

static uintptr_t segment_start(const struct buddy_heap *self, unsigned segment)
{
    return segment == 0 ? self->base : self->base + ((uintptr_t)1 << (self->segment_shift + 2 * (segment - 1)));
}

static uintptr_t segment_end(const struct buddy_heap *self, unsigned segment)
{
    return self->base + ((uintptr_t)1 << (self->segment_shift + 2 * segment));
}

static unsigned segment_of(const struct buddy_heap *self, uintptr_t address)
{
    return (64 - (unsigned)__builtin_clzll((address - self->base) >> self->segment_shift << 1 | 1)) / 2;
}

static struct map_word *word_of(const struct buddy_heap *self, uintptr_t address)
{
    size_t offset = (address - self->base) >> WORD_SHIFT;
    return (struct map_word *)(self->maps[segment_of(self, address)] + offset * sizeof(struct map_word));
}

static uint64_t bit_of(uintptr_t address)
{
    return 1ull << (address >> UNIT_SHIFT & 63);
}

static bool is_inside(const struct buddy_heap *self, uintptr_t address)
{
    return address - self->base < self->end - self->base;
}

static bool is_end(const struct buddy_heap *self, uintptr_t address)
{
    if (!is_inside(self, address))
        return true;
    const struct map_word *word = word_of(self, address);
    return (word->begins | word->free) & bit_of(address);
}

// The order of the block that begins at ADDRESS, in WORD. Up to the end of the word the next bit says it: blocks that
// do not begin at the word's beginning end in it.
static inline unsigned order_of(const struct buddy_heap *self, const struct map_word *word, uintptr_t address)
{
    unsigned unit = address >> UNIT_SHIFT & 63;
    uint64_t later = (word->begins | word->free) >> unit >> 1 | 1ull << (63 - unit);
    unsigned order = (unsigned)__builtin_ctz((unsigned)__builtin_ctzll(later) + 1);
    if (__builtin_expect(order == 6, false)) {
        while (!is_end(self, address + order_bytes(order)))
            order++;
    }
    return order;
}

static bool is_free(const struct map_word *word, uint64_t bit)
{
    return word->begins & word->free & bit;
}

// ---- lists

[[noreturn, gnu::cold, gnu::noinline]] static void panic_block(const struct buddy_heap *self, const struct block *block,
                                                               unsigned order)
{
    heap_panic_damaged(&self->heap, block, order_bytes(order), "the list of free blocks");
}

static uint64_t tag_for(const struct buddy_heap *self, const struct block *block, unsigned order)
{
    return order ^ self->heap.secret ^ (uintptr_t)block;
}

// The order of BLOCK, which is free.
static unsigned order_of_free(const struct buddy_heap *self, const struct block *block)
{
    uint64_t order = tag_for(self, block, 0) ^ block->tag;
    if (__builtin_expect(order >= ORDER_COUNT, false))
        panic_block(self, block, 0);
    return (unsigned)order;
}

static inline void make_free(struct buddy_heap *self, uintptr_t address, unsigned order)
{
    struct map_word *word = word_of(self, address);
    word->begins |= bit_of(address);
    word->free |= bit_of(address);
    place_t place = place_of(self, address), next = self->first[order];
    struct block *block = block_at(self, place);
    *block = (struct block){.next = next, .tag = tag_for(self, block, order)};
    self->first[order] = place;
    if (next != 0)
        block_at(self, next)->previous = place;
    self->orders |= 1u << order;
}

static bool is_place(const struct buddy_heap *self, place_t place)
{
    return place < place_of(self, self->end);
}

// BLOCK leaves the list of ORDER. Its links are followed only when they lead into the region and back. The maps are as
// they were.
static inline void remove(struct buddy_heap *self, struct block *block, unsigned order)
{
    place_t place = place_of(self, (uintptr_t)block), next = block->next, previous = block->previous;
    if (__builtin_expect(!is_place(self, next) || !is_place(self, previous), false))
        panic_block(self, block, order);
    place_t *link = previous != 0 ? &block_at(self, previous)->next : &self->first[order];
    if (__builtin_expect(*link != place || (next != 0 && block_at(self, next)->previous != place), false))
        panic_block(self, block, order);
    *link = next;
    if (next != 0)
        block_at(self, next)->previous = previous;
    else if (previous == 0)
        self->orders &= ~(1u << order);
}

// ---- free

// The 2^ORDER units from ADDRESS on are nobody's. They become a free block, together with their buddy, if that is free
// and whole, and with the buddy of both, and so on. Returns its order, and in *ADDRESS where it begins.
static inline unsigned give(struct buddy_heap *self, uintptr_t *address, unsigned order)
{
    uintptr_t start = *address;
    word_of(self, start)->begins &= ~bit_of(start);
    for (; order < ORDER_COUNT - 1; order++) {
        uintptr_t buddy = start ^ order_bytes(order);
        if (!is_inside(self, buddy) || (HEWN_BREAK_HEAP_BUDDY_MISSING_MERGE && buddy < start))
            break;
        struct map_word *word = word_of(self, buddy);
        struct block *block = block_at(self, place_of(self, buddy));
        if (!is_free(word, bit_of(buddy)) || order_of_free(self, block) != order)
            break;
        remove(self, block, order);
        word->begins &= ~bit_of(buddy);
        word->free &= ~bit_of(buddy);
        start &= ~order_bytes(order);
    }
    make_free(self, start, order);
    *address = start;
    return order;
}

// The same of any number of units: as blocks that are as large as their places allow.
static void give_range(struct buddy_heap *self, uintptr_t from, uintptr_t to)
{
    while (from < to) {
        unsigned most = 63 - (unsigned)__builtin_clzll((to - from) >> UNIT_SHIFT);
        unsigned order = (unsigned)__builtin_ctzll(from >> UNIT_SHIFT | 1ull << (ORDER_COUNT - 1));
        order = order < most ? order : most;
        uintptr_t start = from;
        from += order_bytes(order);
        give(self, &start, order);
    }
}

// Where the free block that ends at END begins, or END.
static uintptr_t free_before(const struct buddy_heap *self, uintptr_t end)
{
    for (unsigned order = 0; order < ORDER_COUNT && is_inside(self, end - order_bytes(order)); order++) {
        uintptr_t start = end - order_bytes(order);
        const struct map_word *word = word_of(self, start);
        if (is_free(word, bit_of(start)) && order_of(self, word, start) == order)
            return start;
    }
    return end;
}

// Where what is free at the region's end begins. Segments that are free as a whole are part of it.
static uintptr_t free_tail(const struct buddy_heap *self)
{
    uintptr_t tail = self->end;
    unsigned segment = self->segment_count - 1;
    for (;;) {
        uintptr_t before = tail == self->blocks[segment] ? tail : free_before(self, tail);
        if (before == tail && segment > 0 && tail == self->blocks[segment])
            before = segment_start(self, segment--);
        if (before == tail)
            return tail;
        tail = before;
    }
}

static uintptr_t least(uintptr_t left, uintptr_t right)
{
    return left < right ? left : right;
}

// All blocks from TAIL on, which are free, leave their lists and the maps.
static void take_tail(struct buddy_heap *self, uintptr_t tail)
{
    for (unsigned segment = segment_of(self, tail); segment < self->segment_count; segment++) {
        uintptr_t address = tail > self->blocks[segment] ? tail : self->blocks[segment];
        uintptr_t end = least(segment_end(self, segment), self->end);
        while (address < end) {
            struct map_word *word = word_of(self, address);
            unsigned order = order_of(self, word, address);
            remove(self, block_at(self, place_of(self, address)), order);
            word->begins &= ~bit_of(address);
            word->free &= ~bit_of(address);
            address += order_bytes(order);
        }
    }
}

static void give_tail(struct buddy_heap *self, uintptr_t tail)
{
    for (unsigned segment = segment_of(self, tail); segment < self->segment_count; segment++) {
        uintptr_t from = tail > self->blocks[segment] ? tail : self->blocks[segment];
        give_range(self, from, least(segment_end(self, segment), self->end));
    }
}

// The pages at the end go back, if there are enough of them. A segment without memory for blocks goes, too.
[[gnu::noinline]] static void give_back(struct buddy_heap *self)
{
    uintptr_t tail = free_tail(self);
    if ((uintptr_t)self->heap.end - tail < self->heap.give_back_bytes)
        return;
    take_tail(self, tail);
    if (heap_give_back(&self->heap, (uintptr_t)self->heap.end - tail) != 0) {
        self->end = least(self->end, (uintptr_t)self->heap.end);
        while (self->segment_count > 1 && self->blocks[self->segment_count - 1] >= self->end)
            self->end = least(self->end, segment_start(self, --self->segment_count));
    }
    give_tail(self, tail);
}

[[noreturn, gnu::cold, gnu::noinline]] static void panic_address(const struct buddy_heap *self, uintptr_t address)
{
    if (address % UNIT_BYTES != 0 || !is_inside(self, address))
        heap_panic_foreign(&self->heap, (const void *)address);
    const struct map_word *word = word_of(self, address);
    if (is_free(word, bit_of(address)))
        heap_panic_freed_twice(&self->heap, (const void *)address, order_bytes(order_of(self, word, address)));
    heap_panic_foreign(&self->heap, (const void *)address);
}

// The order of the block at ADDRESS; panics when there is none that is taken.
static inline unsigned order_of_taken(const struct buddy_heap *self, uintptr_t address)
{
    if (__builtin_expect(address % UNIT_BYTES != 0 || !is_inside(self, address), false))
        panic_address(self, address);
    const struct map_word *word = word_of(self, address);
    if (__builtin_expect(!(word->begins & ~word->free & bit_of(address)), false))
        panic_address(self, address);
    return order_of(self, word, address);
}

static void buddy_free(struct heap *heap, void *block)
{
    struct buddy_heap *self = self_of(heap);
    uintptr_t address = (uintptr_t)block;
    if (__builtin_expect(address - (uintptr_t)self >= self->end - (uintptr_t)self, false)) {
        heap_free_elsewhere(heap, block);
        return;
    }
    unsigned order = give(self, &address, order_of_taken(self, address));
    bool is_large = order_bytes(order) >= GIVE_BACK_BLOCK, is_last = self->end - address <= 2 * GIVE_BACK_BLOCK;
    if (__builtin_expect(is_large | is_last, false) && heap->give_back_bytes != SIZE_MAX)
        give_back(self);
}

// ---- allocate

// SIZE_BYTES is at most 2^40.
static unsigned order_for(size_t size_bytes)
{
    return size_bytes <= UNIT_BYTES ? 0 : 64 - UNIT_SHIFT - (unsigned)__builtin_clzll(size_bytes - 1);
}

// The block at ADDRESS, of order FROM, becomes one of order TO. The upper halves are free.
static inline void split(struct buddy_heap *self, uintptr_t address, unsigned from, unsigned to)
{
    if (HEWN_BREAK_HEAP_BUDDY_LOST_BLOCK && from > to) {
        uintptr_t upper = address + order_bytes(--from);
        word_of(self, upper)->begins |= bit_of(upper);
    }
    while (from > to) {
        from--;
        make_free(self, address + order_bytes(from), from + HEWN_BREAK_HEAP_BUDDY_WRONG_SPLIT);
    }
}

static inline void *take(struct buddy_heap *self, unsigned order)
{
    unsigned from = (unsigned)__builtin_ctz(self->orders >> order << order);
    struct block *block = block_at(self, self->first[from]);
    if (__builtin_expect(block->previous != 0 || order_of_free(self, block) != from, false))
        panic_block(self, block, from);
    remove(self, block, from);
    uintptr_t address = (uintptr_t)block;
    word_of(self, address)->free &= ~bit_of(address);
    split(self, address, from, order);
    return block;
}

static void *allocate(struct heap *heap, size_t size_bytes)
{
    struct buddy_heap *self = self_of(heap);
    if (__builtin_expect(size_bytes > HEAP_REGION_MOST, false))
        return heap_exhausted(heap, size_bytes, HEAP_ALIGNMENT);
    unsigned order = order_for(size_bytes);
    if (__builtin_expect(self->orders >> order == 0, false))
        return heap_exhausted(heap, size_bytes, HEAP_ALIGNMENT);
    return take(self, order);
}

// A block is aligned to its size, so a larger one is aligned enough.
static void *allocate_aligned(struct heap *heap, size_t size_bytes, size_t alignment)
{
    struct buddy_heap *self = self_of(heap);
    if (size_bytes > HEAP_REGION_MOST)
        return heap_exhausted(heap, size_bytes, alignment);
    unsigned order = order_for(size_bytes > alignment ? size_bytes : alignment);
    if (self->orders >> order == 0)
        return heap_exhausted(heap, size_bytes, alignment);
    return take(self, order);
}

// ---- resize

static size_t usable_size(struct heap *heap, const void *block)
{
    return order_bytes(order_of_taken(self_of(heap), (uintptr_t)block));
}

// Whether the block at ADDRESS, of order FROM, is the lower half of one of order TO of which the rest is free.
static bool can_grow(const struct buddy_heap *self, uintptr_t address, unsigned from, unsigned to)
{
    for (; from < to; from++) {
        uintptr_t buddy = address ^ order_bytes(from);
        if (buddy < address || !is_inside(self, buddy) || !is_free(word_of(self, buddy), bit_of(buddy)) ||
            order_of_free(self, block_at(self, place_of(self, buddy))) != from)
            return false;
    }
    return true;
}

static void *resize(struct heap *heap, void *block, size_t size_bytes, size_t)
{
    struct buddy_heap *self = self_of(heap);
    uintptr_t address = (uintptr_t)block;
    unsigned order = order_of_taken(self, address);
    if (size_bytes > HEAP_REGION_MOST)
        return nullptr;
    unsigned wanted = order_for(size_bytes);
    if (wanted <= order) {
        split(self, address, order, wanted);
        return block;
    }
    if (!can_grow(self, address, order, wanted))
        return nullptr;
    for (; order < wanted; order++) {
        uintptr_t buddy = address + order_bytes(order);
        remove(self, block_at(self, place_of(self, buddy)), order);
        struct map_word *word = word_of(self, buddy);
        word->begins &= ~bit_of(buddy);
        word->free &= ~bit_of(buddy);
    }
    return block;
}

// ---- the region

// What the maps of a segment take, the last one's no more than the region can need.
static size_t map_bytes(const struct buddy_heap *self, unsigned segment)
{
    size_t bytes = least(segment_end(self, segment), (uintptr_t)self->heap.limit) - segment_start(self, segment);
    return round_up(bytes, WORD_BYTES) / WORD_BYTES * sizeof(struct map_word);
}

// The next segment's maps stand at MAP, and its blocks behind them.
static void begin_segment(struct buddy_heap *self, uintptr_t map)
{
    unsigned segment = self->segment_count++;
    size_t words_before = (segment_start(self, segment) - self->base) / WORD_BYTES;
    self->maps[segment] = map - words_before * sizeof(struct map_word);
    self->blocks[segment] = round_up(map + map_bytes(self, segment), UNIT_BYTES);
    memset((void *)map, 0, map_bytes(self, segment));
}

static void create(struct heap *heap)
{
    struct buddy_heap *self = self_of(heap);
    memset((uint8_t *)self + sizeof(*heap), 0, sizeof(*self) - sizeof(*heap));
    self->base = (uintptr_t)self & -WORD_BYTES;
    self->end = (uintptr_t)heap->end & -UNIT_BYTES;
    self->segment_shift = 64 - (unsigned)__builtin_clzll(self->end - self->base - 1);
    if (heap->limit > heap->end)
        self->segment_shift += FIRST_SEGMENT_SHIFT;
    begin_segment(self, (uintptr_t)(self + 1));
    if (self->end % WORD_BYTES != 0)
        word_of(self, self->end)->free |= bit_of(self->end);
    give_range(self, self->blocks[0], self->end);
}

// The first place for a block of the right order that touches no maps.
static size_t growth(const struct heap *heap, size_t size_bytes, size_t alignment)
{
    const struct buddy_heap *self = (const struct buddy_heap *)heap;
    size_t bytes = order_bytes(order_for(size_bytes > alignment ? size_bytes : alignment));
    uintptr_t start = round_up(self->end, bytes);
    for (unsigned segment = self->segment_count; segment < SEGMENT_COUNT; segment++) {
        uintptr_t map = segment_start(self, segment);
        if (map >= (uintptr_t)heap->limit || map >= start + bytes)
            break;
        uintptr_t first = map + map_bytes(self, segment);
        if (start < first)
            start = round_up(first, bytes);
    }
    return start + bytes - (uintptr_t)heap->end;
}

static bool extend(struct heap *heap, size_t)
{
    struct buddy_heap *self = self_of(heap);
    uintptr_t end = (uintptr_t)heap->end;
    bool is_used = false;
    for (;;) {
        uintptr_t from = self->end, to = least(end, segment_end(self, self->segment_count - 1));
        if (from < to) {
            self->end = to;
            give_range(self, from, to);
            is_used = true;
        }
        if (to == end || self->segment_count == SEGMENT_COUNT || end - to <= map_bytes(self, self->segment_count))
            return is_used;
        begin_segment(self, to);
        self->end = self->blocks[self->segment_count - 1];
        word_of(self, to)->free |= bit_of(to);
    }
}

// ---- what can be seen

static void walk(struct heap *heap, heap_visit_fn *visit, void *context)
{
    struct buddy_heap *self = self_of(heap);
    for (unsigned segment = 0; segment < self->segment_count; segment++) {
        uintptr_t address = self->blocks[segment], end = least(segment_end(self, segment), self->end);
        while (address < end) {
            const struct map_word *word = word_of(self, address);
            size_t bytes = order_bytes(order_of(self, word, address));
            visit(context, &(struct heap_block){(void *)address, bytes, !is_free(word, bit_of(address))});
            address += bytes;
        }
    }
}

// What is wrong with the block at ADDRESS, or nullptr. *ORDER: its order.
static const char *validate_block(const struct buddy_heap *self, uintptr_t address, unsigned *order)
{
    const struct map_word *word = word_of(self, address);
    if (!(word->begins & bit_of(address)))
        return "a map has no block where one has to begin";
    *order = order_of(self, word, address);
    if (*order >= ORDER_COUNT || address % order_bytes(*order) != 0)
        return "a map has a block that is not aligned to its size";
    if (!is_free(word, bit_of(address)))
        return nullptr;
    const struct block *block = block_at(self, place_of(self, address));
    if (block->tag != tag_for(self, block, *order))
        return "the tag of a free block has been overwritten";
    uintptr_t buddy = address ^ order_bytes(*order);
    if (is_inside(self, buddy) && is_free(word_of(self, buddy), bit_of(buddy)) &&
        order_of(self, word_of(self, buddy), buddy) == *order)
        return "two buddies are free and not joined";
    return nullptr;
}

// The same of all blocks of SEGMENT. *FREE_COUNT: how many are free.
static const char *validate_segment(const struct buddy_heap *self, unsigned segment, size_t *free_count)
{
    uintptr_t address = self->blocks[segment], end = least(segment_end(self, segment), self->end);
    size_t bits = (segment > 0) + (end % WORD_BYTES != 0);
    while (address < end) {
        unsigned order;
        const char *problem = validate_block(self, address, &order);
        if (problem != nullptr)
            return problem;
        *free_count += is_free(word_of(self, address), bit_of(address));
        bits++;
        address += order_bytes(order);
    }
    if (address != end)
        return "a block is longer than can be";
    for (address = segment_start(self, segment); address < end; address += WORD_BYTES) {
        const struct map_word *word = word_of(self, address);
        bits -= (size_t)__builtin_popcountll(word->begins | word->free);
    }
    return bits == 0 ? nullptr : "a map has bits within a block";
}

// The same of the list of ORDER. *FREE_COUNT counts down.
static const char *validate_list(const struct buddy_heap *self, unsigned order, size_t *free_count)
{
    place_t previous = 0;
    for (place_t place = self->first[order]; place != 0; place = block_at(self, place)->next) {
        if (!is_place(self, place))
            return "a link in a list of free blocks leads nowhere";
        const struct block *block = block_at(self, place);
        if (!is_free(word_of(self, (uintptr_t)block), bit_of((uintptr_t)block)) || block->previous != previous)
            return "a link in a list of free blocks leads to something else";
        if (block->tag != tag_for(self, block, order))
            return "a free block is in a list of another order";
        if ((*free_count)-- == 0)
            return "the lists of free blocks have more than there are";
        previous = place;
    }
    return nullptr;
}

static const char *validate(struct heap *heap)
{
    const struct buddy_heap *self = self_of(heap);
    size_t free_count = 0;
    const char *problem = nullptr;
    for (unsigned segment = 0; segment < self->segment_count && problem == nullptr; segment++)
        problem = validate_segment(self, segment, &free_count);
    for (unsigned order = 0; order < ORDER_COUNT && problem == nullptr; order++) {
        if ((self->orders >> order & 1) != (self->first[order] != 0))
            return "the bits of the orders and the lists of free blocks contradict each other";
        problem = validate_list(self, order, &free_count);
    }
    if (problem == nullptr && free_count != 0)
        return "a free block is in no list";
    return problem;
}

const struct heap_design heap_buddy = {
    .name = "buddy",
    .create = create,
    .allocate = allocate,
    .allocate_aligned = allocate_aligned,
    .free = buddy_free,
    .resize = resize,
    .usable_size = usable_size,
    .growth = growth,
    .extend = extend,
    .walk = walk,
    .validate = validate,
};
