// SPDX-License-Identifier: MIT
// Writes page tables: makes, fills, splits and releases them. Called by the memory module; knows neither frames'
// allocator nor the instruction that makes a TLB forget.
//
// How a change can fail and leave nothing behind: first the range is looked at and the frames that the change will need
// are counted and taken; from then on nothing can fail. Each entry is replaced by one store, since the CPU may walk the
// tables at any time, and a table is complete before an entry names it. Accessed (and Dirty, where a page can be
// written) are set from the start, so that the CPU itself writes to no table and no count is lost.
//
// What the TLB has to forget (Intel SDM vol. 3, 4.10.4):
//   - A page that was present and is changed or removed: INVLPG for it, after the store. None for a page that is new,
//     because entries that are not present are not cached (4.10.2.3, 4.10.3.2).
//   - A split changes no translation, so that no use of either of them would be wrong. But the entry maps a page, and
//     4.10.4.2 recommends INVLPG for that; without it the TLB could hold the large page together with its pieces, which
//     4.10.2.3 allows as long as they agree, and they are about to disagree. Hence one INVLPG a split, at once.
//   - A table that became empty: it is taken out of its parent before the INVLPG of the last pages in it, all of which
//     clear the paging-structure caches, whatever their address (4.10.4.1). Only then is its frame released.
#include "path.h"
#include <lib/panic.h>

constexpr uint8_t CACHE_COUNT = 8;
constexpr uint8_t RIGHTS_COUNT = 16;
constexpr uint64_t TABLE_BITS = PAGE_ENTRY_PRESENT | PAGE_ENTRY_WRITABLE | PAGE_ENTRY_ACCESSED;
constexpr uint64_t RIGHTS_BITS =
    PAGE_ENTRY_WRITABLE | PAGE_ENTRY_USER | PAGE_ENTRY_DIRTY | PAGE_ENTRY_GLOBAL | PAGE_ENTRY_NO_EXECUTE;
constexpr unsigned ADDRESS_BITS = 52; // Intel SDM vol. 3, 4.1.4
constexpr uint64_t COUNT_ONE = 1ull << PAGE_ENTRY_COUNT_SHIFT;

// Frames taken in advance, each naming the next in its first bytes; 0 ends.
struct reserve {
    uint64_t first;
};

