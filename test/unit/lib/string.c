// SPDX-License-Identifier: MIT
// lib/string.c against the host's libc: every alignment, every length around the word and unrolling boundaries, every
// overlap. Whole arenas are compared, so that a byte written outside the block fails too.
#define _POSIX_C_SOURCE 200809L // strnlen
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/lib_string.h>
#include <support/random.h>
#include <support/unit.h>

constexpr size_t ALIGNMENTS = 9; // a word and one more
constexpr size_t LENGTHS = 150;  // twice the unrolled loop, and all tails
constexpr size_t ARENA_BYTES = 512;

static void fill(unsigned char *bytes, size_t count, uint64_t seed)
{
    for (size_t index = 0; index < count; index++)
        bytes[index] = (unsigned char)random_next(&seed);
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void memcpy_copies_exactly_the_block(void **)
{
    unsigned char source[ARENA_BYTES], expected[ARENA_BYTES], actual[ARENA_BYTES];
    fill(source, sizeof(source), 1);
    for (size_t to = 0; to < ALIGNMENTS; to++) {
        for (size_t from = 0; from < ALIGNMENTS; from++) {
            for (size_t length = 0; length < LENGTHS; length++) {
                fill(expected, sizeof(expected), 2);
                fill(actual, sizeof(actual), 2);
                memcpy(expected + to, source + from, length);
                assert_ptr_equal(hewn_memcpy(actual + to, source + from, length), actual + to);
                assert_memory_equal(actual, expected, sizeof(actual));
            }
        }
    }
}

static void memcpy_copies_large_blocks(void **)
{
    constexpr size_t SIZE_BYTES = 1'000'003;
    unsigned char *source = malloc(SIZE_BYTES), *actual = malloc(SIZE_BYTES);
    assert_non_null(source);
    assert_non_null(actual);
    fill(source, SIZE_BYTES, 3);
    hewn_memcpy(actual, source, SIZE_BYTES);
    assert_memory_equal(actual, source, SIZE_BYTES);
    free(source);
    free(actual);
}

static void memmove_copies_overlapping_blocks(void **)
{
    constexpr size_t MIDDLE = 200;
    constexpr size_t DISTANCE = 100;
    unsigned char expected[ARENA_BYTES], actual[ARENA_BYTES];
    for (size_t from = MIDDLE; from < MIDDLE + ALIGNMENTS; from++) {
        for (size_t to = from - DISTANCE; to <= from + DISTANCE; to++) {
            for (size_t length = 0; length < LENGTHS; length++) {
                fill(expected, sizeof(expected), 4);
                memcpy(actual, expected, sizeof(actual));
                memmove(expected + to, expected + from, length);
                assert_ptr_equal(hewn_memmove(actual + to, actual + from, length), actual + to);
                assert_memory_equal(actual, expected, sizeof(actual));
            }
        }
    }
}

static void memset_fills_exactly_the_block(void **)
{
    static const int VALUES[] = {0, 1, 0x7f, 0x80, 0xff, -1, 0x1234};
    unsigned char expected[ARENA_BYTES], actual[ARENA_BYTES];
    for (size_t index = 0; index < sizeof(VALUES) / sizeof(VALUES[0]); index++) {
        for (size_t to = 0; to < ALIGNMENTS; to++) {
            for (size_t length = 0; length < LENGTHS; length++) {
                fill(expected, sizeof(expected), 5);
                fill(actual, sizeof(actual), 5);
                memset(expected + to, VALUES[index], length);
                assert_ptr_equal(hewn_memset(actual + to, VALUES[index], length), actual + to);
                assert_memory_equal(actual, expected, sizeof(actual));
            }
        }
    }
}

static void memcmp_finds_a_difference_at_every_place(void **)
{
    unsigned char left[ARENA_BYTES], right[ARENA_BYTES];
    for (size_t alignment = 0; alignment < ALIGNMENTS; alignment++) {
        for (size_t length = 0; length < LENGTHS; length++) {
            fill(left, sizeof(left), 6);
            memcpy(right + alignment, left, length);
            right[alignment + length] = (unsigned char)~left[length]; // must not count
            assert_int_equal(hewn_memcmp(left, right + alignment, length), 0);
            for (size_t at = 0; at < length; at++) {
                right[alignment + at] ^= 0x80; // decides only when bytes are compared as unsigned
                assert_int_equal(sign(hewn_memcmp(left, right + alignment, length)),
                                 sign(memcmp(left, right + alignment, length)));
                right[alignment + at] ^= 0x80;
            }
        }
    }
}

static void memcmp_goes_by_the_first_difference(void **)
{
    assert_true(hewn_memcmp("12345678abcdefgh", "12345678bbcdefga", 16) < 0);
    assert_true(hewn_memcmp("b2345678", "a2345679", 8) > 0);
}

static void strlen_and_strnlen_count_up_to_the_terminator(void **)
{
    char text[ARENA_BYTES];
    for (size_t length = 0; length < LENGTHS; length++) {
        memset(text, 0xe4, sizeof(text));
        text[length] = '\0';
        assert_int_equal(hewn_strlen(text), length);
        for (size_t limit = 0; limit < LENGTHS; limit++)
            assert_int_equal(hewn_strnlen(text, limit), strnlen(text, limit));
        assert_int_equal(hewn_strnlen(text, SIZE_MAX), length);
    }
}

static void strnlen_does_not_read_past_the_limit(void **)
{
    char *text = malloc(5); // the sanitizer stands behind it
    assert_non_null(text);
    memcpy(text, "12345", 5);
    assert_int_equal(hewn_strnlen(text, 5), 5);
    free(text);
}

static void strcmp_and_strncmp_order_like_libc(void **)
{
    uint64_t seed = 7;
    char left[8], right[8];
    for (unsigned round = 0; round < 100'000; round++) {
        // Few characters, so that prefixes and equal strings are frequent; one is negative as a char.
        size_t left_length = random_below(&seed, sizeof(left)), right_length = random_below(&seed, sizeof(right));
        for (size_t index = 0; index < sizeof(left); index++) {
            left[index] = index < left_length ? "ab\xe4"[random_below(&seed, 3)] : '\0';
            right[index] = index < right_length ? "ab\xe4"[random_below(&seed, 3)] : '\0';
        }
        assert_int_equal(sign(hewn_strcmp(left, right)), sign(strcmp(left, right)));
        for (size_t limit = 0; limit <= sizeof(left); limit++)
            assert_int_equal(sign(hewn_strncmp(left, right, limit)), sign(strncmp(left, right, limit)));
    }
}

static void strchr_finds_the_first_or_nothing(void **)
{
    static const char TEXT[] = "hewn from \xe4 stone";
    for (int character = -128; character < 256; character++)
        assert_ptr_equal(hewn_strchr(TEXT, character), strchr(TEXT, character));
    assert_null(hewn_strchr("", 'a'));
}

static void string_copy_terminates_and_reports_the_cut(void **)
{
    for (size_t size_bytes = 0; size_bytes < 12; size_bytes++) {
        char buffer[16], expected[16];
        memset(buffer, '#', sizeof(buffer));
        memset(expected, '#', sizeof(expected));
        if (size_bytes > 0)
            snprintf(expected, size_bytes, "%s", "12345678");
        assert_int_equal(string_copy(buffer, "12345678", size_bytes), 8);
        assert_memory_equal(buffer, expected, sizeof(buffer));
    }
    char buffer[2] = {'x', 'x'};
    assert_int_equal(string_copy(buffer, "", sizeof(buffer)), 0);
    assert_int_equal(buffer[0], '\0');
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(memcpy_copies_exactly_the_block),
        cmocka_unit_test(memcpy_copies_large_blocks),
        cmocka_unit_test(memmove_copies_overlapping_blocks),
        cmocka_unit_test(memset_fills_exactly_the_block),
        cmocka_unit_test(memcmp_finds_a_difference_at_every_place),
        cmocka_unit_test(memcmp_goes_by_the_first_difference),
        cmocka_unit_test(strlen_and_strnlen_count_up_to_the_terminator),
        cmocka_unit_test(strnlen_does_not_read_past_the_limit),
        cmocka_unit_test(strcmp_and_strncmp_order_like_libc),
        cmocka_unit_test(strchr_finds_the_first_or_nothing),
        cmocka_unit_test(string_copy_terminates_and_reports_the_cut),
    };
    return cmocka_run_group_tests_name("lib/string", TESTS, nullptr, nullptr);
}
