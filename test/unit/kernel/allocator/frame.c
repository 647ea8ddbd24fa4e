// SPDX-License-Identifier: MIT
// kernel/allocator/frame.c, what its header promises: a behaviour a test, in a table where they are of one kind.
// frame_random.c holds it against a model.
#include <allocator/frame_allocator.h>
#include <lib/address.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/unit.h>

constexpr uint64_t MIB = 1 << 20;
constexpr uint64_t GIB = 1 << 30;
constexpr uint64_t POISON = 0xdead'f4a3'dead'f4a3;
constexpr unsigned FRAMES_A_MIB = 256;

static struct frame_allocator allocator;
static void *metadata;

static void begin(const struct frame_range *ranges, size_t count, const struct frame_options *options)
{
    size_t bytes = frame_metadata_size(ranges, count);
    assert_int_not_equal(bytes, 0);
    free(metadata);
    metadata = malloc(bytes);
    assert_non_null(metadata);
    memset(metadata, 0xa5, bytes);
    assert_int_equal(frame_allocator_init(&allocator, ranges, count, metadata, options), STATUS_OK);
}

static void begin_one(uint64_t first, uint64_t count)
{
    begin(&(struct frame_range){first, count}, 1, &(struct frame_options){});
}

static uint64_t allocate(unsigned order, enum frame_zone zone)
{
    return frame_allocate(&allocator, order, zone).value;
}

static void give(uint64_t address, unsigned order)
{
    frame_free(&allocator, (phys_addr_t){address}, order);
}

static struct frame_statistics statistics(void)
{
    struct frame_statistics now;
    frame_statistics_read(&allocator, &now);
    return now;
}

struct map_case {
    const char *name;
    struct frame_range ranges[3];
    size_t count;
    bool is_valid;
};

static const struct map_case map_cases[] = {
    {"none at all", {{0}}, 0, false},
    {"an empty range", {{1, 0}}, 1, false},
    {"frame 0 alone", {{0, 1}}, 1, false},
    {"frame 0 and another", {{0, 2}}, 1, true},
    {"not sorted", {{10, 5}, {3, 2}}, 2, false},
    {"overlapping by one", {{10, 5}, {14, 2}}, 2, false},
    {"touching", {{10, 5}, {15, 2}}, 2, true},
    {"one within another", {{10, 50}, {20, 5}}, 2, false},
    {"to the last address", {{(1ull << 40) - 1, 1}}, 1, true},
    {"beyond the last address", {{(1ull << 40) - 1, 2}}, 1, false},
    {"wrapping round", {{~0ull, 2}}, 1, false},
    {"as many as there are numbers", {{1, ~0ull}}, 1, false},
};

static void maps_are_refused_or_managed_as_a_whole(void **)
{
    for (size_t i = 0; i < sizeof map_cases / sizeof map_cases[0]; i++) {
        const struct map_case *map = &map_cases[i];
        print_message("  %s\n", map->name);
        assert_int_equal(frame_metadata_size(map->ranges, map->count) != 0, map->is_valid);
        if (map->is_valid)
            begin(map->ranges, map->count, &(struct frame_options){});
        else
            assert_int_equal(
                frame_allocator_init(&allocator, map->ranges, map->count, nullptr, &(struct frame_options){}),
                STATUS_INVALID);
    }
}

struct size_case {
    const char *name;
    struct frame_range ranges[2];
    size_t count;
    unsigned permille_limit;
};

static void metadata_takes_less_than_a_thousandth(void **)
{
    static const struct size_case cases[] = {
        {"8 MiB", {{256, 7 * FRAMES_A_MIB}}, 1, 1000},
        {"1 GiB", {{256, 1023 * FRAMES_A_MIB}}, 1, 50},
        {"1 TiB", {{256, 1 << 28}}, 1, 50},
        {"1 TiB in two", {{256, 1 << 20}, {1 << 21, 1 << 28}}, 2, 50},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t frames = cases[i].ranges[0].count + cases[i].ranges[1].count;
        size_t bytes = frame_metadata_size(cases[i].ranges, cases[i].count);
        print_message("  %s: %zu bytes\n", cases[i].name, bytes);
        assert_in_range(bytes, 1, frames * PAGE_SIZE / 1'000'000 * cases[i].permille_limit);
    }
}

