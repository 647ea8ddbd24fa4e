// SPDX-License-Identifier: MIT
// kernel/allocator/range.c against an array of pages. The source is compiled into this test so that its tree can be
// looked at, its steps can be counted, and each step can be interrupted.
#include <allocator/range.h>

static void step(void);
#define RANGE_STEP() step()
#include <range.c>

#include <support/random.h>
#include <support/unit.h>

constexpr uint64_t MEBIBYTE = 1 << 20;
constexpr uint64_t REGION = 0xffff'd000'0000'0000;
constexpr unsigned REGION_PAGES = 1024;
constexpr unsigned PAGE_POOL = 1024;
constexpr unsigned RANGE_LIMIT = 70'000;

// ---- the pages of the nodes

static struct {
    alignas(PAGE_SIZE) uint8_t pages[PAGE_POOL][PAGE_SIZE];
    unsigned used;
    unsigned asked;
    unsigned fail_at; // the request of this number finds no page; 0: none
} pool;

static void *pool_allocate(void *context)
{
    assert_ptr_equal(context, &pool);
    if (++pool.asked == pool.fail_at)
        return nullptr;
    assert_true(pool.used < PAGE_POOL);
    return memset(pool.pages[pool.used++], 0xa5, PAGE_SIZE);
}

static void expect_a_node(const void *source, size_t size_bytes)
{
    uintptr_t offset = (uintptr_t)source - (uintptr_t)pool.pages;
    assert_true(offset < pool.used * PAGE_SIZE);
    assert_int_equal(offset % PAGE_SIZE % sizeof(struct range_node), 0);
    assert_int_equal(size_bytes, sizeof(struct range_node));
}

// ---- the allocator at hand, and what its ranges are

static struct range_allocator allocator;
static uint64_t step_count;
static void (*interruption)(void);

static void step(void)
{
    step_count++;
    if (interruption)
        interruption();
}

static struct range listed[RANGE_LIMIT], listed_before[RANGE_LIMIT];

static unsigned node_count;

// Of a tree with N nodes: log2(n + 2) times 1.4405, here as the least number of nodes that a tree of this height has.
static uint64_t least_nodes(unsigned height)
{
    uint64_t lower = 0, nodes = 0;
    for (unsigned i = 0; i < height; i++) {
        uint64_t next = nodes + lower + 1;
        lower = nodes;
        nodes = next;
    }
    return nodes;
}

static void check_node(const struct range_node *node)
{
    if (!node)
        return;
    expect_a_node(node, sizeof *node);
    check_node(node->child[LOWER]);
    assert_true(node_count < RANGE_LIMIT);
    listed[node_count++] = (struct range){{node->start}, node->size_bytes, node->is_taken != 0};
    check_node(node->child[HIGHER]);
    unsigned lower = height_of(node->child[LOWER]), higher = height_of(node->child[HIGHER]);
    assert_in_range(lower, higher > 0 ? higher - 1 : 0, higher + 1);
    assert_int_equal(node->height, 1 + (lower > higher ? lower : higher));
    uint64_t largest = node->is_taken ? 0 : node->size_bytes;
    for (unsigned i = 0; i < SIDE_COUNT; i++) {
        if (node->child[i] && node->child[i]->largest_free > largest)
            largest = node->child[i]->largest_free;
    }
    assert_int_equal(node->largest_free, largest);
}

