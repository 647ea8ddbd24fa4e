// SPDX-License-Identifier: MIT
// Heaps: blocks of any size out of regions of memory. Exported names begin with heap_. Six designs stand behind one
// interface (HEAP_DESIGNS; a page of docs/heaps.md each). Knows no frames, no page tables and no CPU: whoever has
// memory hands it in, and the host tests run the same sources.
//
//   region  memory in a row that one heap lays out and keeps its own books in; it may grow and shrink at its end
//   heap    a region and its design; further regions of the same design hang behind the first and serve what it cannot
//   block   what heap_allocate() returns. Its contents are arbitrary unless it is said otherwise
//
// Nothing is locked: one context at a time, never in an interrupt handler. No memory is an answer: nullptr, and nothing
// has changed. A caller's mistake that is noticed (a block freed twice, a pointer that is none of the heap's, books
// that somebody has written over) ends in panic(), which names heap, block and size.
#pragma once
#include <heap/history.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t HEAP_ALIGNMENT = 8;                     // bytes; of every block, whatever its size
constexpr size_t HEAP_ALIGNMENT_LIMIT = (size_t)1 << 30; // no larger one is served
constexpr size_t HEAP_REGION_LEAST = 16384;              // bytes; no design does without
constexpr size_t HEAP_REGION_MOST = (size_t)1 << 35;     // bytes; 32 GiB, one region; further ones take the rest

struct heap;

// Where a heap gets more memory, and where it leaves what it does not need. Neither function may call the heap.
struct heap_host {
    // Make at least LEAST_BYTES usable from ADDRESS on, a multiple of 4096 in the range that heap_options reserves,
    // where nothing is yet. Return how many bytes there are now, a multiple of 4096, or 0. More than LEAST_BYTES only
    // where the region ends at ADDRESS: what lies further up may be in use.
    size_t (*grow)(void *context, void *address, size_t least_bytes);
    // What lies from ADDRESS on, SIZE_BYTES of it, both multiples of 4096, was made usable by grow() and is no longer
    // used. Return whether it is taken back; if not, the heap keeps it.
    bool (*shrink)(void *context, void *address, size_t size_bytes);
    void *context;
};

struct heap_options {
    const struct heap_host *host; // nullptr: the first region stays as it is. Else it outlives the heap
    size_t reserved_bytes; // with a host: addresses that the first region may grow into, what it begins with included
    uint64_t secret;       // any number; makes books that somebody has written over easier to tell
};

// ---- designs

struct heap_block {
    void *address;     // of the block; of what is free, where it begins
    size_t size_bytes; // what can be used of it
    bool is_taken;
};

typedef void heap_visit_fn(void *context, const struct heap_block *block);
typedef void *heap_allocate_fn(struct heap *heap, size_t size_bytes);
typedef void *heap_allocate_aligned_fn(struct heap *heap, size_t size_bytes, size_t alignment);
typedef void heap_free_fn(struct heap *heap, void *block);

// What each design supplies, for this module alone; everybody else calls the functions below. SIZE_BYTES may be
// anything, 0 included, where nothing else is said. Cost and layout: the top of the design's file.
struct heap_design {
    const char *name;
    // Lay a heap into MEMORY, aligned to HEAP_ALIGNMENT, of at least HEAP_REGION_LEAST and at most HEAP_REGION_MOST
    // bytes. The heap's struct stands at MEMORY itself. Its common part (heap_parts.h) has been filled in.
    void (*create)(struct heap *heap);
    heap_allocate_fn *allocate; // aligned to HEAP_ALIGNMENT; what it cannot serve it leaves to heap_exhausted()
    heap_allocate_aligned_fn *allocate_aligned; // a power of two, > HEAP_ALIGNMENT and <= HEAP_ALIGNMENT_LIMIT
    heap_free_fn *free; // a pointer outside the region, and nullptr with it, is left to heap_free_elsewhere()
    // Make BLOCK hold SIZE_BYTES without another block, contents kept. Return where it is now (it may have moved over
    // what was free before it), or nullptr with nothing changed. The alignment that it has, up to ALIGNMENT, is kept.
    void *(*resize)(struct heap *heap, void *block, size_t size_bytes, size_t alignment);
    size_t (*usable_size)(struct heap *heap, const void *block);
    // By how many bytes the region has to grow so that SIZE_BYTES at ALIGNMENT, less than 2^40 together, can be served
    // in any case.
    size_t (*growth)(const struct heap *heap, size_t size_bytes, size_t alignment);
    // The region has grown by SIZE_BYTES at its end. heap->end says already where it ends now. False: the design cannot
    // use them, and the growth is taken back.
    bool (*extend)(struct heap *heap, size_t size_bytes);
    // Give back what is kept for the next allocations, and the end of the region where it is free. nullptr: it does so
    // whenever it frees.
    void (*trim)(struct heap *heap);
    // Every block and everything that is free, in any order. Linear.
    void (*walk)(struct heap *heap, heap_visit_fn *visit, void *context);
    // Look through all books. Return nullptr, or what is wrong as a sentence without full stop. Linear.
    const char *(*validate)(struct heap *heap);
};

