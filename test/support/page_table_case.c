// SPDX-License-Identifier: MIT
// The model, the walker and the CPU of page_table_case.h. Of the module it includes the public header alone; the bits
// of entries are named here again, from Intel SDM vol. 3, 4.5, tables 4-15 to 4-20.
#include <lib/panic.h>
#include <stdlib.h>
#include <string.h>
#include <support/page_table_case.h>
#include <support/random.h>

constexpr uint64_t KIB4 = 1ull << 12;
constexpr uint64_t MIB2 = 1ull << 21;
constexpr uint64_t GIB1 = 1ull << 30;
constexpr uint64_t GIB512 = 1ull << 39;
constexpr uint64_t LOW_END = 1ull << 47; // first address that is not canonical
constexpr uint64_t HIGH_START = ~0ull << 47;

// Frame 0 means none; the next ones are never handed out, so that no frame's number is its index here.
constexpr unsigned FIRST_FRAME = 16;
constexpr unsigned FRAME_LIMIT = 8192;
constexpr unsigned RUN_LIMIT = 8192;
constexpr unsigned TLB_SIZE = 128;

// A run of pages, as struct page_mapping says it.
struct run {
    uint64_t virt, phys, size, page_size;
    uint8_t rights, cache;
};

struct runs {
    struct run items[RUN_LIMIT];
    unsigned count;
};

// What the CPU remembers of a page: the part of it that it looked at may be smaller than the page (4.10.2.3).
struct tlb_entry {
    uint64_t address; // of a byte that is remembered
    struct run page;
    bool is_used;
};

// What it remembers of the way there: which table decides about addresses that begin like ADDRESS (4.10.3).
struct way_entry {
    uint64_t address;
    unsigned level;
    uint64_t table;
    bool is_used;
};

static struct {
    struct page_tables tables;
    uint8_t *memory;
    struct page_window window; // of page_table_map_near()
    bool maps_near;            // the next page that it can map
    unsigned frame_count;
    unsigned free_frames[FRAME_LIMIT];
    unsigned free_count;
    bool is_live[FRAME_LIMIT];
    bool is_pinned[512]; // entries of the root
    unsigned fail_at;
    bool has_failed; // an allocation, in this operation
    unsigned invalidations;
    uint64_t random;
    struct tlb_entry tlb[TLB_SIZE];
    struct way_entry ways[TLB_SIZE];
    unsigned expected_invalidations; // of this operation, when it succeeds
} now;

// Apart, so that a start does not clear them whole.
static struct runs model, scratch;

unsigned page_table_case_live_frames(void)
{
    return now.frame_count - now.free_count;
}

unsigned page_table_case_invalidations(void)
{
    return now.invalidations;
}

struct page_tables *page_table_case_tables(void)
{
    return &now.tables;
}

void page_table_case_fail_at(unsigned number)
{
    now.fail_at = number;
}

static uint64_t read_entry(uint64_t table, unsigned index)
{
    uint64_t frame = table / KIB4;
    if (table % KIB4 != 0 || frame < FIRST_FRAME || frame - FIRST_FRAME >= now.frame_count ||
        !now.is_live[frame - FIRST_FRAME])
        panic("a table at 0x%llx, which is no frame in use", (unsigned long long)table);
    uint64_t entry;
    memcpy(&entry, now.memory + table + (size_t)index * sizeof entry, sizeof entry);
    return entry;
}

static bool is_set(uint64_t entry, unsigned bit)
{
    return entry >> bit & 1;
}

static uint64_t bits_between(uint64_t entry, unsigned last, unsigned first)
{
    return entry >> first & ((2ull << (last - first)) - 1);
}

static void refuse(const char *what, uint64_t entry, uint64_t address)
{
    panic("%s: entry 0x%llx for 0x%llx", what, (unsigned long long)entry, (unsigned long long)address);
}