// List the ranges after checking all that must be true of them: they tile the region, no two neighbours are free, the
// sums are right, the tree is balanced and knows the largest free range of each of its parts.
static void check_tree(uint64_t start, uint64_t size_bytes)
{
    node_count = 0;
    check_node(allocator.root);
    uint64_t next = start, taken = 0;
    for (unsigned i = 0; i < node_count; i++) {
        assert_int_equal(listed[i].start.value, next);
        assert_true(listed[i].size_bytes > 0 && listed[i].size_bytes % PAGE_SIZE == 0);
        assert_true(i == 0 || listed[i].is_taken || listed[i - 1].is_taken);
        next += listed[i].size_bytes;
        taken += listed[i].is_taken ? listed[i].size_bytes : 0;
    }
    assert_int_equal(next, start + size_bytes);
    assert_int_equal(allocator.taken_bytes, taken);
    assert_int_equal(allocator.free_bytes, size_bytes - taken);
    assert_true(least_nodes(allocator.root->height) <= node_count);
    unsigned unused = 0;
    for (const struct range_node *node = allocator.unused; node; node = node->child[LOWER])
        unused++;
    assert_int_equal(node_count + unused, pool.used * NODES_PER_PAGE);
}

static void start_region(uint64_t start, uint64_t size_bytes)
{
    pool.used = pool.asked = pool.fail_at = 0;
    interruption = nullptr;
    assert_int_equal(range_allocator_init(&allocator, (virt_addr_t){start}, size_bytes, pool_allocate, &pool),
                     STATUS_OK);
    check_tree(start, size_bytes);
}

static int start_empty(void **)
{
    start_region(REGION, REGION_PAGES * PAGE_SIZE);
    return 0;
}

static void check(void)
{
    check_tree(REGION, REGION_PAGES * PAGE_SIZE);
}

static uint64_t allocate(uint64_t size_bytes, uint64_t alignment)
{
    virt_addr_t start = {};
    assert_int_equal(range_allocate(&allocator, size_bytes, alignment, &start), STATUS_OK);
    return start.value;
}

static uint64_t allocate_page_number(uint64_t page_count)
{
    uint64_t start = allocate(page_count * PAGE_SIZE, PAGE_SIZE);
    check();
    return (start - REGION) / PAGE_SIZE;
}

static void release(uint64_t start)
{
    range_free(&allocator, (virt_addr_t){start});
}

static void release_page_number(uint64_t page)
{
    release(REGION + page * PAGE_SIZE);
    check();
}

// ---- behaviours

static void a_region_that_is_empty_unaligned_or_wraps_is_refused(void **)
{
    static const struct {
        uint64_t start, size_bytes;
        enum status status;
    } rows[] = {
        {REGION, 0, STATUS_INVALID},
        {REGION + 1, PAGE_SIZE, STATUS_INVALID},
        {REGION, PAGE_SIZE + 1, STATUS_INVALID},
        {REGION, PAGE_SIZE - 1, STATUS_INVALID},
        {REGION, -REGION + PAGE_SIZE, STATUS_INVALID},
        {PAGE_SIZE, -PAGE_SIZE, STATUS_OK},
        {0, -PAGE_SIZE, STATUS_OK},
        {-PAGE_SIZE, PAGE_SIZE, STATUS_OK},
        {REGION, PAGE_SIZE, STATUS_OK},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        pool.used = pool.asked = pool.fail_at = 0;
        virt_addr_t start = {rows[i].start};
        assert_int_equal(range_allocator_init(&allocator, start, rows[i].size_bytes, pool_allocate, &pool),
                         rows[i].status);
        assert_int_equal(pool.asked, rows[i].status == STATUS_OK);
    }
}

static void a_region_without_a_page_for_nodes_is_refused(void **)
{
    pool.asked = 0;
    pool.fail_at = 1;
    assert_int_equal(range_allocator_init(&allocator, (virt_addr_t){REGION}, PAGE_SIZE, pool_allocate, &pool),
                     STATUS_NO_MEMORY);
    struct range range;
    assert_false(range_find(&allocator, (virt_addr_t){REGION}, &range));
}

static void the_lowest_address_with_room_is_taken(void **)
{
    assert_int_equal(allocate_page_number(4), 0);
    assert_int_equal(allocate_page_number(2), 4);
    assert_int_equal(allocate_page_number(4), 6);
    assert_int_equal(allocate_page_number(1), 10);
    release_page_number(0);
    release_page_number(6);
    assert_int_equal(allocate_page_number(5), 11);
    assert_int_equal(allocate_page_number(3), 0);
    assert_int_equal(allocate_page_number(2), 6);
    assert_int_equal(allocate_page_number(1), 3);
    assert_int_equal(allocate_page_number(2), 8);
    assert_int_equal(allocate_page_number(1), 16);
}

