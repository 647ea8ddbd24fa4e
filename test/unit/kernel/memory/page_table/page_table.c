// SPDX-License-Identifier: MIT
// kernel/memory/page_table: what its functions promise, one by one, and any sequence of them. Each call goes through
// support/page_table_case.c, which compares all that can be seen with a model.
#include <support/page_table_case.h>
#include <support/random.h>
#include <support/unit.h>

constexpr uint64_t KIB4 = 1ull << 12;
constexpr uint64_t MIB2 = 1ull << 21;
constexpr uint64_t GIB1 = 1ull << 30;
constexpr uint64_t GIB512 = 1ull << 39;
constexpr uint64_t HIGH = 0xffff'8000'0000'0000;
constexpr uint64_t LOW_END = 1ull << 47;
constexpr unsigned ROOT = 1; // frames in use when nothing is mapped

constexpr struct page_attributes PLAIN = {PAGE_WRITE, PAGE_WRITE_BACK};
constexpr struct page_attributes CONSTANT = {PAGE_READ, PAGE_WRITE_BACK};

static int start(void **)
{
    page_table_case_start(true, true, 4096, 1);
    return 0;
}

static int start_without_1g(void **)
{
    page_table_case_start(false, true, 4096, 1);
    return 0;
}

static int start_without_nx(void **)
{
    page_table_case_start(true, false, 4096, 1);
    return 0;
}

static int end(void **)
{
    page_table_case_end();
    return 0;
}

static void map(uint64_t virt, uint64_t phys, uint64_t size, struct page_attributes attributes)
{
    assert_int_equal(page_table_case_map(virt, phys, size, attributes), STATUS_OK);
}

static void unmap(uint64_t virt, uint64_t size)
{
    assert_int_equal(page_table_case_unmap(virt, size), STATUS_OK);
}

static void protect(uint64_t virt, uint64_t size, enum page_rights rights)
{
    assert_int_equal(page_table_case_protect(virt, size, rights), STATUS_OK);
}

static struct page_mapping find(uint64_t address)
{
    struct page_mapping page;
    page_table_case_check_find(address);
    assert_true(page_table_find(page_table_case_tables(), (virt_addr_t){address}, &page));
    return page;
}

static uint64_t page_size_at(uint64_t address)
{
    return find(address).page_size_bytes;
}

static void nothing_is_mapped_at_first(void **)
{
    assert_int_equal(page_table_case_live_frames(), ROOT);
    page_table_case_check_find(0);
    page_table_case_check_find(HIGH);
    page_table_case_check_find(LOW_END);
    page_table_case_check_find(~0ull);
}

static void no_frame_for_the_root_is_no_memory(void **)
{
    struct page_tables *tables = page_table_case_tables();
    page_table_case_fail_at(1);
    struct page_tables more = {.physical = tables->physical, .host = tables->host};
    assert_int_equal(page_table_init(&more), STATUS_NO_MEMORY);
    assert_int_equal(page_table_case_live_frames(), ROOT);
}