// An entry that names a table: 4.5, tables 4-15, 4-17, 4-19. Bits that the CPU ignores are the module's own.
static void check_table_entry(uint64_t entry, uint64_t address, unsigned level)
{
    if (level == 4 && is_set(entry, 7))
        refuse("reserved bit 7", entry, address);
    if (is_set(entry, 63))
        refuse("a table that forbids execution", entry, address);
    if (!is_set(entry, 1))
        refuse("a table that forbids writing", entry, address);
    if (is_set(entry, 2) != (address < LOW_END))
        refuse("user mode passes here, or does not", entry, address);
    if (!is_set(entry, 5))
        refuse("the CPU would write Accessed", entry, address);
    if (is_set(entry, 3) || is_set(entry, 4))
        refuse("a table that is not cached", entry, address);
}

static void check_page_entry(uint64_t entry, uint64_t address, unsigned level)
{
    if (level == 2 && bits_between(entry, 20, 13))
        refuse("reserved bits of a 2 MiB page", entry, address);
    if (level == 3 && bits_between(entry, 29, 13))
        refuse("reserved bits of a 1 GiB page", entry, address);
    if (level == 3 && !now.tables.has_1g_pages)
        refuse("a 1 GiB page on a CPU without", entry, address);
    if (is_set(entry, 63) && !now.tables.has_no_execute)
        refuse("no-execute on a CPU without", entry, address);
    if (!is_set(entry, 5))
        refuse("the CPU would write Accessed", entry, address);
    if (is_set(entry, 6) != is_set(entry, 1))
        refuse("the CPU would write Dirty, or CET takes it for a shadow stack", entry, address);
    if (bits_between(entry, 62, 52) || bits_between(entry, 11, 9))
        refuse("bits of a page that nobody set", entry, address);
}

// What a walk has met on its way down.
struct rights_so_far {
    bool is_writable, is_user, is_executable;
};

static struct rights_so_far pass(struct rights_so_far rights, uint64_t entry)
{
    return (struct rights_so_far){.is_writable = rights.is_writable && is_set(entry, 1),
                                  .is_user = rights.is_user && is_set(entry, 2),
                                  .is_executable = rights.is_executable && !is_set(entry, 63)};
}

static uint64_t size_of_level(unsigned level)
{
    return level == 1 ? KIB4 : level == 2 ? MIB2 : level == 3 ? GIB1 : GIB512;
}

static struct run page_run(struct rights_so_far rights, uint64_t entry, uint64_t address, unsigned level)
{
    uint64_t size = size_of_level(level);
    unsigned pat_bit = level == 1 ? 7 : 12;
    unsigned words = 0;
    if (rights.is_writable)
        words |= PAGE_WRITE;
    if (rights.is_user)
        words |= PAGE_USER;
    if (rights.is_executable)
        words |= PAGE_EXECUTE;
    if (is_set(entry, 8))
        words |= PAGE_GLOBAL;
    return (struct run){.virt = address & ~(size - 1),
                        .phys = bits_between(entry, 51, 12) * KIB4 & ~(size - 1),
                        .size = size,
                        .page_size = size,
                        .rights = (uint8_t)words,
                        .cache = (uint8_t)(bits_between(entry, 4, 3) | (uint64_t)is_set(entry, pat_bit) << 2)};
}

static bool is_page(uint64_t entry, unsigned level)
{
    return level == 1 || (level < 4 && is_set(entry, 7));
}

// The CPU's way to ADDRESS. TABLES gets the table of each level that was used. Returns whether a page was found.
static bool walk_to(uint64_t address, struct run *page, uint64_t tables[5])
{
    struct rights_so_far rights = {true, true, true};
    uint64_t table = now.tables.root.value;
    memset(tables, 0, 5 * sizeof *tables);
    for (unsigned level = 4;; level--) {
        tables[level] = table;
        uint64_t entry = read_entry(table, (unsigned)(address / size_of_level(level) % 512));
        if (!is_set(entry, 0))
            return false;
        rights = pass(rights, entry);
        if (is_page(entry, level)) {
            check_page_entry(entry, address, level);
            *page = page_run(rights, entry, address, level);
            return true;
        }
        check_table_entry(entry, address, level);
        table = bits_between(entry, 51, 12) * KIB4;
    }
}

