// SPDX-License-Identifier: MIT
// What the default design is made of; default.c describes it. For this folder alone.
//
//   unit     8 bytes, in which blocks and places are counted
//   block    units of the region with a header; all of the region is blocks, in a row
//   granule  1 KiB of the region, on its own boundary
//   span     a block of whole granules, cut into slots of one size, 64 at most, without headers; a bit a slot says
//            whether it is free
//   class    the sizes that share spans: steps of 8 bytes up to FINE_MOST, of 32 up to WIDE_MOST; and whole pages
#pragma once
#include "../heap_parts.h"
#include <lib/address.h>

// The limit on all of the design's code is tight, so what does not run often is to have as few bytes as can be.
#define SELDOM [[clang::minsize]]
#define RARE   [[gnu::cold, clang::minsize]]

constexpr unsigned GRANULE_SHIFT = 10;
constexpr size_t GRANULE_BYTES = (size_t)1 << GRANULE_SHIFT;

constexpr unsigned FINE_COUNT = 64; // classes
constexpr size_t FINE_MOST = FINE_COUNT * HEAP_ALIGNMENT;
constexpr size_t WIDE_STEP = 32;
constexpr size_t WIDE_MOST = 2048;
constexpr unsigned PAGE_FIRST = FINE_COUNT + (WIDE_MOST - FINE_MOST) / WIDE_STEP; // the class of single pages
constexpr size_t PAGES_MOST = 4;                                                  // of a class
constexpr unsigned CLASS_COUNT = PAGE_FIRST + PAGES_MOST;
constexpr unsigned PAGE_SPAN_SLOTS = 16;
constexpr unsigned SPAN_SLOTS_LEAST = 4, SPAN_SLOTS_MOST = 64;
constexpr size_t SPAN_ALIGNMENT_MOST = 128;
constexpr size_t UNIT = 8;
constexpr size_t HEADER_BYTES = 8;
constexpr size_t BLOCK_UNITS_LEAST = 3; // header, links, header once more

// A place in the region: units from struct default_heap's NOTHING on.
typedef uint32_t place_t;

// The beginning of a span.
//
// A pointer P into a span is slot number (P - BASE) * INVERSE / 2^64, if the remainder of that division by 2^64 is
// small; if it is not, no slot begins at P. INVERSE is 2^64 / slot size, rounded down, and 1, so that the
// remainder of slot n is less than n * slot size; of anything else it is INVERSE at least (Granlund and Montgomery,
// "Division by Invariant Integers using Multiplication", 1994). NOTHING, which is no span, has a BASE beyond all
// pointers and an INVERSE of 1, which make the pointer itself the remainder, but for 1.
struct span {
    uint64_t header; // of the block
    uint64_t free_slots;
    uintptr_t base; // slot 0
    uint64_t inverse;
    place_t next, previous;     // in a list of spans that have room
    uint16_t frees_until_event; // see span.c
    uint8_t class, slot_count;
    bool is_open; // the map leads to it from all slots; if not, only from one, and no other is taken
};
static_assert(sizeof(struct span) == 48);

constexpr uint64_t REMAINDER_LIMIT = 1 << 18;
static_assert(PAGE_SPAN_SLOTS * PAGES_MOST * PAGE_SIZE <= REMAINDER_LIMIT);
static_assert(UINT64_MAX / (PAGES_MOST * PAGE_SIZE) >= REMAINDER_LIMIT);

// ---- the heap

// Every power of two has 8 bins, up to 2^32; so blocks of less than 16 units have a bin for each size. The last bin,
// which is no size's, has what there was no time to sort.
constexpr unsigned BIN_COUNT = 256;
constexpr unsigned BIN_UNSORTED = BIN_COUNT - 1;
constexpr unsigned NO_BIN = BIN_COUNT;

// Allocations of classes without span are counted; a class that has HEAT_LEAST of EPOCH in a row is hot.
constexpr uint32_t EPOCH = 1024;
constexpr uint16_t HEAT_LEAST = 16;

// There is plenty of memory while less than this part of the region is taken.
constexpr size_t PLENTY_SHARE = 6;

struct span_class {
    place_t partial;          // first of the spans that are not current and have room; 0: none
    uint32_t span_count;      // current or not, full or not
    uint32_t unspanned_units; // of blocks of that size that are no slots
    uint32_t heat_since;      // value of unspanned_count when HEAT was 0
    uint16_t heat;            // allocations that found no span
    bool is_due;              // the next allocation that finds no span begins one
    bool is_hot;              // the first span is there because the class is hot
};

// Of the counts that follow the classes': all larger sizes, and spans.
constexpr unsigned CLASS_OF_LARGER = CLASS_COUNT, CLASS_OF_SPANS = CLASS_COUNT + 1;

struct default_heap {
    struct heap heap;
    uintptr_t data; // where granule 0 begins, and the first block
    size_t granule_count;
    place_t current[CLASS_COUNT]; // the span that serves a class; 0: NOTHING
    // Where MAP leads from granules that are no span's, and CURRENT from classes without span: a span without slots.
    struct span nothing;
    struct span_class classes[CLASS_COUNT + 2];
    uint64_t bins[BIN_COUNT / 64 + 1]; // a bit for each bin that has a block, and for NO_BIN
    size_t taken_units;
    size_t plenty_units;              // as long as less is taken there is plenty
    size_t hot_units;                 // of the first spans of classes that are hot
    uint32_t unspanned_count;         // allocations of classes without span, modulo 2^32
    place_t place_limit;              // beyond every place in the region
    uint8_t *map_end;                 // of what can be used of MAP
    uint8_t *map_least_end;           // below which nothing of it is given back
    place_t free_blocks[BIN_COUNT];   // the first of each bin; 0: none
    uint32_t slot_bytes[CLASS_COUNT]; // nothing is cleared at the beginning from here on: of a class without span
    place_t map[];                    // by granule: its span
};

