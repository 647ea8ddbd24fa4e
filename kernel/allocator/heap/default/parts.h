// SPDX-License-Identifier: MIT
// What the default design is made of; default.c describes it. For this folder alone.
//
//   granule  1 KiB of the region, on its own boundary
//   run      granules in a row with one use: free, a span, a chunk, a large block
//   span     a run cut into slots of one size, 64 at most, without headers; a bit a slot says whether it is free
//   class    the sizes that share spans: steps of 8 bytes up to FINE_MOST, of 32 up to WIDE_MOST; and whole pages
//   chunk    granules in a row cut into middle blocks, which have headers; to the runs it is nothing that they know
#pragma once
#include "../heap_parts.h"
#include <lib/address.h>

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
constexpr unsigned SPAN_SLOTS_MOST = 64;
constexpr size_t SPAN_ALIGNMENT_MOST = 128;
constexpr size_t MIDDLE_MOST = 64 * 1024; // bytes; what is larger gets a run of its own
constexpr size_t UNIT = 8;                // bytes in which middle blocks and places are counted

enum run_kind : uint8_t {
    RUN_NOTHING, // a chunk, or no granule at which a run begins or ends
    RUN_FREE,
    RUN_SPAN,
    RUN_LARGE,
};

// A place in the region: units from struct default_heap's NOTHING on.
typedef uint32_t place_t;

// What is known of a run, at its beginning.
//
// A pointer P into a span is slot number (P - BASE) * INVERSE / 2^64, if the remainder of that division by 2^64 is
// small; if it is not, no slot begins at P. INVERSE is 2^64 / slot size, rounded down, and 1, so that the
// remainder of slot n is less than n * slot size; of anything else it is INVERSE at least (Granlund and Montgomery,
// "Division by Invariant Integers using Multiplication", 1994). Runs that are no span have a BASE of 0 and an INVERSE
// of 1, which make the pointer itself the remainder.
struct run {
    union {
        uint64_t free_slots; // of a span: a bit each
        uint64_t count;      // of any other: granules
    };
    uintptr_t base; // of a span: its slot 0
    uint64_t inverse;
    union {
        struct {
            place_t next, previous; // in a list of runs that have room
        };
        uintptr_t start; // of a large block
    };
    uint16_t frees_until_event; // of a span; see span.c
    uint8_t class;
    enum run_kind kind;
    uint32_t check; // of a free run, in memory that somebody might still write to; see run.c
};
static_assert(sizeof(struct run) == 40);

constexpr uint64_t REMAINDER_LIMIT = 1 << 18;
static_assert(PAGE_SPAN_SLOTS * PAGES_MOST * PAGE_SIZE <= REMAINDER_LIMIT);
static_assert(UINT64_MAX / (PAGES_MOST * PAGE_SIZE) >= REMAINDER_LIMIT);

// ---- sets of bins: a bit for each that has something, and a bit for each word of those

constexpr unsigned RUN_BIN_COUNT = 32 + 20 * 8;
constexpr unsigned MIDDLE_BIN_COUNT = 128 + 14 * 16;

struct bin_set {
    uint64_t summary;
    uint64_t words[6];
};
static_assert(RUN_BIN_COUNT <= 6 * 64 && MIDDLE_BIN_COUNT <= 6 * 64);

constexpr unsigned NO_BIN = UINT32_MAX;

static inline void bin_set_add(struct bin_set *set, unsigned bin)
{
    set->words[bin / 64] |= 1ull << bin % 64;
    set->summary |= 1ull << bin / 64;
}

static inline bool bin_set_has(const struct bin_set *set, unsigned bin)
{
    return set->words[bin / 64] >> bin % 64 & 1;
}

static inline void bin_set_remove(struct bin_set *set, unsigned bin)
{
    uint64_t word = set->words[bin / 64] & ~(1ull << bin % 64);
    set->words[bin / 64] = word;
    if (word == 0)
        set->summary &= ~(1ull << bin / 64);
}