static bool is_canonical_address(uint64_t address)
{
    return address < LOW_END || address >= HIGH_START;
}

void page_table_case_touch(uint64_t address)
{
    struct run page;
    uint64_t tables[5];
    if (!is_canonical_address(address))
        return;
    bool is_mapped = walk_to(address, &page, tables);
    for (unsigned level = 1; level < 4; level++)
        if (tables[level] && random_below(&now.random, 2))
            now.ways[random_below(&now.random, TLB_SIZE)] =
                (struct way_entry){.address = address, .level = level, .table = tables[level], .is_used = true};
    if (is_mapped)
        now.tlb[random_below(&now.random, TLB_SIZE)] =
            (struct tlb_entry){.address = address, .page = page, .is_used = true};
}

// Use some addresses that matter: the CPU may look at any at any time.
static void touch_some(unsigned count)
{
    for (; count > 0 && model.count > 0; count--) {
        const struct run *run = &model.items[random_below(&now.random, model.count)];
        uint64_t pages = run->size / run->page_size;
        uint64_t offset = random_next(&now.random) % (random_below(&now.random, 2) ? pages : pages < 3 ? pages : 3);
        page_table_case_touch(run->virt + offset * run->page_size + random_next(&now.random) % run->page_size);
    }
}

static phys_addr_t allocate(void *)
{
    touch_some(1);
    if ((now.fail_at > 0 && --now.fail_at == 0) || now.free_count == 0) {
        now.has_failed = true;
        return (phys_addr_t){0};
    }
    unsigned place = random_below(&now.random, now.free_count);
    unsigned frame = now.free_frames[place];
    now.free_frames[place] = now.free_frames[--now.free_count];
    now.is_live[frame] = true;
    return (phys_addr_t){(FIRST_FRAME + frame) * KIB4};
}

static void release(void *, phys_addr_t frame)
{
    uint64_t index = frame.value / KIB4 - FIRST_FRAME;
    if (frame.value % KIB4 != 0 || index >= now.frame_count || !now.is_live[index])
        panic("0x%llx is released, which is not in use", (unsigned long long)frame.value);
    touch_some(1);
    for (unsigned i = 0; i < TLB_SIZE; i++)
        if (now.ways[i].is_used && now.ways[i].table == frame.value)
            panic("the CPU still goes through table 0x%llx, which is released", (unsigned long long)frame.value);
    now.is_live[index] = false;
    now.free_frames[now.free_count++] = (unsigned)index;
    memset(now.memory + frame.value, 0xa5, KIB4); // present, large, reserved bits: nothing that a walk survives
}

// INVLPG (4.10.4.1): what is remembered of the page that ADDRESS lies in, and the way to any.
static void invalidate(void *, virt_addr_t address)
{
    now.invalidations++;
    touch_some(2);
    for (unsigned i = 0; i < TLB_SIZE; i++) {
        if (address.value - now.tlb[i].page.virt < now.tlb[i].page.size)
            now.tlb[i].is_used = false;
        now.ways[i].is_used = false;
    }
    touch_some(1);
}

static bool is_same_page(const struct run *a, const struct run *b)
{
    return a->virt == b->virt && a->phys == b->phys && a->page_size == b->page_size && a->rights == b->rights &&
           a->cache == b->cache;
}

static void check_tlb(void)
{
    for (unsigned i = 0; i < TLB_SIZE; i++) {
        struct run page;
        uint64_t tables[5];
        const struct tlb_entry *entry = &now.tlb[i];
        if (entry->is_used && (!walk_to(entry->address, &page, tables) || !is_same_page(&page, &entry->page)))
            panic("the TLB still has 0x%llx as it was", (unsigned long long)entry->address);
        const struct way_entry *way = &now.ways[i];
        if (!way->is_used)
            continue;
        walk_to(way->address, &page, tables);
        if (tables[way->level] != way->table)
            panic("the CPU still goes to 0x%llx through a table that is gone", (unsigned long long)way->address);
    }
}