static void entry_write(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

// At most LONGEST_PIECE entries at once, a power of two: what the loop costs is shared by so many.
[[gnu::always_inline]] static inline void fill_in_pieces(uint64_t *entries, uint64_t count, uint64_t value,
                                                         uint64_t step, const uint64_t longest_piece)
{
    for (; count >= longest_piece; count -= longest_piece) {
#pragma clang loop unroll(full)
        for (uint64_t i = 0; i < longest_piece; i++, value += step)
            entry_write(entries++, value);
    }
#pragma clang loop unroll(full)
    for (uint64_t piece = longest_piece / 2; piece > 0; piece /= 2) {
#pragma clang loop unroll(full)
        for (uint64_t i = 0; (count & piece) && i < piece; i++, value += step)
            entry_write(entries++, value);
    }
}

[[gnu::always_inline]] static inline void fill(uint64_t *entries, uint64_t count, uint64_t value, uint64_t step)
{
    fill_in_pieces(entries, count, value, step, 32);
}

// A quarter of what the kernel does until it has memory is this.
static void clear(uint64_t *entries, uint64_t count)
{
    fill_in_pieces(entries, count, 0, 0, 128);
}

static void forget(const struct page_tables *tables, uint64_t page)
{
    if (tables->host->invalidate && !HEWN_BREAK_MISSING_INVLPG)
        tables->host->invalidate(tables->host->context, (virt_addr_t){page});
}

static void release(const struct page_tables *tables, uint64_t frame)
{
    tables->host->release(tables->host->context, (phys_addr_t){frame});
}

static uint64_t reserve_take(const struct page_tables *tables, struct reserve *reserve)
{
    uint64_t frame = reserve->first;
    ASSERT(frame != 0);
    reserve->first = *table_at(tables, frame);
    return frame;
}

static enum status reserve_fill(const struct page_tables *tables, struct reserve *reserve, uint64_t count)
{
    reserve->first = 0;
    for (; count > 0; count--) {
        uint64_t frame = tables->host->allocate(tables->host->context).value;
        if (frame == 0) {
            while (reserve->first)
                release(tables, reserve_take(tables, reserve));
            return STATUS_NO_MEMORY;
        }
        *table_at(tables, frame) = reserve->first;
        reserve->first = frame;
    }
    return STATUS_OK;
}

// Whether the range is one of pages, not empty, and within one half of the canonical addresses.
static bool is_range(uint64_t first, uint64_t size_bytes, uint64_t alignment)
{
    uint64_t last = first + size_bytes - 1, half = first / ADDRESS_HALF_SIZE;
    return ((first | size_bytes) & (alignment - 1)) == 0 && last >= first && last / ADDRESS_HALF_SIZE == half &&
           (half == 0 || half == HIGH_HALF / ADDRESS_HALF_SIZE);
}

// What is in the entry of every page, and what its rights add. Dirty goes with writable, so that the CPU need not set
// it; a page that is dirty and not writable would be a shadow stack under CR4.CET (Intel SDM vol. 3, 4.6.1).
constexpr uint64_t PAGE_BITS = PAGE_ENTRY_PRESENT | PAGE_ENTRY_ACCESSED;
constexpr uint64_t READ_BITS = PAGE_BITS | PAGE_ENTRY_NO_EXECUTE;
constexpr uint64_t WRITE_BITS = READ_BITS | PAGE_ENTRY_WRITABLE | PAGE_ENTRY_DIRTY;
constexpr uint64_t EXECUTE_BITS = PAGE_BITS;

static const uint64_t bits_of_rights[RIGHTS_COUNT] = {
    [PAGE_READ] = READ_BITS,
    [PAGE_WRITE] = WRITE_BITS,
    [PAGE_EXECUTE] = EXECUTE_BITS,
    [PAGE_USER | PAGE_READ] = READ_BITS | PAGE_ENTRY_USER,
    [PAGE_USER | PAGE_WRITE] = WRITE_BITS | PAGE_ENTRY_USER,
    [PAGE_USER | PAGE_EXECUTE] = EXECUTE_BITS | PAGE_ENTRY_USER,
    [PAGE_GLOBAL | PAGE_READ] = READ_BITS | PAGE_ENTRY_GLOBAL,
    [PAGE_GLOBAL | PAGE_WRITE] = WRITE_BITS | PAGE_ENTRY_GLOBAL,
    [PAGE_GLOBAL | PAGE_EXECUTE] = EXECUTE_BITS | PAGE_ENTRY_GLOBAL,
    [PAGE_GLOBAL | PAGE_USER | PAGE_READ] = READ_BITS | PAGE_ENTRY_USER | PAGE_ENTRY_GLOBAL,
    [PAGE_GLOBAL | PAGE_USER | PAGE_WRITE] = WRITE_BITS | PAGE_ENTRY_USER | PAGE_ENTRY_GLOBAL,
    [PAGE_GLOBAL | PAGE_USER | PAGE_EXECUTE] = EXECUTE_BITS | PAGE_ENTRY_USER | PAGE_ENTRY_GLOBAL,
};

// The bits of a page at ADDRESS with RIGHTS; 0 when it cannot have them. The high half is the kernel's: there no
// table's entry lets user mode pass, so no page can.
static uint64_t rights_bits(const struct page_tables *tables, enum page_rights rights, uint64_t address)
{
    if (rights >= RIGHTS_COUNT || (__builtin_expect(rights & PAGE_USER, false) && address >= ADDRESS_HALF_SIZE))
        return 0;
    uint64_t bits = bits_of_rights[rights];
    return tables->has_no_execute ? bits : bits & ~PAGE_ENTRY_NO_EXECUTE;
}

// What memory type and size add to the bits of a page of LEVEL.
static uint64_t cache_bits(enum page_cache cache, unsigned level)
{
    uint64_t bits = 0;
    if (cache & CACHE_WRITE_THROUGH)
        bits |= PAGE_ENTRY_WRITE_THROUGH;
    if (cache & CACHE_DISABLE)
        bits |= PAGE_ENTRY_CACHE_DISABLE;
    if (cache & CACHE_PAT)
        bits |= level > 1 ? PAGE_ENTRY_PAT_LARGE : PAGE_ENTRY_PAT_4K;
    return level > 1 ? bits | PAGE_ENTRY_LARGE : bits;
}

// What names a table for ADDRESS grants everything that a page below may want; the page decides.
static uint64_t table_entry(uint64_t frame, uint64_t address, uint64_t count)
{
    uint64_t user = address < ADDRESS_HALF_SIZE ? PAGE_ENTRY_USER : 0;
    return frame | TABLE_BITS | user | count << PAGE_ENTRY_COUNT_SHIFT;
}

// Return the entry of a 4 KiB page at ADDRESS and, in *PARENT, what names its table; nullptr when there is no such
// table. Each operation does the most frequent case on its own, one page whose table stays, and leaves all else,
// mistakes included, to the way through ranges. That is a third of the instructions.
[[gnu::always_inline]] static inline uint64_t *small_page(const struct page_tables *tables, uint64_t address,
                                                          uint64_t size_bytes, uint64_t **parent)
{
    if (size_bytes != PAGE_SIZE || address % PAGE_SIZE != 0 || !address_is_canonical(address))
        return nullptr;
    uint64_t frame = tables->root.value;
#pragma clang loop unroll(full)
    for (unsigned level = PAGE_LEVELS; level > 1; level--) {
        *parent = &table_at(tables, frame)[page_entry_index(address, level)];
        if (!names_table(**parent, level))
            return nullptr;
        frame = **parent & PAGE_ENTRY_ADDRESS;
    }
    return &table_at(tables, frame)[page_entry_index(address, 1)];
}

// Add to the count of present entries of the table of LEVEL. The root has none, and what a pinned entry names is never
// released.
static void count_add(const struct path *path, unsigned level, uint64_t change)
{
    if (level == PAGE_LEVELS)
        return;
    uint64_t *entry = path->entries[level + 1];
    if (!(*entry & PAGE_ENTRY_PINNED))
        entry_write(entry, *entry + change * COUNT_ONE);
}

enum status page_table_init(struct page_tables *tables)
{
    tables->root = tables->host->allocate(tables->host->context);
    if (tables->root.value == 0)
        return STATUS_NO_MEMORY;
    clear(table_at(tables, tables->root.value), PAGE_TABLE_ENTRIES);
    return STATUS_OK;
}

enum status page_table_pin(struct page_tables *tables, virt_addr_t virt, uint64_t size_bytes)
{
    if (!is_range(virt.value, size_bytes, slot_mask(PAGE_LEVELS) + 1))
        return STATUS_INVALID;
    uint64_t *entries = &table_at(tables, tables->root.value)[page_entry_index(virt.value, PAGE_LEVELS)];
    uint64_t count = size_bytes >> slot_shift(PAGE_LEVELS), absent_count = 0;
    for (uint64_t i = 0; i < count; i++)
        absent_count += !is_present(entries[i]);
    struct reserve reserve;
    if (reserve_fill(tables, &reserve, absent_count) != STATUS_OK)
        return STATUS_NO_MEMORY;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t entry = entries[i] & ~PAGE_ENTRY_COUNT;
        if (!is_present(entry)) {
            uint64_t frame = reserve_take(tables, &reserve);
            clear(table_at(tables, frame), PAGE_TABLE_ENTRIES);
            entry = table_entry(frame, virt.value, 0);
        }
        entry_write(&entries[i], entry | PAGE_ENTRY_PINNED);
    }
    return STATUS_OK;
}

