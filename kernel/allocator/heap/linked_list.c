// SPDX-License-Identifier: MIT
// One list of all that is free, by address. An allocation takes the first block that is large enough and leaves the
// rest of it in the list; a free looks for the place of the block and joins it with the neighbours that touch it. The
// oldest design there is, and the yardstick for memory: nothing is lost but a header a block.
//
//   region  | struct heap, first | block | block | ... | block |
//   taken   | header |           bytes of its owner            |
//   free    | header | next, by address | ...                  |
//
// Time:   O(free blocks), of allocate and of free: with a few it is fast, with ten thousand it is not a heap any more.
// Memory: 8 bytes a block, 16 at least. Free neighbours do not exist. What lies before an aligned block is free, too.
#include "linked_list.h"

static uint64_t read(const struct list_heap *self, const struct list_block *block)
{
    return header_read(&self->heap, &block->header);
}

static void write(const struct list_heap *self, struct list_block *block, size_t units, uint32_t flags)
{
    header_write(&self->heap, &block->header, units, flags);
}

static struct list_block *block_after(struct list_block *block, size_t units)
{
    return (struct list_block *)((uint64_t *)block + units);
}

static size_t units_between(const void *from, const void *to)
{
    return ((uintptr_t)to - (uintptr_t)from) / UNIT;
}

// ---- the list

static bool is_link_sound(const struct list_heap *self, const struct list_block *block, size_t units)
{
    size_t distance = (uintptr_t)block->next - (uintptr_t)block;
    size_t most = (uintptr_t)self->heap.end - (uintptr_t)block - LIST_UNITS_LEAST * UNIT;
    return block->next == nullptr || (distance >= units * UNIT && distance <= most && distance % UNIT == 0);
}

// How many units BLOCK has, which is in the list. Its link is followed only when it leads on in the region: so no
// damage makes the list a circle.
static size_t free_units(const struct list_heap *self, const struct list_block *block)
{
    uint64_t header = read(self, block);
    if (header_flags(header) != 0)
        heap_panic_damaged(&self->heap, block, 0, "the header of the free block");
    if (!is_link_sound(self, block, header_units(header)))
        heap_panic_damaged(&self->heap, block, header_units(header) * UNIT, "the list of free blocks");
    return header_units(header);
}

// The last free block before BLOCK, or nullptr. *UNITS: how many it has.
static struct list_block *free_before(struct list_heap *self, const struct list_block *block, size_t *units)
{
    struct list_block *before = nullptr, *next = self->first_free;
    while (next != nullptr && next < block) {
        before = next;
        *units = free_units(self, before);
        next = before->next;
    }
    return before;
}

static struct list_block **link_of(struct list_heap *self, struct list_block *before)
{
    return before != nullptr ? &before->next : &self->first_free;
}

void list_create(struct list_heap *self, struct list_block *first)
{
    self->first = self->first_free = first;
    self->least_units = 0;
    self->pieces = nullptr;
    first->next = nullptr;
    write(self, first, units_between(first, self->heap.end), 0);
}

// ---- allocate

// How many units lie before a place in BLOCK for a header behind which ALIGNMENT is kept. None, or a block's worth.
static size_t skipped_units(const struct list_block *block, size_t alignment)
{
    size_t units = (-((uintptr_t)block + HEADER_BYTES) & (alignment - 1)) / UNIT;
    return units != 0 && units < LIST_UNITS_LEAST ? units + alignment / UNIT : units;
}

// UNITS from BLOCK on are left of a block that was before NEXT in the list. Returns what is before it now.
static struct list_block *keep_piece(struct list_heap *self, struct list_block *block, size_t units,
                                     struct list_block *next)
{
    if (units < self->least_units) {
        write(self, block, units, HEADER_MARK);
        block->next = self->pieces;
        self->pieces = block;
        return next;
    }
    write(self, block, units, 0);
    block->next = next;
    return block;
}

// Take WANTED of the UNITS of the block to which LINK leads, behind those that are SKIPPED. What is left on both sides
// stays free, but for a rest that is no block's worth.
static struct list_block *cut(struct list_heap *self, struct list_block **link, size_t units, size_t skipped,
                              size_t wanted)
{
    struct list_block *front = *link, *block = block_after(front, skipped), *next = front->next;
    size_t rest = units - skipped - wanted;
    if (rest < LIST_UNITS_LEAST)
        wanted += rest;
    else
        next = keep_piece(self, block_after(block, wanted), rest + HEWN_BREAK_HEAP_LINKED_LIST_WRONG_SPLIT, next);
    if (skipped != 0 && !HEWN_BREAK_HEAP_LINKED_LIST_LOST_PADDING)
        next = keep_piece(self, front, skipped, next);
    *link = next;
    write(self, block, wanted, HEADER_USED);
    return block;
}