static bool goes_on(const struct run *run, const struct run *next)
{
    return run->virt + run->size == next->virt && run->phys + run->size == next->phys &&
           run->page_size == next->page_size && run->rights == next->rights && run->cache == next->cache;
}

static void append(struct runs *runs, struct run run)
{
    if (run.size == 0)
        return;
    if (runs->count > 0 && goes_on(&runs->items[runs->count - 1], &run)) {
        runs->items[runs->count - 1].size += run.size;
        return;
    }
    if (runs->count == RUN_LIMIT)
        panic("more than %u runs", RUN_LIMIT);
    runs->items[runs->count++] = run;
}

static void take_scratch(void)
{
    memcpy(model.items, scratch.items, scratch.count * sizeof *scratch.items);
    model.count = scratch.count;
}

static void check_same(const struct runs *runs, const char *who)
{
    if (runs->count != model.count)
        panic("%s finds %u runs instead of %u", who, runs->count, model.count);
    for (unsigned i = 0; i < runs->count; i++) {
        const struct run *a = &runs->items[i], *b = &model.items[i];
        if (!is_same_page(a, b) || a->size != b->size)
            panic("%s finds 0x%llx+0x%llx instead of 0x%llx+0x%llx, or otherwise", who, (unsigned long long)a->virt,
                  (unsigned long long)a->size, (unsigned long long)b->virt, (unsigned long long)b->size);
    }
}

static struct {
    bool is_met[FRAME_LIMIT];
    unsigned table_count;
} survey;

static void meet(uint64_t table)
{
    uint64_t index = table / KIB4 - FIRST_FRAME;
    if (survey.is_met[index])
        panic("the table at 0x%llx is used twice", (unsigned long long)table);
    survey.is_met[index] = true;
    survey.table_count++;
}

static void survey_table(uint64_t table, uint64_t start, unsigned level, struct rights_so_far rights)
{
    unsigned present_count = 0;
    read_entry(table, 0);
    meet(table);
    for (unsigned i = 0; i < 512; i++) {
        uint64_t entry = read_entry(table, i), address = start + i * size_of_level(level);
        if (level == 4 && i >= 256)
            address |= HIGH_START;
        if (!is_set(entry, 0))
            continue;
        present_count++;
        if (is_page(entry, level)) {
            check_page_entry(entry, address, level);
            append(&scratch, page_run(pass(rights, entry), entry, address, level));
            continue;
        }
        check_table_entry(entry, address, level);
        survey_table(bits_between(entry, 51, 12) * KIB4, address, level - 1, pass(rights, entry));
    }
    if (present_count == 0 && level != 4 && !(level == 3 && now.is_pinned[start / GIB512 % 512]))
        panic("an empty table was kept for 0x%llx", (unsigned long long)start);
}

static bool collect(void *context, const struct page_mapping *run)
{
    struct runs *runs = context;
    struct run next = {.virt = run->virt.value,
                       .phys = run->phys.value,
                       .size = run->size_bytes,
                       .page_size = run->page_size_bytes,
                       .rights = (uint8_t)run->attributes.rights,
                       .cache = (uint8_t)run->attributes.cache};
    if (runs->count > 0 && goes_on(&runs->items[runs->count - 1], &next))
        panic("two runs that are one, at 0x%llx", (unsigned long long)next.virt);
    append(runs, next);
    return true;
}

// Compare everything.
static void check_all(void)
{
    memset(&survey, 0, sizeof survey);
    scratch.count = 0;
    survey_table(now.tables.root.value, 0, 4, (struct rights_so_far){true, true, true});
    check_same(&scratch, "the walker");
    if (survey.table_count != page_table_case_live_frames())
        panic("%u frames are in use for %u tables", page_table_case_live_frames(), survey.table_count);
    scratch.count = 0;
    page_table_walk(&now.tables, (virt_addr_t){0}, (virt_addr_t){~0ull}, collect, &scratch);
    check_same(&scratch, "page_table_walk()");
    check_tlb();
}