static void wrong_ranges_are_refused(void **)
{
    static const struct {
        uint64_t virt, phys, size;
    } rows[] = {
        {0x1000, 0x1000, 0},
        {0x1001, 0x1000, KIB4},
        {0x1000, 0x1001, KIB4},
        {0x1000, 0x1000, KIB4 - 1},
        {0x1000, 0x1000, KIB4 + 1},
        {0x1000, 1ull << 52, KIB4},
        {0x1000, (1ull << 52) - KIB4, 2 * KIB4},
        {0x1000, ~0ull - KIB4 + 1, 2 * KIB4},
        {LOW_END, 0x1000, KIB4},
        {LOW_END - KIB4, 0x1000, 2 * KIB4},
        {HIGH - KIB4, 0x1000, KIB4},
        {HIGH - KIB4, 0x1000, 2 * KIB4},
        {0, 0, LOW_END + KIB4},
        {0, 0, HIGH + KIB4},
        {HIGH, 0, LOW_END + KIB4},
        {~0ull - KIB4 + 1, 0, 2 * KIB4},
        {HIGH, 0, 0 - 2 * KIB4},
        {HIGH + 4 * KIB4, 0, 0 - 2 * KIB4},
        {0x8000'0000'0000'0000, 0, KIB4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(page_table_case_map(rows[i].virt, rows[i].phys, rows[i].size, PLAIN), STATUS_INVALID);
        if (rows[i].phys % KIB4 == 0 && rows[i].phys <= 0x1000) {
            assert_int_equal(page_table_case_unmap(rows[i].virt, rows[i].size), STATUS_INVALID);
            assert_int_equal(page_table_case_protect(rows[i].virt, rows[i].size, PAGE_READ), STATUS_INVALID);
        }
    }
    assert_int_equal(page_table_case_live_frames(), ROOT);
}

static void wrong_attributes_are_refused(void **)
{
    static const struct {
        uint64_t virt;
        unsigned rights, cache;
    } rows[] = {
        {0x1000, PAGE_WRITE | PAGE_EXECUTE, 0},
        {0x1000, PAGE_WRITE | PAGE_EXECUTE | PAGE_USER, 0},
        {HIGH, PAGE_WRITE | PAGE_EXECUTE | PAGE_GLOBAL, 0},
        {0x1000, 16, 0},
        {0x1000, PAGE_READ, 8},
        {HIGH, PAGE_USER, 0},
        {HIGH + GIB512, PAGE_USER | PAGE_WRITE, 0},
    };
    map(0x1000, 0x1000, KIB4, CONSTANT);
    map(HIGH, 0x1000, KIB4, CONSTANT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct page_attributes attributes = {(enum page_rights)rows[i].rights, (enum page_cache)rows[i].cache};
        assert_int_equal(page_table_case_map(rows[i].virt + KIB4, 0x1000, KIB4, attributes), STATUS_INVALID);
        assert_int_equal(page_table_case_map(rows[i].virt + GIB1, 0x1000, KIB4, attributes), STATUS_INVALID);
        if (rows[i].cache == 0)
            assert_int_equal(page_table_case_protect(rows[i].virt, KIB4, attributes.rights), STATUS_INVALID);
    }
}

static void every_valid_combination_of_attributes_is_mapped(void **)
{
    for (unsigned rights = 0; rights < 16; rights++)
        for (unsigned cache = 0; cache < 8; cache++) {
            if ((rights & (PAGE_WRITE | PAGE_EXECUTE)) == (PAGE_WRITE | PAGE_EXECUTE))
                continue;
            struct page_attributes attributes = {(enum page_rights)rights, (enum page_cache)cache};
            for (uint64_t size = KIB4; size <= GIB1; size *= 512) {
                map(GIB1, 5 * GIB1, size, attributes);
                assert_int_equal(page_size_at(GIB1), size);
                assert_int_equal(find(GIB1).attributes.rights, rights);
                assert_int_equal(find(GIB1).attributes.cache, cache);
                unmap(GIB1, size);
            }
        }
}

static void largest_pages_are_used(void **)
{
    map(GIB1 - MIB2 - KIB4, 4 * GIB1 - MIB2 - KIB4, GIB1 + 2 * MIB2 + 2 * KIB4, PLAIN);
    assert_int_equal(page_size_at(GIB1 - MIB2 - KIB4), KIB4);
    assert_int_equal(page_size_at(GIB1 - MIB2), MIB2);
    assert_int_equal(page_size_at(GIB1), GIB1);
    assert_int_equal(page_size_at(2 * GIB1), MIB2);
    assert_int_equal(page_size_at(2 * GIB1 + MIB2), KIB4);
}

static void large_pages_need_physical_alignment(void **)
{
    map(GIB1, MIB2, GIB1, PLAIN);
    assert_int_equal(page_size_at(GIB1), MIB2);
    map(4 * GIB1, KIB4, 4 * MIB2, PLAIN);
    assert_int_equal(page_size_at(4 * GIB1), KIB4);
}

static void without_1g_pages_2m_pages_are_used(void **)
{
    map(GIB1, GIB1, 3 * GIB1, PLAIN);
    assert_int_equal(page_size_at(2 * GIB1), MIB2);
}

static void both_ends_of_both_halves_can_be_mapped(void **)
{
    map(0, 0, KIB4, PLAIN);
    map(LOW_END - KIB4, KIB4, KIB4, PLAIN);
    map(HIGH, 2 * KIB4, KIB4, PLAIN);
    map(0 - GIB1, GIB1, GIB1, PLAIN);
    protect(0 - KIB4, KIB4, PAGE_READ);
    unmap(0 - MIB2, MIB2);
    unmap(0 - GIB1, GIB1 - MIB2);
    unmap(HIGH, KIB4);
    unmap(LOW_END - KIB4, KIB4);
    unmap(0, KIB4);
    assert_int_equal(page_table_case_live_frames(), ROOT);
}

static void a_whole_half_can_be_mapped(void **)
{
    map(0, 0, LOW_END, PLAIN);
    map(HIGH, 0, LOW_END, PLAIN);
    unmap(HIGH, LOW_END);
    unmap(0, LOW_END);
    assert_int_equal(page_table_case_live_frames(), ROOT);
}

static void what_is_mapped_is_not_mapped_again(void **)
{
    map(GIB1 + MIB2, 0, MIB2, PLAIN);
    assert_int_equal(page_table_case_map(GIB1 + MIB2, 0, KIB4, PLAIN), STATUS_BUSY);
    assert_int_equal(page_table_case_map(GIB1, 0, GIB1, PLAIN), STATUS_BUSY);
    assert_int_equal(page_table_case_map(GIB1 + MIB2 - KIB4, 0, 2 * KIB4, PLAIN), STATUS_BUSY);
    assert_int_equal(page_table_case_map(0, KIB4, GIB1 + 3 * MIB2, PLAIN), STATUS_BUSY);
    map(GIB1 + MIB2 - KIB4, 0, KIB4, PLAIN);
    assert_int_equal(page_table_case_map(GIB1 + MIB2 - KIB4, 0, KIB4, PLAIN), STATUS_BUSY);
}

static void what_is_not_mapped_is_not_changed(void **)
{
    assert_int_equal(page_table_case_unmap(GIB1, KIB4), STATUS_NOT_FOUND);
    map(GIB1, 0, 2 * MIB2, PLAIN);
    assert_int_equal(page_table_case_unmap(GIB1 - KIB4, 2 * KIB4), STATUS_NOT_FOUND);
    assert_int_equal(page_table_case_unmap(GIB1 + MIB2, MIB2 + KIB4), STATUS_NOT_FOUND);
    assert_int_equal(page_table_case_protect(GIB1, GIB1, PAGE_READ), STATUS_NOT_FOUND);
    unmap(GIB1 + MIB2 + KIB4, KIB4);
    assert_int_equal(page_table_case_unmap(GIB1 + MIB2, 3 * KIB4), STATUS_NOT_FOUND);
    assert_int_equal(page_table_case_protect(GIB1 + MIB2 + KIB4, KIB4, PAGE_READ), STATUS_NOT_FOUND);
}

static void a_cut_page_is_split_no_further_than_needed(void **)
{
    map(GIB1, GIB1, GIB1, PLAIN);
    unmap(GIB1 + 2 * MIB2, MIB2); // one table
    assert_int_equal(page_table_case_live_frames(), ROOT + 2);
    protect(GIB1 + KIB4, KIB4, PAGE_READ); // and one more
    assert_int_equal(page_table_case_live_frames(), ROOT + 3);
    assert_int_equal(page_size_at(GIB1 + MIB2), MIB2);
    assert_int_equal(page_size_at(GIB1), KIB4);
}

static void a_split_keeps_the_memory_type(void **)
{
    for (unsigned cache = 0; cache < 8; cache++) {
        struct page_attributes attributes = {PAGE_WRITE | PAGE_GLOBAL, (enum page_cache)cache};
        map(GIB1, GIB1, 2 * GIB1, attributes);
        unmap(2 * GIB1 - KIB4, 2 * KIB4);
        assert_int_equal(find(2 * GIB1 - 2 * KIB4).attributes.cache, cache);
        assert_int_equal(find(2 * GIB1 + KIB4).attributes.cache, cache);
        assert_int_equal(find(GIB1).attributes.cache, cache);
        protect(GIB1, KIB4, PAGE_READ);
        assert_int_equal(find(GIB1).attributes.cache, cache);
        unmap(GIB1, GIB1 - KIB4);
        unmap(2 * GIB1 + KIB4, GIB1 - KIB4);
    }
}

static void one_range_needs_two_splits_at_each_end(void **)
{
    map(GIB1, GIB1, 4 * GIB1, PLAIN);
    protect(2 * GIB1 - KIB4, 2 * GIB1 + 2 * KIB4, PAGE_READ);
    assert_int_equal(page_table_case_live_frames(), ROOT + 1 + 4);
    assert_int_equal(page_table_case_invalidations(), 4 + 2 + 2); // splits, large pages, small pages
}

static void covered_pages_are_changed_whole(void **)
{
    map(GIB1, GIB1, 2 * GIB1, PLAIN);
    protect(GIB1, GIB1, PAGE_READ);
    assert_int_equal(page_table_case_invalidations(), 1);
    assert_int_equal(page_size_at(GIB1), GIB1);
    unmap(GIB1, 2 * GIB1);
    assert_int_equal(page_table_case_invalidations(), 3);
}

static void rights_that_are_there_already_change_nothing(void **)
{
    map(GIB1, GIB1, GIB1, PLAIN);
    protect(GIB1 + KIB4, KIB4, PAGE_WRITE);
    protect(GIB1 + KIB4, MIB2, PAGE_WRITE);
    protect(GIB1, GIB1, PAGE_WRITE);
    assert_int_equal(page_table_case_invalidations(), 0);
    assert_int_equal(page_size_at(GIB1), GIB1);
}

static void new_pages_need_no_invalidation(void **)
{
    map(0, 0, GIB1 + MIB2 + KIB4, PLAIN);
    map(GIB1 + MIB2 + KIB4, KIB4, KIB4, PLAIN);
    assert_int_equal(page_table_case_invalidations(), 0);
}

// Every second one by page_table_map_near(), which must not take a table for one that it is beside of.
static void pages_near_one_another_are_mapped_one_by_one(void **)
{
    for (uint64_t page = 0; page < 16; page++) {
        map(MIB2 - 8 * KIB4 + page * KIB4, (100 + page) * KIB4, KIB4,
            (struct page_attributes){PAGE_WRITE | PAGE_USER, PAGE_WRITE_BACK});
        map((1ull << 40) + page * KIB4, (200 + page) * KIB4, KIB4,
            (struct page_attributes){PAGE_EXECUTE, PAGE_WRITE_BACK});
    }
    struct page_attributes attributes = {PAGE_READ, PAGE_WRITE_BACK};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(page_table_case_map(MIB2, 0, KIB4, attributes), STATUS_BUSY);
        assert_int_equal(page_table_case_map(MIB2 + 1, 0, KIB4, attributes), STATUS_INVALID);
        assert_int_equal(page_table_case_map(MIB2 + 64 * KIB4, 1, KIB4, attributes), STATUS_INVALID);
    }
}

