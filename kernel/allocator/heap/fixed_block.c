// SPDX-License-Identifier: MIT
// Blocks of a few sizes, each with a list of its own: an allocation takes the first block of its class, a free puts it
// back, and neither looks at any other. What the lists do not have, and what is larger than the largest class, comes
// from the list behind them, which is that of linked_list.c. (The idea is the third design of Philipp Oppermann's
// "Writing an OS in Rust".)
//
//   class   8, 16, 32, ... 2048 bytes for the owner; a size takes the next one up
//   lists   8: block -> block -> ...    16: block -> ...    ...    2048: ...
//             |                                                             nothing there, or too large
//             v                                                                        v
//   region  | struct heap, lists | block | block | ... | block |   behind them: first fit, by address (linked_list.c)
//
// A free does not say how large the block is, so a header says it: 8 bytes a block. A map of pages, each with one
// class, would cost a byte a page instead, but whole pages for a class that is used once.
//
// Time:   O(1) for what the lists have, about 40 instructions. Else O(free blocks), as linked_list.c, or O(blocks) when
//         the lists have to be emptied.
// Memory: sizes up to 2048 bytes are rounded up to powers of two: a quarter is lost on average. A block in a list
//         serves its class alone, until nothing else is left or the last block is freed. Then all of them are gathered
//         in one walk over the region and joined, so that nothing is lost for good.
#include "linked_list.h"
#include <lib/string.h>

constexpr unsigned CLASS_COUNT = 9;
constexpr size_t CLASS_BYTES_LEAST = 8;
constexpr size_t CLASS_BYTES_MOST = CLASS_BYTES_LEAST << (CLASS_COUNT - 1);
// A block may be a unit longer than its class, because that was no block's worth. Longer ones than these have no class.
constexpr size_t CLASS_UNITS_MOST = (HEADER_BYTES + CLASS_BYTES_MOST) / UNIT + 1;
constexpr size_t PIECE_UNITS =
    (HEADER_BYTES + 1024) / UNIT + 1; // what is left of a cut block and shorter than this is cut into classes

struct fixed_block_heap {
    struct list_heap list;
    size_t taken_count;                    // blocks
    struct list_block *first[CLASS_COUNT]; // free block of each class
};

static struct fixed_block_heap *self_of(struct heap *heap)
{
    return (struct fixed_block_heap *)heap;
}

// ---- classes

static size_t class_bytes(unsigned class)
{
    return CLASS_BYTES_LEAST << class;
}

// The class that serves SIZE_BYTES, which are no more than CLASS_BYTES_MOST.
static unsigned class_for(size_t size_bytes)
{
    if (size_bytes <= CLASS_BYTES_LEAST)
        return 0;
    return 61 - (unsigned)__builtin_clzll(size_bytes - 1 - HEWN_BREAK_HEAP_FIXED_BLOCK_WRONG_CLASS);
}

// Units of a block for SIZE_BYTES, which are no more than HEAP_REGION_MOST.
static size_t units_rounded(size_t size_bytes)
{
    if (size_bytes <= CLASS_BYTES_MOST)
        size_bytes = class_bytes(class_for(size_bytes));
    return units_for(size_bytes, LIST_UNITS_LEAST);
}

// The class whose list a block of UNITS goes to, or CLASS_COUNT.
static unsigned class_of(size_t units)
{
    return units <= CLASS_UNITS_MOST ? 63 - (unsigned)__builtin_clzll(units - HEADER_BYTES / UNIT) : CLASS_COUNT;
}

static bool is_link_sound(const struct heap *heap, const struct list_block *next)
{
    return next == nullptr || (header_has_place(heap, next) && (uintptr_t)next % UNIT == 0);
}

// The first block of CLASS, which has one.
static inline struct list_block *pop(struct fixed_block_heap *self, unsigned class)
{
    struct heap *heap = &self->list.heap;
    struct list_block *block = self->first[class], *next = block->next;
    uint64_t header = header_read(heap, &block->header);
    if (__builtin_expect(header_flags(header) != HEADER_MARK || class_of(header_units(header)) != class, false))
        heap_panic_damaged(heap, block, class_bytes(class), "the header of the free block");
    if (__builtin_expect(!is_link_sound(heap, next), false))
        heap_panic_damaged(heap, block, class_bytes(class), "the list of free blocks");
    self->first[class] = HEWN_BREAK_HEAP_FIXED_BLOCK_LOST_BLOCK && next != nullptr ? next->next : next;
    block->header ^= HEADER_MARK | HEADER_USED;
    return block;
}