struct map_job {
    uint64_t last;   // byte of the range
    uint64_t offset; // from virtual to physical
    uint64_t bits;   // of every page
    enum page_cache cache;
    unsigned page_level; // of the largest pages that address and CPU allow
    struct reserve reserve;
};

// Put COUNT pages into ENTRIES of a table of LEVEL, from ADDRESS on.
static void put_pages(const struct map_job *job, uint64_t *entries, uint64_t count, uint64_t address, unsigned level)
{
    uint64_t entry = (address + job->offset) | job->bits | cache_bits(job->cache, level);
    fill(entries, count, entry, slot_mask(level) + 1);
}

// Of the spans of entries of LEVEL: how many the range touches, and how many of these it does not cover.
static uint64_t spans_touched(uint64_t first, uint64_t last, unsigned level)
{
    return (last >> slot_shift(level)) - (first >> slot_shift(level)) + 1;
}

static uint64_t spans_cut(uint64_t first, uint64_t last, unsigned level)
{
    uint64_t mask = slot_mask(level);
    bool cuts_first = (first & mask) != 0, cuts_last = (last & mask) != mask;
    if (spans_touched(first, last, level) == 1)
        return cuts_first || cuts_last;
    return (uint64_t)cuts_first + cuts_last;
}

// How many tables the range needs below entries of a table of LEVEL of which none is present.
static uint64_t tables_missing(uint64_t first, uint64_t last, unsigned level, unsigned page_level)
{
    uint64_t count = 0;
    for (; level > 1; level--)
        count += level > page_level ? spans_touched(first, last, level) : spans_cut(first, last, level);
    return count;
}

