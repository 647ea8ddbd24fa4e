// SPDX-License-Identifier: MIT
// Behaviours of heaps: mistakes of those who use them end in a panic that names heap, block and size. After one the
// heap is not used again.
#include "behaviours.h"
#include <stdio.h>
#include <stdlib.h>

// Three blocks of a size, behind many others of that size or behind none: a design may treat what is frequent
// otherwise.
struct scene {
    size_t size_bytes, crowd;
};

static const struct scene scenes[] = {
    {1, 0},       {16, 0},  {100, 0}, {600, 0},  {1000, 0},  {5000, 0},
    {100'000, 0}, {1, 700}, {8, 700}, {16, 700}, {100, 700}, {600, 700},
};
constexpr size_t SCENE_COUNT = sizeof scenes / sizeof scenes[0];
constexpr size_t LARGER = 3, LARGER_END = 6; // those of sizes above that of any headerless block

static void require_words(const struct heap_traits *traits, const char *first, const char *second)
{
    const char *sentence = global_last_failed_assert;
    char beginning[64] = "heap ";
    strcat(strcat(beginning, traits->design->name), ": ");
    if (strncmp(sentence, beginning, strlen(beginning)) != 0)
        fail_msg("<%s> does not begin with <%s>", sentence, beginning);
    if (strstr(sentence, first) == nullptr && strstr(sentence, second) == nullptr)
        fail_msg("<%s> contains neither <%s> nor <%s>", sentence, first, second);
}

#define REQUIRE_PANIC(statement, first, second)                                                                        \
    do {                                                                                                               \
        ASSERT_PANICS(statement, "heap ");                                                                             \
        require_words(traits, first, second);                                                                          \
    } while (false)

// The number of the first of the three.
static size_t begin_with_three(const struct heap_traits *traits, const struct scene *scene)
{
    begin(traits, MIB);
    for (size_t i = 0; i < scene->crowd + 3; i++)
        allocate(scene->size_bytes, 0);
    heap_model_permit_all(&model);
    return scene->crowd;
}

void behave_null_is_freed_without_a_word(const struct heap_traits *traits)
{
    begin(traits, MIB);
    struct heap_statistics before = statistics();
    heap_free(model.heap, nullptr);
    require_no_change(&before);
}

static void require_freed_twice(const struct heap_traits *traits, void *block)
{
    char address[32];
    snprintf(address, sizeof address, "%p ", block);
    REQUIRE_PANIC(heap_free(model.heap, block), "is free already", "is free already");
    assert_non_null(strstr(global_last_failed_assert, address));
}

void behave_heap_free_twice_is_reported(const struct heap_traits *traits)
{
    if (!traits->names_mistakes)
        skip();
    for (size_t i = 0; i < SCENE_COUNT; i++) {
        size_t middle = begin_with_three(traits, &scenes[i]) + 1;
        uint8_t *block = address_of(middle);
        heap_model_free(&model, middle);
        require_freed_twice(traits, block);
        REQUIRE_PANIC((void)heap_reallocate(model.heap, block, 10, 0), "is free already", "is free already");
        REQUIRE_PANIC((void)heap_usable_size(model.heap, block), "is free already", "is free already");
    }
}

void behave_heap_free_twice_after_merging_is_reported(const struct heap_traits *traits)
{
    if (!traits->names_mistakes)
        skip();
    for (size_t i = 0; i < SCENE_COUNT; i++) {
        for (unsigned which = 0; which < 3; which++) {
            uint8_t *block = address_of(begin_with_three(traits, &scenes[i]) + which);
            free_all(HEAP_ORDER_FORWARD);
            REQUIRE_PANIC(heap_free(model.heap, block), "is free already", "no block begins there");
        }
    }
}

static void require_foreign(const struct heap_traits *traits, void *pointer)
{
    REQUIRE_PANIC(heap_free(model.heap, pointer), "no block begins there", "no block begins there");
    REQUIRE_PANIC((void)heap_reallocate(model.heap, pointer, 1, 0), "no block begins there", "no block begins there");
    REQUIRE_PANIC((void)heap_usable_size(model.heap, pointer), "no block begins there", "no block begins there");
}

void behave_pointers_of_others_are_reported(const struct heap_traits *traits)
{
    static uint8_t somewhere[64];
    begin_shape(traits, &(struct heap_shape){.region_bytes = {MIB}, .reserved_bytes = 2 * MIB});
    allocate(100, 0);
    void *others = malloc(100);
    require_foreign(traits, others);
    free(others);
    require_foreign(traits, somewhere + 8);
    require_foreign(traits, (uint8_t *)model.heap - 8);
    require_foreign(traits, model.regions[0].end);
    require_foreign(traits, model.regions[0].end + 64);
    require_foreign(traits, (void *)8);
    require_foreign(traits, (void *)UINTPTR_MAX);
    require_foreign(traits, (void *)0xffff'8000'0000'0000);
    heap_model_check(&model);
}

static bool is_live(const uint8_t *address)
{
    for (size_t i = 0; i < model.block_count; i++) {
        if (model.blocks[i].address == address)
            return true;
    }
    return false;
}

// Among them what a design keeps for itself in front of its first block of a size, and what may be a block one day and
// so is free already.
void behave_pointers_a_block_away_are_reported(const struct heap_traits *traits)
{
    static const size_t sizes[] = {16, 24, 64, 128, 512, 1024};
    if (!traits->names_mistakes)
        skip();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(traits, MIB);
        for (unsigned j = 0; j < 300; j++)
            allocate(sizes[i], 0);
        heap_model_permit_all(&model); // the heap looks for a header wherever it is told to
        for (size_t j = 0; j < model.block_count; j++) {
            uint8_t *before = address_of(j) - sizes[i];
            if (!is_live(before))
                REQUIRE_PANIC(heap_free(model.heap, before), "is freed, but", "has been overwritten");
        }
        heap_model_check(&model);
    }
}

void behave_pointers_into_blocks_are_reported(const struct heap_traits *traits)
{
    static const size_t offsets[] = {1, 2, 4, 7, 8, 12, 16, 24, 32, 64, 256, 496, 512, 4096, 50'000};
    if (!traits->names_mistakes)
        skip();
    for (size_t i = 0; i < SCENE_COUNT; i++) {
        for (size_t j = 0; j < sizeof offsets / sizeof offsets[0] && offsets[j] < scenes[i].size_bytes; j++) {
            uint8_t *inside = address_of(begin_with_three(traits, &scenes[i]) + 1) + offsets[j];
            REQUIRE_PANIC(heap_free(model.heap, inside), "no block begins there", "has been overwritten");
            REQUIRE_PANIC((void)heap_usable_size(model.heap, inside), "no block begins there", "has been overwritten");
            REQUIRE_PANIC((void)heap_reallocate(model.heap, inside, 10, 0), "no block begins there",
                          "has been overwritten");
        }
    }
}

void behave_pointers_into_free_memory_are_reported(const struct heap_traits *traits)
{
    if (!traits->names_mistakes)
        skip();
    for (size_t back = 16; back < MIB / 2; back = back * 3 & -(size_t)8) {
        begin_with_three(traits, &(struct scene){100, 0});
        REQUIRE_PANIC(heap_free(model.heap, model.regions[0].end - back), "no block begins there", "is free already");
    }
    for (size_t offset = 0; offset < 100; offset += 4) {
        size_t index = begin_with_three(traits, &(struct scene){100, 700}) - 50;
        uint8_t *block = address_of(index);
        heap_model_free(&model, index);
        REQUIRE_PANIC(heap_free(model.heap, block + offset), "no block begins there", "is free already");
    }
    begin_with_three(traits, &(struct scene){100, 0});
    REQUIRE_PANIC(heap_free(model.heap, model.heap), "no block begins there", "has been overwritten");
}

// The eight bytes behind the first of three blocks.
static void overrun(const struct heap_traits *traits, const struct scene *scene)
{
    begin_with_three(traits, scene);
    memset(address_of(0) + model.blocks[0].usable_bytes, 0x41, 8);
}

void behave_an_overrun_of_a_block_is_reported_when_it_is_freed(const struct heap_traits *traits)
{
    if (!traits->has_headers)
        skip();
    for (size_t i = LARGER; i < LARGER_END; i++) {
        overrun(traits, &scenes[i]);
        REQUIRE_PANIC(heap_free(model.heap, address_of(0));
                      heap_free(model.heap, address_of(1)), "has been overwritten", "has been overwritten");
    }
}

void behave_an_overrun_of_a_block_is_found_by_a_check(const struct heap_traits *traits)
{
    if (!traits->has_headers)
        skip();
    for (size_t i = LARGER; i < LARGER_END; i++) {
        begin_with_three(traits, &scenes[i]);
        assert_null(heap_validate(model.heap));
        overrun(traits, &scenes[i]);
        const char *problem = heap_validate(model.heap);
        assert_non_null(problem);
        print_message("  %zu bytes: %s\n", scenes[i].size_bytes, problem);
        assert_true(problem[strlen(problem) - 1] != '.');
    }
}

// Write over the first words of a freed block, allocate on, and have blocks that are sound, or a panic with a name.
void behave_a_write_to_freed_memory_is_reported_or_harmless(const struct heap_traits *traits)
{
    if (!traits->has_links)
        skip();
    for (size_t i = LARGER; i < LARGER_END; i++) {
        uint8_t *block = address_of(begin_with_three(traits, &scenes[i]) + 1);
        heap_model_free(&model, 1);
        memset(block, 0x41, 16);
        const char *problem = heap_validate(model.heap);
        assert_non_null(problem);
        print_message("  %zu bytes: %s\n", scenes[i].size_bytes, problem);
        REQUIRE_PANIC(fill_up(scenes[i].size_bytes);
                      heap_model_free_all(&model), "has been overwritten", "has been overwritten");
    }
}