static void empty_tables_are_released(void **)
{
    map(GIB512 - MIB2 - KIB4, 0, 2 * MIB2 + 2 * KIB4, PLAIN);
    assert_true(page_table_case_live_frames() > ROOT + 3);
    unmap(GIB512 - KIB4, KIB4);
    unmap(GIB512 - MIB2 - KIB4, MIB2);
    unmap(GIB512, MIB2 + KIB4);
    assert_int_equal(page_table_case_live_frames(), ROOT);
}

static void pinned_tables_stay(void **)
{
    struct page_tables *tables = page_table_case_tables();
    map(HIGH + GIB512, 0, KIB4, PLAIN);
    assert_int_equal(page_table_case_pin(HIGH, 3 * GIB512), STATUS_OK);
    uint64_t before[512], after[512];
    memcpy(before, tables->physical + tables->root.value, sizeof before);
    map(HIGH + KIB4, 0, KIB4, PLAIN);
    map(HIGH + 2 * KIB4, KIB4, KIB4, PLAIN);
    map(HIGH + GIB512 + KIB4, 0, KIB4, PLAIN);
    map(HIGH + 2 * GIB512 - GIB1, 0, 2 * GIB1, PLAIN);
    map(HIGH + 2 * GIB512 + GIB1, 0, GIB512 - GIB1, PLAIN);
    protect(HIGH + KIB4, KIB4, PAGE_READ);
    unmap(HIGH + 2 * GIB512, GIB512);
    unmap(HIGH + 2 * GIB512 - GIB1, GIB1);
    unmap(HIGH + GIB512, 2 * KIB4);
    unmap(HIGH + KIB4, 2 * KIB4);
    memcpy(after, tables->physical + tables->root.value, sizeof after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(page_table_case_live_frames(), ROOT + 3);
    assert_int_equal(page_table_case_pin(HIGH, 3 * GIB512), STATUS_OK);
    assert_int_equal(page_table_case_live_frames(), ROOT + 3);
}

static void pin_needs_whole_regions(void **)
{
    assert_int_equal(page_table_case_pin(HIGH, GIB512 - KIB4), STATUS_INVALID);
    assert_int_equal(page_table_case_pin(HIGH + GIB1, GIB512), STATUS_INVALID);
    assert_int_equal(page_table_case_pin(HIGH, 0), STATUS_INVALID);
    assert_int_equal(page_table_case_pin(LOW_END - GIB512, 2 * GIB512), STATUS_INVALID);
    assert_int_equal(page_table_case_pin(0 - GIB512, 2 * GIB512), STATUS_INVALID);
    assert_int_equal(page_table_case_pin(0 - GIB512, GIB512), STATUS_OK);
}

// Fail each allocation in turn until the operation gets through; the case compares that nothing changes before.
static unsigned failures_of_pin(void)
{
    for (unsigned number = 1;; number++) {
        page_table_case_fail_at(number);
        enum status status = page_table_case_pin(HIGH, 4 * GIB512);
        page_table_case_fail_at(0);
        if (status == STATUS_OK)
            return number - 1;
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
}

static unsigned failures_of_map(uint64_t virt, uint64_t phys, uint64_t size)
{
    for (unsigned number = 1;; number++) {
        page_table_case_fail_at(number);
        enum status status = page_table_case_map(virt, phys, size, PLAIN);
        page_table_case_fail_at(0);
        if (status == STATUS_OK)
            return number - 1;
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
}

static unsigned failures_of_unmap(uint64_t virt, uint64_t size)
{
    for (unsigned number = 1;; number++) {
        page_table_case_fail_at(number);
        enum status status = page_table_case_unmap(virt, size);
        page_table_case_fail_at(0);
        if (status == STATUS_OK)
            return number - 1;
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
}

static unsigned failures_of_protect(uint64_t virt, uint64_t size)
{
    for (unsigned number = 1;; number++) {
        page_table_case_fail_at(number);
        enum status status = page_table_case_protect(virt, size, PAGE_EXECUTE);
        page_table_case_fail_at(0);
        if (status == STATUS_OK)
            return number - 1;
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
}

static void each_allocation_can_fail(void **)
{
    assert_int_equal(failures_of_pin(), 4);
    assert_int_equal(failures_of_map(HIGH, 0, KIB4), 2);
    assert_int_equal(failures_of_map(GIB1, 0, KIB4), 3);
    assert_int_equal(failures_of_map(GIB1 + KIB4, KIB4, KIB4), 0);
    assert_int_equal(failures_of_map(GIB512 - GIB1 - KIB4, (1ull << 50) - GIB1 - KIB4, 2 * GIB1 + 2 * KIB4), 5);
    assert_int_equal(failures_of_map(GIB512 + 8 * GIB1, KIB4, 4 * MIB2), 5);
    assert_int_equal(failures_of_unmap(GIB512 - GIB1 + KIB4, 2 * GIB1 - 2 * KIB4), 4);
    assert_int_equal(failures_of_map(4 * GIB1, 0, 2 * GIB1), 0);
    assert_int_equal(failures_of_protect(4 * GIB1 + MIB2 + KIB4, KIB4), 2);
    assert_int_equal(failures_of_protect(4 * GIB1 + 2 * MIB2 + KIB4, MIB2), 2);
    assert_int_equal(failures_of_unmap(4 * GIB1 + MIB2, GIB1), 1);
}

static void without_nx_everything_is_executable(void **)
{
    map(GIB1, 0, GIB1, PLAIN);
    assert_int_equal(find(GIB1).attributes.rights, PAGE_WRITE | PAGE_EXECUTE);
    protect(GIB1, KIB4, PAGE_READ);
    assert_int_equal(find(GIB1).attributes.rights, PAGE_EXECUTE);
    assert_int_equal(page_table_case_map(0, 0, KIB4, (struct page_attributes){PAGE_WRITE | PAGE_EXECUTE, 0}),
                     STATUS_INVALID);
}

static void a_walk_is_cut_to_what_was_asked_for(void **)
{
    map(GIB1, 3 * GIB1, 2 * GIB1, PLAIN);
    map(3 * GIB1, 5 * GIB1, MIB2, PLAIN);
    map(LOW_END - KIB4, 0, KIB4, PLAIN);
    map(HIGH, KIB4, KIB4, PLAIN);
    map(0 - KIB4, 2 * KIB4, KIB4, CONSTANT);
    static const uint64_t edges[] = {
        0,        GIB1 - 1,     GIB1,     GIB1 + 1,        GIB1 + 0x1234'5678,
        2 * GIB1, 3 * GIB1 - 1, 3 * GIB1, 3 * GIB1 + KIB4, LOW_END - 1,
        LOW_END,  HIGH - 1,     HIGH,     HIGH + 1,        0 - KIB4 - 1,
        0 - KIB4, ~0ull,
    };
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        for (size_t k = i; k < sizeof edges / sizeof *edges; k++)
            page_table_case_check_walk(edges[i], edges[k]);
}

static bool count_visit(void *context, const struct page_mapping *)
{
    unsigned *count = context;
    ++*count;
    return true;
}

static void a_run_ends_where_anything_changes(void **)
{
    static const struct {
        uint64_t phys;
        struct page_attributes attributes;
    } rows[] = {
        {0, {PAGE_READ, 0}},
        {KIB4, {PAGE_READ, 0}}, // goes on
        {2 * KIB4, {PAGE_WRITE, 0}},
        {3 * KIB4, {PAGE_WRITE, 3}},
        {5 * KIB4, {PAGE_WRITE, 3}},
        {6 * KIB4, {PAGE_WRITE | PAGE_GLOBAL, 3}},
        {7 * KIB4, {PAGE_WRITE | PAGE_GLOBAL | PAGE_USER, 3}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        map(GIB1 + i * KIB4, rows[i].phys, KIB4, rows[i].attributes);
    unsigned count = 0;
    page_table_walk(page_table_case_tables(), (virt_addr_t){0}, (virt_addr_t){~0ull}, count_visit, &count);
    assert_int_equal(count, sizeof rows / sizeof *rows - 1);
}

static bool stop_at_second(void *context, const struct page_mapping *)
{
    unsigned *count = context;
    return ++*count < 2;
}

static void a_walk_stops_when_told(void **)
{
    for (uint64_t i = 0; i < 4; i++)
        map(GIB1 + 2 * i * KIB4, 0, KIB4, PLAIN);
    unsigned count = 0;
    page_table_walk(page_table_case_tables(), (virt_addr_t){0}, (virt_addr_t){~0ull}, stop_at_second, &count);
    assert_int_equal(count, 2);
}

static void a_walk_that_ends_before_it_starts_visits_nothing(void **)
{
    unsigned count = 0;
    map(GIB1, 0, GIB1, PLAIN);
    page_table_walk(page_table_case_tables(), (virt_addr_t){GIB1 + 1}, (virt_addr_t){GIB1}, stop_at_second, &count);
    assert_int_equal(count, 0);
}

static void operate(bool has_1g_pages, bool has_no_execute, unsigned frame_count, unsigned operation_count,
                    uint64_t seed)
{
    uint64_t random = seed;
    page_table_case_start(has_1g_pages, has_no_execute, frame_count, seed);
    for (unsigned i = 0; i < operation_count; i++) {
        uint8_t bytes[PAGE_TABLE_OPERATION_BYTES];
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (uint8_t)random_next(&random);
        page_table_case_operate(bytes);
    }
    page_table_case_end();
}

static void any_sequence_of_operations_does_what_the_model_does(void **)
{
    for (uint64_t seed = 1; seed <= 12; seed++)
        operate(seed % 2, seed % 3, 1024, 150, seed);
}

static void little_memory_changes_nothing_else(void **)
{
    for (uint64_t seed = 1; seed <= 40; seed++)
        operate(seed % 2, seed % 3, 1 + (unsigned)seed % 20, 150, seed);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_mapped_at_first),
        CASE(no_frame_for_the_root_is_no_memory),
        CASE(wrong_ranges_are_refused),
        CASE(wrong_attributes_are_refused),
        CASE(every_valid_combination_of_attributes_is_mapped),
        CASE(largest_pages_are_used),
        CASE(large_pages_need_physical_alignment),
        cmocka_unit_test_setup_teardown(without_1g_pages_2m_pages_are_used, start_without_1g, end),
        CASE(both_ends_of_both_halves_can_be_mapped),
        CASE(a_whole_half_can_be_mapped),
        CASE(what_is_mapped_is_not_mapped_again),
        CASE(what_is_not_mapped_is_not_changed),
        CASE(a_cut_page_is_split_no_further_than_needed),
        CASE(a_split_keeps_the_memory_type),
        CASE(one_range_needs_two_splits_at_each_end),
        CASE(covered_pages_are_changed_whole),
        CASE(rights_that_are_there_already_change_nothing),
        CASE(new_pages_need_no_invalidation),
        CASE(pages_near_one_another_are_mapped_one_by_one),
        CASE(empty_tables_are_released),
        CASE(pinned_tables_stay),
        CASE(pin_needs_whole_regions),
        CASE(each_allocation_can_fail),
        cmocka_unit_test_setup_teardown(without_nx_everything_is_executable, start_without_nx, end),
        CASE(a_walk_is_cut_to_what_was_asked_for),
        CASE(a_run_ends_where_anything_changes),
        CASE(a_walk_stops_when_told),
        CASE(a_walk_that_ends_before_it_starts_visits_nothing),
        cmocka_unit_test(any_sequence_of_operations_does_what_the_model_does),
        cmocka_unit_test(little_memory_changes_nothing_else),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