static void a_size_is_rounded_up_to_pages(void **)
{
    assert_int_equal(allocate(1, PAGE_SIZE), REGION);
    assert_int_equal(allocate(PAGE_SIZE + 1, PAGE_SIZE), REGION + PAGE_SIZE);
    assert_int_equal(allocate(PAGE_SIZE, PAGE_SIZE), REGION + 3 * PAGE_SIZE);
    assert_int_equal(allocator.taken_bytes, 4 * PAGE_SIZE);
    check();
}

static void what_alignment_skips_stays_free(void **)
{
    assert_int_equal(allocate_page_number(1), 0);
    assert_int_equal(allocate(2 * PAGE_SIZE, 16 * PAGE_SIZE), REGION + 16 * PAGE_SIZE);
    check();
    assert_int_equal(allocate_page_number(16), 18);
    assert_int_equal(allocate_page_number(15), 1);
}

static void neighbours_are_joined_whichever_is_freed_first(void **state)
{
    static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (unsigned i = 0; i < sizeof orders / sizeof *orders; i++) {
        start_empty(state);
        for (unsigned page = 0; page < 4; page++)
            assert_int_equal(allocate_page_number(1), page);
        for (unsigned k = 0; k < 3; k++)
            release_page_number(orders[i][k]);
        assert_int_equal(node_count, 3); // three pages free, the last taken, the rest free
        assert_int_equal(listed[0].size_bytes, 3 * PAGE_SIZE);
        release_page_number(3);
        assert_int_equal(node_count, 1);
    }
}

static void a_full_region_has_room_again_once_something_is_freed(void **)
{
    virt_addr_t start = {1};
    assert_int_equal(allocate_page_number(REGION_PAGES), 0);
    assert_int_equal(range_allocate(&allocator, PAGE_SIZE, PAGE_SIZE, &start), STATUS_RANGE);
    assert_int_equal(start.value, 1);
    release_page_number(0);
    for (unsigned i = 0; i < REGION_PAGES; i++)
        assert_int_equal(allocate_page_number(1), i);
    assert_int_equal(range_allocate(&allocator, PAGE_SIZE, PAGE_SIZE, &start), STATUS_RANGE);
    release_page_number(500);
    assert_int_equal(range_allocate(&allocator, 2 * PAGE_SIZE, PAGE_SIZE, &start), STATUS_RANGE);
    release_page_number(501);
    assert_int_equal(allocate_page_number(2), 500);
}

static void wrong_requests_are_refused_and_change_nothing(void **)
{
    static const struct {
        uint64_t size_bytes, alignment;
        enum status status;
    } rows[] = {
        {0, PAGE_SIZE, STATUS_INVALID},
        {PAGE_SIZE, 0, STATUS_INVALID},
        {PAGE_SIZE, 1, STATUS_INVALID},
        {PAGE_SIZE, PAGE_SIZE / 2, STATUS_INVALID},
        {PAGE_SIZE, 3 * PAGE_SIZE, STATUS_INVALID},
        {PAGE_SIZE, PAGE_SIZE + 1, STATUS_INVALID},
        {UINT64_MAX, PAGE_SIZE, STATUS_RANGE},
        {-PAGE_SIZE, PAGE_SIZE, STATUS_RANGE},
        {-PAGE_SIZE, 1ull << 63, STATUS_RANGE},
        {REGION_PAGES * PAGE_SIZE + 1, PAGE_SIZE, STATUS_RANGE},
        {PAGE_SIZE, 1ull << 46, STATUS_RANGE}, // the region's start is such a multiple, but taken
    };
    assert_int_equal(allocate_page_number(1), 0);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        virt_addr_t start = {7};
        assert_int_equal(range_allocate(&allocator, rows[i].size_bytes, rows[i].alignment, &start), rows[i].status);
        assert_int_equal(start.value, 7);
        check();
        assert_int_equal(node_count, 2);
    }
}

