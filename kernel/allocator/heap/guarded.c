// SPDX-License-Identifier: MIT
// The guard of heap/guarded.h: a design whose blocks lie within those of another one. Called through struct
// heap_design; knows nothing of the other design but that.
//
//   region       | struct guarded, ring of the quarantine | the inner heap ...                          |
//   inner block  | lead | redzone ... | label | guarded block | redzone ...                             |
//
// The lead tells a walk over the inner blocks where the guarded one begins. The label knows its size, whether it is
// taken, and a sum over both that no other place has.
#include "heap_parts.h"
#include <heap/guarded.h>
#include <lib/address.h>
#include <lib/string.h>
#include <stdckdint.h>

constexpr uint8_t REDZONE = 0xb5, FREED = 0xd5; // what is written there, and into a block that is freed

enum state : uint64_t {
    STATE_TAKEN = 0x6e656b61'74,
    STATE_FREED = 0x6465'6572'66
};

struct label {
    enum state state;
    size_t size_bytes, front_bytes; // of the block; before it in the inner block
    uint64_t sum;
};

struct guarded {
    struct heap heap;
    struct heap *inner; // nullptr: the region is too small
    struct heap_host host;
    size_t quarantined_bytes;
    unsigned oldest, count; // in the ring
    uint8_t *ring[];
};

static struct guarded *self_of(struct heap *heap)
{
    return (struct guarded *)heap;
}

static const struct heap_guard *guard_of(const struct heap *heap)
{
    return (const struct heap_guard *)heap->design; // its first member
}

static size_t book_bytes(const struct heap_guard *guard)
{
    return round_up(sizeof(struct guarded) + guard->options.quarantine_blocks * sizeof(uint8_t *), PAGE_SIZE);
}

size_t heap_guard_least_bytes(const struct heap_guard *guard)
{
    return book_bytes(guard) + HEAP_REGION_LEAST;
}

// ---- the inner heap

static size_t grow(void *context, void *address, size_t least_bytes)
{
    const struct heap_host *outside = ((const struct guarded *)context)->heap.host;
    return outside->grow(outside->context, address, least_bytes);
}

static bool shrink(void *context, void *address, size_t size_bytes)
{
    const struct heap_host *outside = ((const struct guarded *)context)->heap.host;
    return outside->shrink(outside->context, address, size_bytes);
}

// Where the inner heap ends, there ends the outer one.
static void follow(struct guarded *self)
{
    self->heap.end = self->inner->end;
    self->heap.hole = self->inner->hole;
    self->heap.hole_bytes = self->inner->hole_bytes;
}

static void create(struct heap *heap)
{
    struct guarded *self = self_of(heap);
    const struct heap_guard *guard = guard_of(heap);
    size_t books = book_bytes(guard), room = (size_t)(heap->end - (uint8_t *)heap);
    self->inner = nullptr;
    self->quarantined_bytes = 0;
    self->oldest = self->count = 0;
    self->host = (struct heap_host){grow, heap->host->shrink != nullptr ? shrink : nullptr, self};
    struct heap_options options = {
        .host = heap->host->grow != nullptr ? &self->host : nullptr,
        .reserved_bytes = (size_t)(heap->limit - (uint8_t *)heap) - books,
        .secret = heap->secret,
    };
    if (room >= books + HEAP_REGION_LEAST)
        self->inner = heap_create(guard->inner, (uint8_t *)heap + books, room - books, &options);
    if (self->inner != nullptr)
        follow(self);
}

// ---- what lies around a block

static struct label *label_of(void *block)
{
    return (struct label *)block - 1;
}

static uint64_t sum_of(const struct heap *heap, const struct label *label)
{
    constexpr uint64_t MIX = 0x9e37'79b9'7f4a'7c15;
    uint64_t sum = heap->secret ^ (uintptr_t)label;
    sum = (sum ^ label->state) * MIX;
    sum = (sum ^ sum >> 32 ^ label->size_bytes) * MIX;
    return (sum ^ sum >> 32 ^ label->front_bytes) * MIX;
}

static void set_state(struct heap *heap, struct label *label, enum state state)
{
    label->state = state;
    label->sum = sum_of(heap, label);
}

static uint64_t lead_value(const struct heap *heap, const uint8_t *start, size_t front_bytes)
{
    return heap->secret ^ (uintptr_t)start ^ front_bytes;
}

