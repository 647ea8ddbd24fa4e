// SPDX-License-Identifier: MIT
// Behaviours of heaps: blocks that change their size. The model looks at the contents.
#include "behaviours.h"
#include <support/random.h>

void behave_reallocating_null_is_allocating(const struct heap_traits *traits)
{
    begin(traits, MIB);
    uint8_t *block = heap_reallocate(model.heap, nullptr, 100, 256);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 256, 0);
    assert_true(heap_usable_size(model.heap, block) >= 100);
    assert_null(heap_reallocate(model.heap, nullptr, 100, 12));
    assert_null(heap_reallocate(model.heap, nullptr, SIZE_MAX, 0));
    heap_free(model.heap, block);
    heap_model_check(&model);
}

void behave_reallocating_to_nothing_keeps_a_block(const struct heap_traits *traits)
{
    static const size_t sizes[] = {0, 1, 100, 5000, 100'000};
    begin(traits, MIB);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t index = allocate(sizes[i], 0);
        assert_true(heap_model_reallocate(&model, index, 0, 0));
        assert_int_equal(model.block_count, i + 1);
    }
    heap_model_check(&model);
    heap_model_free_all(&model);
    heap_model_check(&model);
}

void behave_reallocating_keeps_contents_up_and_down(const struct heap_traits *traits)
{
    begin(traits, 48 * MIB);
    uint64_t random = 9;
    for (unsigned i = 0; i < 12; i++)
        allocate(10u << i, 0);
    for (unsigned i = 0; i < 2000; i++) {
        unsigned scale = random_below(&random, 17);
        size_t index = random_below(&random, 12), size = random_below(&random, 1u << scale);
        size_t alignment = random_below(&random, 4) ? 0 : (size_t)1 << random_below(&random, 8);
        if (!traits->takes_back && i % 100 == 99) {
            heap_model_free_all(&model);
            for (unsigned j = 0; j < 12; j++)
                allocate(10u << j, 0);
        }
        assert_true(heap_model_reallocate(&model, index, size, alignment));
        if (i % 100 == 0)
            heap_model_check(&model);
    }
    heap_model_free_all(&model);
    heap_model_check(&model);
}

// A neighbour behind the block makes it move each time.
void behave_reallocating_keeps_alignment(const struct heap_traits *traits)
{
    begin(traits, 48 * MIB);
    for (size_t alignment = 16; alignment <= 64 * KIB; alignment *= 2) {
        size_t index = allocate(10, alignment);
        for (size_t size = 10; size < 50'000; size *= 3) {
            assert_true(heap_model_reallocate(&model, index, size, alignment));
            allocate(1, 0);
        }
        for (size_t size = 50'000; size > 0; size /= 3)
            assert_true(heap_model_reallocate(&model, index, size, alignment));
        heap_model_check(&model);
        heap_model_free_all(&model);
    }
}

void behave_reallocating_gives_more_alignment(const struct heap_traits *traits)
{
    begin(traits, 16 * MIB);
    for (size_t alignment = 8; alignment <= 64 * KIB; alignment *= 2) {
        size_t index = allocate(100, 8);
        allocate(24, 0);
        assert_true(heap_model_reallocate(&model, index, 100, alignment));
        assert_true(heap_model_reallocate(&model, index, 99, 0));
    }
    assert_false(heap_model_reallocate(&model, 0, 100, 3));
    assert_false(heap_model_reallocate(&model, 0, 100, 2 * HEAP_ALIGNMENT_LIMIT));
    heap_model_check(&model);
}

void behave_a_block_shrinks_and_grows_in_place(const struct heap_traits *traits)
{
    static const size_t sizes[] = {2000, 5000, 100'000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(traits, 2 * MIB);
        size_t index = allocate(2 * sizes[i], 0);
        uint8_t *address = address_of(index);
        assert_true(heap_model_reallocate(&model, index, sizes[i], 0));
        assert_ptr_equal(address_of(index), address);
        heap_model_check(&model);
        assert_true(heap_model_reallocate(&model, index, 2 * sizes[i], 0));
        assert_ptr_equal(address_of(index), address);
        heap_model_check(&model);
    }
}

void behave_a_block_shrinks_and_the_rest_serves(const struct heap_traits *traits)
{
    if (!traits->takes_back)
        skip();
    begin(traits, MIB);
    size_t index = allocate(500'000, 0);
    size_t before = fill_up(1000);
    assert_true(heap_model_reallocate(&model, index, 1000, 0));
    heap_model_check(&model);
    assert_in_range(fill_up(1000), 200, MIB);
    heap_model_check(&model);
    assert_in_range(before, 1, 1000);
}

void behave_a_failed_reallocation_leaves_the_block(const struct heap_traits *traits)
{
    static const size_t sizes[] = {10, 100, 2000, 5000, 30'000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(traits, 256 * KIB);
        size_t count = fill_up(sizes[i]);
        assert_in_range(count, 3, 256 * KIB);
        struct heap_statistics before = statistics();
        for (size_t index = 0; index < count; index += count / 3) {
            assert_false(heap_model_reallocate(&model, index, 250 * KIB, 0));
            assert_false(heap_model_reallocate(&model, index, SIZE_MAX, 0));
            assert_false(heap_model_reallocate(&model, index, SIZE_MAX - 8, 4096));
            assert_false(heap_model_reallocate(&model, index, sizes[i], 128 * MIB));
        }
        require_no_change(&before);
        heap_model_check(&model);
    }
}