static void freeing_what_is_not_taken_there_panics(void **)
{
    assert_int_equal(allocate_page_number(4), 0);
    ASSERT_PANICS(release(REGION - PAGE_SIZE), "the range at 0xffffcffffffff000 cannot be freed: it lies outside");
    ASSERT_PANICS(release(REGION + REGION_PAGES * PAGE_SIZE), "outside the region");
    ASSERT_PANICS(release(REGION + PAGE_SIZE), "the one that holds this address begins at 0xffffd00000000000");
    ASSERT_PANICS(release(REGION + 8), "begins at 0xffffd00000000000");
    ASSERT_PANICS(release(REGION + 4 * PAGE_SIZE), "it is free already");
    check();
    release_page_number(0);
    ASSERT_PANICS(release(REGION), "it is free already");
}

static void a_region_may_end_with_the_address_space(void **)
{
    start_region(-(4 * PAGE_SIZE), 4 * PAGE_SIZE);
    assert_int_equal(allocate(2 * PAGE_SIZE, 2 * PAGE_SIZE), -(4 * PAGE_SIZE));
    assert_int_equal(allocate(2 * PAGE_SIZE, 2 * PAGE_SIZE), -(2 * PAGE_SIZE));
    struct range range;
    assert_true(range_find(&allocator, (virt_addr_t){UINT64_MAX}, &range));
    assert_int_equal(range.start.value, -(2 * PAGE_SIZE));
    assert_false(range_find(&allocator, (virt_addr_t){0}, &range));
    release(-(2 * PAGE_SIZE));
    check_tree(-(4 * PAGE_SIZE), 4 * PAGE_SIZE);
    release(-(4 * PAGE_SIZE));
    check_tree(-(4 * PAGE_SIZE), 4 * PAGE_SIZE);
    assert_int_equal(node_count, 1);
}