void page_table_case_check_walk(uint64_t start, uint64_t last)
{
    static struct runs clipped, walked;
    clipped.count = walked.count = 0;
    for (unsigned i = 0; i < model.count; i++) {
        struct run run = model.items[i];
        uint64_t run_last = run.virt + run.size - 1;
        if (run.virt > last || run_last < start)
            continue;
        if (run_last > last)
            run.size -= run_last - last;
        if (run.virt < start) {
            run.size -= start - run.virt;
            run.phys += start - run.virt;
            run.virt = start;
        }
        append(&clipped, run);
    }
    page_table_walk(&now.tables, (virt_addr_t){start}, (virt_addr_t){last}, collect, &walked);
    if (walked.count != clipped.count)
        panic("a walk finds %u runs instead of %u", walked.count, clipped.count);
    for (unsigned i = 0; i < walked.count; i++)
        if (!is_same_page(&walked.items[i], &clipped.items[i]) || walked.items[i].size != clipped.items[i].size)
            panic("a walk finds another run at 0x%llx", (unsigned long long)walked.items[i].virt);
}

static const struct run *model_at(uint64_t address)
{
    for (unsigned i = 0; i < model.count; i++)
        if (address - model.items[i].virt < model.items[i].size)
            return &model.items[i];
    return nullptr;
}

void page_table_case_check_find(uint64_t address)
{
    const struct run *run = model_at(address);
    struct page_mapping page;
    phys_addr_t phys;
    bool is_found = page_table_find(&now.tables, (virt_addr_t){address}, &page);
    if (is_found != (run != nullptr) || page_table_translate(&now.tables, (virt_addr_t){address}, &phys) != is_found)
        panic("0x%llx is found, or is not", (unsigned long long)address);
    if (!run)
        return;
    uint64_t offset = address - run->virt, start = offset - offset % run->page_size;
    if (phys.value != run->phys + offset || page.virt.value != run->virt + start ||
        page.phys.value != run->phys + start || page.size_bytes != run->page_size ||
        page.page_size_bytes != run->page_size || (uint8_t)page.attributes.rights != run->rights ||
        (uint8_t)page.attributes.cache != run->cache)
        panic("0x%llx is found as something else", (unsigned long long)address);
}

static bool is_valid_range(uint64_t virt, uint64_t size)
{
    if (size == 0 || virt % KIB4 != 0 || size % KIB4 != 0)
        return false;
    if (virt < LOW_END)
        return size <= LOW_END - virt;
    return virt >= HIGH_START && size - 1 <= ~0ull - virt;
}

static bool is_valid_rights(unsigned rights, uint64_t virt)
{
    return rights < 16 && !(rights & PAGE_WRITE && rights & PAGE_EXECUTE) && !(rights & PAGE_USER && virt >= LOW_END);
}

static uint8_t effective(unsigned rights)
{
    return (uint8_t)(now.tables.has_no_execute ? rights : rights | PAGE_EXECUTE);
}

static struct run part(struct run run, uint64_t offset, uint64_t size)
{
    run.virt += offset;
    run.phys += offset;
    run.size = size;
    return run;
}

// Split the page of the model that reaches over BOUNDARY, unless its rights are UNLESS already. Returns whether there
// was one; its pieces may reach over it, too.
static bool model_cut(uint64_t boundary, int unless)
{
    for (unsigned i = 0; i < model.count; i++) {
        struct run run = model.items[i];
        uint64_t offset = boundary - run.virt;
        if (offset >= run.size || offset % run.page_size == 0 || run.rights == unless)
            continue;
        uint64_t before = offset - offset % run.page_size;
        struct run pieces = part(run, before, run.page_size);
        pieces.page_size /= 512;
        now.expected_invalidations++;
        scratch.count = 0;
        for (unsigned k = 0; k < i; k++)
            append(&scratch, model.items[k]);
        append(&scratch, part(run, 0, before));
        append(&scratch, pieces);
        append(&scratch, part(run, before + run.page_size, run.size - before - run.page_size));
        for (unsigned k = i + 1; k < model.count; k++)
            append(&scratch, model.items[k]);
        take_scratch();
        return true;
    }
    return false;
}