// The first of COUNT bytes that is not VALUE, or COUNT.
static size_t first_other(const uint8_t *bytes, size_t count, uint8_t value)
{
    size_t i = 0;
    while (i < count && bytes[i] == value)
        i++;
    return i;
}

static size_t inner_bytes(struct guarded *self, const uint8_t *block, const struct label *label)
{
    return heap_usable_size(self->inner, block - label->front_bytes);
}

static size_t rear_bytes(struct guarded *self, const uint8_t *block, const struct label *label)
{
    return inner_bytes(self, block, label) - label->front_bytes - label->size_bytes;
}

static size_t redzone_before(const uint8_t *block, const struct label *label, const uint8_t **bytes)
{
    *bytes = block - label->front_bytes + sizeof(uint64_t);
    return (size_t)((const uint8_t *)label - *bytes);
}

static void surround(struct guarded *self, uint8_t *block, size_t size_bytes, size_t front_bytes)
{
    uint8_t *start = block - front_bytes;
    struct label *label = label_of(block);
    *(uint64_t *)(void *)start = lead_value(&self->heap, start, front_bytes);
    label->size_bytes = size_bytes;
    label->front_bytes = front_bytes;
    set_state(&self->heap, label, STATE_TAKEN);
    memset(start + sizeof(uint64_t), REDZONE, (size_t)((uint8_t *)label - start) - sizeof(uint64_t));
    memset(block + size_bytes, REDZONE, rear_bytes(self, block, label));
}

// ---- what is wrong

[[noreturn, gnu::cold]] static void panic_written(const struct heap *heap, const uint8_t *block, size_t size_bytes,
                                                  size_t offset)
{
    panic("heap %s: offset %zu of the block at %p (%zu bytes), beyond its end, has been written to", heap->design->name,
          offset, (const void *)block, size_bytes);
}

[[noreturn, gnu::cold]] static void panic_written_late(const struct heap *heap, const uint8_t *block, size_t size_bytes,
                                                       size_t offset)
{
    panic("heap %s: offset %zu of the block at %p (%zu bytes) has been written to after it was freed",
          heap->design->name, offset, (const void *)block, size_bytes);
}

struct search {
    const struct heap *heap;
    const uint8_t *block;
    bool is_found;
};

// A label that is no label: overwritten, if an inner block says that a guarded one begins behind it.
static void compare_block(void *context, const struct heap_block *inner)
{
    struct search *search = context;
    if (!inner->is_taken)
        return;
    const uint8_t *start = inner->address;
    uint64_t front_bytes = *(const uint64_t *)inner->address ^ lead_value(search->heap, start, 0);
    search->is_found |= search->block - start == (ptrdiff_t)front_bytes;
}

[[noreturn, gnu::cold]] static void panic_no_label(struct guarded *self, const uint8_t *block)
{
    struct search search = {&self->heap, block, false};
    heap_walk(self->inner, compare_block, &search);
    if (search.is_found)
        panic("heap %s: what lies before the block at %p has been written to", self->heap.design->name,
              (const void *)block);
    heap_panic_foreign(&self->heap, block);
}

// The label of BLOCK, which lies in the region and is taken; panics when it is not.
static struct label *require_taken(struct guarded *self, void *block)
{
    uintptr_t first = (uintptr_t)self + book_bytes(guard_of(&self->heap)) + sizeof(struct label);
    if (self->inner == nullptr || (uintptr_t)block < first || (uintptr_t)block % HEAP_ALIGNMENT != 0)
        heap_panic_foreign(&self->heap, block);
    struct label *label = label_of(block);
    if ((uintptr_t)block - (uintptr_t)self->heap.hole <= self->heap.hole_bytes + sizeof *label)
        heap_panic_foreign(&self->heap, block); // neither it nor its label lies in a hole
    if (label->sum != sum_of(&self->heap, label))
        panic_no_label(self, block);
    if (label->state != STATE_TAKEN)
        heap_panic_freed_twice(&self->heap, block, label->size_bytes);
    return label;
}