static void a_region_may_begin_at_zero(void **)
{
    start_region(0, -PAGE_SIZE);
    assert_int_equal(allocate(PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(allocate(1ull << 62, 1ull << 63), 1ull << 63);
    release(0);
    release(1ull << 63);
    check_tree(0, -PAGE_SIZE);
    assert_int_equal(node_count, 1);
}

// Take every page, then free the odd ones of COUNT pairs: as many holes of one page, at addresses that are no multiple
// of two.
static void make_misaligned_holes(unsigned count)
{
    assert_int_equal(allocate_page_number(1), 0);
    for (unsigned i = 1; i < 2 * count + 1; i++)
        assert_int_equal(allocate_page_number(1), i);
    for (unsigned i = 1; i < 2 * count + 1; i += 2)
        release_page_number(i);
}

static void an_aligned_hole_is_found_behind_a_few_misaligned_ones(void **)
{
    make_misaligned_holes(RANGE_EXACT_TRIES - 1);
    release_page_number(2 * RANGE_EXACT_TRIES - 2);
    assert_int_equal(allocate_page_number(1), 1);
    release_page_number(1);
    // The last hole is three pages now and has one aligned start.
    assert_int_equal(allocate(2 * PAGE_SIZE, 2 * PAGE_SIZE), REGION + (2 * RANGE_EXACT_TRIES - 2) * PAGE_SIZE);
    check();
}

static void behind_many_misaligned_holes_one_that_surely_fits_is_taken(void **)
{
    constexpr unsigned HOLES = 4 * RANGE_EXACT_TRIES;
    make_misaligned_holes(HOLES);
    release_page_number(2 * HOLES);
    uint64_t behind = REGION + 2 * HOLES * PAGE_SIZE;
    step_count = 0;
    assert_int_equal(allocate(PAGE_SIZE, 2 * PAGE_SIZE), behind);
    assert_true(step_count <= (RANGE_EXACT_TRIES + 3) * 3 * 10);
    release(behind);
    check();
}

static void the_only_aligned_hole_is_found_however_many_others_there_are(void **)
{
    constexpr unsigned HOLES = 4 * RANGE_EXACT_TRIES;
    make_misaligned_holes(HOLES);
    uint64_t rest = allocator.free_bytes - HOLES * PAGE_SIZE;
    uint64_t last = allocate(rest, PAGE_SIZE);
    check();
    virt_addr_t start;
    assert_int_equal(range_allocate(&allocator, PAGE_SIZE, 2 * PAGE_SIZE, &start), STATUS_RANGE);
    release_page_number(2 * HOLES - 20); // joins two odd ones to three pages
    assert_int_equal(allocate(PAGE_SIZE, 2 * PAGE_SIZE), REGION + (2 * HOLES - 20) * PAGE_SIZE);
    release(last);
    check();
}

// ---- random operations, beside a model of what the header promises

static struct {
    unsigned owner[REGION_PAGES]; // 0: free; else 1 + the page that its range begins with
} model;

static unsigned model_free_run(unsigned page)
{
    unsigned end = page;
    while (end < REGION_PAGES && model.owner[end] == 0)
        end++;
    return end - page;
}

// The page where PAGE_COUNT pages belong, or REGION_PAGES.
static unsigned model_place(unsigned page_count, unsigned alignment)
{
    unsigned exact = REGION_PAGES, certain = REGION_PAGES, misfits = 0, misfits_before_exact = 0;
    for (unsigned page = 0; page < REGION_PAGES; page++) {
        unsigned run = model_free_run(page);
        if (run < page_count) {
            page += run;
            continue;
        }
        unsigned aligned = (page + alignment - 1) / alignment * alignment;
        if (aligned + page_count > page + run) {
            misfits++;
        } else if (exact == REGION_PAGES) {
            exact = aligned;
            misfits_before_exact = misfits;
        }
        if (certain == REGION_PAGES && run >= page_count + alignment - 1)
            certain = aligned;
        page += run;
    }
    return misfits_before_exact >= RANGE_EXACT_TRIES && certain != REGION_PAGES ? certain : exact;
}

static void model_set(unsigned page, unsigned page_count, unsigned owner)
{
    for (unsigned i = page; i < page + page_count; i++)
        model.owner[i] = owner;
}

static void check_against_model(void)
{
    check();
    for (unsigned i = 0; i < node_count; i++) {
        unsigned first = (unsigned)((listed[i].start.value - REGION) / PAGE_SIZE);
        unsigned count = (unsigned)(listed[i].size_bytes / PAGE_SIZE);
        for (unsigned page = first; page < first + count; page++)
            assert_int_equal(model.owner[page], listed[i].is_taken ? first + 1 : 0);
    }
}

static bool random_allocate(uint64_t *random, unsigned largest)
{
    unsigned page_count = 1 + random_below(random, largest);
    unsigned alignment = 1u << (random_below(random, 2) ? 0 : random_below(random, 7));
    unsigned place = model_place(page_count, alignment);
    virt_addr_t start;
    pool.fail_at = random_below(random, 4) == 0 ? pool.asked + 1 : 0;
    enum status status = range_allocate(&allocator, page_count * PAGE_SIZE, alignment * PAGE_SIZE, &start);
    if (place == REGION_PAGES) {
        assert_int_equal(status, STATUS_RANGE);
        return false;
    }
    if (status != STATUS_OK) {
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_int_equal(pool.asked, pool.fail_at);
        return true;
    }
    assert_int_equal(start.value, REGION + place * PAGE_SIZE);
    model_set(place, page_count, place + 1);
    return true;
}

static void random_release(uint64_t *random)
{
    unsigned page = random_below(random, REGION_PAGES);
    if (model.owner[page] == 0)
        return;
    unsigned first = model.owner[page] - 1, count = 0;
    while (first + count < REGION_PAGES && model.owner[first + count] == first + 1)
        count++;
    unsigned asked = pool.asked;
    release(REGION + first * PAGE_SIZE);
    assert_int_equal(pool.asked, asked);
    model_set(first, count, 0);
}

static void random_operations_agree_with_an_array_of_pages(void **state)
{
    static const unsigned largest[] = {1, 2, 5, 40, 300};
    uint64_t random = 11;
    unsigned full_count = 0;
    for (unsigned round = 0; round < 2 * sizeof largest / sizeof *largest; round++) {
        start_empty(state);
        model_set(0, REGION_PAGES, 0);
        for (unsigned i = 0; i < 2500; i++) {
            bool grows = i % 1000 < 600;
            if (random_below(&random, 10) < (grows ? 7 : 2))
                full_count += !random_allocate(&random, largest[round / 2]);
            else
                random_release(&random);
            check_against_model();
        }
    }
    assert_true(full_count > 100); // else having no room was not tried
}

// ---- pages for nodes

static bool is_as_before(unsigned count)
{
    return node_count == count && memcmp(listed, listed_before, count * sizeof *listed) == 0;
}

static void without_a_page_for_nodes_nothing_changes_and_the_next_try_succeeds(void **state)
{
    unsigned failures = 1, fail_at = 1; // the first is the region's own
    while (failures == 1) {
        start_empty(state);
        pool.fail_at = ++fail_at;
        failures = 0;
        for (unsigned i = 0; i < 160; i++) {
            check();
            unsigned count = node_count;
            memcpy(listed_before, listed, sizeof listed[0] * count);
            virt_addr_t start = {3};
            enum status status = range_allocate(&allocator, PAGE_SIZE, 4 * PAGE_SIZE, &start);
            if (status == STATUS_OK)
                continue;
            failures++;
            assert_int_equal(status, STATUS_NO_MEMORY);
            assert_int_equal(start.value, 3);
            check();
            assert_true(is_as_before(count));
            i--;
        }
        check();
    }
    assert_int_equal(failures, 0);
    assert_true(fail_at >= 5);
}

static void freeing_asks_for_no_page_and_nodes_are_used_again(void **)
{
    static uint64_t starts[REGION_PAGES];
    unsigned used = 0;
    uint64_t random = 5;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < REGION_PAGES; i++)
            starts[i] = allocate(PAGE_SIZE, PAGE_SIZE);
        for (unsigned i = REGION_PAGES; i > 0; i--) {
            unsigned other = random_below(&random, i);
            uint64_t start = starts[other];
            starts[other] = starts[i - 1];
            release(start);
        }
        check();
        assert_int_equal(node_count, 1);
        assert_true(round == 0 || pool.used == used);
        used = pool.used;
    }
    assert_true(pool.used <= (2 * REGION_PAGES + 1) / NODES_PER_PAGE + 1);
}

