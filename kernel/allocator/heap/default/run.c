// SPDX-License-Identifier: MIT
// Runs of granules: the lowest layer of the default design, and the large blocks that are runs of their own. Free runs
// stand in bins by their length; the map's entries at their ends are what lets neighbours be found and merged. Called
// by spans and chunks for what they are cut from. Every function takes a bounded number of steps.
#include "parts.h"
#include <lib/string.h>

// Lengths below this have a bin each; above, every power of two has EIGHT.
constexpr size_t EXACT = 32;

// The bin of runs of COUNT granules. Bins go on from EXACT as if lengths below had been counted in eighths, too.
static unsigned bin_of(size_t count)
{
    if (count < EXACT)
        return (unsigned)count;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(count);
    return exponent * 8 + (unsigned)(count >> (exponent - 3)) - 16;
}

// The first bin all of whose runs have COUNT granules.
static unsigned bin_from(size_t count)
{
    if (count < EXACT)
        return (unsigned)count;
    return bin_of(count + ((size_t)1 << (60 - __builtin_clzll(count))) - 1);
}

// ---- bins

static void insert(struct default_heap *self, struct run *run, unsigned bin)
{
    place_t place = place_of(self, run), head = bin_set_has(&self->run_bins, bin) ? self->free_runs[bin] : 0;
    run->next = head;
    run->previous = 0;
    self->free_runs[bin] = place;
    if (head != 0)
        run_at(self, head)->previous = place;
    else
        bin_set_add(&self->run_bins, bin);
}

static uint32_t check_of(const struct default_heap *self, const struct run *run)
{
    return (uint32_t)run->count ^ (uint32_t)self->heap.secret ^ place_of(self, run);
}

// RUN, which is free, must say what it has been given to say.
static void require_sound(const struct default_heap *self, const struct run *run)
{
    bool has_places = run->next < self->place_limit && run->previous < self->place_limit;
    if (__builtin_expect(!has_places || run->kind != RUN_FREE || run->check != check_of(self, run), false))
        heap_panic_damaged(&self->heap, run, 0, "the record of a free run");
}

static void remove(struct default_heap *self, struct run *run, unsigned bin)
{
    require_sound(self, run);
    place_t next = run->next, previous = run->previous;
    place_t *link = previous == 0 ? &self->free_runs[bin] : &run_at(self, previous)->next;
    if (__builtin_expect(run_at(self, *link) != run, false))
        heap_panic_damaged(&self->heap, run, run->count << GRANULE_SHIFT, "the list of free runs");
    *link = next;
    if (next != 0)
        run_at(self, next)->previous = previous;
    else if (previous == 0)
        bin_set_remove(&self->run_bins, bin);
}

// COUNT granules from FIRST on are a free run; the map's other entries in it lead to NOTHING.
static void make_free(struct default_heap *self, size_t first, size_t count)
{
    struct run *run = (struct run *)granule_at(self, first);
    run_set_kind(run, RUN_FREE, count);
    run->check = check_of(self, run);
    run_mark_ends(self, first, count, run);
    insert(self, run, bin_of(count));
}

// RUN, which is free, has COUNT granules from now on.
static void set_count(struct default_heap *self, struct run *run, size_t first, size_t count)
{
    require_sound(self, run);
    unsigned old_bin = bin_of(run->count), bin = bin_of(count);
    if (bin != old_bin) {
        remove(self, run, old_bin);
        insert(self, run, bin);
    }
    run->count = count;
    run->check = check_of(self, run);
    run_mark_ends(self, first, count, run);
}

// ---- take

// How many granules of RUN lie before a run whose second granule is at a multiple of ALIGNMENT.
static size_t skipped_granules(const struct run *run, size_t alignment)
{
    return -(((uintptr_t)run >> GRANULE_SHIFT) + 1) & (alignment - 1);
}

static struct run *first_in(struct default_heap *self, unsigned bin)
{
    return run_at(self, self->free_runs[bin]);
}

static struct run *find_from(struct default_heap *self, unsigned bin)
{
    bin = bin < RUN_BIN_COUNT ? bin_set_find(&self->run_bins, bin) : NO_BIN;
    return bin != NO_BIN ? first_in(self, bin) : nullptr;
}

// The first free runs of a few bins may do, though nothing promises it; from a certain bin on all will.
static struct run *find(struct default_heap *self, size_t count, size_t alignment)
{
    constexpr unsigned TRIES = 3;
    unsigned bin = bin_of(count), enough = bin_from(count + alignment - 1);
    for (unsigned i = 0; i < TRIES && bin < enough; i++, bin++) {
        bin = bin_set_find(&self->run_bins, bin);
        if (bin == NO_BIN)
            return nullptr;
        if (bin >= enough || first_in(self, bin)->count >= count + skipped_granules(first_in(self, bin), alignment))
            return first_in(self, bin);
    }
    return find_from(self, enough);
}