extern const struct heap_design heap_bump, heap_linked_list, heap_fixed_block, heap_buddy, heap_tlsf, heap_default;

// All of them, in the order in which they are worth reading; the last one is what the kernel uses unless told
// otherwise.
constexpr unsigned HEAP_DESIGN_COUNT = 6;
extern const struct heap_design *const heap_designs[HEAP_DESIGN_COUNT];

// nullptr when there is none of that name.
const struct heap_design *heap_design_find(const char *name);

// ---- a heap

// The beginning of every region. Only this module reads it; it stands here because heap_allocate() and heap_free() are
// inlined.
struct heap {
    heap_allocate_fn *allocate; // the design's
    heap_free_fn *free;
    heap_allocate_aligned_fn *allocate_aligned;
    const struct heap_design *design;
    uint8_t *end;   // of the region
    uint8_t *limit; // beyond which it does not grow
    uint8_t *hole;  // addresses of the region where nothing is
    size_t hole_bytes;
    uint8_t *least_end;           // below which nothing is given back
    struct heap *next;            // region of this heap, or nullptr
    struct heap *first;           // region of this heap
    const struct heap_host *host; // never nullptr
    uint64_t secret;
    size_t give_back_bytes; // free memory at the end from which on it is worth giving back; SIZE_MAX: never
    bool is_growing;
};

// Lay a heap of DESIGN into SIZE_BYTES at MEMORY; both are rounded to HEAP_ALIGNMENT, inwards; with a host, MEMORY and
// SIZE_BYTES are multiples of 4096. The memory is the heap's until nobody uses the heap any more: there is nothing to
// destroy. nullptr when it is less than HEAP_REGION_LEAST; what exceeds HEAP_REGION_MOST is left unused.
[[nodiscard]] struct heap *heap_create(const struct heap_design *design, void *memory, size_t size_bytes,
                                       const struct heap_options *options);

// Let HEAP use SIZE_BYTES at MEMORY, too, which does not grow. STATUS_INVALID as above. O(regions).
[[nodiscard]] enum status heap_add_region(struct heap *heap, void *memory, size_t size_bytes);

// Return a block of at least SIZE_BYTES (1 if that is 0) at a multiple of ALIGNMENT, a power of two up to
// HEAP_ALIGNMENT_LIMIT; 0 stands for HEAP_ALIGNMENT, and no block has less. nullptr when there is no memory, or no such
// alignment. The caller owns the block until heap_free().
[[nodiscard]] static inline void *heap_allocate(struct heap *heap, size_t size_bytes, size_t alignment)
{
    if ((alignment & (alignment - 1)) != 0)
        return nullptr;
    if (alignment <= HEAP_ALIGNMENT)
        return heap->allocate(heap, size_bytes);
    return alignment <= HEAP_ALIGNMENT_LIMIT ? heap->allocate_aligned(heap, size_bytes, alignment) : nullptr;
}

// The same, all bytes zero.
[[nodiscard]] void *heap_allocate_zeroed(struct heap *heap, size_t size_bytes, size_t alignment);

// Give BLOCK back. nullptr is no block, and fine.
static inline void heap_free(struct heap *heap, void *block)
{
    heap->free(heap, block);
    if (HEAP_HAS_HISTORY)
        heap_history_add(block);
}

// Return BLOCK, or another in its place that begins with the same bytes, with SIZE_BYTES at a multiple of ALIGNMENT as
// above. In place wherever the design can. nullptr when there is no memory: then BLOCK is as it was. A BLOCK of nullptr
// is an allocation. A SIZE_BYTES of 0 keeps a block of the least size.
[[nodiscard]] void *heap_reallocate(struct heap *heap, void *block, size_t size_bytes, size_t alignment);

// How many bytes of BLOCK its owner may use: at least what was asked for.
size_t heap_usable_size(struct heap *heap, const void *block);

// Give up what is kept to make the next allocations cheaper, and give the end of the region back to the host where it
// is free. For a moment in which memory is short or time is not. Linear.
void heap_trim(struct heap *heap);

// ---- what can be seen of it; all linear in the number of blocks

struct heap_statistics {
    size_t region_count, region_bytes; // whole regions, with books
    size_t taken_blocks, taken_bytes;  // usable bytes of blocks
    size_t free_blocks, free_bytes, largest_free_bytes;
    size_t book_bytes; // what is neither: headers, tables, what rounding has lost between blocks
};

void heap_statistics_read(struct heap *heap, struct heap_statistics *statistics);

void heap_walk(struct heap *heap, heap_visit_fn *visit, void *context);

// nullptr when all is well, or what is wrong as a sentence without full stop.
const char *heap_validate(struct heap *heap);