struct list_block *list_take(struct list_heap *self, size_t wanted, size_t alignment)
{
    for (struct list_block **link = &self->first_free; *link != nullptr; link = &(*link)->next) {
        size_t units = free_units(self, *link), skipped = skipped_units(*link, alignment);
        if (units >= wanted + skipped)
            return cut(self, link, units, skipped, wanted);
    }
    return nullptr;
}

static void *allocate_aligned(struct heap *heap, size_t size_bytes, size_t alignment)
{
    struct list_block *block = nullptr;
    if (size_bytes <= HEAP_REGION_MOST)
        block = list_take(list_of(heap), units_for(size_bytes, LIST_UNITS_LEAST), alignment);
    return block != nullptr ? list_payload(block) : heap_exhausted(heap, size_bytes, alignment);
}

static void *allocate(struct heap *heap, size_t size_bytes)
{
    return allocate_aligned(heap, size_bytes, HEAP_ALIGNMENT);
}

// ---- free

// The pages at the end go back, when BLOCK, of UNITS, is free, ends there, and is large.
static void give_back(struct list_heap *self, struct list_block *block, size_t units)
{
    if ((uint8_t *)block_after(block, units) == self->heap.end)
        write(self, block, units - heap_give_back(&self->heap, units * UNIT) / UNIT, 0);
}

// Put UNITS from BLOCK on into the list, behind BEFORE, and join them with what they touch. Returns the block that
// comes of it.
static struct list_block *insert(struct list_heap *self, struct list_block *before, size_t before_units,
                                 struct list_block *block, size_t *units)
{
    struct list_block **link = link_of(self, before), *next = *link;
    if (next != nullptr && next == block_after(block, *units)) {
        *units += free_units(self, next);
        next = next->next;
    }
    write(self, block, *units, 0);
    if (before != nullptr && block_after(before, before_units) == block && !HEWN_BREAK_HEAP_LINKED_LIST_MISSING_MERGE) {
        block = before;
        *units += before_units;
        write(self, block, *units, 0);
    } else {
        *link = block;
    }
    block->next = next;
    return block;
}

void list_give(struct list_heap *self, struct list_block *block, size_t units)
{
    size_t before_units = 0;
    struct list_block *before = free_before(self, block, &before_units);
    block = insert(self, before, before_units, block, &units);
    if (units * UNIT >= self->heap.give_back_bytes)
        give_back(self, block, units);
}

static void list_free(struct heap *heap, void *payload)
{
    if (!header_has_place(heap, payload)) {
        heap_free_elsewhere(heap, payload);
        return;
    }
    list_give(list_of(heap), list_block_of(payload), header_units(list_read_taken(heap, payload)));
}

// How many units from BLOCK on are nobody's, marked or not.
static size_t unused_units(struct list_heap *self, struct list_block *block)
{
    size_t units = 0;
    for (struct list_block *next = block; (uint8_t *)next < self->heap.end; next = block_after(block, units)) {
        uint64_t header = read(self, next);
        if (header_flags(header) & HEADER_USED)
            break;
        if (!header_is_sound(header) || header_units(header) < LIST_UNITS_LEAST)
            heap_panic_damaged(&self->heap, next, 0, "the header of the block");
        units += header_units(header);
    }
    return units;
}

void list_gather(struct list_heap *self)
{
    struct list_block **link = &self->first_free;
    size_t units;
    for (struct list_block *block = self->first; (uint8_t *)block < self->heap.end; block = block_after(block, units)) {
        units = unused_units(self, block);
        if (units == 0) {
            units = header_units(list_read_taken(&self->heap, list_payload(block)));
            continue;
        }
        write(self, block, units, 0);
        *link = block;
        link = &block->next;
        if (units * UNIT >= self->heap.give_back_bytes && (uint8_t *)block_after(block, units) == self->heap.end) {
            give_back(self, block, units);
            break;
        }
    }
    *link = nullptr;
}

// ---- resize

size_t list_usable_size(struct heap *heap, const void *payload)
{
    return header_units(list_read_taken(heap, payload)) * UNIT - HEADER_BYTES;
}

// What lies behind BLOCK is taken, if it is free and large enough, and what is left of it stays free.
static bool grow(struct list_heap *self, struct list_block *block, size_t units, size_t wanted)
{
    struct list_block *after = block_after(block, units);
    if ((uint8_t *)after == self->heap.end || header_flags(read(self, after)) != 0)
        return false;
    size_t after_units = header_units(read(self, after)), before_units;
    if (units + after_units < wanted)
        return false;
    struct list_block **link = link_of(self, free_before(self, after, &before_units));
    if (*link != after)
        heap_panic_damaged(&self->heap, after, after_units * UNIT, "the header of the free block");
    after_units = free_units(self, after);
    size_t needed = wanted - units < LIST_UNITS_LEAST ? LIST_UNITS_LEAST : wanted - units;
    struct list_block *more = cut(self, link, after_units, 0, needed);
    size_t more_units = header_units(read(self, more));
    write(self, more, more_units, 0);
    write(self, block, units + more_units, HEADER_USED);
    return true;
}

