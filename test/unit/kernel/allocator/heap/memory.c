// SPDX-License-Identifier: MIT
// Behaviours of heaps: what a region has to give, and that it has it again.
#include "behaviours.h"
#include <stdlib.h>
#include <support/random.h>

void behave_the_least_region_serves(const struct heap_traits *traits)
{
    static const size_t sizes[] = {1, 8, 64, 500, 1024};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(traits, HEAP_REGION_LEAST);
        assert_in_range(fill_up(sizes[i]), 1, HEAP_REGION_LEAST);
        heap_model_check(&model);
        free_all(HEAP_ORDER_FORWARD);
        heap_model_check(&model);
    }
}

void behave_less_than_the_least_region_is_refused(const struct heap_traits *traits)
{
    static const struct {
        size_t skipped_bytes, size_bytes;
        bool is_enough;
    } cases[] = {
        {0, 0, false},
        {0, 1, false},
        {0, 4096, false},
        {0, HEAP_REGION_LEAST - 1, false},
        {0, HEAP_REGION_LEAST, true},
        {1, HEAP_REGION_LEAST, false},
        {1, HEAP_REGION_LEAST + 6, false},
        {1, HEAP_REGION_LEAST + 7, true},
        {7, HEAP_REGION_LEAST, false},
        {7, HEAP_REGION_LEAST + 1, true},
        {7, 3, false},
    };
    uint8_t *memory = aligned_alloc(4096, 4 * HEAP_REGION_LEAST);
    assert_non_null(memory);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(memory, 0xa5, 4 * HEAP_REGION_LEAST);
        struct heap *heap =
            heap_create(traits->design, memory + cases[i].skipped_bytes, cases[i].size_bytes, &(struct heap_options){});
        assert_int_equal(heap != nullptr, cases[i].is_enough);
        for (size_t at = 0; at < 4 * HEAP_REGION_LEAST; at++) {
            bool is_given = at - cases[i].skipped_bytes < cases[i].size_bytes;
            if ((heap == nullptr || !is_given) && memory[at] != 0xa5)
                fail_msg("case %zu: byte %zu has been written to", i, at);
        }
    }
    free(memory);
}

void behave_a_region_may_begin_and_end_anywhere(const struct heap_traits *traits)
{
    for (size_t skipped = 0; skipped < 16; skipped++) {
        for (size_t odd = 0; odd < 24; odd++) {
            begin_shape(traits, &(struct heap_shape){.region_bytes = {HEAP_REGION_LEAST + 1000 + odd * 37},
                                                     .skipped_bytes = skipped});
            fill_up(odd * 5);
            heap_model_check(&model);
            free_all(HEAP_ORDER_BACKWARD);
            heap_model_check(&model);
        }
    }
}