static void require_untouched(struct guarded *self, const uint8_t *block, const struct label *label)
{
    const uint8_t *before;
    size_t count = redzone_before(block, label, &before);
    if (first_other(before, count, REDZONE) != count)
        panic("heap %s: what lies before the block at %p (%zu bytes) has been written to", self->heap.design->name,
              (const void *)block, label->size_bytes);
    size_t rear = rear_bytes(self, block, label), other = first_other(block + label->size_bytes, rear, REDZONE);
    if (other != rear)
        panic_written(&self->heap, block, label->size_bytes, label->size_bytes + other);
}

// ---- blocks that are held back

static void release(struct guarded *self, uint8_t *block)
{
    struct label *label = label_of(block);
    if (label->sum != sum_of(&self->heap, label))
        panic("heap %s: what lies before the block at %p has been written to after it was freed",
              self->heap.design->name, (const void *)block);
    size_t offset = first_other(block, label->size_bytes, FREED);
    if (offset != label->size_bytes)
        panic_written_late(&self->heap, block, label->size_bytes, offset);
    self->inner->free(self->inner, block - label->front_bytes);
    follow(self);
}

static unsigned ring_index(const struct guarded *self, unsigned number)
{
    return (self->oldest + number) % (unsigned)guard_of(&self->heap)->options.quarantine_blocks;
}

static void release_oldest(struct guarded *self)
{
    uint8_t *block = self->ring[self->oldest];
    self->oldest = ring_index(self, 1);
    self->count--;
    self->quarantined_bytes -= label_of(block)->size_bytes;
    release(self, block);
}

static void hold_back(struct guarded *self, uint8_t *block, size_t size_bytes)
{
    const struct heap_guard_options *options = &guard_of(&self->heap)->options;
    if (options->quarantine_blocks == 0 || size_bytes > options->quarantine_bytes) {
        release(self, block);
        return;
    }
    while (self->count == options->quarantine_blocks ||
           self->quarantined_bytes + size_bytes > options->quarantine_bytes)
        release_oldest(self);
    self->ring[ring_index(self, self->count)] = block;
    self->count++;
    self->quarantined_bytes += size_bytes;
}

// ---- what a design has

// What is held back is memory, too, before there is none.
static uint8_t *allocate_inner(struct guarded *self, size_t size_bytes, size_t alignment)
{
    uint8_t *start = heap_allocate(self->inner, size_bytes, alignment);
    if (start == nullptr && self->count > 0) {
        while (self->count > 0)
            release_oldest(self);
        start = heap_allocate(self->inner, size_bytes, alignment);
    }
    follow(self);
    return start;
}

static void *allocate_aligned(struct heap *heap, size_t size_bytes, size_t alignment)
{
    struct guarded *self = self_of(heap);
    size_t redzone = guard_of(heap)->options.redzone_bytes, inner_size;
    size_t front = round_up(sizeof(uint64_t) + redzone + sizeof(struct label), alignment);
    size_bytes += size_bytes == 0;
    uint8_t *start = nullptr;
    if (self->inner != nullptr && !ckd_add(&inner_size, size_bytes, front + redzone))
        start = allocate_inner(self, inner_size, alignment);
    if (start == nullptr)
        return heap->next != nullptr ? heap_allocate(heap->next, size_bytes, alignment) : nullptr;
    surround(self, start + front, size_bytes, front);
    return start + front;
}

static void *allocate(struct heap *heap, size_t size_bytes)
{
    return allocate_aligned(heap, size_bytes, HEAP_ALIGNMENT);
}

static void free(struct heap *heap, void *block)
{
    if ((uintptr_t)block - (uintptr_t)heap >= (uintptr_t)heap->end - (uintptr_t)heap) {
        heap_free_elsewhere(heap, block);
        return;
    }
    struct guarded *self = self_of(heap);
    struct label *label = require_taken(self, block);
    require_untouched(self, block, label);
    memset(block, FREED, label->size_bytes);
    set_state(heap, label, STATE_FREED);
    hold_back(self, block, label->size_bytes);
}

// In place as far as the inner block goes.
static void *resize(struct heap *heap, void *block, size_t size_bytes, size_t)
{
    struct guarded *self = self_of(heap);
    struct label *label = require_taken(self, block);
    require_untouched(self, block, label);
    size_bytes += size_bytes == 0;
    size_t room = inner_bytes(self, block, label) - label->front_bytes - guard_of(heap)->options.redzone_bytes;
    if (size_bytes > room)
        return nullptr;
    surround(self, block, size_bytes, label->front_bytes);
    return block;
}