// Replace what the model has from FIRST to LAST: removed, or with new rights.
static void model_change(uint64_t first, uint64_t last, bool is_removed, uint8_t rights)
{
    int unless = is_removed ? -1 : rights;
    while (model_cut(first, unless) || model_cut(last + 1, unless))
        ;
    scratch.count = 0;
    for (unsigned i = 0; i < model.count; i++) {
        struct run run = model.items[i];
        uint64_t run_last = run.virt + run.size - 1;
        uint64_t from = run.virt > first ? run.virt : first, to = run_last < last ? run_last : last;
        if (from > to || (!is_removed && run.rights == rights)) {
            append(&scratch, run);
            continue;
        }
        struct run inner = part(run, from - run.virt, to - from + 1);
        append(&scratch, part(run, 0, from - run.virt));
        now.expected_invalidations += (unsigned)(inner.size / inner.page_size);
        inner.rights = rights;
        if (!is_removed)
            append(&scratch, inner);
        append(&scratch, part(run, to + 1 - run.virt, run_last - to));
    }
    take_scratch();
}

// How much of the range the model has.
static uint64_t model_size(uint64_t first, uint64_t last)
{
    uint64_t size = 0;
    for (unsigned i = 0; i < model.count; i++) {
        const struct run *run = &model.items[i];
        uint64_t run_last = run->virt + run->size - 1;
        if (run->virt <= last && run_last >= first)
            size += (run_last < last ? run_last : last) - (run->virt > first ? run->virt : first) + 1;
    }
    return size;
}

static void model_map(struct run run)
{
    static struct runs added;
    added.count = 0;
    while (run.size > 0) {
        uint64_t both = run.virt | run.phys, page_size = KIB4, next = MIB2;
        if (both % MIB2 == 0 && run.size >= MIB2) {
            page_size = MIB2;
            next = GIB1;
        }
        if (both % GIB1 == 0 && run.size >= GIB1 && now.tables.has_1g_pages) {
            page_size = GIB1;
            next = GIB512;
        }
        uint64_t size = next - run.virt % next; // up to there no larger page begins
        if (size > run.size)
            size = run.size - run.size % page_size;
        struct run piece = part(run, 0, size);
        piece.page_size = page_size;
        append(&added, piece);
        run = part(run, size, run.size - size);
    }
    scratch.count = 0;
    unsigned i = 0;
    while (i < model.count && model.items[i].virt < added.items[0].virt)
        append(&scratch, model.items[i++]);
    for (unsigned k = 0; k < added.count; k++)
        append(&scratch, added.items[k]);
    while (i < model.count)
        append(&scratch, model.items[i++]);
    take_scratch();
}

static void begin(void)
{
    now.has_failed = false;
    now.expected_invalidations = 0;
    touch_some(16);
}

// Hold STATUS, what the operation returned, against WANTED, what it has to return while there is memory; INVALIDATIONS
// were there before.
static void finish(enum status status, enum status wanted, unsigned invalidations)
{
    if (wanted == STATUS_OK && now.has_failed)
        wanted = STATUS_NO_MEMORY;
    if (status != wanted)
        panic("status %d instead of %d", status, wanted);
    unsigned expected = status == STATUS_OK ? now.expected_invalidations : 0;
    if (now.invalidations - invalidations != expected)
        panic("%u invalidations instead of %u", now.invalidations - invalidations, expected);
    check_all();
}

// Of what either function can map, every second page by page_table_map_near().
static enum status map_either_way(uint64_t virt, uint64_t phys, uint64_t size_bytes, struct page_attributes attributes)
{
    bool is_for_both = size_bytes == KIB4 && attributes.cache == PAGE_WRITE_BACK;
    now.maps_near ^= is_for_both;
    if (is_for_both && now.maps_near)
        return page_table_map_near(&now.tables, &now.window, (virt_addr_t){virt}, (phys_addr_t){phys},
                                   attributes.rights);
    return page_table_map(&now.tables, (virt_addr_t){virt}, (phys_addr_t){phys}, size_bytes, attributes);
}

