// SPDX-License-Identifier: MIT
// Tests that run inside the kernel: how one is declared and how it says what it found. For the files under test/kernel,
// which are linked into the test kernel alone (build/<preset>/boot-test.img); docs/testing.md tells how to run them.
//
//   TEST(serial, write_without_uart_returns)
//   {
//       CHECK_EQUAL(serial_read(&byte), false);
//   }
//
// A check that fails ends its test, not the run: the framework drops the test's stack, an exception's included, and
// goes on with the next one; whatever the test had changed stays changed, so a test that changes the machine puts it
// back before it checks. A test starts with interrupts as main left them, DF clear, on the boot stack.
//
// Every declaration stands on one line from its first column: test/kernel/run.py reads them from the sources.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef void test_function(void);

// An entry of the linker section .tests (tests.ld). Its alignment is its size, so that neither compiler nor linker can
// put padding between two of them, and test_count() can tell a foreign object from an entry.
constexpr size_t TEST_ENTRY_SIZE = 64;
constexpr uint64_t TEST_ENTRY_MAGIC = 0x5453'4554'4e57'4548; // "HEWNTEST" in memory

constexpr uint32_t TEST_SURVIVES = UINT32_MAX;

struct test {
    alignas(TEST_ENTRY_SIZE) uint64_t magic;
    const char *suite;
    const char *name;
    test_function *run;
    const char *death;     // what the message of its panic has to contain; nullptr: it does not panic
    uint32_t death_vector; // of the exception that has to end it; TEST_SURVIVES: no exception
    uint32_t line;
    const char *file;
};
static_assert(sizeof(struct test) == TEST_ENTRY_SIZE);

#define TEST_DECLARE(suite_word, name_word, death_text, vector)                                                        \
    static void test_##suite_word##_##name_word(void);                                                                 \
    [[gnu::section(".tests"), gnu::used]] static const struct test entry_##suite_word##_##name_word = {                \
        .magic = TEST_ENTRY_MAGIC,                                                                                     \
        .suite = #suite_word,                                                                                          \
        .name = #name_word,                                                                                            \
        .run = test_##suite_word##_##name_word,                                                                        \
        .death = (death_text),                                                                                         \
        .death_vector = (vector),                                                                                      \
        .file = __FILE_NAME__,                                                                                         \
        .line = __LINE__,                                                                                              \
    };                                                                                                                 \
    static void test_##suite_word##_##name_word(void)

// Declare a test; its body follows. The suite "selftest" is left out unless a test of it is asked for by its full name.
#define TEST(suite, name) TEST_DECLARE(suite, name, nullptr, TEST_SURVIVES)

// Declare a test that passes by ending the kernel: with a panic whose message contains TEXT, or by the exception (or
// unexpected interrupt) VECTOR, a number. It is skipped unless it is the only test selected.
#define TEST_DIES(suite, name, text)      TEST_DECLARE(suite, name, text, TEST_SURVIVES)
#define TEST_DIES_BY(suite, name, vector) TEST_DECLARE(suite, name, nullptr, vector)

struct test_place {
    const char *file;
    unsigned line;
};
#define TEST_HERE ((struct test_place){__FILE_NAME__, __LINE__})

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            test_fail(TEST_HERE, "not true: %s", #condition);                                                          \
    } while (false)

// Both are compared as 64-bit numbers and evaluated once.
#define CHECK_EQUAL(actual, expected)                                                                                  \
    test_check_equal(TEST_HERE, #actual, (uint64_t)(actual), #expected, (uint64_t)(expected))

// Both are terminated strings.
#define CHECK_STRING(actual, expected) test_check_string(TEST_HERE, #actual, (actual), (expected))

#define FAIL(...) test_fail(TEST_HERE, __VA_ARGS__)

// End the test without a verdict, because this machine cannot show what it is about.
#define SKIP(...) test_skip(__VA_ARGS__)

// Go on only if the command line has the word "driver": somebody outside plays a part in this test.
#define NEEDS_DRIVER() test_need_driver()

// What the macros call; FORMAT as in lib/format.h. Any context; with no test under way they panic.
[[noreturn]] __attribute__((format(printf, 2, 3))) void test_fail(struct test_place place, const char *format, ...);
[[noreturn]] __attribute__((format(printf, 1, 2))) void test_skip(const char *format, ...);
void test_check_equal(struct test_place place, const char *actual_text, uint64_t actual, const char *expected_text,
                      uint64_t expected);
void test_check_string(struct test_place place, const char *actual_text, const char *actual, const char *expected);
void test_need_driver(void);

// Write one line "# ..." for whoever reads the run: a figure, or "ready" for the script that drives this machine.
__attribute__((format(printf, 1, 2))) void test_note(const char *format, ...);