// The first bin from BIN on that has something, or NO_BIN.
static inline unsigned bin_set_find(const struct bin_set *set, unsigned bin)
{
    unsigned index = bin / 64;
    uint64_t word = set->words[index] >> bin % 64;
    if (word != 0)
        return bin + (unsigned)__builtin_ctzll(word);
    uint64_t later = set->summary & ~1ull << index;
    if (later == 0)
        return NO_BIN;
    index = (unsigned)__builtin_ctzll(later);
    return index * 64 + (unsigned)__builtin_ctzll(set->words[index]);
}

// ---- the heap

// Allocations of classes without span are counted; a class that has HEAT_LEAST of EPOCH in a row is hot.
constexpr uint32_t EPOCH = 1024;
constexpr uint16_t HEAT_LEAST = 16;

struct span_class {
    place_t partial;          // first of the spans that are not current and have free slots; 0: none
    uint32_t span_count;      // current or not, full or not
    uint32_t unspanned_bytes; // what blocks of that size take that are no slots
    uint32_t worth_bytes;     // as much of UNSPANNED_BYTES may make a span worth while; 0: look, in any case
    uint32_t heat_since;      // value of unspanned_count when HEAT was 0
    uint16_t heat;            // allocations that found no span
    uint8_t kept_count, kept_most;
    place_t kept; // first of the middle blocks of that size that were freed and are kept; 0: none
    bool is_hot;  // the first span is there because the class is hot
};

struct default_heap {
    struct heap heap;
    uintptr_t data; // where granule 0 begins
    size_t granule_count;
    place_t current[CLASS_COUNT]; // the span that serves a class; 0: NOTHING
    // Where MAP leads from granules that are no span's and no run's first or last, and CURRENT from classes without
    // span: a run whose only slot is always free, and never handed out.
    struct run nothing;
    struct span_class classes[CLASS_COUNT + 1]; // the last one stands for all larger sizes
    struct bin_set run_bins, middle_bins;
    size_t chunk_end;         // granule behind the chunk that grew last; 0: there is none
    size_t taken_granules;    // of spans, chunks and large blocks
    size_t hot_granules;      // of the first spans of classes that are hot
    uint32_t unspanned_count; // allocations of classes without span, modulo 2^32
    place_t place_limit;      // beyond every place in the region
    uint8_t *map_end;         // of what can be used of MAP
    uint8_t *map_least_end;   // below which nothing of it is given back
    bool is_exhausted;        // default_exhausted() is at work
    // From here on nothing is cleared at the beginning: of a class without span, of bins that their set does not have.
    uint32_t slot_bytes[CLASS_COUNT];
    place_t free_runs[RUN_BIN_COUNT];
    place_t middle_blocks[MIDDLE_BIN_COUNT];
    place_t map[]; // by granule, from that before the first to that behind the last: its run
};

static inline unsigned class_of(size_t last_byte)
{
    if (last_byte < FINE_MOST)
        return (unsigned)(last_byte / HEAP_ALIGNMENT);
    return FINE_COUNT + (unsigned)((last_byte - FINE_MOST) / WIDE_STEP);
}

static inline size_t class_bytes(unsigned class)
{
    if (class < FINE_COUNT)
        return (class + 1) * HEAP_ALIGNMENT;
    return class < PAGE_FIRST ? FINE_MOST + (class + 1 - FINE_COUNT) * WIDE_STEP : (class + 1 - PAGE_FIRST) * PAGE_SIZE;
}

