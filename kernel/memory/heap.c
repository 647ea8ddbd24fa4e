// SPDX-License-Identifier: MIT
// The kernel's heap: one region of addresses, behind which frames come and go as the heap asks. Owns that heap and the
// one that a handler of an interrupt finds in its place. Knows nothing of what a heap keeps where.
#include "parts.h"
#include <heap/guarded.h>
#include <lib/panic.h>
#include <lib/section.h>
#include <memory/heap.h>
#include <memory/layout.h>
#include <memory/memory.h>

// What the heap begins with; a guard has books of its own.
constexpr unsigned INITIAL_ORDER = 2, GUARDED_INITIAL_ORDER = 3;
static_assert(PAGE_SIZE << INITIAL_ORDER >= HEAP_REGION_LEAST);

// ---- frames for the heap

// Frames in a row, taken beforehand for the first step of a heap, which the boot waits for: they take one call. If that
// step is another one, they go back.
constexpr unsigned SPARE_ORDER = 4;
constexpr size_t SPARE_BYTES = PAGE_SIZE << SPARE_ORDER;
static phys_addr_t spare; // address 0: they are in use

static size_t map_spare(virt_addr_t start)
{
    if (page_table_map(memory_page_tables(), start, spare, SPARE_BYTES, OWN_FRAMES_ATTRIBUTES) != STATUS_OK)
        return 0;
    spare = (phys_addr_t){};
    return SPARE_BYTES;
}

static void release_spare(void)
{
    frame_free(memory_frames(), spare, SPARE_ORDER);
    spare = (phys_addr_t){};
}

// More than asked for would only be kept from others: a heap asks for steps that are worth the call.
static size_t grow(void *, void *address, size_t least_bytes)
{
    virt_addr_t start = virt_of(address);
    if (spare.value != 0 && least_bytes == SPARE_BYTES)
        return map_spare(start);
    if (spare.value != 0)
        release_spare();
    return own_frames_map(start, virt_add(start, least_bytes)) == STATUS_OK ? least_bytes : 0;
}

static bool shrink(void *, void *address, size_t size_bytes)
{
    virt_addr_t start = virt_of(address);
    own_frames_unmap(start, virt_add(start, size_bytes));
    return true;
}

static const struct heap_host host = {grow, shrink, nullptr};

// ---- no heap: its functions know only how to panic

[[noreturn, gnu::cold]] static void refuse(const struct heap *heap, const char *what)
{
    if (heap == &kernel_heap_before_init)
        panic("somebody %s memory before there is a heap", what);
    panic("a handler of an interrupt or an exception %s memory", what);
}

static void *refuse_allocate(struct heap *heap, size_t)
{
    refuse(heap, "allocates");
}

static void *refuse_allocate_aligned(struct heap *heap, size_t, size_t)
{
    refuse(heap, "allocates");
}

static void refuse_free(struct heap *heap, void *)
{
    refuse(heap, "frees");
}

static void *refuse_resize(struct heap *heap, void *, size_t, size_t)
{
    refuse(heap, "resizes");
}

static size_t refuse_usable_size(struct heap *heap, const void *)
{
    refuse(heap, "measures");
}

static void refuse_trim(struct heap *heap)
{
    refuse(heap, "gives back");
}

static void refuse_walk(struct heap *heap, heap_visit_fn *, void *)
{
    refuse(heap, "counts");
}

static const char *refuse_validate(struct heap *heap)
{
    refuse(heap, "checks");
}

// It is never made, so nothing asks it about growth.
static const struct heap_design refusal = {
    .name = "none",
    .allocate = refuse_allocate,
    .allocate_aligned = refuse_allocate_aligned,
    .free = refuse_free,
    .resize = refuse_resize,
    .usable_size = refuse_usable_size,
    .trim = refuse_trim,
    .walk = refuse_walk,
    .validate = refuse_validate,
};

// Every block lies in its region, so that it is asked about each.
#define REFUSING_HEAP(self)                                                                                            \
    {                                                                                                                  \
        .allocate = refuse_allocate,                                                                                   \
        .allocate_aligned = refuse_allocate_aligned,                                                                   \
        .free = refuse_free,                                                                                           \
        .design = &refusal,                                                                                            \
        .first = &(self),                                                                                              \
        .end = (uint8_t *)&(self) - 1,                                                                                 \
    }

