// SPDX-License-Identifier: MIT
// Behaviours of heaps: a region that grows and shrinks as its host allows. The model is the host; it sees that what it
// is asked for follows on what it has given, but for one hole.
#include "behaviours.h"
#include <lib/address.h>

static size_t region_bytes(void)
{
    return heap_model_first_bytes(&model);
}

static void begin_growing(const struct heap_traits *traits, size_t region_bytes, size_t reserved_bytes)
{
    begin_shape(traits, &(struct heap_shape){.region_bytes = {region_bytes}, .reserved_bytes = reserved_bytes});
}

void behave_a_region_grows_when_it_is_full(const struct heap_traits *traits)
{
    static const size_t sizes[] = {8, 100, 1000, 5000, 100'000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin_growing(traits, HEAP_REGION_LEAST, 16 * MIB);
        for (size_t taken = 0; taken < 256 * KIB; taken += sizes[i])
            allocate(sizes[i], 0);
        assert_in_range(model.grow_count, 1, 64);
        heap_model_check(&model);
        free_all(HEAP_ORDER_SHUFFLED);
        heap_model_check(&model);
    }
}

void behave_one_growth_serves_any_block(const struct heap_traits *traits)
{
    static const size_t sizes[] = {20'000, 65'536, 70'000, 300'000, MIB, 2 * MIB + 1};
    for (size_t alignment = 8; alignment <= MIB; alignment *= 2) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            begin_growing(traits, HEAP_REGION_LEAST, 32 * MIB);
            allocate(100, 0);
            allocate(sizes[i], alignment);
            assert_in_range(model.grow_count, 1, 3); // for each block, and for books that lie elsewhere
            heap_model_check(&model);
        }
    }
}

void behave_growth_ends_where_the_reserved_range_ends(const struct heap_traits *traits)
{
    static const size_t reserved[] = {HEAP_REGION_LEAST, HEAP_REGION_LEAST + 4096, 36 * KIB, 128 * KIB, MIB + 4096};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        begin_growing(traits, HEAP_REGION_LEAST, reserved[i]);
        fill_up(500);
        assert_true(region_bytes() <= reserved[i]);
        heap_model_check(&model);
        size_t most = model.block_count;
        free_all(HEAP_ORDER_BACKWARD);
        heap_model_check(&model);
        require_as_many(traits, fill_up(500), most);
        if (traits->takes_back)
            assert_in_range(statistics().taken_bytes, reserved[i] / 8, reserved[i]);
    }
}

void behave_nothing_reserved_is_no_growth(const struct heap_traits *traits)
{
    static const size_t reserved[] = {1, 4096, 64 * KIB};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        begin_growing(traits, 64 * KIB, reserved[i]);
        fill_up(1000);
        assert_int_equal(region_bytes(), 64 * KIB);
        heap_model_check(&model);
    }
}