static size_t usable_size(struct heap *heap, const void *block)
{
    return require_taken(self_of(heap), (uint8_t *)(uintptr_t)block)->size_bytes;
}

// The inner heap grows, never this one.
static size_t growth(const struct heap *, size_t, size_t)
{
    return SIZE_MAX;
}

static bool extend(struct heap *, size_t)
{
    return false;
}

// ---- what can be seen

struct tour {
    struct guarded *self;
    heap_visit_fn *visit;
    void *context;
    const char *problem;
};

// What is held back goes back, too.
static void trim(struct heap *heap)
{
    struct guarded *self = self_of(heap);
    while (self->count > 0)
        release_oldest(self);
    if (self->inner == nullptr)
        return;
    heap_trim(self->inner);
    follow(self);
}

// The guarded block within an inner one, or nullptr when what says so has been overwritten.
static uint8_t *block_within(const struct guarded *self, const struct heap_block *inner)
{
    uint8_t *start = inner->address;
    uint64_t front_bytes = *(const uint64_t *)inner->address ^ lead_value(&self->heap, start, 0);
    if (front_bytes < sizeof(uint64_t) + sizeof(struct label) || front_bytes > inner->size_bytes)
        return nullptr;
    struct label *label = label_of(start + front_bytes);
    return label->sum == sum_of(&self->heap, label) ? start + front_bytes : nullptr;
}

// What is held back belongs to nobody, and counts as books.
static void pass_on(void *context, const struct heap_block *inner)
{
    const struct tour *tour = context;
    if (!inner->is_taken) {
        tour->visit(tour->context, inner);
        return;
    }
    uint8_t *address = block_within(tour->self, inner);
    if (address == nullptr || label_of(address)->state != STATE_TAKEN)
        return;
    struct heap_block block = {address, label_of(address)->size_bytes, true};
    tour->visit(tour->context, &block);
}

static void walk(struct heap *heap, heap_visit_fn *visit, void *context)
{
    struct tour tour = {.self = self_of(heap), .visit = visit, .context = context};
    if (tour.self->inner != nullptr)
        heap_walk(tour.self->inner, pass_on, &tour);
}

static const char *problem_of(struct guarded *self, const struct heap_block *inner)
{
    uint8_t *block = block_within(self, inner);
    const uint8_t *before;
    if (block == nullptr)
        return "what lies before a block has been written to";
    const struct label *label = label_of(block);
    size_t count = redzone_before(block, label, &before);
    if (first_other(before, count, REDZONE) != count)
        return "what lies before a block has been written to";
    size_t rear = inner->size_bytes - label->front_bytes - label->size_bytes;
    if (first_other(block + label->size_bytes, rear, REDZONE) != rear)
        return "what lies behind a block has been written to";
    if (label->state == STATE_FREED && first_other(block, label->size_bytes, FREED) != label->size_bytes)
        return "a block has been written to after it was freed";
    return nullptr;
}

static void check_block(void *context, const struct heap_block *inner)
{
    struct tour *tour = context;
    if (inner->is_taken && tour->problem == nullptr)
        tour->problem = problem_of(tour->self, inner);
}

static const char *validate(struct heap *heap)
{
    struct tour tour = {.self = self_of(heap)};
    if (tour.self->inner == nullptr)
        return nullptr;
    tour.problem = heap_validate(tour.self->inner);
    if (tour.problem == nullptr)
        heap_walk(tour.self->inner, check_block, &tour);
    return tour.problem;
}

void heap_guard_init(struct heap_guard *guard, const struct heap_design *inner,
                     const struct heap_guard_options *options)
{
    *guard = (struct heap_guard){
        .design =
            {
                .name = inner->name,
                .create = create,
                .allocate = allocate,
                .allocate_aligned = allocate_aligned,
                .free = free,
                .resize = resize,
                .usable_size = usable_size,
                .growth = growth,
                .extend = extend,
                .trim = trim,
                .walk = walk,
                .validate = validate,
            },
        .inner = inner,
        .options = *options,
    };
    guard->options.redzone_bytes = round_up(options->redzone_bytes, HEAP_ALIGNMENT);
}
