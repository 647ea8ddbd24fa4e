// SPDX-License-Identifier: MIT
// lib/checksum.c against sums worked out by hand and against the definition, spelled out as slowly as it reads.
#include <lib/checksum.h>
#include <string.h>
#include <support/random.h>
#include <support/unit.h>

static void fill(unsigned char *bytes, size_t count, uint64_t seed)
{
    for (size_t index = 0; index < count; index++)
        bytes[index] = (unsigned char)random_next(&seed);
}

// second is the sum of all running values of first: word number INDEX is in (COUNT - INDEX) of them.
static uint32_t slow_words16(const unsigned char *bytes, size_t count)
{
    uint16_t first = 0, second = 0;
    for (size_t index = 0; index < count; index++) {
        unsigned word = bytes[2 * index] | (unsigned)bytes[2 * index + 1] << 8;
        first = (uint16_t)(first + word);
        second = (uint16_t)(second + word * (unsigned)(count - index));
    }
    return (uint32_t)second << 16 | first;
}

static struct checksum64 slow_words64(const unsigned char *bytes, size_t count)
{
    struct checksum64 sum = {};
    for (size_t index = 0; index < count; index++) {
        uint64_t word = 0;
        for (size_t byte = 8; byte-- > 0;)
            word = word << 8 | bytes[8 * index + byte];
        sum.first += word;
        sum.second += word * (count - index);
    }
    return sum;
}

static void assert_sum(struct checksum64 actual, struct checksum64 expected)
{
    assert_true(actual.first == expected.first);
    assert_true(actual.second == expected.second);
}

static void words16_of_known_data(void **)
{
    assert_int_equal(checksum_words16("", 0), 0);
    assert_int_equal(checksum_words16("\x01\x00", 1), 0x0001'0001);
    // 0x0201, 0x0403: first 0x0604, second 0x0201 + 0x0604
    assert_int_equal(checksum_words16("\x01\x02\x03\x04", 2), 0x0805'0604);
    // 0xffff + 0x0002 wraps to 0x0001; second 0xffff + 0x0001 to 0
    assert_int_equal(checksum_words16("\xff\xff\x02\x00", 2), 0x0000'0001);
}

static void words64_of_known_data(void **)
{
    static const uint64_t WORDS[] = {1, UINT64_MAX, 0x1234'5678'9abc'def0};
    assert_sum(checksum_words64((struct checksum64){}, WORDS, 0), (struct checksum64){0, 0});
    assert_sum(checksum_words64((struct checksum64){}, WORDS, 1), (struct checksum64){1, 1});
    assert_sum(checksum_words64((struct checksum64){}, WORDS, 2), (struct checksum64){0, 1});
    assert_sum(checksum_words64((struct checksum64){}, WORDS, 3),
               (struct checksum64){0x1234'5678'9abc'def0, 0x1234'5678'9abc'def1});
}

static void sums_follow_their_definition_at_any_length_and_alignment(void **)
{
    unsigned char bytes[8 * 70 + 8];
    fill(bytes, sizeof(bytes), 1);
    for (size_t alignment = 0; alignment < 8; alignment++) {
        for (size_t count = 0; count <= 70; count++) {
            assert_int_equal(checksum_words16(bytes + alignment, count), slow_words16(bytes + alignment, count));
            assert_sum(checksum_words64((struct checksum64){}, bytes + alignment, count),
                       slow_words64(bytes + alignment, count));
        }
    }
}

static void words16_holds_for_the_largest_stage2(void **)
{
    static unsigned char bytes[127 * 512];
    fill(bytes, sizeof(bytes), 2);
    assert_int_equal(checksum_words16(bytes, sizeof(bytes) / 2), slow_words16(bytes, sizeof(bytes) / 2));
}

static void words64_runs_on_over_several_pieces(void **)
{
    unsigned char bytes[8 * 40];
    fill(bytes, sizeof(bytes), 3);
    for (size_t cut = 0; cut <= 40; cut++) {
        struct checksum64 sum = checksum_words64((struct checksum64){}, bytes, cut);
        assert_sum(checksum_words64(sum, bytes + 8 * cut, 40 - cut), slow_words64(bytes, 40));
    }
}

static void swapped_words_change_the_sums(void **)
{
    uint16_t words[] = {1, 2, 3, 4};
    uint64_t long_words[] = {1, 2, 3, 4};
    uint32_t before = checksum_words16(words, 4);
    struct checksum64 long_before = checksum_words64((struct checksum64){}, long_words, 4);
    words[1] = 3;
    words[2] = 2;
    long_words[1] = 3;
    long_words[2] = 2;
    assert_int_not_equal(checksum_words16(words, 4), before);
    struct checksum64 long_after = checksum_words64((struct checksum64){}, long_words, 4);
    assert_true(long_after.first == long_before.first);
    assert_true(long_after.second != long_before.second);
}

static void every_flipped_bit_changes_the_sums(void **)
{
    unsigned char bytes[8 * 16];
    fill(bytes, sizeof(bytes), 4);
    uint32_t before = checksum_words16(bytes, sizeof(bytes) / 2);
    struct checksum64 long_before = checksum_words64((struct checksum64){}, bytes, sizeof(bytes) / 8);
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_not_equal(checksum_words16(bytes, sizeof(bytes) / 2), before);
        assert_true(checksum_words64((struct checksum64){}, bytes, sizeof(bytes) / 8).first != long_before.first);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(words16_of_known_data),
        cmocka_unit_test(words64_of_known_data),
        cmocka_unit_test(sums_follow_their_definition_at_any_length_and_alignment),
        cmocka_unit_test(words16_holds_for_the_largest_stage2),
        cmocka_unit_test(words64_runs_on_over_several_pieces),
        cmocka_unit_test(swapped_words_change_the_sums),
        cmocka_unit_test(every_flipped_bit_changes_the_sums),
    };
    return cmocka_run_group_tests_name("lib/checksum", TESTS, nullptr, nullptr);
}
