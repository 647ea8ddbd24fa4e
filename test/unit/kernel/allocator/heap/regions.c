// SPDX-License-Identifier: MIT
// Behaviours of heaps: several regions behind one another.
#include "behaviours.h"
#include <stdlib.h>
#include <support/random.h>

static unsigned region_of(const uint8_t *address)
{
    for (unsigned i = 0; i < model.region_count; i++) {
        if (address >= model.regions[i].start && address < model.regions[i].end)
            return i;
    }
    fail_msg("%p lies in no region", (const void *)address);
    return 0;
}

void behave_further_regions_serve_what_the_first_cannot(const struct heap_traits *traits)
{
    begin_shape(traits, &(struct heap_shape){.region_bytes = {64 * KIB, HEAP_REGION_LEAST, 512 * KIB}});
    assert_int_equal(region_of(address_of(allocate(1000, 0))), 0);
    assert_int_equal(region_of(address_of(allocate(200 * KIB, 0))), 2);
    assert_int_equal(region_of(address_of(allocate(1, 0))), 0);
    fill_up(1000);
    fill_up(10);
    unsigned counts[3] = {};
    for (size_t i = 0; i < model.block_count; i++)
        counts[region_of(address_of(i))]++;
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(counts[i], 2, MIB);
    heap_model_check(&model);
    assert_int_equal(statistics().region_count, 3);
    size_t count = model.block_count;
    for (enum heap_order order = 0; order < HEAP_ORDER_COUNT; order++) {
        free_all(order);
        heap_model_check(&model);
        allocate(1000, 0);
        allocate(200 * KIB, 0);
        allocate(1, 0);
        fill_up(1000);
        fill_up(10);
        require_as_many(traits, model.block_count, count);
    }
}

void behave_blocks_move_from_region_to_region(const struct heap_traits *traits)
{
    begin_shape(traits, &(struct heap_shape){.region_bytes = {64 * KIB, 600 * KIB, 4 * MIB}});
    size_t index = allocate(10, 0);
    assert_int_equal(region_of(address_of(index)), 0);
    assert_true(heap_model_reallocate(&model, index, 200'000, 0));
    assert_int_equal(region_of(address_of(index)), 1);
    assert_true(heap_model_reallocate(&model, index, 900'000, 0));
    assert_int_equal(region_of(address_of(index)), 2);
    assert_true(heap_model_reallocate(&model, index, 10, 0));
    assert_false(heap_model_reallocate(&model, index, 5 * MIB, 0));
    heap_model_check(&model);
    uint64_t random = 21;
    for (unsigned i = 0; i < 20; i++)
        (void)heap_model_allocate(&model, 1000, 0);
    for (unsigned i = 0; i < 2000; i++) {
        size_t size = random_below(&random, 1u << random_below(&random, 18));
        (void)heap_model_reallocate(&model, random_below(&random, (uint32_t)model.block_count), size, 0);
        if (i % 100 == 0)
            heap_model_check(&model);
    }
}

void behave_regions_that_touch_stay_two(const struct heap_traits *traits)
{
    begin_shape(traits, &(struct heap_shape){.region_bytes = {128 * KIB, 128 * KIB, 128 * KIB}});
    static const size_t sizes[] = {16, 100, 1000, 10'000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fill_up(sizes[i]);
        free_all(HEAP_ORDER_SHUFFLED);
        heap_model_check(&model);
        assert_true(heap_model_allocate(&model, 128 * KIB, 0) == HEAP_MODEL_NONE);
        assert_true(heap_model_allocate(&model, 200 * KIB, 0) == HEAP_MODEL_NONE);
    }
}

void behave_a_region_too_small_is_not_added(const struct heap_traits *traits)
{
    begin(traits, 64 * KIB);
    uint8_t *memory = aligned_alloc(8, HEAP_REGION_LEAST + 8);
    assert_non_null(memory);
    assert_int_equal(heap_add_region(model.heap, memory, HEAP_REGION_LEAST - 1), STATUS_INVALID);
    assert_int_equal(heap_add_region(model.heap, memory + 1, HEAP_REGION_LEAST), STATUS_INVALID);
    assert_int_equal(heap_add_region(model.heap, memory, 0), STATUS_INVALID);
    heap_model_check(&model);
    assert_int_equal(heap_add_region(model.heap, memory + 1, HEAP_REGION_LEAST + 7), STATUS_OK);
    assert_int_equal(statistics().region_count, 2);
    free(memory);
}