// BLOCK, which is marked, goes to the list of its class.
static inline void push(struct fixed_block_heap *self, struct list_block *block, unsigned class)
{
    block->next = self->first[class];
    self->first[class] = block;
}

// UNITS from BLOCK on, which belong to a class, go to the lists of classes that they add up to.
static void push_piece(struct fixed_block_heap *self, struct list_block *block, size_t units)
{
    while (units >= LIST_UNITS_LEAST) {
        unsigned class = class_of(units);
        size_t used = HEADER_BYTES / UNIT + class_bytes(class) / UNIT;
        if (units - used < LIST_UNITS_LEAST)
            used = units;
        header_write(&self->list.heap, &block->header, used, HEADER_MARK);
        push(self, block, class);
        block = (struct list_block *)((uint64_t *)block + used);
        units -= used;
    }
}

// What the list behind has left over: it would only be in the way of what is looked for there.
static void keep_pieces(struct fixed_block_heap *self)
{
    while (self->list.pieces != nullptr) {
        struct list_block *piece = self->list.pieces;
        self->list.pieces = piece->next;
        push_piece(self, piece, header_units(header_read(&self->list.heap, &piece->header)));
    }
}

// All free blocks go from the lists to the one behind them. False when there were none.
static bool gather(struct fixed_block_heap *self)
{
    bool has_some = false;
    for (unsigned class = 0; class < CLASS_COUNT; class ++)
        has_some |= self->first[class] != nullptr;
    if (has_some) {
        memset(self->first, 0, sizeof(self->first));
        list_gather(&self->list);
    }
    return has_some;
}

// ---- allocate

// From the list behind, and after that from all lists together.
[[gnu::noinline]] static void *allocate_from_list(struct fixed_block_heap *self, size_t size_bytes, size_t alignment)
{
    if (size_bytes > HEAP_REGION_MOST)
        return heap_exhausted(&self->list.heap, size_bytes, alignment);
    size_t wanted = units_rounded(size_bytes);
    struct list_block *block = list_take(&self->list, wanted, alignment);
    if (block == nullptr && gather(self))
        block = list_take(&self->list, wanted, alignment);
    if (block == nullptr)
        return heap_exhausted(&self->list.heap, size_bytes, alignment);
    keep_pieces(self);
    self->taken_count++;
    return list_payload(block);
}

static void *allocate(struct heap *heap, size_t size_bytes)
{
    struct fixed_block_heap *self = self_of(heap);
    if (size_bytes > CLASS_BYTES_MOST)
        return allocate_from_list(self, size_bytes, HEAP_ALIGNMENT);
    unsigned class = class_for(size_bytes);
    if (self->first[class] == nullptr)
        return allocate_from_list(self, size_bytes, HEAP_ALIGNMENT);
    self->taken_count++;
    return list_payload(pop(self, class));
}

// Of the lists only the first block is looked at: the one that was freed last.
static void *allocate_aligned(struct heap *heap, size_t size_bytes, size_t alignment)
{
    struct fixed_block_heap *self = self_of(heap);
    if (size_bytes <= CLASS_BYTES_MOST) {
        unsigned class = class_for(size_bytes);
        struct list_block *block = self->first[class];
        if (block != nullptr && (uintptr_t)list_payload(block) % alignment == 0) {
            self->taken_count++;
            return list_payload(pop(self, class));
        }
    }
    return allocate_from_list(self, size_bytes, alignment);
}

// ---- free

[[gnu::noinline]] static void free_to_list(struct fixed_block_heap *self, struct list_block *block, size_t units)
{
    list_give(&self->list, block, units);
    if (self->taken_count == 0)
        gather(self);
}