// LEFT takes the place of RUN in BIN.
static void replace(struct default_heap *self, const struct run *run, struct run *left, unsigned bin)
{
    place_t place = place_of(self, left), next = run->next, previous = run->previous;
    left->next = next;
    left->previous = previous;
    if (next != 0)
        run_at(self, next)->previous = place;
    if (previous != 0)
        run_at(self, previous)->next = place;
    else
        self->free_runs[bin] = place;
}

bool run_take_at(struct default_heap *self, size_t first, size_t count)
{
    struct run *run = run_at(self, self->map[1 + first]);
    size_t have = run->count;
    if (run->kind != RUN_FREE || run != granule_at(self, first) || have < count)
        return false;
    require_sound(self, run);
    unsigned bin = bin_of(have), left_bin = bin_of(have - count);
    struct run *left = (struct run *)granule_at(self, first + count);
    self->taken_granules += count;
    self->map[1 + first] = 0;
    if (left_bin != bin || have == count)
        remove(self, run, bin);
    if (have == count) {
        self->map[1 + first + count - 1] = 0;
        return true;
    }
    if (left_bin == bin)
        replace(self, run, left, bin);
    else
        insert(self, left, left_bin);
    run_set_kind(left, RUN_FREE, have - count);
    left->check = check_of(self, left);
    run_mark_ends(self, first + count, have - count, left);
    return true;
}

void *run_take(struct default_heap *self, size_t count, size_t alignment)
{
    struct run *run = find(self, count, alignment);
    if (run == nullptr)
        return nullptr;
    require_sound(self, run);
    size_t first = granule_of(self, (uintptr_t)run), skipped = skipped_granules(run, alignment);
    if (skipped != 0) {
        size_t rest = run->count - skipped;
        self->map[1 + first + run->count - 1] = 0;
        set_count(self, run, first, skipped);
        make_free(self, first + skipped, rest);
    }
    if (!run_take_at(self, first + skipped, count))
        heap_panic_damaged(&self->heap, run, 0, "the record of a free run");
    return granule_at(self, first + skipped);
}

// ---- give

// RUN, which is free, is the last one.
static void trim(struct default_heap *self, struct run *run)
{
    size_t first = granule_of(self, (uintptr_t)run), count = run->count;
    size_t granules = heap_give_back(&self->heap, count << GRANULE_SHIFT) >> GRANULE_SHIFT;
    if (granules == 0)
        return;
    self->map[1 + first + count - 1] = 0;
    set_count(self, run, first, count - granules); // something is always left
    default_shrink(self, self->granule_count - granules);
}

void run_trim(struct default_heap *self)
{
    struct run *run = run_at(self, self->map[self->granule_count]);
    size_t usual = self->heap.give_back_bytes;
    if (usual == SIZE_MAX || run->kind != RUN_FREE)
        return;
    self->heap.give_back_bytes = 2 * PAGE_SIZE;
    trim(self, run);
    self->heap.give_back_bytes = usual;
}

void run_give(struct default_heap *self, size_t first, size_t count)
{
    size_t end = first + count;
    self->taken_granules -= count;
    self->map[1 + first] = 0;
    self->map[1 + end - 1] = 0;
    struct run *before = run_at(self, self->map[1 + first - 1]), *after = run_at(self, self->map[1 + end]);
    if (after->kind == RUN_FREE) {
        remove(self, after, bin_of(after->count));
        self->map[1 + end] = 0;
        end += after->count;
        self->map[1 + end - 1] = 0;
    }
    if (before->kind == RUN_FREE && !HEWN_BREAK_HEAP_DEFAULT_MISSING_MERGE) {
        self->map[1 + first - 1] = 0;
        first -= before->count;
        set_count(self, before, first, end - first);
    } else {
        make_free(self, first, end - first);
    }
    if ((end - first) << GRANULE_SHIFT >= self->heap.give_back_bytes && end == self->granule_count &&
        !self->heap.is_growing)
        trim(self, run_at(self, self->map[1 + first]));
}

static const char *validate_bin(struct default_heap *self, unsigned bin)
{
    place_t previous = 0;
    if (!bin_set_has(&self->run_bins, bin))
        return nullptr;
    if (self->free_runs[bin] == 0)
        return "the set of bins of free runs is wrong";
    for (place_t place = self->free_runs[bin]; place != 0; previous = place, place = run_at(self, place)->next) {
        const struct run *run = run_at(self, place);
        if (place >= self->place_limit)
            return "a list of free runs leads out of the region";
        if (run->kind != RUN_FREE || run->check != check_of(self, run) || bin_of(run->count) != bin ||
            run->previous != previous || run->base != 0 || run->inverse != 1)
            return "a list of free runs is damaged";
    }
    return nullptr;
}

const char *run_validate_bins(struct default_heap *self)
{
    const char *problem = nullptr;
    for (unsigned bin = 0; bin < RUN_BIN_COUNT && problem == nullptr; bin++)
        problem = validate_bin(self, bin);
    return problem;
}

// ---- large blocks

static size_t granules_for(size_t size_bytes)
{
    return (size_bytes >> GRANULE_SHIFT) + (size_bytes % GRANULE_BYTES != 0);
}

