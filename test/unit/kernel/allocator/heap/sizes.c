// SPDX-License-Identifier: MIT
// Behaviours of heaps: sizes and alignments. The model looks at the rest: that blocks do not overlap, lie in the
// region, are aligned, hold as much as was asked for and keep what is written to them.
#define _DEFAULT_SOURCE 1 // MAP_ANONYMOUS: -std=c23 hides it
#include "behaviours.h"
#include <stdlib.h>
#include <sys/mman.h>

void behave_blocks_of_every_size_to_a_page_serve(const struct heap_traits *traits)
{
    begin(traits, 16 * MIB);
    for (size_t size = 0; size <= 4096; size++) {
        allocate(size, 0);
        if (size % 512 == 0)
            heap_model_check(&model);
    }
    free_all(HEAP_ORDER_SHUFFLED);
    heap_model_check(&model);
}

void behave_blocks_about_every_power_of_two_serve(const struct heap_traits *traits)
{
    begin(traits, 32 * MIB);
    for (size_t power = 8; power <= 4 * MIB; power *= 2) {
        allocate(power - 1, 0);
        allocate(power, 0);
        allocate(power + 1, 0);
        heap_model_check(&model);
        heap_model_free_all(&model);
    }
    heap_model_check(&model);
}

static void require_nothing(size_t size_bytes, size_t alignment)
{
    size_t kept = model.block_count - 1;
    assert_true(heap_model_allocate(&model, size_bytes, alignment) == HEAP_MODEL_NONE);
    assert_true(heap_model_allocate_zeroed(&model, size_bytes, alignment) == HEAP_MODEL_NONE);
    assert_false(heap_model_reallocate(&model, kept, size_bytes, alignment));
}

static void find_nothing_of_sizes_too_large(void)
{
    static const size_t sizes[] = {
        SIZE_MAX,
        SIZE_MAX - 1,
        SIZE_MAX - 6,
        SIZE_MAX - 7,
        SIZE_MAX - 8,
        SIZE_MAX - 14,
        SIZE_MAX - 15,
        SIZE_MAX - 16,
        SIZE_MAX - 24,
        SIZE_MAX - 31,
        SIZE_MAX - 255,
        SIZE_MAX - 4095,
        SIZE_MAX - 4096,
        SIZE_MAX - 65535,
        SIZE_MAX / 2 - 8,
        SIZE_MAX / 2,
        SIZE_MAX / 2 + 1,
        SIZE_MAX / 2 + 2,
        (size_t)1 << 62,
        ((size_t)1 << 40) + 1,
        (size_t)1 << 40,
        ((size_t)1 << 39) + 1,
        (size_t)1 << 39,
        ((size_t)1 << 35) + 1,
        (size_t)1 << 35,
        ((size_t)1 << 32) + 8,
        (size_t)1 << 32,
        ((size_t)1 << 32) - 1,
        (size_t)1 << 31,
        2 * MIB,
        MIB,
    };
    static const size_t alignments[] = {0, 8, 16, 64, 4096, MIB, HEAP_ALIGNMENT_LIMIT};
    allocate(100, 0);
    allocate(3000, 16);
    struct heap_statistics before = statistics();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < sizeof alignments / sizeof alignments[0]; j++)
            require_nothing(sizes[i], alignments[j]);
    }
    require_no_change(&before);
    heap_model_check(&model);
}

void behave_sizes_near_the_largest_number_find_nothing(const struct heap_traits *traits)
{
    begin(traits, MIB);
    find_nothing_of_sizes_too_large();
    begin_shape(traits, &(struct heap_shape){.region_bytes = {256 * KIB, 64 * KIB}, .reserved_bytes = MIB});
    find_nothing_of_sizes_too_large();
    assert_int_equal(model.grow_count, 0);
}

void behave_every_alignment_is_kept(const struct heap_traits *traits)
{
    static const size_t sizes[] = {0, 1, 7, 8, 9, 24, 100, 512, 4095, 5000, 40'000};
    begin(traits, 48 * MIB);
    for (size_t alignment = 1; alignment <= MIB; alignment *= 2) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            allocate(sizes[i], alignment);
            allocate(13, 0);
        }
        heap_model_check(&model);
        if (model.block_count > 200 || alignment >= 64 * KIB)
            free_all(HEAP_ORDER_SHUFFLED);
    }
    free_all(HEAP_ORDER_SHUFFLED);
    heap_model_check(&model);
}