constexpr uint64_t PIECE_ENTRIES = 16;

// The bits that the entries of a piece have, all together.
[[gnu::always_inline]] static inline uint64_t piece_bits(const uint64_t *entries)
{
    uint64_t bits = 0;
#pragma clang loop unroll(full)
    for (uint64_t i = 0; i < PIECE_ENTRIES; i++)
        bits |= entries[i];
    return bits;
}

// How many of LIMIT entries, up to the first that is present, are not. Nearly always all of them, and such entries are
// zero, so pieces are skipped first; the last ones may overlap.
static uint64_t absent_count(const uint64_t *entries, uint64_t limit)
{
    uint64_t count = 0;
    while (count + PIECE_ENTRIES <= limit && !is_present(piece_bits(&entries[count])))
        count += PIECE_ENTRIES;
    if (limit >= PIECE_ENTRIES && limit - count < PIECE_ENTRIES &&
        !is_present(piece_bits(&entries[limit - PIECE_ENTRIES])))
        return limit;
    while (count < limit && !is_present(entries[count]))
        count++;
    return count;
}

// The end of the run of entries that are not present, from ENTRY on, which ADDRESS goes through; at most LAST.
static uint64_t absent_last(const uint64_t *entry, uint64_t address, uint64_t last, unsigned level)
{
    uint64_t count = absent_count(entry, entries_in_table(address, last, level));
    uint64_t run_last = (address | slot_mask(level)) + ((count - 1) << slot_shift(level));
    return run_last < last ? run_last : last;
}

// How many pages of LEVEL the job has from ADDRESS to the end of the table. None when smaller ones have to come first.
static uint64_t pages_in_table(const struct map_job *job, uint64_t address, unsigned level)
{
    if (level > job->page_level || (address & slot_mask(level)) != 0)
        return 0;
    uint64_t count = (job->last - address + 1) >> slot_shift(level);
    uint64_t room = PAGE_TABLE_ENTRIES - page_entry_index(address, level);
    return count < room ? count : room;
}

// Make the table that the entry of LEVEL is to name for ADDRESS, with the pages that begin there. Returns their number.
static uint64_t make_table(const struct page_tables *tables, struct map_job *job, struct path *path, unsigned level,
                           uint64_t address)
{
    unsigned below = level - 1, index = page_entry_index(address, below);
    uint64_t frame = reserve_take(tables, &job->reserve), count = pages_in_table(job, address, below);
    uint64_t *entries = table_at(tables, frame);
    clear(entries, index);
    put_pages(job, &entries[index], count, address, below);
    clear(&entries[index + count], PAGE_TABLE_ENTRIES - index - count);
    entry_write(path->entries[level], table_entry(frame, address, count));
    count_add(path, level, 1);
    path->entries[below] = &entries[index];
    return count;
}

// Map from ADDRESS on as much as goes into one table. Returns the first address that is not mapped yet.
static uint64_t map_run(const struct page_tables *tables, struct map_job *job, uint64_t address)
{
    struct path path;
    unsigned level = descend(tables, address, &path);
    uint64_t count = pages_in_table(job, address, level);
    if (count > 0) {
        put_pages(job, path.entries[level], count, address, level);
        count_add(&path, level, count);
    }
    while (count == 0) {
        count = make_table(tables, job, &path, level, address);
        level--;
    }
    return address + (count << slot_shift(level));
}