// How far into its run a large block begins: behind the record and room for a header, or where alignment is that of
// granules or more in the second granule.
static size_t offset_for(size_t alignment)
{
    return alignment >= GRANULE_BYTES ? GRANULE_BYTES : round_up(sizeof(struct run) + UNIT, alignment);
}

void *large_allocate(struct default_heap *self, size_t size_bytes, unsigned class, size_t alignment)
{
    size_t offset = offset_for(alignment), count = granules_for(size_bytes) + 1, region = self->granule_count;
    if (count > region || alignment >> GRANULE_SHIFT > region)
        return default_exhausted(self, size_bytes, alignment);
    if (offset < GRANULE_BYTES)
        count = granules_for(size_bytes + offset);
    struct run *run = run_take(self, count, alignment < GRANULE_BYTES ? 1 : alignment >> GRANULE_SHIFT);
    if (run == nullptr)
        return default_exhausted(self, size_bytes, alignment);
    size_t first = granule_of(self, (uintptr_t)run);
    run_set_kind(run, RUN_LARGE, count);
    run->start = (uintptr_t)run + offset;
    run->class = (uint8_t)class;
    run_mark_ends(self, first, count, run);
    self->map[1 + first + (offset >> GRANULE_SHIFT)] = place_of(self, run);
    self->classes[class].unspanned_bytes += (uint32_t)(count << GRANULE_SHIFT);
    return (void *)run->start;
}

// Wherever a large block's own granules have led, the map leads nowhere.
static void unmark(struct default_heap *self, const struct run *run, size_t first)
{
    self->map[1 + first] = 0;
    self->map[1 + granule_of(self, run->start)] = 0;
    self->map[1 + first + run->count - 1] = 0;
    self->classes[run->class].unspanned_bytes -= (uint32_t)(run->count << GRANULE_SHIFT);
}

// The record of a large block stands where an overrun of what lies before it arrives.
static void require_sound_large(struct default_heap *self, const struct run *run)
{
    size_t first = granule_of(self, (uintptr_t)run);
    if (run->count == 0 || run->count > self->granule_count - first || run->class > CLASS_COUNT ||
        self->map[1 + first + run->count - 1] != place_of(self, run))
        heap_panic_damaged(&self->heap, run, 0, "the record of the large block");
}

void large_free(struct default_heap *self, struct run *run)
{
    require_sound_large(self, run);
    size_t first = granule_of(self, (uintptr_t)run), count = run->count;
    unmark(self, run, first);
    middle_mark_freed(self, (void *)run->start, (count << GRANULE_SHIFT) - (run->start - (uintptr_t)run));
    run->kind = RUN_NOTHING;
    run_give(self, first, count);
}

static size_t free_granules_at(struct default_heap *self, size_t granule)
{
    const struct run *run = run_at(self, self->map[1 + granule]);
    return run->kind == RUN_FREE ? run->count : 0;
}

// Take what is free behind the OLD granules from FIRST on and, if that is not enough, what is free before them. Returns
// how many there are now, or 0 when they would be fewer than COUNT.
static size_t take_around(struct default_heap *self, size_t *first, size_t old, size_t count, bool can_move)
{
    size_t after = free_granules_at(self, *first + old), before = can_move ? free_granules_at(self, *first - 1) : 0;
    if (before + old + after < count)
        return 0;
    size_t wanted = old + after >= count ? count - old : after;
    if (wanted != 0 && !run_take_at(self, *first + old, wanted))
        return 0;
    if (old + wanted == count)
        return count;
    if (!run_take_at(self, *first - before, before))
        return 0;
    memmove(granule_at(self, *first - before), granule_at(self, *first), old << GRANULE_SHIFT);
    *first -= before;
    return before + old + wanted;
}

void *large_resize(struct default_heap *self, struct run *run, size_t size_bytes, size_t alignment)
{
    require_sound_large(self, run);
    size_bytes += size_bytes == 0;
    size_t first = granule_of(self, (uintptr_t)run), offset = run->start - (uintptr_t)run, old = run->count;
    if (granules_for(size_bytes) >= self->granule_count)
        return nullptr;
    size_t count = granules_for(size_bytes + offset), have = old;
    const struct run before = *run; // which the block may move over
    if (count == old)
        return (void *)run->start;
    if (count > old) {
        have = take_around(self, &first, old, count, alignment <= GRANULE_BYTES);
        if (have == 0)
            return nullptr;
    }
    unmark(self, &before, granule_of(self, (uintptr_t)run));
    run = (struct run *)granule_at(self, first);
    run->count = count;
    run->class = CLASS_COUNT;
    run->start = (uintptr_t)run + offset;
    self->classes[CLASS_COUNT].unspanned_bytes += (uint32_t)(count << GRANULE_SHIFT);
    run_mark_ends(self, first, count, run);
    self->map[1 + first + (offset >> GRANULE_SHIFT)] = place_of(self, run);
    if (have > count)
        run_give(self, first + count, have - count);
    return (void *)run->start;
}
