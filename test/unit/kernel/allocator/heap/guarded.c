// SPDX-License-Identifier: MIT
// The guard around a heap (heap/guarded.h), with each design within: it is a heap as any other, and whoever writes
// where he may not is named.
#include <heap/guarded.h>
#include <lib/address.h>
#include <stdio.h>
#include <support/heap_model.h>
#include <support/random.h>
#include <support/unit.h>

constexpr size_t KIB = 1024, MIB = 1024 * KIB;
constexpr size_t REDZONE_BYTES = 16, QUARANTINE_BLOCKS = 10, QUARANTINE_BYTES = 4000;

static struct heap_guard guard;
static struct heap_model model;
alignas(PAGE_SIZE) static uint8_t memory[MIB];

static void guard_design(const struct heap_design *inner)
{
    static const struct heap_guard_options options = {REDZONE_BYTES, QUARANTINE_BLOCKS, QUARANTINE_BYTES};
    heap_guard_init(&guard, inner, &options);
}

static struct heap *make_heap(const struct heap_design *inner, size_t size_bytes)
{
    guard_design(inner);
    struct heap *heap = heap_create(&guard.design, memory, size_bytes, &(struct heap_options){.secret = 0x1234'5678});
    assert_non_null(heap);
    assert_null(heap_validate(heap));
    return heap;
}

static uint8_t *allocate(struct heap *heap, size_t size_bytes, size_t alignment)
{
    uint8_t *block = heap_allocate(heap, size_bytes, alignment);
    assert_non_null(block);
    memset(block, 0x11, size_bytes);
    return block;
}

static void require_problem(struct heap *heap, const char *problem)
{
    const char *found = heap_validate(heap);
    assert_non_null(found);
    assert_string_equal(found, problem);
}

#define FOR_EACH_DESIGN(design)                                                                                        \
    for (unsigned design##_i = 0; design##_i < HEAP_DESIGN_COUNT; design##_i++)                                        \
        for (const struct heap_design *design = heap_designs[design##_i]; design != nullptr; design = nullptr)

// ---- a heap as any other

static void random_operation(uint64_t *random)
{
    size_t size_bytes = random_below(random, 1u << random_below(random, 13));
    size_t alignment = random_below(random, 8) != 0 ? 0 : (size_t)1 << random_below(random, 10);
    uint32_t dice = random_below(random, 10);
    if (model.block_count == 0 || dice < 4)
        heap_model_allocate(&model, size_bytes, alignment);
    else if (dice < 5)
        heap_model_allocate_zeroed(&model, size_bytes, alignment);
    else if (dice < 6)
        heap_model_reallocate(&model, random_below(random, (uint32_t)model.block_count), size_bytes, alignment);
    else
        heap_model_free(&model, random_below(random, (uint32_t)model.block_count));
}

static void random_operations_keep_to_the_model(void **)
{
    static const struct heap_shape shapes[] = {
        {.region_bytes = {200'000}, .secret = 1},
        {.region_bytes = {100'000, 300'000}, .secret = 2},
        {.region_bytes = {16 * KIB}, .reserved_bytes = 2 * MIB, .secret = 3},
    };
    heap_model_init(&model, 4 * MIB, 1 << 14, SIZE_MAX);
    FOR_EACH_DESIGN(design)
    {
        guard_design(design);
        for (unsigned shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
            uint64_t random = shape + 1;
            heap_model_begin(&model, &guard.design, &shapes[shape]);
            for (unsigned i = 0; i < 4000; i++) {
                random_operation(&random);
                if (i % 500 == 0)
                    heap_model_check(&model);
            }
            heap_model_check(&model);
            heap_model_free_all(&model);
            heap_model_check(&model);
        }
    }
    heap_model_destroy(&model);
}

static void usable_size_is_what_was_asked_for(void **)
{
    struct heap *heap = make_heap(&heap_tlsf, 100 * KIB);
    for (size_t size_bytes = 1; size_bytes < 200; size_bytes++) {
        uint8_t *block = allocate(heap, size_bytes, 0);
        assert_int_equal(heap_usable_size(heap, block), size_bytes);
        heap_free(heap, block);
    }
}

static void sizes_near_the_largest_number_find_nothing(void **)
{
    FOR_EACH_DESIGN(design)
    {
        struct heap *heap = make_heap(design, 100 * KIB);
        for (size_t less = 0; less < 200; less++) {
            assert_null(heap_allocate(heap, SIZE_MAX - less, 0));
            assert_null(heap_allocate(heap, SIZE_MAX - less, 4096));
        }
        assert_null(heap_validate(heap));
    }
}

static void statistics_count_what_owners_have(void **)
{
    struct heap *heap = make_heap(&heap_tlsf, 100 * KIB);
    uint8_t *kept = allocate(heap, 100, 0), *freed = allocate(heap, 1000, 0);
    heap_free(heap, freed);
    struct heap_statistics now;
    heap_statistics_read(heap, &now);
    assert_int_equal(now.region_count, 1);
    assert_int_equal(now.region_bytes, 100 * KIB);
    assert_int_equal(now.taken_blocks, 1);
    assert_int_equal(now.taken_bytes, 100);
    assert_int_equal(now.region_bytes, now.taken_bytes + now.free_bytes + now.book_bytes);
    heap_free(heap, kept);
}

static void region_too_small_has_no_memory(void **)
{
    guard_design(&heap_tlsf);
    size_t least = heap_guard_least_bytes(&guard);
    struct heap *heap = make_heap(&heap_tlsf, least - 8);
    assert_null(heap_allocate(heap, 1, 0));
    assert_null(heap_validate(heap));
    heap = make_heap(&heap_tlsf, least);
    heap_free(heap, allocate(heap, 1, 0));
}

static void reallocation_stays_within_the_inner_block(void **)
{
    struct heap *heap = make_heap(&heap_tlsf, 100 * KIB);
    uint8_t *block = allocate(heap, 500, 0);
    assert_ptr_equal(heap_reallocate(heap, block, 100, 0), block);
    assert_int_equal(heap_usable_size(heap, block), 100);
    assert_null(heap_validate(heap));
    block[100] ^= 1; // beyond its end now
    ASSERT_PANICS(heap_free(heap, block), "offset 100 of the block at");
    block[100] ^= 1;
    uint8_t *moved = heap_reallocate(heap, block, 5000, 0);
    assert_ptr_not_equal(moved, block);
    assert_int_equal(moved[99], 0x11);
    ASSERT_PANICS(heap_free(heap, block), "is free already");
}

// ---- writes beyond a block

static void write_behind_a_block_is_named(void **)
{
    FOR_EACH_DESIGN(design)
    {
        for (size_t size_bytes = 1; size_bytes < 40; size_bytes++) {
            struct heap *heap = make_heap(design, 100 * KIB);
            uint8_t *block = allocate(heap, size_bytes, 0);
            for (size_t offset = size_bytes; offset < size_bytes + REDZONE_BYTES; offset++) {
                char words[100];
                snprintf(words, sizeof words, "heap %s: offset %zu of the block at %p (%zu bytes), beyond its end",
                         design->name, offset, (void *)block, size_bytes);
                block[offset]++;
                ASSERT_PANICS(heap_free(heap, block), words);
                require_problem(heap, "what lies behind a block has been written to");
                block[offset]--;
            }
            heap_free(heap, block);
            assert_null(heap_validate(heap));
        }
    }
}

static void write_before_a_block_is_named(void **)
{
    FOR_EACH_DESIGN(design)
    {
        for (size_t alignment = 8; alignment <= 256; alignment *= 2) {
            struct heap *heap = make_heap(design, 100 * KIB);
            uint8_t *block = allocate(heap, 20, alignment);
            for (size_t distance = 1; distance <= REDZONE_BYTES + 32; distance++) {
                char words[100];
                snprintf(words, sizeof words, "heap %s: what lies before the block at %p", design->name, (void *)block);
                block[-(ptrdiff_t)distance]++;
                ASSERT_PANICS(heap_free(heap, block), words);
                require_problem(heap, "what lies before a block has been written to");
                block[-(ptrdiff_t)distance]--;
            }
            heap_free(heap, block);
        }
    }
}

// ---- blocks that are held back

static void write_to_a_block_that_is_held_back_is_named(void **)
{
    FOR_EACH_DESIGN(design)
    {
        for (size_t offset = 0; offset < 30; offset++) {
            struct heap *heap = make_heap(design, 100 * KIB);
            uint8_t *block = allocate(heap, 30, 0);
            heap_free(heap, block);
            assert_null(heap_validate(heap));
            block[offset]++;
            require_problem(heap, "a block has been written to after it was freed");
            for (unsigned i = 1; i < QUARANTINE_BLOCKS; i++)
                heap_free(heap, allocate(heap, 30, 0));
            char words[120];
            snprintf(words, sizeof words,
                     "offset %zu of the block at %p (30 bytes) has been written to after it was freed", offset,
                     (void *)block);
            uint8_t *last = allocate(heap, 30, 0);
            ASSERT_PANICS(heap_free(heap, last), words);
        }
    }
}

static void block_comes_back_after_as_many_others(void **)
{
    struct heap *heap = make_heap(&heap_tlsf, 100 * KIB);
    uint8_t *blocks[QUARANTINE_BLOCKS + 1];
    for (unsigned i = 0; i <= QUARANTINE_BLOCKS; i++)
        heap_free(heap, blocks[i] = allocate(heap, 30, 0));
    for (unsigned i = 0; i <= QUARANTINE_BLOCKS; i++) {
        for (unsigned k = 0; k < i; k++)
            assert_ptr_not_equal(blocks[i], blocks[k]);
    }
    assert_ptr_equal(allocate(heap, 30, 0), blocks[0]);
}

static size_t free_bytes(struct heap *heap)
{
    struct heap_statistics now;
    heap_statistics_read(heap, &now);
    return now.free_bytes;
}

static void more_bytes_than_are_held_back_push_others_out(void **)
{
    struct heap *heap = make_heap(&heap_tlsf, 100 * KIB);
    uint8_t *first = allocate(heap, 100, 0), *second = allocate(heap, QUARANTINE_BYTES - 50, 0);
    uint8_t *third = allocate(heap, QUARANTINE_BYTES + 1, 0), *fourth = allocate(heap, 30, 0);
    size_t before = free_bytes(heap);
    heap_free(heap, first);
    assert_int_equal(free_bytes(heap), before);
    heap_free(heap, third); // more than is ever held back
    size_t after_third = free_bytes(heap);
    assert_true(after_third >= before + QUARANTINE_BYTES);
    heap_free(heap, second); // has no room beside the first
    size_t after_second = free_bytes(heap);
    assert_true(after_second >= after_third + 100 && after_second < after_third + 300);
    heap_free(heap, fourth);
    assert_int_equal(free_bytes(heap), after_second);
}

static void what_is_held_back_serves_before_there_is_no_memory(void **)
{
    struct heap *heap = make_heap(&heap_tlsf, 40 * KIB);
    unsigned count = 0;
    for (uint8_t *block; count < 100 && (block = heap_allocate(heap, 350, 0)) != nullptr; count++) {
        if (count % 2 == 0)
            heap_free(heap, block);
    }
    uint8_t *large = heap_allocate(heap, 3000, 0);
    while (large != nullptr) { // all of it, and what is held back with it
        large[0] = 1;
        heap_free(heap, large);
        uint8_t *taken = heap_allocate(heap, 3000, 0);
        assert_non_null(taken);
        large = heap_allocate(heap, 3000, 0);
    }
    assert_null(heap_validate(heap));
}

static void trimming_gives_back_what_is_held_back(void **)
{
    FOR_EACH_DESIGN(design)
    {
        struct heap *heap = make_heap(design, 100 * KIB);
        heap_trim(heap);
        uint8_t *block = allocate(heap, 500, 0), *late = allocate(heap, 500, 0);
        heap_free(heap, block);
        heap_free(heap, late);
        late[3] = 0;
        ASSERT_PANICS(heap_trim(heap), "offset 3 of the block at");
    }
}

// ---- other mistakes

static void block_freed_twice_is_named(void **)
{
    FOR_EACH_DESIGN(design)
    {
        struct heap *heap = make_heap(design, 100 * KIB);
        uint8_t *block = allocate(heap, 64, 0);
        heap_free(heap, block);
        ASSERT_PANICS(heap_free(heap, block), "(64 bytes) is freed, but it is free already");
        ASSERT_PANICS((void)heap_reallocate(heap, block, 65, 0), "(64 bytes) is freed, but it is free already");
        for (unsigned i = 0; i < 2 * QUARANTINE_BLOCKS; i++)
            heap_free(heap, allocate(heap, 1000, 0));
        ASSERT_PANICS(heap_free(heap, block), "heap ");
    }
}

static void pointers_that_are_no_blocks_are_named(void **)
{
    FOR_EACH_DESIGN(design)
    {
        struct heap *heap = make_heap(design, 100 * KIB);
        uint8_t *block = allocate(heap, 200, 0), local;
        ASSERT_PANICS(heap_free(heap, &local), "no block begins there");
        ASSERT_PANICS(heap_free(heap, block + 8), "no block begins there");
        ASSERT_PANICS(heap_free(heap, block + 1), "no block begins there");
        ASSERT_PANICS(heap_free(heap, block + 100), "no block begins there");
        ASSERT_PANICS(heap_free(heap, memory), "no block begins there");
        ASSERT_PANICS(heap_free(heap, memory + 64), "no block begins there");
        ASSERT_PANICS(heap_free(heap, memory + 90 * KIB), "no block begins there");
        heap_free(heap, nullptr);
        heap_free(heap, block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_keep_to_the_model),
        cmocka_unit_test(usable_size_is_what_was_asked_for),
        cmocka_unit_test(sizes_near_the_largest_number_find_nothing),
        cmocka_unit_test(statistics_count_what_owners_have),
        cmocka_unit_test(region_too_small_has_no_memory),
        cmocka_unit_test(reallocation_stays_within_the_inner_block),
        cmocka_unit_test(write_behind_a_block_is_named),
        cmocka_unit_test(write_before_a_block_is_named),
        cmocka_unit_test(write_to_a_block_that_is_held_back_is_named),
        cmocka_unit_test(block_comes_back_after_as_many_others),
        cmocka_unit_test(more_bytes_than_are_held_back_push_others_out),
        cmocka_unit_test(what_is_held_back_serves_before_there_is_no_memory),
        cmocka_unit_test(trimming_gives_back_what_is_held_back),
        cmocka_unit_test(block_freed_twice_is_named),
        cmocka_unit_test(pointers_that_are_no_blocks_are_named),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