void behave_no_memory_is_null_and_nothing_changes(const struct heap_traits *traits)
{
    static const size_t sizes[] = {1, 16, 100, 1000, 4096, 70'000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(traits, MIB);
        assert_in_range(fill_up(sizes[i]), MIB / 4 / (sizes[i] + 48), MIB);
        struct heap_statistics before = statistics();
        for (unsigned round = 0; round < 10; round++) {
            assert_true(heap_model_allocate(&model, sizes[i], 0) == HEAP_MODEL_NONE);
            assert_true(heap_model_allocate(&model, 2 * sizes[i], 4096) == HEAP_MODEL_NONE);
            assert_true(heap_model_allocate_zeroed(&model, 200'000, 0) == HEAP_MODEL_NONE);
        }
        require_no_change(&before);
        heap_model_check(&model);
    }
}

void behave_memory_comes_back_in_every_order(const struct heap_traits *traits)
{
    static const size_t sizes[] = {8, 24, 100, 520, 3000, 4096, 33'000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(traits, MIB);
        size_t count = fill_up(sizes[i]);
        for (enum heap_order order = 0; order < HEAP_ORDER_COUNT; order++) {
            free_all(order);
            heap_model_check(&model);
            assert_int_equal(statistics().taken_blocks, 0);
            require_as_many(traits, fill_up(sizes[i]), count);
        }
    }
}

// The largest block that there is, to 64 bytes; it is freed again.
static size_t largest_block(void)
{
    size_t least = 0, most = MIB;
    while (most - least > 64) {
        size_t middle = (least + most) / 2;
        size_t index = heap_model_allocate(&model, middle, 0);
        if (index != HEAP_MODEL_NONE) {
            heap_model_free(&model, index);
            least = middle;
        } else {
            most = middle;
        }
    }
    return least;
}

void behave_the_largest_block_comes_back(const struct heap_traits *traits)
{
    begin(traits, MIB);
    size_t largest = largest_block();
    assert_in_range(largest, MIB / 4, MIB);
    uint64_t random = 11;
    for (unsigned round = 0; round < 12; round++) {
        unsigned scale = 4 + round;
        while (heap_model_allocate(&model, random_below(&random, 1u << scale), 0) != HEAP_MODEL_NONE)
            ;
        assert_true(largest_block() < largest);
        free_all((enum heap_order)(round % HEAP_ORDER_COUNT));
        heap_model_check(&model);
        size_t now = largest_block();
        if (now != largest)
            fail_msg("the largest block has %zu bytes, and had %zu before", now, largest);
    }
}

void behave_the_block_of_last_time_serves_again(const struct heap_traits *traits)
{
    static const size_t sizes[] = {1, 100, 3000, 100'000, 300'000};
    begin(traits, MIB);
    allocate(100, 0);
    for (unsigned i = 0; i < 20'000; i++) {
        allocate(sizes[i / 4000], 0);
        heap_model_free(&model, 1);
    }
    heap_model_check(&model);
}

void behave_what_is_freed_serves_for_ever(const struct heap_traits *traits)
{
    begin(traits, 64 * KIB);
    uint64_t random = 5;
    for (unsigned i = 0; i < 20'000; i++) {
        allocate(random_below(&random, 4000), (size_t)1 << random_below(&random, 10));
        if (model.block_count == 4 && traits->takes_back)
            heap_model_free(&model, random_below(&random, 4));
        else if (!traits->takes_back)
            heap_model_free_all(&model);
    }
    heap_model_free_all(&model);
    heap_model_check(&model);
}

void behave_three_neighbours_merge_in_every_order(const struct heap_traits *traits)
{
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const size_t sizes[] = {64, 520, 1000, 3000, 4096, 20'000};
    if (!traits->merges)
        skip();
    for (size_t i = 0; i < 6 * sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i / 6];
        const unsigned *order = orders[i % 6];
        begin(traits, 128 * KIB);
        size_t fresh_count = statistics().free_blocks;
        assert_in_range(fill_up(size), 3, 128 * KIB);
        struct heap_statistics before = statistics();
        uint8_t *addresses[3] = {address_of(0), address_of(1), address_of(2)};
        for (unsigned step = 0; step < 3; step++) {
            for (size_t index = 0; index < model.block_count; index++) {
                if (address_of(index) == addresses[order[step]]) {
                    heap_model_free(&model, index);
                    break;
                }
            }
        }
        heap_model_check(&model);
        assert_true(statistics().free_bytes >= before.free_bytes + 3 * size);
        free_all(HEAP_ORDER_SHUFFLED);
        heap_model_check(&model);
        assert_int_equal(statistics().free_blocks, fresh_count);
    }
}

void behave_a_full_heap_with_holes_keeps_its_blocks(const struct heap_traits *traits)
{
    uint64_t random = 3;
    for (unsigned round = 0; round < 8; round++) {
        begin(traits, 512 * KIB);
        unsigned scale = 5 + round;
        for (unsigned turn = 0; turn < 4; turn++) {
            size_t alignment = turn % 2 ? 0 : 64;
            while (heap_model_allocate(&model, random_below(&random, 1u << scale), alignment) != HEAP_MODEL_NONE)
                ;
            heap_model_check(&model);
            for (size_t i = 0; i < model.block_count; i++)
                heap_model_free(&model, i);
            heap_model_check(&model);
        }
    }
}