void behave_a_host_that_gives_nothing_changes_nothing(const struct heap_traits *traits)
{
    begin_growing(traits, HEAP_REGION_LEAST, 4 * MIB);
    fill_up(700'000);
    model.is_grow_failing = true;
    fill_up(100);
    struct heap_statistics before = statistics();
    assert_true(heap_model_allocate(&model, 100'000, 0) == HEAP_MODEL_NONE);
    assert_true(heap_model_allocate(&model, 100, 4096) == HEAP_MODEL_NONE);
    assert_false(heap_model_reallocate(&model, 0, 3 * MIB, 0));
    require_no_change(&before);
    heap_model_check(&model);
    heap_model_free_all(&model);
    model.is_grow_failing = false;
    allocate(150'000, 0);
    heap_model_check(&model);
}

void behave_a_host_that_gives_more_than_asked_is_used(const struct heap_traits *traits)
{
    begin_shape(traits, &(struct heap_shape){
                            .region_bytes = {HEAP_REGION_LEAST}, .reserved_bytes = 8 * MIB, .grow_bytes = 2 * MIB});
    for (unsigned i = 0; i < 8; i++)
        allocate(100'000, 0);
    assert_in_range(model.grow_count, 1, 2);
    heap_model_check(&model);
}

void behave_a_region_shrinks_when_all_is_freed(const struct heap_traits *traits)
{
    // A list that is searched from its start takes the square of the number of blocks.
    static const struct {
        size_t size_bytes, total_bytes;
    } rows[] = {{40, MIB}, {300, 4 * MIB}, {1000, 4 * MIB}, {5000, 4 * MIB}, {300'000, 4 * MIB}};
    if (!traits->gives_back)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_growing(traits, HEAP_REGION_LEAST, 16 * MIB);
        for (unsigned round = 0; round < 3; round++) {
            for (size_t taken = 0; taken < rows[i].total_bytes; taken += rows[i].size_bytes)
                allocate(rows[i].size_bytes, 0);
            assert_true(region_bytes() >= rows[i].total_bytes);
            unsigned shrinks = model.shrink_count;
            free_all((enum heap_order)round);
            heap_trim(model.heap);
            assert_true(model.shrink_count > shrinks);
            assert_in_range(region_bytes(), HEAP_REGION_LEAST, 512 * KIB);
            heap_model_check(&model);
        }
    }
}

// What was free before serves afterwards, and what is free afterwards is as good.
void behave_trimming_keeps_blocks(const struct heap_traits *traits)
{
    static const size_t sizes[] = {8, 100, 1000, 20'000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin_shape(traits, &(struct heap_shape){.region_bytes = {32 * KIB, 100'000}, .reserved_bytes = 2 * MIB});
        fill_up(sizes[i]);
        size_t count = model.block_count;
        for (size_t index = 0; index < model.block_count; index++)
            heap_model_free(&model, index);
        heap_trim(model.heap);
        heap_model_check(&model);
        heap_trim(model.heap);
        heap_model_free_all(&model);
        heap_trim(model.heap);
        heap_model_check(&model);
        assert_in_range(fill_up(sizes[i]), count - count / 16 - 1, count + count / 16 + 1);
        heap_model_check(&model);
    }
}

void behave_a_region_never_shrinks_below_its_first_size(const struct heap_traits *traits)
{
    begin_growing(traits, 2 * MIB, 8 * MIB);
    for (unsigned round = 0; round < 3; round++) {
        for (size_t taken = 0; taken < 4 * MIB; taken += 100'000)
            allocate(100'000, 0);
        free_all((enum heap_order)round);
        assert_true(region_bytes() >= 2 * MIB);
        heap_model_check(&model);
        allocate(MIB, 0);
        heap_model_free_all(&model);
        assert_true(region_bytes() >= 2 * MIB);
    }
}

void behave_a_host_that_takes_nothing_back_is_used_again(const struct heap_traits *traits)
{
    begin_growing(traits, HEAP_REGION_LEAST, 4 * MIB);
    model.is_shrink_failing = true;
    size_t count = fill_up(3000), most = region_bytes();
    for (enum heap_order order = 0; order < HEAP_ORDER_COUNT; order++) {
        free_all(order);
        assert_int_equal(region_bytes(), most);
        heap_model_check(&model);
        require_as_many(traits, fill_up(3000), count);
    }
}

void behave_a_host_that_cannot_take_back_is_fine(const struct heap_traits *traits)
{
    begin_growing(traits, HEAP_REGION_LEAST, 8 * MIB);
    struct heap_host host = {.grow = model.host.grow, .context = &model};
    struct heap_options options = {.host = &host, .reserved_bytes = 8 * MIB};
    model.heap = heap_create(traits->design, model.regions[0].start, HEAP_REGION_LEAST, &options);
    for (unsigned round = 0; round < 3; round++) {
        for (size_t taken = 0; taken < 3 * MIB; taken += 3000)
            allocate(3000, 0);
        size_t before = region_bytes();
        free_all((enum heap_order)round);
        assert_int_equal(region_bytes(), before);
        heap_model_check(&model);
    }
}

static bool refuse_to_extend(struct heap *, size_t)
{
    return false;
}

void behave_growth_that_a_design_refuses_is_taken_back(const struct heap_traits *traits)
{
    struct heap_design refusing = *traits->design;
    refusing.extend = refuse_to_extend;
    struct heap_traits refusing_traits = *traits;
    refusing_traits.design = &refusing;
    begin_growing(&refusing_traits, HEAP_REGION_LEAST, MIB);
    fill_up(100);
    assert_true(model.grow_count > 0);
    assert_int_equal(model.shrink_count, model.grow_count);
    assert_int_equal(region_bytes(), HEAP_REGION_LEAST);
    heap_model_check(&model);
    heap_model_free_all(&model);
    assert_true(heap_model_allocate(&model, 20'000, 0) == HEAP_MODEL_NONE);
    heap_model_check(&model);
}

void behave_growth_that_nobody_takes_is_not_asked_for_again(const struct heap_traits *traits)
{
    struct heap_design refusing = *traits->design;
    refusing.extend = refuse_to_extend;
    struct heap_traits refusing_traits = *traits;
    refusing_traits.design = &refusing;
    for (unsigned way = 0; way < 2; way++) {
        begin_growing(&refusing_traits, HEAP_REGION_LEAST, MIB);
        model.is_shrink_failing = true;
        if (way == 1)
            model.host.shrink = nullptr;
        fill_up(100);
        fill_up(1000);
        assert_int_equal(model.grow_count, 1);
        assert_null(heap_validate(model.heap));
    }
}

void behave_regions_behind_serve_when_the_host_gives_nothing(const struct heap_traits *traits)
{
    begin_shape(traits, &(struct heap_shape){.region_bytes = {HEAP_REGION_LEAST, 256 * KIB}, .reserved_bytes = MIB});
    model.is_grow_failing = true;
    size_t index = allocate(100'000, 0);
    assert_ptr_equal(model.regions[1].start, model.limit);
    assert_true(address_of(index) >= model.regions[1].start);
    fill_up(1000);
    heap_model_check(&model);
    model.is_grow_failing = false;
    index = allocate(100'000, 0);
    assert_true(address_of(index) < model.regions[0].end);
    free_all(HEAP_ORDER_SHUFFLED);
    heap_model_check(&model);
}
