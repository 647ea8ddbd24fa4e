// SPDX-License-Identifier: MIT
// Behaviours of heaps: what happens to their books when somebody writes where he should not.
#include "behaviours.h"
#include <support/random.h>

static uint64_t random_state;

static uint32_t below(uint32_t limit)
{
    return random_below(&random_state, limit);
}

// Some hundred blocks of sizes up to 3000 bytes, and as much that is free between them.
static void begin_mixed(const struct heap_traits *traits)
{
    begin(traits, MIB);
    for (unsigned i = 0; i < 200; i++)
        allocate(below(1u << (4 + i % 10)), 0);
    for (unsigned i = 0; i < 90; i++)
        heap_model_free(&model, below((uint32_t)model.block_count));
    heap_model_check(&model);
    heap_model_permit_all(&model);
}

// One byte to eight, written from a header's beginning on, as somebody does who goes on behind the end of his block.
static void require_overruns_are_found(uint64_t *header)
{
    static const uint8_t values[] = {0, 0x41, 0xff};
    uint64_t before = *header;
    for (size_t i = 0; i < sizeof values; i++) {
        for (size_t size = 1; size <= sizeof(uint64_t); size++) {
            memset(header, values[i], size);
            if (*header != before && heap_validate(model.heap) == nullptr)
                fail_msg("%zu bytes of the header at %p are 0x%x, and nobody notices", size, (void *)header, values[i]);
            *header = before;
        }
    }
    assert_null(heap_validate(model.heap));
}

static uint8_t *address_with_header(const struct heap_traits *traits)
{
    for (;;) {
        size_t index = below((uint32_t)model.block_count);
        if (model.blocks[index].usable_bytes > traits->bare_most)
            return address_of(index);
    }
}

void behave_an_overrun_of_one_byte_or_eight_is_found_by_a_check(const struct heap_traits *traits)
{
    if (!traits->has_headers)
        skip();
    random_state = 31;
    begin_mixed(traits);
    for (unsigned i = 0; i < 40; i++)
        require_overruns_are_found((uint64_t *)(void *)address_with_header(traits) - 1);
}

// Each bit of the word at ADDRESS makes a difference to the heap's own check.
static void require_every_bit_counts(uint64_t *address)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        *address ^= 1ull << bit;
        if (heap_validate(model.heap) == nullptr)
            fail_msg("bit %u of the word at %p is wrong, and nobody notices", bit, (void *)address);
        *address ^= 1ull << bit;
    }
    assert_null(heap_validate(model.heap));
}

struct free_memory {
    uint64_t *addresses[256];
    size_t count;
    size_t bare_most; // what is no larger is left out
};

static void note_free(void *context, const struct heap_block *block)
{
    struct free_memory *memory = context;
    if (!block->is_taken && block->size_bytes > memory->bare_most && memory->count < 256)
        memory->addresses[memory->count++] = block->address;
}

void behave_every_bit_of_a_link_is_checked(const struct heap_traits *traits)
{
    if (!traits->has_links)
        skip();
    random_state = 32;
    begin_mixed(traits);
    struct free_memory memory = {.bare_most = traits->bare_most};
    heap_walk(model.heap, note_free, &memory);
    assert_in_range(memory.count, 1, 256);
    for (size_t i = 0; i < memory.count; i += 1 + memory.count / 20)
        require_every_bit_counts(memory.addresses[i]);
}

// Write over a header, or over what begins a free block, as somebody does who has miscounted.
static void damage(const struct heap_traits *traits)
{
    static const uint8_t values[] = {0, 0x41, 0xff};
    struct free_memory memory = {.bare_most = traits->bare_most};
    heap_walk(model.heap, note_free, &memory);
    uint8_t *where = traits->has_headers ? address_with_header(traits) - 8 : nullptr;
    if (traits->has_links && memory.count > 0 && (where == nullptr || below(2)))
        where = (uint8_t *)memory.addresses[below((uint32_t)memory.count)];
    if (where != nullptr)
        memset(where, values[below(3)], 1 + below(8));
}

static void operate(void)
{
    for (unsigned i = 0; i < 500; i++) {
        size_t size = below(1u << below(13));
        if (model.block_count == 0 || below(2))
            (void)heap_model_allocate(&model, size, 0);
        else if (below(4))
            heap_model_free(&model, below((uint32_t)model.block_count));
        else
            (void)heap_model_reallocate(&model, below((uint32_t)model.block_count), size, 0);
        heap_model_permit_all(&model);
    }
}

// The panic that operating ends in, or nullptr.
static const char *panic_of_operating(void)
{
    global_last_failed_assert = nullptr;
    global_expecting_assert = 1;
    if (setjmp(global_expect_assert_env) == 0)
        operate();
    global_expecting_assert = 0;
    return global_last_failed_assert;
}

// The model panics, too, when blocks overlap or their contents change: that is harm.
void behave_a_damaged_heap_panics_or_does_no_harm(const struct heap_traits *traits)
{
    char beginning[64] = "heap ";
    strcat(strcat(beginning, traits->design->name), ": ");
    unsigned panics = 0;
    for (unsigned round = 0; round < 300; round++) {
        random_state = 1000 + round;
        begin_mixed(traits);
        damage(traits);
        const char *panic = panic_of_operating();
        if (panic != nullptr && strncmp(panic, beginning, strlen(beginning)) != 0)
            fail_msg("round %u: %s", round, panic);
        panics += panic != nullptr;
    }
    if (traits->has_headers || traits->has_links)
        assert_in_range(panics, 100, 300);
}