static inline size_t class_of_wide(size_t last_byte)
{
    return FINE_COUNT - FINE_MOST / WIDE_STEP + (unsigned)(last_byte / WIDE_STEP);
}

static inline size_t class_of(size_t last_byte)
{
    return last_byte < FINE_MOST ? (unsigned)(last_byte / HEAP_ALIGNMENT) : class_of_wide(last_byte);
}

// Of a size that is not 0.
static inline size_t class_for(size_t size_bytes)
{
    return size_bytes <= WIDE_MOST ? class_of(size_bytes - 1) : CLASS_OF_LARGER;
}

static inline struct span *span_at(struct default_heap *self, place_t place)
{
    return (struct span *)((uint64_t *)&self->nothing + place);
}

static inline place_t place_of(const struct default_heap *self, const void *what)
{
    return (place_t)(((uintptr_t)what - (uintptr_t)&self->nothing) / UNIT);
}

static inline size_t granule_of(const struct default_heap *self, uintptr_t address)
{
    return (address - self->data) >> GRANULE_SHIFT;
}

static inline void *granule_at(const struct default_heap *self, size_t granule)
{
    return (void *)(self->data + (granule << GRANULE_SHIFT));
}

// ---- block.c; BLOCK is its header, PAYLOAD what is behind that

struct block {
    uint64_t header; // see block.c
    union {          // of what is free
        struct {
            place_t next, previous;
        };
        uint64_t links;
    };
};

constexpr unsigned UNITS_SHIFT = 32; // in a header

static inline uint64_t block_read(const struct default_heap *self, const struct block *block)
{
    return block->header ^ self->heap.secret ^ (uintptr_t)block;
}

static inline size_t units_of(uint64_t header)
{
    return header >> UNITS_SHIFT;
}

// The bin of blocks of UNITS, of which there are 3 at least: the four highest bits say which of its power of two. A
// macro, because it is also asked for in constants.
#define BIN_OF(units)                                                                                                  \
    (488 - 8 * (unsigned)__builtin_clzll(units) + (unsigned)((uint64_t)(units) << __builtin_clzll(units) >> 60))

static inline size_t block_units(size_t size_bytes)
{
    size_t units = (size_bytes + HEADER_BYTES + UNIT - 1) / UNIT;
    return units < BLOCK_UNITS_LEAST ? BLOCK_UNITS_LEAST : units;
}

// The payload of a block of UNITS, what block_units() says, at a multiple of ALIGNMENT, which is HEAP_ALIGNMENT at
// least. CLASS is what it counts for. Where there is no such block, it is default_exhausted() that says what to return.
void *block_allocate(struct default_heap *self, size_t class, size_t alignment, size_t units);
// The same, of the first block of BIN, or of the next bin that has one, where any will do. That of a span, for which
// there may be none, ends at a multiple of ALIGNMENT, and has UNITS at most; where it ends is left in what will be the
// span's base.
void *block_take(struct default_heap *self, size_t class, size_t alignment, unsigned bin, size_t units);
// The region has COUNT granules from now on, more than before.
void block_extend(struct default_heap *self, size_t count);
void block_free(struct default_heap *self, void *payload);
// The same of the BLOCK of a span.
void block_release(struct default_heap *self, struct block *block);
// Where the payload is now, which may be before where it was; nullptr: no room, and nothing has changed.
void *block_resize(struct default_heap *self, void *payload, size_t size_bytes, size_t alignment);
size_t block_usable_size(const struct default_heap *self, const void *payload);
// Give the end of the region back, if it is free, but for a page.
void block_trim(struct default_heap *self);
// Speak of all blocks.
void block_walk(struct default_heap *self, heap_visit_fn *visit, void *context);
// Look through all blocks, and through the bins. Returns nullptr, or what is wrong.
const char *block_validate(struct default_heap *self);

// ---- default.c

// The region has fewer granules now.
void default_shrink_map(struct default_heap *self);
// No free block will do for block_allocate(): tries all that is left to try.
void *default_exhausted(struct default_heap *self, size_t class, size_t alignment, size_t units);

// ---- span.c

// What is the same for all spans of a class.
struct span_shape {
    uint16_t slot_bytes;
    uint16_t least_units, most_units; // of a span, if there is enough memory in one piece
    uint8_t bin;                      // the first one of whose blocks a span can be made
    uint8_t granules;                 // at a multiple of which it ends
    uint64_t inverse;                 // 2^64 / slot_bytes, rounded down, and 1
};

extern const struct span_shape span_shapes[CLASS_COUNT];

// A slot of CLASS, which has no current span, or a block of that size, which is aligned like slots if there are no
// slots.
void *span_allocate(struct default_heap *self, size_t class, size_t alignment);
// The current span of CLASS has run out of slots. Returns the one whose bit is SLOT.
void *span_exhausted(struct default_heap *self, size_t class, uint64_t slot);
// As many slots of a span have been freed as it was to be told of, the last of them in GRANULE.
void span_event(struct default_heap *self, size_t granule);
// Give back spans that are empty. False when there is none.
bool span_release_idle(struct default_heap *self);
// SEEN: room for what is said.
void span_walk(struct default_heap *self, const struct span *span, heap_visit_fn *visit, void *context,
               struct heap_block *seen);
const char *span_validate(struct default_heap *self, struct span *span);
