// SPDX-License-Identifier: MIT
// kernel/process/random: the block function by the RFC's own example, and what a generator must not do.
#include <random/random.h>
#include <support/unit.h>

// RFC 8439, 2.3.2.
static void block_is_that_of_the_rfc(void **)
{
    const uint32_t key[8] = {0x0302'0100, 0x0706'0504, 0x0b0a'0908, 0x0f0e'0d0c,
                             0x1312'1110, 0x1716'1514, 0x1b1a'1918, 0x1f1e'1d1c};
    const uint32_t nonce[3] = {0x0900'0000, 0x4a00'0000, 0};
    const uint32_t wanted[16] = {0xe4e7'f110, 0x1559'3bd1, 0x1fdd'0f50, 0xc471'20a3, 0xc7f4'd1c7, 0x0368'c033,
                                 0x9aaa'2204, 0x4e6c'd4c3, 0x4664'82d2, 0x09aa'9f07, 0x05d7'c214, 0xa202'8bd9,
                                 0xd19c'12b5, 0xb94e'16de, 0xe883'd0cb, 0x4e3c'50a2};
    uint32_t block[16];
    random_block(key, 1, nonce, block);
    assert_memory_equal(block, wanted, sizeof wanted);
}

static void nothing_comes_twice(void **)
{
    struct random random = {};
    uint8_t first[300], second[300];
    random_seed(&random, (const uint64_t[]){1, 2, 3, 4});
    struct random before = random;
    random_fill(&random, first, sizeof first);
    random_fill(&random, second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    for (size_t i = 0; i + 16 <= sizeof first; i += 16)
        assert_memory_not_equal(first + i, second + i, 16);
    random_fill(&before, second, sizeof second);
    assert_memory_equal(first, second, sizeof first);
}

static void all_bytes_asked_for_are_written_and_no_other(void **)
{
    struct random random = {};
    for (size_t size = 0; size < 200; size++) {
        uint8_t bytes[201] = {};
        unsigned changed = 0;
        for (unsigned round = 0; round < 4; round++) {
            random_fill(&random, bytes, size);
            changed |= size > 0 && bytes[size - 1] != 0;
        }
        assert_int_equal(changed, size > 0);
        assert_int_equal(bytes[size], 0);
    }
}

static void each_part_of_a_seed_counts(void **)
{
    uint8_t bytes[5][16];
    for (unsigned i = 0; i < 5; i++) {
        struct random random = {};
        uint64_t seed[RANDOM_SEED_WORDS] = {};
        if (i < RANDOM_SEED_WORDS)
            seed[i] = 1ull << 63;
        random_seed(&random, seed);
        random_fill(&random, bytes[i], sizeof bytes[i]);
        for (unsigned j = 0; j < i; j++)
            assert_memory_not_equal(bytes[i], bytes[j], sizeof bytes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_is_that_of_the_rfc),
        cmocka_unit_test(nothing_comes_twice),
        cmocka_unit_test(all_bytes_asked_for_are_written_and_no_other),
        cmocka_unit_test(each_part_of_a_seed_counts),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