enum status page_table_case_map(uint64_t virt, uint64_t phys, uint64_t size_bytes, struct page_attributes attributes)
{
    enum status wanted = STATUS_OK;
    if (!is_valid_range(virt, size_bytes) || phys % KIB4 != 0 || phys >= 1ull << 52 ||
        size_bytes > (1ull << 52) - phys || !is_valid_rights(attributes.rights, virt) || attributes.cache > 7)
        wanted = STATUS_INVALID;
    else if (model_size(virt, virt + size_bytes - 1) > 0)
        wanted = STATUS_BUSY;
    begin();
    unsigned invalidations = now.invalidations;
    enum status status = map_either_way(virt, phys, size_bytes, attributes);
    if (status == STATUS_OK && wanted == STATUS_OK)
        model_map((struct run){.virt = virt,
                               .phys = phys,
                               .size = size_bytes,
                               .rights = effective(attributes.rights),
                               .cache = (uint8_t)attributes.cache});
    finish(status, wanted, invalidations);
    return status;
}

static enum status wanted_of_change(uint64_t virt, uint64_t size_bytes)
{
    if (!is_valid_range(virt, size_bytes))
        return STATUS_INVALID;
    return model_size(virt, virt + size_bytes - 1) == size_bytes ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status page_table_case_unmap(uint64_t virt, uint64_t size_bytes)
{
    enum status wanted = wanted_of_change(virt, size_bytes);
    begin();
    unsigned invalidations = now.invalidations;
    now.window = (struct page_window){};
    enum status status = page_table_unmap(&now.tables, (virt_addr_t){virt}, size_bytes);
    if (status == STATUS_OK && wanted == STATUS_OK)
        model_change(virt, virt + size_bytes - 1, true, 0);
    finish(status, wanted, invalidations);
    return status;
}

enum status page_table_case_protect(uint64_t virt, uint64_t size_bytes, enum page_rights rights)
{
    enum status wanted = is_valid_rights(rights, virt) ? wanted_of_change(virt, size_bytes) : STATUS_INVALID;
    begin();
    unsigned invalidations = now.invalidations;
    enum status status = page_table_protect(&now.tables, (virt_addr_t){virt}, size_bytes, rights);
    if (status == STATUS_OK && wanted == STATUS_OK)
        model_change(virt, virt + size_bytes - 1, false, effective(rights));
    finish(status, wanted, invalidations);
    return status;
}

enum status page_table_case_pin(uint64_t virt, uint64_t size_bytes)
{
    enum status wanted =
        is_valid_range(virt, size_bytes) && virt % GIB512 == 0 && size_bytes % GIB512 == 0 ? STATUS_OK : STATUS_INVALID;
    begin();
    unsigned invalidations = now.invalidations;
    enum status status = page_table_pin(&now.tables, (virt_addr_t){virt}, size_bytes);
    for (uint64_t i = 0; status == STATUS_OK && i < size_bytes / GIB512; i++)
        now.is_pinned[(virt / GIB512 + i) % 512] = true;
    finish(status, wanted, invalidations);
    return status;
}

void page_table_case_start(bool has_1g_pages, bool has_no_execute, unsigned frame_count, uint64_t seed)
{
    static const struct page_table_host host = {.allocate = allocate, .release = release, .invalidate = invalidate};
    memset(&now, 0, sizeof now);
    model.count = 0;
    now.memory = aligned_alloc(KIB4, (FIRST_FRAME + frame_count) * KIB4);
    if (!now.memory || frame_count > FRAME_LIMIT)
        panic("no memory for %u frames", frame_count);
    memset(now.memory, 0xa5, (FIRST_FRAME + frame_count) * KIB4);
    now.frame_count = now.free_count = frame_count;
    for (unsigned i = 0; i < frame_count; i++)
        now.free_frames[i] = i;
    now.random = seed;
    now.tables = (struct page_tables){
        .physical = now.memory, .host = &host, .has_1g_pages = has_1g_pages, .has_no_execute = has_no_execute};
    if (page_table_init(&now.tables) != STATUS_OK)
        panic("no root");
    check_all();
}

void page_table_case_end(void)
{
    free(now.memory);
    now.memory = nullptr;
}

// Where operations happen: around every kind of boundary, of pages, tables and halves.
static const uint64_t anchors[] = {
    0,
    MIB2,
    GIB1,
    GIB512 - GIB1,
    2 * GIB512,
    LOW_END - 2 * GIB1,
    HIGH_START,
    HIGH_START + GIB512,
    0 - 2 * GIB1,
    0 - MIB2,
    0 - 8 * KIB4,
    LOW_END - MIB2,
};

static uint64_t anchor(uint8_t number)
{
    return anchors[number % (sizeof anchors / sizeof *anchors)];
}

// A few pages of each size.
static uint64_t digits(uint8_t small, uint8_t large)
{
    return (small % 16) * KIB4 + (small / 16) * (512 / 8 * KIB4) + (large % 8) * MIB2 + (large / 8 % 4) * 128 * MIB2 +
           (large / 32 == 7 ? GIB1 : 0) + (large / 32 == 6 ? 2 * GIB1 : 0);
}

// A range of what is mapped, most often; else one that may be anything.
static void choose_range(const uint8_t *bytes, uint64_t *virt, uint64_t *size)
{
    *virt = anchor(bytes[1]) + digits(bytes[2], bytes[3]);
    *size = digits(bytes[4], bytes[5]);
    if (model.count == 0 || bytes[1] >= 0xe0)
        return;
    const struct run *run = &model.items[bytes[6] % model.count];
    *virt = run->virt + (bytes[7] & 1 ? 0 : digits(bytes[2], bytes[3]) % run->size);
    uint64_t rest = run->size - (*virt - run->virt);
    if (bytes[7] & 2 || *size > rest)
        *size = rest;
    if (bytes[7] & 4 && run != &model.items[model.count - 1])
        *size += run[1].virt == run->virt + run->size ? run[1].size : 0;
}

static enum status operate_once(const uint8_t *bytes)
{
    uint64_t virt, size;
    enum page_rights rights = (enum page_rights)(bytes[8] % 16);
    if (bytes[8] < 0xf0 && rights & PAGE_WRITE)
        rights &= (enum page_rights) ~PAGE_EXECUTE;
    choose_range(bytes, &virt, &size);
    if (bytes[0] % 8 < 3)
        return page_table_case_unmap(virt, size);
    if (bytes[0] % 8 < 5)
        return page_table_case_protect(virt, size, rights);
    virt = anchor(bytes[1]) + digits(bytes[2], bytes[3]);
    size = digits(bytes[4], bytes[5]);
    uint64_t congruent = bytes[7] % 4 == 0 ? MIB2 : bytes[7] % 4 == 1 ? KIB4 : GIB1;
    if (congruent == KIB4)
        size %= 32 * MIB2; // each 2 MiB need a table
    uint64_t phys = virt % congruent + bytes[6] * congruent;
    if (virt >= LOW_END && bytes[8] < 0xe0)
        rights &= (enum page_rights) ~PAGE_USER;
    return page_table_case_map(virt, phys, size,
                               (struct page_attributes){.rights = rights, .cache = (enum page_cache)(bytes[9] % 8)});
}

void page_table_case_operate(const uint8_t bytes[PAGE_TABLE_OPERATION_BYTES])
{
    enum status status = STATUS_NO_MEMORY;
    for (unsigned number = 1; status == STATUS_NO_MEMORY && number <= bytes[10] % 8u; number++) {
        page_table_case_fail_at(number);
        status = operate_once(bytes);
    }
    page_table_case_fail_at(0);
    if (status == STATUS_NO_MEMORY)
        status = operate_once(bytes);
    uint64_t address = anchor(bytes[11]) + digits(bytes[2], bytes[3]) + bytes[11];
    uint64_t size = status == STATUS_OK ? digits(bytes[4], bytes[5]) : 0;
    page_table_case_check_find(address);
    page_table_case_check_walk(address, address + size < address ? ~0ull : address + size);
}
