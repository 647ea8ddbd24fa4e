// SPDX-License-Identifier: MIT
// Behaviours of heaps: long sequences of operations, from fixed seeds, keep to the model: sizes as programs and kernels
// have them, regions that stay and regions that grow.
#include "behaviours.h"
#include <support/random.h>

static uint64_t random_state;

static uint32_t below(uint32_t limit)
{
    return random_below(&random_state, limit);
}

// ---- what is asked for

struct request {
    size_t size_bytes, alignment;
};

typedef struct request request_fn(void);

static struct request tiny(void)
{
    return (struct request){below(65), 0};
}

static struct request as_a_kernel_does(void)
{
    static const uint16_t sizes[] = {8, 16, 24, 32, 40, 64, 64, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096};
    uint32_t dice = below(100);
    if (dice < 90)
        return (struct request){sizes[below(sizeof sizes / sizeof sizes[0])], 0};
    if (dice < 95)
        return (struct request){64 * (1 + below(8)), 64};
    return (struct request){below(20'000), dice < 97 ? 4096 : 0};
}

static struct request whole_pages(void)
{
    return (struct request){4096 * (1 + below(5)), 4096};
}

static struct request of_any_magnitude(void)
{
    size_t size = below(1u << below(18));
    return (struct request){size, below(8) ? 0 : (size_t)1 << below(14)};
}

static struct request about_a_few_kib(void)
{
    return (struct request){500 + below(6000), 0};
}

struct style {
    const char *name;
    request_fn *request;
    unsigned reallocations_of_16;
};

static const struct style styles[] = {
    {"tiny", tiny, 1},
    {"as a kernel does", as_a_kernel_does, 1},
    {"whole pages", whole_pages, 1},
    {"of any magnitude", of_any_magnitude, 1},
    {"about a few KiB", about_a_few_kib, 2},
    {"of any magnitude, reallocated", of_any_magnitude, 9},
    {"tiny, reallocated", tiny, 9},
};

constexpr size_t STYLE_COUNT = sizeof styles / sizeof styles[0];

static const struct heap_shape shapes[] = {
    {.region_bytes = {HEAP_REGION_LEAST}},
    {.region_bytes = {100'003}, .skipped_bytes = 3, .secret = 1},
    {.region_bytes = {MIB}, .skipped_bytes = 40, .secret = 0xfedc'ba98'7654'3210},
    {.region_bytes = {20'000, HEAP_REGION_LEAST, 300'000}, .secret = 2},
    {.region_bytes = {HEAP_REGION_LEAST}, .reserved_bytes = 4 * MIB, .secret = UINT64_MAX},
    {.region_bytes = {512 * KIB, 64 * KIB}, .reserved_bytes = 2 * MIB + 4096, .grow_bytes = 256 * KIB, .secret = 3},
};

// ---- steps

// A design that takes back has to find what is twice as large as needed.
static void require_scarcity(const struct heap_traits *traits, struct request request)
{
    if (!traits->takes_back || model.operations % 4 != 0)
        return;
    size_t largest = statistics().largest_free_bytes;
    if (largest >= 2 * (request.size_bytes + request.alignment) + 1024)
        fail_msg("no memory for %zu bytes at a multiple of %zu, and %zu are free in a row", request.size_bytes,
                 request.alignment, largest);
}

static bool try_to_allocate(const struct heap_traits *traits, const struct style *style)
{
    struct request request = style->request();
    size_t index = below(8) == 0 ? heap_model_allocate_zeroed(&model, request.size_bytes, request.alignment)
                                 : heap_model_allocate(&model, request.size_bytes, request.alignment);
    if (index == HEAP_MODEL_NONE)
        require_scarcity(traits, request);
    return index != HEAP_MODEL_NONE;
}

static size_t any_block(void)
{
    return below((uint32_t)model.block_count);
}

static void reallocate(const struct style *style)
{
    struct request request = style->request();
    size_t index = any_block();
    if (below(2)) // a little more or less, which may do in place
        request.size_bytes = model.blocks[index].size_bytes + below(200);
    if (below(4))
        request.alignment = model.blocks[index].alignment;
    (void)heap_model_reallocate(&model, index, request.size_bytes, request.alignment);
}

static void step(const struct heap_traits *traits, const struct style *style, unsigned allocations_of_16)
{
    if (below(64) == 0) {
        model.is_grow_failing = below(3) == 0;
        model.is_shrink_failing = below(3) == 0;
        if (below(4) == 0)
            heap_trim(model.heap);
    }
    unsigned dice = below(16);
    if (model.block_count > 0 && dice < style->reallocations_of_16)
        reallocate(style);
    else if (model.block_count == 0 || below(16) < allocations_of_16)
        try_to_allocate(traits, style);
    else
        heap_model_free(&model, any_block());
}

static void mix(const struct heap_traits *traits, const struct style *style)
{
    constexpr unsigned STEPS = 1200;
    static const unsigned allocations_of_16[] = {12, 8, 5, 8};
    for (unsigned phase = 0; phase < 4; phase++) {
        for (unsigned i = 0; i < STEPS; i++) {
            step(traits, style, allocations_of_16[phase]);
            if (i % 400 == 0)
                heap_model_check(&model);
        }
    }
}

// To the last byte, and back: in the order of allocation, against it, or in none.
static void fill_and_drain(const struct heap_traits *traits, const struct style *style)
{
    model.is_grow_failing = model.is_shrink_failing = false;
    for (unsigned way = 0; way < 3; way++) {
        for (unsigned failures = 0; failures < 8 && model.block_count < 6000;)
            failures += !try_to_allocate(traits, style);
        heap_model_check(&model);
        while (model.block_count > 0) {
            size_t last = model.block_count - 1;
            heap_model_free(&model, way == 0 ? last : way == 1 ? 0 : any_block());
        }
        heap_model_check(&model);
    }
}

// ---- pointers that are no blocks

static bool is_block(const uint8_t *address)
{
    for (size_t i = 0; i < model.block_count; i++) {
        if (model.blocks[i].address == address)
            return true;
    }
    return false;
}

static uint8_t *any_pointer(void)
{
    uint8_t *start = model.regions[0].start;
    size_t size_bytes = (size_t)(model.regions[0].end - start);
    if (model.block_count > 0 && below(2))
        return model.blocks[any_block()].address + 8 * below(9) - 32;
    size_t offset = random_next(&random_state) % size_bytes;
    return start + (below(4) ? offset & -HEAP_ALIGNMENT : offset);
}

static void free_wrongly(void)
{
    uint8_t *pointer = any_pointer();
    if (is_block(pointer))
        return;
    heap_model_permit_all(&model);
    ASSERT_PANICS(heap_free(model.heap, pointer), "heap ");
}

void behave_random_operations_keep_to_the_model(const struct heap_traits *traits)
{
    random_state = 1;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (size_t j = 0; j < STYLE_COUNT; j++) {
            print_message("  shape %zu, %s\n", i, styles[j].name);
            begin_shape(traits, &shapes[i]);
            mix(traits, &styles[j]);
            fill_and_drain(traits, &styles[j]);
        }
    }
}

void behave_random_mistakes_are_named(const struct heap_traits *traits)
{
    if (!traits->names_mistakes)
        skip();
    random_state = 2;
    for (unsigned i = 0; i < 400; i++) {
        begin_shape(traits, &shapes[i % (sizeof shapes / sizeof shapes[0])]);
        for (unsigned j = 0, count = 1 + below(1000); j < count; j++)
            step(traits, &styles[i % STYLE_COUNT], 10);
        free_wrongly();
    }
}