// Apart, so that the way of one page has no registers to save.
[[gnu::noinline]] static enum status map_range(const struct page_tables *tables, uint64_t first, uint64_t phys,
                                               uint64_t size_bytes, uint64_t bits, enum page_cache cache)
{
    if (!is_range(first, size_bytes, PAGE_SIZE) || (phys + size_bytes - 1) >> ADDRESS_BITS != 0)
        return STATUS_INVALID;
    uint64_t address = first, missing_count = 0;
    struct map_job job = {.last = first + size_bytes - 1,
                          .offset = phys - first,
                          .bits = bits,
                          .cache = cache,
                          .page_level = tables->has_1g_pages ? 3 : 2};
    while ((job.offset & slot_mask(job.page_level)) != 0)
        job.page_level--;
    do {
        struct path path;
        unsigned level = descend(tables, address, &path);
        if (is_present(*path.entries[level]))
            return STATUS_BUSY;
        uint64_t run_last = absent_last(path.entries[level], address, job.last, level);
        if (level == 1 && address == first && run_last == job.last) { // one table has room for all
            uint64_t count = size_bytes >> slot_shift(level);
            put_pages(&job, path.entries[level], count, first, level);
            count_add(&path, level, count);
            return STATUS_OK;
        }
        missing_count += tables_missing(address, run_last, level, job.page_level);
        address = run_last + 1;
    } while (address - 1 != job.last);
    if (reserve_fill(tables, &job.reserve, missing_count) != STATUS_OK)
        return STATUS_NO_MEMORY;
    address = first;
    do
        address = map_run(tables, &job, address);
    while (address - 1 != job.last);
    return STATUS_OK;
}

enum status page_table_map(struct page_tables *tables, virt_addr_t virt, phys_addr_t phys, uint64_t size_bytes,
                           struct page_attributes attributes)
{
    uint64_t bits = rights_bits(tables, attributes.rights, virt.value);
    // Told that they do not hold, clang makes branches of these, not a sum: 9 instructions less.
    if (__builtin_expect(bits == 0, false) || __builtin_expect(attributes.cache >= CACHE_COUNT, false) ||
        __builtin_expect((phys.value & ~PAGE_ENTRY_ADDRESS) != 0, false))
        return STATUS_INVALID;
    uint64_t *parent, *entry = small_page(tables, virt.value, size_bytes, &parent);
    if (!entry || is_present(*entry))
        return map_range(tables, virt.value, phys.value, size_bytes, bits, attributes.cache);
    entry_write(entry, phys.value | bits | cache_bits(attributes.cache, 1));
    entry_write(parent, *parent + COUNT_ONE);
    return STATUS_OK;
}

[[gnu::noinline]] static enum status map_and_remember(struct page_tables *tables, struct page_window *window,
                                                      virt_addr_t virt, phys_addr_t phys, enum page_rights rights)
{
    struct page_attributes attributes = {rights, PAGE_WRITE_BACK};
    enum status status = page_table_map(tables, virt, phys, PAGE_SIZE, attributes);
    uint64_t *parent, *entry = status == STATUS_OK ? small_page(tables, virt.value, PAGE_SIZE, &parent) : nullptr;
    if (entry)
        *window = (struct page_window){virt.value & ~slot_mask(2), entry - page_entry_index(virt.value, 1), parent};
    return status;
}

enum status page_table_map_near(struct page_tables *tables, struct page_window *window, virt_addr_t virt,
                                phys_addr_t phys, enum page_rights rights)
{
    uint64_t offset = virt.value - window->span, bits = rights_bits(tables, rights, virt.value);
    if (__builtin_expect(!window->entries, false) || __builtin_expect(offset > slot_mask(2), false) ||
        __builtin_expect(offset % PAGE_SIZE != 0, false) || __builtin_expect(bits == 0, false) ||
        __builtin_expect((phys.value & ~PAGE_ENTRY_ADDRESS) != 0, false) ||
        __builtin_expect(is_present(window->entries[offset >> PAGE_SHIFT]), false))
        return map_and_remember(tables, window, virt, phys, rights);
    entry_write(&window->entries[offset >> PAGE_SHIFT], phys.value | bits);
    entry_write(window->parent, *window->parent + COUNT_ONE);
    return STATUS_OK;
}

// What is to become of the pages of a range: entries keep the bits of KEPT and get those of ADDED. Nothing kept: they
// are removed.
struct change {
    uint64_t first, last; // bytes
    uint64_t kept, added;
};