// For what is larger than the model's memory. Nobody but the heap writes there.
static void *map_much(size_t size_bytes)
{
    void *memory =
        mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        print_message("  this machine has no addresses for %zu bytes\n", size_bytes);
        skip();
    }
    return memory;
}

void behave_the_largest_alignment_is_kept(const struct heap_traits *traits)
{
    constexpr size_t REGION_BYTES = 3 * HEAP_ALIGNMENT_LIMIT;
    void *memory = map_much(REGION_BYTES);
    struct heap *heap = heap_create(traits->design, memory, REGION_BYTES, &(struct heap_options){});
    assert_non_null(heap);
    for (size_t alignment = 16 * MIB; alignment <= HEAP_ALIGNMENT_LIMIT; alignment *= 2) {
        uint8_t *block = heap_allocate(heap, 1000, alignment);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % alignment, 0);
        heap_free(heap, block);
    }
    for (size_t alignment = HEAP_ALIGNMENT_LIMIT * 2; alignment != 0; alignment *= 2)
        assert_null(heap_allocate(heap, 1, alignment));
    assert_null(heap_validate(heap));
    munmap(memory, REGION_BYTES);
}

// Where 32 bits do not count bytes any more. What is beyond the largest region is left alone.
void behave_the_largest_region_serves(const struct heap_traits *traits)
{
    constexpr size_t REGION_BYTES = HEAP_REGION_MOST + 4 * MIB;
    uint8_t *memory = map_much(REGION_BYTES);
    struct heap *heap = heap_create(traits->design, memory, REGION_BYTES, &(struct heap_options){});
    assert_non_null(heap);
    struct heap_statistics now;
    heap_statistics_read(heap, &now);
    assert_int_equal(now.region_bytes, HEAP_REGION_MOST);
    assert_null(heap_allocate(heap, HEAP_REGION_MOST, 0));
    uint8_t *blocks[5], *ends[5];
    for (unsigned i = 0; i < 5; i++) {
        size_t size_bytes =
            (HEAP_REGION_MOST >> (i + 2)) - 1000; // a quarter and smaller: half may lie about the middle
        blocks[i] = heap_allocate(heap, size_bytes, 0);
        assert_non_null(blocks[i]);
        ends[i] = blocks[i] + heap_usable_size(heap, blocks[i]);
        assert_in_range((size_t)(ends[i] - blocks[i]), size_bytes, 2 * size_bytes);
        assert_true(blocks[i] > memory && ends[i] <= memory + HEAP_REGION_MOST);
        for (unsigned j = 0; j < i; j++)
            assert_true(ends[j] <= blocks[i] || ends[i] <= blocks[j]);
    }
    assert_null(heap_validate(heap));
    for (unsigned i = 0; i < 5; i++)
        heap_free(heap, blocks[i]);
    assert_null(heap_validate(heap));
    heap_statistics_read(heap, &now);
    assert_int_equal(now.taken_blocks, 0);
    munmap(memory, REGION_BYTES);
}

void behave_alignments_that_are_no_power_of_two_find_nothing(const struct heap_traits *traits)
{
    static const size_t alignments[] = {3, 5, 6, 7, 9, 12, 24, 4095, 4097, 3 * MIB, SIZE_MAX, SIZE_MAX / 2};
    static const size_t sizes[] = {0, 1, 8, 100, 5000, SIZE_MAX};
    begin(traits, MIB);
    allocate(100, 0);
    struct heap_statistics before = statistics();
    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++)
            require_nothing(sizes[j], alignments[i]);
    }
    require_no_change(&before);
    heap_model_check(&model);
}

void behave_blocks_of_no_bytes_are_blocks(const struct heap_traits *traits)
{
    begin(traits, MIB);
    for (unsigned i = 0; i < 1000; i++)
        allocate(0, i % 2 ? 0 : 32);
    heap_model_check(&model);
    free_all(HEAP_ORDER_SHUFFLED);
    heap_model_check(&model);
}

void behave_zeroed_blocks_are_zero_where_others_were(const struct heap_traits *traits)
{
    static const size_t sizes[] = {0, 1, 16, 100, 1000, 5000, 70'000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(traits, MIB);
        fill_up(sizes[i]);
        heap_model_free_all(&model);
        unsigned count = 0;
        while (heap_model_allocate_zeroed(&model, sizes[i], count % 2 ? 0 : 64) != HEAP_MODEL_NONE)
            count++;
        assert_in_range(count, 1, MIB);
        heap_model_check(&model);
    }
}