static void a_beginning_writes_only_what_is_not_whole(void **)
{
    static const struct frame_range ranges[] = {{0x10'0000, 1 << 28}};
    size_t bytes = frame_metadata_size(ranges, 1);
    uint8_t *records = malloc(bytes);
    assert_non_null(records);
    memset(records, 0xa5, bytes);
    assert_int_equal(frame_allocator_init(&allocator, ranges, 1, records, &(struct frame_options){}), STATUS_OK);
    size_t written = 0;
    for (size_t i = 0; i < bytes; i++)
        written += records[i] != 0xa5;
    assert_in_range(written, 1, 128);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_not_equal(allocate(0, FRAME_ZONE_ANY), 0);
    written = 0;
    for (size_t i = 0; i < bytes; i++)
        written += records[i] != 0xa5;
    assert_in_range(written, 128, 1024);
    free(records);
}

static void zones_go_from_the_highest_down(void **)
{
    static const struct frame_range ranges[] = {{1, 2}, {0x200, 2}, {0x10'0000, 2}};
    static const enum frame_zone wanted[] = {FRAME_ZONE_ANY, FRAME_ZONE_4G, FRAME_ZONE_1M};
    static const uint64_t counts[] = {6, 4, 2};
    static const uint64_t ends[] = {~0ull, 4 * GIB, MIB};
    for (unsigned i = 0; i < 3; i++) {
        begin(ranges, 3, &(struct frame_options){});
        uint64_t previous = ~0ull;
        for (uint64_t n = 0; n < counts[i]; n++) {
            uint64_t address = allocate(0, wanted[i]);
            assert_in_range(address, 1, ends[i] - 1);
            assert_true(address / MIB <= previous / MIB);
            previous = address;
        }
        assert_int_equal(allocate(0, wanted[i]), 0);
    }
}

static void a_block_may_lie_on_both_sides_of_no_border_that_a_zone_has(void **)
{
    static const struct frame_range ranges[] = {{0xc'0000, 0x8'0000}};
    begin(ranges, 1, &(struct frame_options){});
    assert_int_equal(allocate(FRAME_ORDER_1G, FRAME_ZONE_4G), 3 * GIB);
    assert_int_equal(allocate(FRAME_ORDER_1G, FRAME_ZONE_4G), 0);
    assert_int_equal(allocate(FRAME_ORDER_1G, FRAME_ZONE_ANY), 4 * GIB);
}

static void the_smallest_block_that_does_is_broken(void **)
{
    begin_one(512, 4096);
    uint64_t area = allocate(FRAME_ORDER_2M, FRAME_ZONE_ANY);
    give(area + 3 * PAGE_SIZE, 0);
    give(area + 8 * PAGE_SIZE, 2);
    assert_int_equal(allocate(0, FRAME_ZONE_ANY), area + 3 * PAGE_SIZE);
    assert_int_equal(allocate(1, FRAME_ZONE_ANY), area + 8 * PAGE_SIZE);
    assert_int_equal(allocate(0, FRAME_ZONE_ANY), area + 10 * PAGE_SIZE);
}

static void frames_merge_to_the_largest_block(void **)
{
    begin_one(0x4'0000, 0x4'0000);
    uint64_t section = allocate(FRAME_ORDER_1G, FRAME_ZONE_ANY);
    assert_int_equal(section, GIB);
    for (uint64_t i = 1; i < 0x4'0000; i += 2)
        give(section + i * PAGE_SIZE, 0);
    assert_int_equal(statistics().largest_order, 0);
    for (uint64_t i = 0x4'0000 - 2; i > 0; i -= 2)
        give(section + i * PAGE_SIZE, 0);
    assert_int_equal(statistics().largest_order, FRAME_ORDER_1G - 1);
    give(section, 0);
    assert_int_equal(statistics().largest_order, FRAME_ORDER_1G);
    assert_int_equal(allocate(FRAME_ORDER_1G, FRAME_ZONE_ANY), section);
}

static void orders_and_counts_that_nobody_has_find_nothing(void **)
{
    begin_one(0x4'0000, 0x8'0000);
    assert_int_equal(allocate(FRAME_ORDER_COUNT, FRAME_ZONE_ANY), 0);
    assert_int_equal(allocate(63, FRAME_ZONE_ANY), 0);
    assert_int_equal(allocate(64, FRAME_ZONE_ANY), 0);
    assert_int_equal(allocate(~0u, FRAME_ZONE_ANY), 0);
    assert_int_equal(frame_allocate_run(&allocator, 0, FRAME_ZONE_ANY).value, 0);
    assert_int_equal(frame_allocate_run(&allocator, (1 << 18) + 1, FRAME_ZONE_ANY).value, 0);
    assert_int_equal(frame_allocate_run(&allocator, ~0ull, FRAME_ZONE_ANY).value, 0);
    assert_int_equal(statistics().failures, 7);
    assert_int_equal(statistics().free, 0x8'0000);
}

// What is freed, one after the other, in memory from 1 GiB to 4 GiB but for two frames at each end.
struct free_case {
    const char *name;
    uint64_t address;
    unsigned order;
    const char *sentence; // null: it is right
};

static void wrong_frees_are_named(void **)
{
    begin_one(0x4'0002, 0xb'fffc);
    assert_int_equal(allocate(FRAME_ORDER_2M, FRAME_ZONE_ANY), 0xc000'0000);
    assert_int_equal(allocate(0, FRAME_ZONE_ANY), 0xffe0'0000);
    static const struct free_case cases[] = {
        {"a byte into a frame", 0xffe0'0001, 0, "frame 0xffe00001: freed as a block of order 0, to which it is not"},
        {"half a frame", 0xffe0'0800, 0, "frame 0xffe00800: freed as a block of order 0, to which it is not aligned"},
        {"a frame into an area", 0xc000'1000, 9, "frame 0xc0001000: freed as a block of order 9, to which it is not"},
        {"half an area", 0xc010'0000, 9, "frame 0xc0100000: freed as a block of order 9, to which it is not aligned"},
        {"order 3 at a multiple of 4", 0xc000'4000, 3, "to which it is not aligned"},
        {"an order that nobody has", 0xc000'0000, 19, "freed as a block of order 19, and the highest is 18"},
        {"an order above that of numbers", 0xc000'0000, 64, "freed as a block of order 64, and the highest is 18"},
        {"address 0", 0, 0, "frame 0x0: freed, but it was never the frame allocator's"},
        {"an area at address 0", 0, 9, "frame 0x0: freed, but it was never the frame allocator's"},
        {"below all", 0x1000, 0, "frame 0x1000: freed, but it was never the frame allocator's"},
        {"just below the first", 0x4000'1000, 0, "frame 0x40001000: freed, but it was never the frame allocator's"},
        {"just above the last", 0xffff'e000, 0, "frame 0xffffe000: freed, but it was never the frame allocator's"},
        {"beyond all", 0xffff'ffff'ffff'f000, 0, "frame 0xfffffffffffff000: freed, but it was never"},
        {"an area beyond all", 0xffff'ffff'ffe0'0000, 9, "frame 0xffffffffffe00000: freed, but it was never"},
        {"an area that begins below", 0x4000'0000, 9, "frame 0x40000000: freed, but it was never"},
        {"an area that ends above", 0xffe0'0000, 9, "frame 0xffffe000: freed, but it was never"},
        {"a block that ends above", 0xffff'c000, 2, "frame 0xffffe000: freed, but it was never"},
        {"a section that begins below", 0x4000'0000, 18, "frame 0x40000000: freed, but it was never"},
        {"a section that ends above", 0xc000'0000, 18, "frame 0xffffe000: freed, but it was never"},
        {"a frame never taken in an area in use", 0xffe0'1000, 0, "frame 0xffe01000: freed, but it is free already"},
        {"a frame of a free area", 0xc020'1000, 0, "frame 0xc0201000: freed, but it is free already"},
        {"a free area", 0xc020'0000, 9, "frame 0xc0200000: freed, but it is free already"},
        {"a taken area and a free one", 0xc000'0000, 10, "frame 0xc0200000: freed, but it is free already"},
        {"a taken area", 0xc000'0000, 9, nullptr},
        {"the area again", 0xc000'0000, 9, "frame 0xc0000000: freed, but it is free already"},
        {"a frame of that area", 0xc000'3000, 0, "frame 0xc0003000: freed, but it is free already"},
        {"a frame in use and a free one", 0xffe0'0000, 1, "frame 0xffe01000: freed, but it is free already"},
        {"a frame in use", 0xffe0'0000, 0, nullptr},
        {"the frame again", 0xffe0'0000, 0, "frame 0xffe00000: freed, but it is free already"},
        {"a frame of a section never touched", 0x8000'5000, 0, "frame 0x80005000: freed, but it is free already"},
        {"an area of that section", 0x8020'0000, 9, "frame 0x80200000: freed, but it is free already"},
        {"that section", 0x8000'0000, 18, "frame 0x80000000: freed, but it is free already"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("  %s\n", cases[i].name);
        uint64_t free_before = statistics().free;
        if (!cases[i].sentence) {
            give(cases[i].address, cases[i].order);
            continue;
        }
        ASSERT_PANICS(give(cases[i].address, cases[i].order), cases[i].sentence);
        assert_int_equal(statistics().free, free_before);
    }
    assert_int_equal(statistics().free, statistics().total);
}

static void sections_are_given_back_only_when_all_of_them_is_taken(void **)
{
    begin_one(0x4'0000, 0x8'0000);
    uint64_t section = allocate(FRAME_ORDER_1G, FRAME_ZONE_ANY);
    give(section + 0x1234'5000, 0);
    ASSERT_PANICS(give(section, FRAME_ORDER_1G), "frame 0x52345000: freed, but it is free already");
    assert_int_equal(allocate(0, FRAME_ZONE_ANY), section + 0x1234'5000);
    give(section + 0x2000'0000, FRAME_ORDER_2M);
    ASSERT_PANICS(give(section, FRAME_ORDER_1G), "frame 0x60000000: freed, but it is free already");
    assert_int_equal(allocate(FRAME_ORDER_2M, FRAME_ZONE_ANY), section + 0x2000'0000);
    give(section, FRAME_ORDER_1G);
    assert_int_equal(statistics().free, statistics().total);
    assert_int_equal(statistics().largest_order, FRAME_ORDER_1G);
}

static void runs_keep_only_what_was_asked_for(void **)
{
    begin_one(512, 8192);
    for (uint64_t count = 1; count <= 3000; count += count / 3 + 1) {
        uint64_t first = frame_allocate_run(&allocator, count, FRAME_ZONE_ANY).value;
        assert_int_not_equal(first, 0);
        assert_int_equal(statistics().free, 8192 - count);
        frame_free_run(&allocator, (phys_addr_t){first}, count);
        assert_int_equal(statistics().free, 8192);
    }
    uint64_t first = frame_allocate_run(&allocator, 700, FRAME_ZONE_ANY).value;
    ASSERT_PANICS(frame_free_run(&allocator, (phys_addr_t){first + 0x800}, 2), "is not aligned");
    ASSERT_PANICS(frame_free_run(&allocator, (phys_addr_t){first}, 701), "is free already");
}

static void the_allocation_of_the_number_given_fails_and_no_other(void **)
{
    static const struct frame_range range = {512, 0x1'0000};
    static const unsigned orders[] = {0, FRAME_ORDER_2M, 3};
    for (uint64_t number = 1; number < 10; number++) {
        begin(&range, 1, &(struct frame_options){.fail_at = number});
        for (uint64_t n = 1; n < 20; n++)
            assert_int_equal(allocate(orders[n % 3], FRAME_ZONE_ANY) == 0, n == number);
        assert_int_equal(statistics().allocations, 18);
        frame_fail_at(&allocator, 2);
        assert_int_not_equal(allocate(0, FRAME_ZONE_ANY), 0);
        assert_int_equal(allocate(0, FRAME_ZONE_ANY), 0);
        assert_int_not_equal(allocate(0, FRAME_ZONE_ANY), 0);
        frame_fail_at(&allocator, 1);
        frame_fail_at(&allocator, 0);
        assert_int_not_equal(allocate(0, FRAME_ZONE_ANY), 0);
        assert_int_equal(statistics().failures, 2);
    }
}

// With POISON, MEMORY stands for the frames from 1 MiB on.
constexpr size_t WORDS_A_FRAME = PAGE_SIZE / sizeof(uint64_t);
static uint64_t memory[1024][WORDS_A_FRAME];

static void begin_poisoned(uint64_t fail_at)
{
    static const struct frame_range range = {256, 1024};
    for (size_t frame = 0; frame < sizeof memory / sizeof memory[0]; frame++) {
        for (size_t word = 0; word < WORDS_A_FRAME; word++)
            memory[frame][word] = word % 8 == 0 ? POISON : (frame * WORDS_A_FRAME + word) * 0x9e37'79b9'7f4a'7c15;
    }
    begin(&range, 1,
          &(struct frame_options){.physical = (uint8_t *)memory - MIB, .poison = POISON, .fail_at = fail_at});
}

static uint64_t *words_of(uint64_t address)
{
    return memory[(address - MIB) / PAGE_SIZE];
}

static void free_frames_are_poisoned_and_others_are_not(void **)
{
    static const unsigned orders[] = {0, 3, FRAME_ORDER_2M, 0};
    begin_poisoned(0);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t block = allocate(orders[i], FRAME_ZONE_ANY), frame = allocate(0, FRAME_ZONE_ANY);
        words_of(frame)[7] = 0x55;
        give(block, orders[i]);
        for (uint64_t n = 0; n < 1u << orders[i]; n++) {
            for (size_t word = 0; word < WORDS_A_FRAME; word++)
                assert_int_equal(words_of(block + n * PAGE_SIZE)[word], POISON);
        }
        assert_int_equal(words_of(frame)[7], 0x55);
        assert_int_equal(allocate(orders[i], FRAME_ZONE_ANY), block);
    }
}

static void what_is_written_to_a_free_frame_is_told(void **)
{
    static const unsigned offsets[] = {0, 8, 2048, 4088};
    for (unsigned i = 0; i < 4; i++) {
        begin_poisoned(0);
        uint64_t block = allocate(2, FRAME_ZONE_ANY);
        give(block, 2);
        words_of(block + PAGE_SIZE)[offsets[i] / sizeof(uint64_t)] = 0x77;
        char sentence[100];
        snprintf(sentence, sizeof sentence, "frame 0x%lx: written to while it was free, 0x77 at offset %u",
                 block + PAGE_SIZE, offsets[i]);
        ASSERT_PANICS((void)allocate(2, FRAME_ZONE_ANY), sentence);
    }
}

static void a_free_frame_that_was_cleared_or_never_taken_is_told(void **)
{
    begin_poisoned(0);
    uint64_t frame = allocate(0, FRAME_ZONE_ANY);
    give(frame, 0);
    memset(words_of(frame), 0, PAGE_SIZE);
    ASSERT_PANICS((void)allocate(0, FRAME_ZONE_ANY), "written to while it was free, 0x0 at offset 0");
    begin_poisoned(0);
    memset(words_of(frame), 0, PAGE_SIZE);
    ASSERT_PANICS((void)allocate(0, FRAME_ZONE_ANY), "written to while it was free, 0x0 at offset 0");
}

static void a_wrong_free_poisons_nothing(void **)
{
    begin_poisoned(0);
    uint64_t frame = allocate(0, FRAME_ZONE_ANY);
    words_of(frame)[5] = 0x77;
    ASSERT_PANICS(give(frame, 1), "is free already");
    assert_int_equal(words_of(frame)[5], 0x77);
}

static void poisoned_allocations_fail_when_told_to(void **)
{
    begin_poisoned(2);
    assert_int_not_equal(allocate(0, FRAME_ZONE_ANY), 0);
    assert_int_equal(allocate(0, FRAME_ZONE_ANY), 0);
    assert_int_not_equal(allocate(0, FRAME_ZONE_ANY), 0);
    frame_fail_at(&allocator, 2);
    assert_int_not_equal(allocate(0, FRAME_ZONE_ANY), 0);
    assert_int_equal(allocate(0, FRAME_ZONE_ANY), 0);
    assert_int_equal(statistics().allocations, 3);
    assert_int_equal(statistics().failures, 2);
}

static void fragmentation_is_the_share_outside_whole_areas(void **)
{
    begin_one(512, 1024);
    assert_int_equal(statistics().fragmentation_permille, 0);
    uint64_t frame = allocate(0, FRAME_ZONE_ANY);
    assert_int_equal(statistics().fragmentation_permille, 511 * 1000 / 1023);
    assert_int_not_equal(allocate(FRAME_ORDER_2M, FRAME_ZONE_ANY), 0);
    assert_int_equal(statistics().fragmentation_permille, 1000);
    for (unsigned i = 0; i < 511; i++)
        assert_int_not_equal(allocate(0, FRAME_ZONE_ANY), 0);
    assert_int_equal(statistics().fragmentation_permille, 0);
    assert_int_equal(statistics().largest_order, FRAME_ORDER_COUNT);
    give(frame, 0);
    assert_int_equal(statistics().largest_order, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_are_refused_or_managed_as_a_whole),
        cmocka_unit_test(metadata_takes_less_than_a_thousandth),
        cmocka_unit_test(a_beginning_writes_only_what_is_not_whole),
        cmocka_unit_test(zones_go_from_the_highest_down),
        cmocka_unit_test(a_block_may_lie_on_both_sides_of_no_border_that_a_zone_has),
        cmocka_unit_test(the_smallest_block_that_does_is_broken),
        cmocka_unit_test(frames_merge_to_the_largest_block),
        cmocka_unit_test(orders_and_counts_that_nobody_has_find_nothing),
        cmocka_unit_test(wrong_frees_are_named),
        cmocka_unit_test(sections_are_given_back_only_when_all_of_them_is_taken),
        cmocka_unit_test(runs_keep_only_what_was_asked_for),
        cmocka_unit_test(the_allocation_of_the_number_given_fails_and_no_other),
        cmocka_unit_test(free_frames_are_poisoned_and_others_are_not),
        cmocka_unit_test(what_is_written_to_a_free_frame_is_told),
        cmocka_unit_test(a_free_frame_that_was_cleared_or_never_taken_is_told),
        cmocka_unit_test(a_wrong_free_poisons_nothing),
        cmocka_unit_test(poisoned_allocations_fail_when_told_to),
        cmocka_unit_test(fragmentation_is_the_share_outside_whole_areas),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