READ_ONLY_AFTER_INIT struct heap kernel_heap_before_init = REFUSING_HEAP(kernel_heap_before_init);
READ_ONLY_AFTER_INIT struct heap kernel_heap_of_handlers = REFUSING_HEAP(kernel_heap_of_handlers);
READ_ONLY_AFTER_INIT struct heap *kernel_heap = &kernel_heap_before_init;

// ---- a failure on request: while one is to come, functions that count stand in the place of the design's

static struct {
    uint64_t left;  // allocations up to the one that fails
    bool is_inside; // one of the design's functions
} failure;

static void stop_counting(void)
{
    kernel_heap->allocate = kernel_heap->design->allocate;
    kernel_heap->allocate_aligned = kernel_heap->design->allocate_aligned;
}

// What the heap asks of itself on the way is a part of the same allocation.
static void *count_allocate_aligned(struct heap *heap, size_t size_bytes, size_t alignment)
{
    if (failure.is_inside)
        return heap->design->allocate_aligned(heap, size_bytes, alignment);
    if (--failure.left == 0) {
        stop_counting();
        return nullptr;
    }
    failure.is_inside = true;
    void *block = alignment > HEAP_ALIGNMENT ? heap->design->allocate_aligned(heap, size_bytes, alignment)
                                             : heap->design->allocate(heap, size_bytes);
    failure.is_inside = false;
    return block;
}

static void *count_allocate(struct heap *heap, size_t size_bytes)
{
    return failure.is_inside ? heap->design->allocate(heap, size_bytes)
                             : count_allocate_aligned(heap, size_bytes, HEAP_ALIGNMENT);
}

void kernel_heap_fail_at(uint64_t number)
{
    if (failure.left != 0)
        stop_counting();
    failure.left = number;
    if (number == 0)
        return;
    kernel_heap->allocate = count_allocate;
    kernel_heap->allocate_aligned = count_allocate_aligned;
}

// ---- the heap

// In one piece, which takes fewer steps; given back, if ever, page by page as the others.
static enum status map_first(virt_addr_t start, unsigned order)
{
    phys_addr_t block = frame_allocate(memory_frames(), order, FRAME_ZONE_ANY);
    spare = frame_allocate(memory_frames(), SPARE_ORDER, FRAME_ZONE_ANY);
    if (block.value == 0 || spare.value == 0)
        return STATUS_NO_MEMORY;
    return page_table_map(memory_page_tables(), start, block, PAGE_SIZE << order, OWN_FRAMES_ATTRIBUTES);
}

// What the heap can ever have, its books included: all frames. Some designs lay their books out for it.
static size_t reserved_bytes(void)
{
    struct frame_statistics frames;
    frame_statistics_read(memory_frames(), &frames);
    uint64_t most = frames.total * PAGE_SIZE;
    return most < HEAP_REGION_MOST ? most : HEAP_REGION_MOST;
}

READ_ONLY_AFTER_INIT static struct heap_guard guard;

static const struct heap_design *guarded(const struct heap_design *design)
{
    static const struct heap_guard_options options = {
        .redzone_bytes = 32, .quarantine_blocks = 200, .quarantine_bytes = 64 * 1024};
    heap_guard_init(&guard, design, &options);
    return &guard.design;
}

// After a failure the boot ends, and nothing is undone.
enum status kernel_heap_init(const struct kernel_heap_options *options)
{
    constexpr uint64_t PINNED_BYTES = 512ull << 30; // the root's entry, which other address spaces will have a copy of
    unsigned order = options->is_guarded ? GUARDED_INITIAL_ORDER : INITIAL_ORDER;
    virt_addr_t start = {MEMORY_HEAP.start};
    enum status status = page_table_pin(memory_page_tables(), start, PINNED_BYTES);
    if (status == STATUS_OK)
        status = map_first(start, order);
    if (status != STATUS_OK)
        return status;
    struct heap_options heap_options = {.host = &host, .reserved_bytes = reserved_bytes(), .secret = options->secret};
    const struct heap_design *design = options->is_guarded ? guarded(options->design) : options->design;
    kernel_heap = heap_create(design, virt_pointer(start), PAGE_SIZE << order, &heap_options);
    ASSERT(kernel_heap != nullptr);
    kernel_heap_open();
    if (options->fail_at != 0)
        kernel_heap_fail_at(options->fail_at);
    return STATUS_OK;
}

const char *kernel_heap_design_name(void)
{
    return kernel_heap->design->name;
}

bool kernel_heap_is_guarded(void)
{
    return kernel_heap->design == &guard.design;
}