// ---- cost

static unsigned log2_floor(uint64_t n)
{
    return 63 - (unsigned)__builtin_clzll(n);
}

// A way down has 1.44 * log2(n + 2) nodes and as many to mend on the way up, each with a rotation, which takes three
// more. An allocation: twice to the place, two ways down and up for what is cut off. A free: three neighbours, two ways
// for those that go and one for what stays.
static uint64_t step_limit(uint64_t nodes)
{
    return 11ull * (log2_floor(nodes + 2) + 2) * 3 / 2;
}

static void no_operation_takes_more_than_logarithmic_steps(void **)
{
    constexpr unsigned COUNT = 30'000;
    static uint64_t starts[COUNT];
    uint64_t random = 3, size_bytes = 16'384 * MEBIBYTE, worst_share = 0;
    start_region(REGION, size_bytes);
    for (unsigned order = 0; order < 3; order++) {
        for (unsigned i = 0; i < COUNT; i++) {
            step_count = 0;
            starts[i] = allocate((1 + random_below(&random, 5)) * PAGE_SIZE, PAGE_SIZE);
            assert_true(step_count <= step_limit(i + 2));
        }
        check_tree(REGION, size_bytes);
        for (unsigned i = 0; i < COUNT; i++) {
            uint64_t *victims[] = {&starts[i], &starts[COUNT - 1 - i], &starts[i + random_below(&random, COUNT - i)]};
            uint64_t start = *victims[order];
            if (order == 2)
                *victims[order] = starts[i];
            step_count = 0;
            release(start);
            uint64_t limit = step_limit(COUNT);
            assert_true(step_count <= limit);
            if (worst_share < step_count * 1000 / limit)
                worst_share = step_count * 1000 / limit;
            if (i % 10'000 == 5'000)
                check_tree(REGION, size_bytes);
        }
        check_tree(REGION, size_bytes);
        assert_int_equal(node_count, 1);
    }
    print_message("worst: %u thousandths of the limit\n", (unsigned)worst_share);
    assert_true(worst_share > 300); // else this limit proves nothing
}