static uint64_t changed(uint64_t entry, const struct change *change)
{
    return (entry & change->kept) | change->added;
}

// The bits that all entries of a piece have.
[[gnu::always_inline]] static inline uint64_t piece_common_bits(const uint64_t *entries)
{
    uint64_t bits = UINT64_MAX;
#pragma clang loop unroll(full)
    for (uint64_t i = 0; i < PIECE_ENTRIES; i++)
        bits &= entries[i];
    return bits;
}

// How many entries from ENTRY on, which ADDRESS goes through, name pages, up to the one for LAST or the table's end.
static uint64_t pages_count(const uint64_t *entry, uint64_t address, uint64_t last, unsigned level)
{
    // What names_page() says, with one comparison an entry.
    const uint64_t bits = level > 1 ? PAGE_ENTRY_PRESENT | PAGE_ENTRY_LARGE : PAGE_ENTRY_PRESENT;
    uint64_t limit = entries_in_table(address, last, level), count = 1;
    while (count + PIECE_ENTRIES <= limit && (piece_common_bits(&entry[count]) & bits) == bits)
        count += PIECE_ENTRIES;
    while (count < limit && (entry[count] & bits) == bits)
        count++;
    return count;
}

// Whether the page of LEVEL for ADDRESS reaches over an end of the range.
static bool is_cut(uint64_t address, unsigned level, const struct change *change)
{
    return (address & ~slot_mask(level)) < change->first || (address | slot_mask(level)) > change->last;
}

// How many splits the page needs that ENTRY of a table of LEVEL names, so that none is cut at ADDRESS, an end of the
// range. A level where the range's first page is the same one is left to that end.
static uint64_t splits_at_end(uint64_t entry, unsigned level, uint64_t address, const struct change *change)
{
    uint64_t count = 0;
    if (changed(entry, change) == entry)
        return 0;
    for (; level > 1; level--) {
        bool is_counted = address != change->first && ((address ^ change->first) & ~slot_mask(level)) == 0;
        count += !is_counted && is_cut(address, level, change);
    }
    return count;
}

// Put pieces in the place of the page that the path leads to.
static void split(const struct page_tables *tables, struct reserve *reserve, const struct path *path, unsigned level,
                  uint64_t address)
{
    uint64_t entry = *path->entries[level], piece = entry, frame = reserve_take(tables, reserve);
    if (level == 2) {
        piece &= ~(PAGE_ENTRY_LARGE | PAGE_ENTRY_PAT_LARGE);
        if (entry & PAGE_ENTRY_PAT_LARGE)
            piece |= PAGE_ENTRY_PAT_4K;
    }
    fill(table_at(tables, frame), PAGE_TABLE_ENTRIES, piece, slot_mask(level - 1) + 1);
    entry_write(path->entries[level], table_entry(frame, address, PAGE_TABLE_ENTRIES));
    forget(tables, address & ~slot_mask(level));
}

// Split what is cut at ADDRESS and changes.
static void split_at(const struct page_tables *tables, struct reserve *reserve, uint64_t address,
                     const struct change *change)
{
    while (true) {
        struct path path;
        unsigned level = descend(tables, address, &path);
        uint64_t entry = *path.entries[level];
        if (!is_cut(address, level, change) || changed(entry, change) == entry)
            return;
        split(tables, reserve, &path, level, address);
    }
}

// Remove COUNT pages, which ADDRESS begins, from a table of LEVEL; and the table, and those above it, when nothing else
// is in them.
static void remove_pages(const struct page_tables *tables, const struct path *path, unsigned level, uint64_t address,
                         uint64_t count)
{
    unsigned top = level;
    uint64_t left = count;
    while (top < PAGE_LEVELS && (*path->entries[top + 1] & PAGE_ENTRY_COUNT) == left * COUNT_ONE) {
        top++;
        left = 1;
    }
    uint64_t top_entry = *path->entries[top];
    clear(path->entries[top], left);
    count_add(path, top, -left);
    for (uint64_t i = 0; i < count; i++)
        forget(tables, address + (i << slot_shift(level)));
    for (; level < top; level++)
        release(tables, (level + 1 == top ? top_entry : *path->entries[level + 1]) & PAGE_ENTRY_ADDRESS);
}

