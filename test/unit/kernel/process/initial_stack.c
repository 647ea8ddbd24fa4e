// SPDX-License-Identifier: MIT
// kernel/process/initial_stack: read back as a C library does, from the stack pointer on.
#include <initial_stack/initial_stack.h>
#include <stdlib.h>
#include <support/unit.h>

constexpr uint64_t TOP = 0x7fff'ffff'e000;
constexpr size_t BUFFER_BYTES = 1024;

static const char *const arguments[] = {"program", "two words", "", nullptr};
static const char *const environment[] = {"HOME=/", nullptr};
static const uint8_t random_bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const struct auxiliary auxiliaries[] = {{AUXILIARY_ENTRY, 0x40'1000}, {AUXILIARY_PAGE_SIZE, 4096}};

static const struct initial_stack stack = {
    .arguments = arguments,
    .environment = environment,
    .path = "/bin/program",
    .random = random_bytes,
    .auxiliaries = auxiliaries,
    .auxiliary_count = 2,
};

static uint8_t buffer[BUFFER_BYTES];

static const void *at(uint64_t address)
{
    assert_in_range(address, TOP - BUFFER_BYTES, TOP - 1);
    return buffer + BUFFER_BYTES - (TOP - address);
}

static uint64_t word_at(uint64_t address)
{
    uint64_t word;
    memcpy(&word, at(address), sizeof word);
    return word;
}

// What is said of TYPE in the vector at ADDRESS.
static uint64_t auxiliary_at(uint64_t address, enum auxiliary_type type)
{
    for (; word_at(address) != AUXILIARY_END; address += 16) {
        if (word_at(address) == type)
            return word_at(address + 8);
    }
    fail_msg("nothing is said of %d", (int)type);
    return 0;
}

static void everything_is_where_a_program_looks(void **)
{
    uint64_t rsp;
    memset(buffer, 0xa5, sizeof buffer);
    assert_int_equal(initial_stack_write(&stack, buffer, sizeof buffer, TOP, &rsp), STATUS_OK);
    assert_int_equal(rsp % 16, 0);
    assert_int_equal(word_at(rsp), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_string_equal(at(word_at(rsp + 8 + 8 * i)), arguments[i]);
    assert_int_equal(word_at(rsp + 32), 0);
    assert_string_equal(at(word_at(rsp + 40)), "HOME=/");
    assert_int_equal(word_at(rsp + 48), 0);
    uint64_t vector = rsp + 56;
    assert_int_equal(auxiliary_at(vector, AUXILIARY_ENTRY), 0x40'1000);
    assert_int_equal(auxiliary_at(vector, AUXILIARY_PAGE_SIZE), 4096);
    assert_string_equal(at(auxiliary_at(vector, AUXILIARY_PATH)), "/bin/program");
    assert_string_equal(at(auxiliary_at(vector, AUXILIARY_PLATFORM)), "x86_64");
    assert_memory_equal(at(auxiliary_at(vector, AUXILIARY_RANDOM)), random_bytes, sizeof random_bytes);
    assert_int_equal(word_at(TOP - 8), 0);
}

// Of each size up to one that is enough, in a block of its own, so that a sanitizer sees its ends.
static void buffer_that_is_too_small_is_refused(void **)
{
    bool has_fitted = false;
    for (size_t size = 0; size < 512; size += 16) {
        uint64_t rsp;
        uint8_t *small = malloc(size);
        enum status status = initial_stack_write(&stack, small, size, TOP, &rsp);
        assert_true(status == STATUS_OK || (status == STATUS_RANGE && !has_fitted));
        has_fitted |= status == STATUS_OK;
        free(small);
    }
    assert_true(has_fitted);
}

static void lists_may_be_empty(void **)
{
    static const char *const none[] = {nullptr};
    struct initial_stack empty = stack;
    uint64_t rsp;
    empty.arguments = empty.environment = none;
    empty.auxiliary_count = 0;
    assert_int_equal(initial_stack_write(&empty, buffer, sizeof buffer, TOP, &rsp), STATUS_OK);
    assert_int_equal(word_at(rsp), 0);
    assert_int_equal(word_at(rsp + 8), 0);
    assert_int_equal(word_at(rsp + 16), 0);
    assert_string_equal(at(auxiliary_at(rsp + 24, AUXILIARY_PATH)), "/bin/program");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_where_a_program_looks),
        cmocka_unit_test(buffer_that_is_too_small_is_refused),
        cmocka_unit_test(lists_may_be_empty),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