static inline struct run *run_at(struct default_heap *self, place_t place)
{
    return (struct run *)((uint64_t *)&self->nothing + place);
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

static inline void run_set_kind(struct run *run, enum run_kind kind, size_t count)
{
    run->count = count;
    run->base = 0;
    run->inverse = 1;
    run->kind = kind;
}

// ---- run.c

// Take COUNT granules, the second one at a multiple of ALIGNMENT, which counts granules. Returns where they are, or
// nullptr. Their map entries are the caller's to set.
void *run_take(struct default_heap *self, size_t count, size_t alignment);

// Take the COUNT granules from FIRST on. False when they are not all free.
bool run_take_at(struct default_heap *self, size_t first, size_t count);

// Give back COUNT granules from FIRST on; their map entries lead to NOTHING, or are the first and the last.
void run_give(struct default_heap *self, size_t first, size_t count);

// Let the map lead from the first and the last of COUNT granules to RUN.
static inline void run_mark_ends(struct default_heap *self, size_t first, size_t count, const struct run *run)
{
    self->map[1 + first] = place_of(self, run);
    self->map[1 + first + count - 1] = place_of(self, run);
}

const char *run_validate_bins(struct default_heap *self);

// CLASS: of pages, or CLASS_COUNT. Where there is no memory, what default_exhausted() returns.
void *large_allocate(struct default_heap *self, size_t size_bytes, unsigned class, size_t alignment);
// Give the end of the region back, if it is free, but for a page.
void run_trim(struct default_heap *self);
void large_free(struct default_heap *self, struct run *run);
// Where the block is now, which may be before where it was; nullptr: no room, and nothing has changed.
void *large_resize(struct default_heap *self, struct run *run, size_t size_bytes, size_t alignment);

// ---- middle.c

// How many units a block of SIZE_BYTES has, 1 to MIDDLE_MOST, with its header.
size_t middle_units(size_t size_bytes);
// A block of WANTED units, enough for CLASS; CLASS_COUNT: for a size that has none. Where there is none, what
// default_exhausted() returns.
void *middle_allocate(struct default_heap *self, size_t wanted, unsigned class);
// The same at a multiple of ALIGNMENT, more than HEAP_ALIGNMENT and less than GRANULE_BYTES.
void *middle_allocate_aligned(struct default_heap *self, size_t wanted, unsigned class, size_t alignment);
// The first kept block of CLASS, which has one, if it is at a multiple of ALIGNMENT; or a new one.
void *middle_reuse(struct default_heap *self, struct span_class *class, size_t alignment);
// Free what is kept. False when there is none.
bool middle_flush(struct default_heap *self);
// Write a header before BLOCK, which is none of a chunk, so that freeing it once more is noticed.
void middle_mark_freed(struct default_heap *self, void *block, size_t size_bytes);
// Speak of the blocks of the chunk that begins at GRANULE. Returns the granule behind it.
size_t middle_walk(struct default_heap *self, size_t granule, heap_visit_fn *visit, void *context);
// Look through that chunk. Returns nullptr, or what is wrong.
const char *middle_validate(struct default_heap *self, size_t granule, size_t *end);
const char *middle_validate_bins(struct default_heap *self);
// PAYLOAD: what middle_allocate() has returned.
void middle_free(struct default_heap *self, void *payload);
bool middle_resize(struct default_heap *self, void *payload, size_t size_bytes);
size_t middle_usable_size(struct default_heap *self, const void *payload);
// Give back the granules of the largest free block. False when it has none whole.
bool middle_release_largest(struct default_heap *self);

// ---- default.c

// There is no memory for SIZE_BYTES at ALIGNMENT. Returns a block after all, because something that was kept has been
// given up or the region has grown, or nullptr.
void *default_exhausted(struct default_heap *self, size_t size_bytes, size_t alignment);

// The region ends behind granule COUNT - 1 now.
void default_shrink(struct default_heap *self, size_t count);

// ---- span.c

// What is the same for all spans of a class.
struct span_shape {
    uint16_t slot_bytes, granules, slot_count;
    uint16_t units;   // of a middle block of that size
    uint64_t inverse; // 2^64 / slot_bytes, rounded down, and 1
};

extern const struct span_shape span_shapes[CLASS_COUNT];

// Whether CLASS, which has no current span and is hot or takes WORTH_BYTES, is worth one more.
bool span_is_worth(struct default_heap *self, unsigned class);
// A slot of a new span of CLASS, which becomes the current one; nullptr when there is no memory.
void *span_begin(struct default_heap *self, unsigned class);
// SPAN has run out of slots.
void span_exhausted(struct default_heap *self, unsigned class, struct run *span);
// As many slots of SPAN have been freed as it was to be told of.
void span_event(struct default_heap *self, struct run *span);
// Give back the current spans that are empty. False when none is.
bool span_release_idle(struct default_heap *self);
void span_walk(struct default_heap *self, struct run *span, heap_visit_fn *visit, void *context);
const char *span_validate(struct default_heap *self, struct run *span);