static void change_page(const struct page_tables *tables, uint64_t *entry, uint64_t value, uint64_t address)
{
    if (value == *entry)
        return;
    entry_write(entry, value);
    forget(tables, address);
}

// What no CPU uses needs no look at each entry.
static void change_unseen(uint64_t *entries, uint64_t count, struct change change)
{
#pragma clang loop unroll_count(8)
    for (uint64_t i = 0; i < count; i++)
        entry_write(&entries[i], changed(entries[i], &change));
}

static void apply(const struct page_tables *tables, const struct path *path, unsigned level, uint64_t address,
                  uint64_t count, const struct change *change)
{
    uint64_t start = address & ~slot_mask(level);
    if (change->kept == 0) {
        remove_pages(tables, path, level, start, count);
        return;
    }
    if (!tables->host->invalidate) {
        change_unseen(path->entries[level], count, *change);
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t *entry = &path->entries[level][i];
        change_page(tables, entry, changed(*entry, change), start + (i << slot_shift(level)));
    }
}

// Look whether all is mapped and how many splits the ends need.
static enum status plan_splits(const struct page_tables *tables, const struct change *change, uint64_t *split_count)
{
    uint64_t address = change->first;
    *split_count = 0;
    do {
        struct path path;
        unsigned level = descend(tables, address, &path);
        const uint64_t *entries = path.entries[level];
        if (!is_present(*entries))
            return STATUS_NOT_FOUND;
        uint64_t count = pages_count(entries, address, change->last, level);
        uint64_t next = (address & ~slot_mask(level)) + (count << slot_shift(level));
        if (address == change->first)
            *split_count += splits_at_end(entries[0], level, address, change);
        if (next - 1 >= change->last)
            *split_count += splits_at_end(entries[count - 1], level, change->last, change);
        address = next;
    } while (address - 1 < change->last);
    return STATUS_OK;
}

[[gnu::noinline]] static enum status change_range(const struct page_tables *tables, uint64_t first, uint64_t size_bytes,
                                                  uint64_t kept, uint64_t added)
{
    if (!is_range(first, size_bytes, PAGE_SIZE))
        return STATUS_INVALID;
    struct change change = {.first = first, .last = first + size_bytes - 1, .kept = kept, .added = added};
    uint64_t split_count;
    if (plan_splits(tables, &change, &split_count) != STATUS_OK)
        return STATUS_NOT_FOUND;
    struct reserve reserve;
    if (reserve_fill(tables, &reserve, split_count) != STATUS_OK)
        return STATUS_NO_MEMORY;
    split_at(tables, &reserve, change.first, &change);
    split_at(tables, &reserve, change.last, &change);
    uint64_t address = first;
    do {
        struct path path;
        unsigned level = descend(tables, address, &path);
        uint64_t count = pages_count(path.entries[level], address, change.last, level);
        apply(tables, &path, level, address, count, &change);
        address = (address & ~slot_mask(level)) + (count << slot_shift(level));
    } while (address - 1 < change.last);
    return STATUS_OK;
}

enum status page_table_unmap(struct page_tables *tables, virt_addr_t virt, uint64_t size_bytes)
{
    uint64_t *parent, *entry = small_page(tables, virt.value, size_bytes, &parent);
    if (!entry || !is_present(*entry) || (*parent & PAGE_ENTRY_COUNT) == COUNT_ONE)
        return change_range(tables, virt.value, size_bytes, 0, 0);
    entry_write(entry, 0);
    entry_write(parent, *parent - COUNT_ONE);
    forget(tables, virt.value);
    return STATUS_OK;
}

enum status page_table_protect(struct page_tables *tables, virt_addr_t virt, uint64_t size_bytes,
                               enum page_rights rights)
{
    uint64_t bits = rights_bits(tables, rights, virt.value);
    if (bits == 0)
        return STATUS_INVALID;
    uint64_t *parent, *entry = small_page(tables, virt.value, size_bytes, &parent);
    if (!entry || !is_present(*entry))
        return change_range(tables, virt.value, size_bytes, ~RIGHTS_BITS, bits);
    change_page(tables, entry, (*entry & ~RIGHTS_BITS) | bits, virt.value);
    return STATUS_OK;
}