bool list_resize(struct list_heap *self, struct list_block *block, size_t units, size_t wanted)
{
    if (wanted > units)
        return grow(self, block, units, wanted);
    size_t rest = units - wanted;
    if (rest < LIST_UNITS_LEAST)
        return true;
    write(self, block, wanted, HEADER_USED);
    list_give(self, block_after(block, wanted), rest);
    return true;
}

static void *resize(struct heap *heap, void *payload, size_t size_bytes, size_t)
{
    size_t units = header_units(list_read_taken(heap, payload));
    if (size_bytes > HEAP_REGION_MOST)
        return nullptr;
    bool is_done = list_resize(list_of(heap), list_block_of(payload), units, units_for(size_bytes, LIST_UNITS_LEAST));
    return is_done ? payload : nullptr;
}

// ---- the region

static void create(struct heap *heap)
{
    list_create(list_of(heap), (struct list_block *)(list_of(heap) + 1));
}

size_t list_growth(const struct heap *, size_t size_bytes, size_t alignment)
{
    size_t slack = alignment <= HEAP_ALIGNMENT ? 0 : alignment / UNIT + LIST_UNITS_LEAST - 1;
    return (units_for(size_bytes, LIST_UNITS_LEAST) + slack) * UNIT;
}

bool list_extend(struct heap *heap, size_t size_bytes)
{
    struct list_heap *self = list_of(heap);
    struct list_block *block = (struct list_block *)((uint64_t *)heap + units_between(heap, heap->end - size_bytes));
    size_t before_units = 0, units = size_bytes / UNIT;
    struct list_block *before = free_before(self, block, &before_units);
    insert(self, before, before_units, block, &units);
    return true;
}

// ---- what can be seen

void list_walk(struct heap *heap, heap_visit_fn *visit, void *context)
{
    struct list_heap *self = list_of(heap);
    struct list_block *block = self->first;
    while ((uint8_t *)block < heap->end) {
        uint64_t header = read(self, block);
        size_t units = header_units(header);
        if (!header_is_sound(header) || units < LIST_UNITS_LEAST || units > units_between(block, heap->end))
            heap_panic_damaged(heap, block, 0, "the header of the block");
        bool is_taken = header_flags(header) & HEADER_USED;
        visit(context, &(struct heap_block){list_payload(block), units * UNIT - HEADER_BYTES, is_taken});
        block = block_after(block, units);
    }
}

// What is wrong with BLOCK, or nullptr. *FREE: the next block of the list, which is this one if it is free.
static const char *validate_block(const struct list_heap *self, struct list_block *block,
                                  const struct list_block **free, size_t *marked_count)
{
    uint64_t header = read(self, block);
    size_t units = header_units(header);
    if (!header_is_sound(header))
        return "the header of a block has been overwritten";
    if (units < LIST_UNITS_LEAST || units > units_between(block, self->heap.end))
        return "a block is shorter or longer than can be";
    *marked_count += header_flags(header) == HEADER_MARK;
    if (header_flags(header) != 0)
        return nullptr;
    if (block != *free)
        return "a free block is not in the list, or the list leads to something else";
    if (!is_link_sound(self, block, units))
        return "the link of a free block has been overwritten";
    if (block->next == block_after(block, units))
        return "two free blocks lie beside each other";
    *free = block->next;
    return nullptr;
}

const char *list_validate(struct list_heap *self, size_t *marked_count)
{
    const struct list_block *free = self->first_free;
    struct list_block *block = self->first;
    while ((uint8_t *)block < self->heap.end) {
        const char *problem = validate_block(self, block, &free, marked_count);
        if (problem != nullptr)
            return problem;
        block = block_after(block, header_units(read(self, block)));
    }
    return free == nullptr ? nullptr : "the list of free blocks leads to something else";
}

static const char *validate(struct heap *heap)
{
    size_t marked_count = 0;
    const char *problem = list_validate(list_of(heap), &marked_count);
    return problem == nullptr && marked_count != 0 ? "the header of a block has been overwritten" : problem;
}

const struct heap_design heap_linked_list = {
    .name = "linked_list",
    .create = create,
    .allocate = allocate,
    .allocate_aligned = allocate_aligned,
    .free = list_free,
    .resize = resize,
    .usable_size = list_usable_size,
    .growth = list_growth,
    .extend = list_extend,
    .walk = list_walk,
    .validate = validate,
};
