// SPDX-License-Identifier: MIT
// Every behaviour (behaviours.h) of every design, each as a test of its own: "tlsf.the_least_region_serves". An
// argument chooses by name, with * and ?.
#include "behaviours.h"
#include <stdio.h>
#include <stdlib.h>
#include <support/random.h>

struct heap_model model;

constexpr size_t MEMORY_BYTES = 64 * MIB;
constexpr size_t BLOCK_LIMIT = 1 << 18;

// ---- what the behaviours share

void begin_shape(const struct heap_traits *traits, const struct heap_shape *shape)
{
    heap_model_begin(&model, traits->design, shape);
}

void begin(const struct heap_traits *traits, size_t region_bytes)
{
    begin_shape(traits, &(struct heap_shape){.region_bytes = {region_bytes}, .secret = 0x5ec2'e7a1'1b10'c4ed});
}

size_t allocate(size_t size_bytes, size_t alignment)
{
    size_t index = heap_model_allocate(&model, size_bytes, alignment);
    if (index == HEAP_MODEL_NONE)
        fail_msg("no memory for %zu bytes at a multiple of %zu", size_bytes, alignment);
    return index;
}

uint8_t *address_of(size_t index)
{
    return model.blocks[index].address;
}

size_t fill_up(size_t size_bytes)
{
    size_t count = 0;
    while (heap_model_allocate(&model, size_bytes, 0) != HEAP_MODEL_NONE)
        count++;
    return count;
}

void free_all(enum heap_order order)
{
    uint64_t random = 7;
    for (size_t i = model.block_count; order == HEAP_ORDER_SHUFFLED && i > 1; i--) {
        size_t other = random_below(&random, (uint32_t)i);
        struct heap_model_block block = model.blocks[other];
        model.blocks[other] = model.blocks[i - 1];
        model.blocks[i - 1] = block;
    }
    for (size_t i = 0; order == HEAP_ORDER_FORWARD && i < model.block_count / 2; i++) {
        struct heap_model_block block = model.blocks[i];
        model.blocks[i] = model.blocks[model.block_count - 1 - i];
        model.blocks[model.block_count - 1 - i] = block;
    }
    heap_model_free_all(&model);
}

struct heap_statistics statistics(void)
{
    struct heap_statistics now;
    heap_statistics_read(model.heap, &now);
    return now;
}

void require_as_many(const struct heap_traits *traits, size_t count, size_t before)
{
    if (traits->merges || !traits->takes_back)
        assert_int_equal(count, before);
    else
        assert_true(count >= before - before / 8 - 1);
}

void require_no_change(const struct heap_statistics *before)
{
    struct heap_statistics now = statistics();
    assert_int_equal(now.region_count, before->region_count);
    assert_int_equal(now.region_bytes, before->region_bytes);
    assert_int_equal(now.taken_blocks, before->taken_blocks);
    assert_int_equal(now.taken_bytes, before->taken_bytes);
    assert_true(now.free_bytes >= before->free_bytes);
}

// ---- the table

struct behaviour {
    const char *name;
    heap_behaviour_fn *behave;
};

#define BEHAVIOUR(name) {#name, behave_##name},
static const struct behaviour behaviours[] = {HEAP_BEHAVIOURS(BEHAVIOUR)};
#undef BEHAVIOUR

constexpr size_t BEHAVIOUR_COUNT = sizeof behaviours / sizeof behaviours[0];

struct run {
    const struct heap_traits *traits;
    heap_behaviour_fn *behave;
    char name[128];
};

static struct run runs[HEAP_DESIGN_COUNT * BEHAVIOUR_COUNT];

static void run(void **state)
{
    const struct run *run = *state;
    run->behave(run->traits);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[HEAP_DESIGN_COUNT * BEHAVIOUR_COUNT];
    for (size_t i = 0; i < HEAP_DESIGN_COUNT * BEHAVIOUR_COUNT; i++) {
        const struct behaviour *behaviour = &behaviours[i % BEHAVIOUR_COUNT];
        runs[i].traits = &heap_traits[i / BEHAVIOUR_COUNT];
        runs[i].behave = behaviour->behave;
        snprintf(runs[i].name, sizeof runs[i].name, "%s.%s", runs[i].traits->design->name, behaviour->name);
        tests[i] = (struct CMUnitTest){.name = runs[i].name, .test_func = run, .initial_state = &runs[i]};
    }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    heap_model_init(&model, MEMORY_BYTES, BLOCK_LIMIT, SIZE_MAX);
    int failures = cmocka_run_group_tests_name("heap", tests, nullptr, nullptr);
    heap_model_destroy(&model);
    return failures;
}
