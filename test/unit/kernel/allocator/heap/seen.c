// SPDX-License-Identifier: MIT
// Behaviours of heaps: what can be seen of them. heap_model_check() holds walk, statistics and validate together.
#include "behaviours.h"

void behave_a_new_heap_has_nothing_taken(const struct heap_traits *traits)
{
    static const size_t regions[] = {HEAP_REGION_LEAST, 100'000, MIB, 48 * MIB};
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        begin(traits, regions[i]);
        heap_model_check(&model);
        struct heap_statistics now = statistics();
        assert_int_equal(now.taken_blocks, 0);
        assert_int_equal(now.taken_bytes, 0);
        assert_int_equal(now.region_count, 1);
        assert_int_equal(now.region_bytes, regions[i] & -HEAP_ALIGNMENT);
        assert_in_range(now.free_blocks, 1, 64);
        assert_in_range(now.free_bytes, regions[i] / 16, regions[i]);
        assert_in_range(now.largest_free_bytes, now.free_bytes / 4, now.free_bytes);
    }
}

struct seen {
    uintptr_t address;
    unsigned count;
};

static void look_for(void *context, const struct heap_block *block)
{
    struct seen *seen = context;
    if ((uintptr_t)block->address == seen->address && block->is_taken)
        seen->count++;
}

void behave_the_walk_finds_every_block_once(const struct heap_traits *traits)
{
    begin_shape(traits, &(struct heap_shape){.region_bytes = {64 * KIB, 64 * KIB}});
    for (size_t size = 1; size < 20'000; size = size * 2 + 1)
        allocate(size, 0);
    for (size_t i = 0; i < model.block_count; i++) {
        struct seen seen = {.address = (uintptr_t)address_of(i)};
        heap_walk(model.heap, look_for, &seen);
        assert_int_equal(seen.count, 1);
    }
}

void behave_statistics_are_sums_of_the_walk(const struct heap_traits *traits)
{
    begin(traits, MIB);
    size_t usable = 0;
    for (size_t size = 1; size < 3000; size += 41) {
        usable += model.blocks[allocate(size, 0)].usable_bytes;
        assert_int_equal(statistics().taken_bytes, usable);
        assert_int_equal(statistics().taken_blocks, model.block_count);
    }
    heap_model_check(&model);
    heap_model_free_all(&model);
    assert_int_equal(statistics().taken_bytes, 0);
    heap_model_check(&model);
}

void behave_a_design_is_found_by_its_name(const struct heap_traits *traits)
{
    assert_ptr_equal(heap_design_find(traits->design->name), traits->design);
    assert_ptr_equal(heap_designs[traits - heap_traits], traits->design);
    assert_null(heap_design_find(""));
    assert_null(heap_design_find("none"));
    assert_null(heap_design_find("Default"));
}