static void fixed_block_free(struct heap *heap, void *payload)
{
    struct fixed_block_heap *self = self_of(heap);
    if (__builtin_expect(!header_has_place(heap, payload), false)) {
        heap_free_elsewhere(heap, payload);
        return;
    }
    struct list_block *block = list_block_of(payload);
    size_t units = header_units(list_read_taken(heap, payload));
    unsigned class = class_of(units);
    if (--self->taken_count == 0 || class == CLASS_COUNT) {
        free_to_list(self, block, units);
        return;
    }
    block->header ^= HEADER_MARK | HEADER_USED;
    push(self, block, class);
}

// ---- resize

// Keep WANTED of the UNITS of BLOCK.
static void shrink(struct fixed_block_heap *self, struct list_block *block, size_t units, size_t wanted)
{
    size_t rest = units - wanted;
    if (rest < LIST_UNITS_LEAST)
        return;
    if (rest >= PIECE_UNITS) {
        (void)list_resize(&self->list, block, units, wanted);
        return;
    }
    header_write(&self->list.heap, &block->header, wanted, HEADER_USED);
    push_piece(self, (struct list_block *)((uint64_t *)block + wanted), rest);
}

static void *resize(struct heap *heap, void *payload, size_t size_bytes, size_t)
{
    struct fixed_block_heap *self = self_of(heap);
    struct list_block *block = list_block_of(payload);
    size_t units = header_units(list_read_taken(heap, payload));
    if (size_bytes > HEAP_REGION_MOST)
        return nullptr;
    size_t wanted = units_rounded(size_bytes);
    if (wanted <= units) {
        shrink(self, block, units, wanted);
        return payload;
    }
    bool is_done = list_resize(&self->list, block, units, wanted);
    keep_pieces(self);
    return is_done ? payload : nullptr;
}

// ---- the region

static void create(struct heap *heap)
{
    struct fixed_block_heap *self = self_of(heap);
    self->taken_count = 0;
    memset(self->first, 0, sizeof(self->first));
    list_create(&self->list, (struct list_block *)(self + 1));
    self->list.least_units = PIECE_UNITS;
}

static size_t growth(const struct heap *heap, size_t size_bytes, size_t alignment)
{
    return list_growth(heap, units_rounded(size_bytes) * UNIT - HEADER_BYTES, alignment);
}

static void trim(struct heap *heap)
{
    (void)gather(self_of(heap));
}

// ---- what can be seen

// What is wrong with the list of CLASS, or nullptr. *MARKED_COUNT counts down.
static const char *validate_class(struct fixed_block_heap *self, unsigned class, size_t *marked_count)
{
    for (const struct list_block *block = self->first[class]; block != nullptr; block = block->next) {
        if (!is_link_sound(&self->list.heap, block))
            return "a link in a list of free blocks leads nowhere";
        uint64_t header = header_read(&self->list.heap, &block->header);
        if (header_flags(header) != HEADER_MARK || class_of(header_units(header)) != class)
            return "a link in a list of free blocks leads to something else";
        if ((*marked_count)-- == 0)
            return "the lists of free blocks have more than there are";
    }
    return nullptr;
}

static void count_taken(void *context, const struct heap_block *block)
{
    *(size_t *)context += block->is_taken;
}

static const char *validate(struct heap *heap)
{
    struct fixed_block_heap *self = self_of(heap);
    size_t marked_count = 0, taken_count = 0;
    const char *problem = list_validate(&self->list, &marked_count);
    for (unsigned class = 0; class < CLASS_COUNT && problem == nullptr; class ++)
        problem = validate_class(self, class, &marked_count);
    if (problem != nullptr)
        return problem;
    if (marked_count != 0)
        return "a free block is in no list";
    list_walk(heap, count_taken, &taken_count);
    return taken_count == self->taken_count ? nullptr : "the count of taken blocks has been overwritten";
}

const struct heap_design heap_fixed_block = {
    .name = "fixed_block",
    .create = create,
    .allocate = allocate,
    .allocate_aligned = allocate_aligned,
    .free = fixed_block_free,
    .resize = resize,
    .usable_size = list_usable_size,
    .growth = growth,
    .extend = list_extend,
    .trim = trim,
    .walk = list_walk,
    .validate = validate,
};