// ---- finding

static void every_address_finds_its_range_and_none_outside(void **)
{
    struct range range;
    assert_int_equal(allocate_page_number(3), 0);
    assert_int_equal(allocate_page_number(5), 3);
    assert_int_equal(allocate_page_number(1), 8);
    release_page_number(3);
    for (unsigned i = 0; i < node_count; i++) {
        uint64_t places[] = {0, 1, PAGE_SIZE - 1, listed[i].size_bytes - 1};
        for (unsigned k = 0; k < sizeof places / sizeof *places; k++) {
            assert_true(range_find(&allocator, virt_add(listed[i].start, places[k]), &range));
            assert_int_equal(range.start.value, listed[i].start.value);
            assert_int_equal(range.size_bytes, listed[i].size_bytes);
            assert_int_equal(range.is_taken, listed[i].is_taken);
        }
    }
    assert_int_equal(node_count, 4);
    assert_false(range_find(&allocator, (virt_addr_t){REGION - 1}, &range));
    assert_false(range_find(&allocator, (virt_addr_t){REGION + REGION_PAGES * PAGE_SIZE}, &range));
    assert_false(range_find(&allocator, (virt_addr_t){0}, &range));
    assert_false(range_find(&allocator, (virt_addr_t){UINT64_MAX}, &range));
}

static void before_there_is_a_region_nothing_is_found(void **)
{
    struct range range;
    assert_false(range_find(&(struct range_allocator){}, (virt_addr_t){REGION}, &range));
}

static unsigned reads_left;

static size_t read_some(void *destination, const void *source, size_t size_bytes)
{
    if (reads_left == 0)
        return 1;
    reads_left--;
    expect_a_node(source, size_bytes);
    memcpy(destination, source, size_bytes);
    return 0;
}

static void a_node_that_cannot_be_read_ends_the_search(void **)
{
    for (unsigned i = 0; i < 100; i++)
        allocate_page_number(1);
    struct range range = {};
    virt_addr_t last = {REGION + 99 * PAGE_SIZE};
    unsigned needed = 0;
    for (;; needed++) {
        reads_left = needed;
        if (range_find_guarded(&allocator, last, read_some, &range))
            break;
        assert_int_equal(range.size_bytes, 0);
        assert_true(needed < 20);
    }
    assert_true(needed > 3);
    assert_int_equal(range.start.value, last.value);
}

static void a_tree_that_leads_in_a_circle_is_left(void **)
{
    for (unsigned i = 0; i < 10; i++)
        allocate_page_number(1);
    struct range_node *higher = allocator.root->child[HIGHER];
    higher->child[LOWER] = higher->child[HIGHER] = allocator.root;
    struct range range;
    reads_left = UINT32_MAX;
    for (unsigned page = 0; page < REGION_PAGES; page++)
        (void)range_find_guarded(&allocator, (virt_addr_t){REGION + page * PAGE_SIZE}, read_some, &range);
    assert_false(range_find_guarded(&allocator, (virt_addr_t){REGION + 9 * PAGE_SIZE}, read_some, &range));
    assert_true(UINT32_MAX - reads_left <= (REGION_PAGES + 1) * PATH_LIMIT);
}

static unsigned interruption_count;

static void find_everywhere(void)
{
    interruption_count++;
    for (unsigned page = 0; page < 64; page++) {
        virt_addr_t address = {REGION + page * PAGE_SIZE + 5};
        struct range range;
        reads_left = PATH_LIMIT;
        if (range_find_guarded(&allocator, address, read_some, &range))
            assert_true(address.value - range.start.value < range.size_bytes);
        assert_true(reads_left > 0); // nodes are linked as a tree at each of these places
    }
}

static void a_search_in_the_middle_of_an_operation_ends_at_a_range_or_nowhere(void **)
{
    uint64_t random = 9;
    model_set(0, REGION_PAGES, 0);
    interruption = find_everywhere;
    for (unsigned i = 0; i < 600; i++) {
        unsigned page = random_below(&random, 80);
        if (i % 300 < 150 || model.owner[page] == 0) {
            uint64_t start = allocate((1 + page % 2) * PAGE_SIZE, (1 + page % 3 / 2) * PAGE_SIZE);
            model.owner[(start - REGION) / PAGE_SIZE] = 1;
        } else {
            release(REGION + page * PAGE_SIZE);
            model.owner[page] = 0;
        }
    }
    interruption = nullptr;
    check();
    assert_true(interruption_count > 10'000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_that_is_empty_unaligned_or_wraps_is_refused),
        cmocka_unit_test(a_region_without_a_page_for_nodes_is_refused),
        cmocka_unit_test_setup(the_lowest_address_with_room_is_taken, start_empty),
        cmocka_unit_test_setup(a_size_is_rounded_up_to_pages, start_empty),
        cmocka_unit_test_setup(what_alignment_skips_stays_free, start_empty),
        cmocka_unit_test_setup(neighbours_are_joined_whichever_is_freed_first, start_empty),
        cmocka_unit_test_setup(a_full_region_has_room_again_once_something_is_freed, start_empty),
        cmocka_unit_test_setup(wrong_requests_are_refused_and_change_nothing, start_empty),
        cmocka_unit_test_setup(freeing_what_is_not_taken_there_panics, start_empty),
        cmocka_unit_test(a_region_may_end_with_the_address_space),
        cmocka_unit_test(a_region_may_begin_at_zero),
        cmocka_unit_test_setup(an_aligned_hole_is_found_behind_a_few_misaligned_ones, start_empty),
        cmocka_unit_test_setup(behind_many_misaligned_holes_one_that_surely_fits_is_taken, start_empty),
        cmocka_unit_test_setup(the_only_aligned_hole_is_found_however_many_others_there_are, start_empty),
        cmocka_unit_test(random_operations_agree_with_an_array_of_pages),
        cmocka_unit_test(without_a_page_for_nodes_nothing_changes_and_the_next_try_succeeds),
        cmocka_unit_test_setup(freeing_asks_for_no_page_and_nodes_are_used_again, start_empty),
        cmocka_unit_test(no_operation_takes_more_than_logarithmic_steps),
        cmocka_unit_test_setup(every_address_finds_its_range_and_none_outside, start_empty),
        cmocka_unit_test(before_there_is_a_region_nothing_is_found),
        cmocka_unit_test_setup(a_node_that_cannot_be_read_ends_the_search, start_empty),
        cmocka_unit_test_setup(a_tree_that_leads_in_a_circle_is_left, start_empty),
        cmocka_unit_test_setup(a_search_in_the_middle_of_an_operation_ends_at_a_range_or_nowhere, start_empty),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
