// SPDX-License-Identifier: MIT
// Tests of the search for the ACPI root pointer.
#include <support/unit.h>

#include <portable/rsdp.h>
#include <stdlib.h>
#include <string.h>

constexpr uint32_t BASE = 0xe'0000;
constexpr uint32_t SIZE = 4096;

static uint8_t *memory; // a block of its own, so that ASan sees its end; at an odd address

static int make_memory(void **state)
{
    memory = (uint8_t *)malloc(SIZE + 1) + 1;
    memset(memory, 0x5a, SIZE);
    *state = memory - 1;
    return 0;
}

static int free_memory(void **state)
{
    free(*state);
    return 0;
}

static void fix_sum(uint32_t offset, uint32_t length, uint32_t at)
{
    memory[offset + at] = 0;
    uint8_t sum = 0;
    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + memory[offset + i]);
    memory[offset + at] = (uint8_t)-sum;
}

static void put_rsdp(uint32_t offset, uint8_t revision, uint32_t length)
{
    memcpy(&memory[offset], "RSD PTR ", 8);
    memory[offset + 15] = revision;
    fix_sum(offset, 20, 8);
    if (revision < 2)
        return;
    memcpy(&memory[offset + 20], &length, 4);
    if (length >= 36 && length <= SIZE - offset)
        fix_sum(offset, length, 32);
}

static void rsdp_nothing_is_found_in_nothing(void **state)
{
    (void)state;
    assert_int_equal(rsdp_find(memory, BASE, SIZE), 0);
    assert_int_equal(rsdp_find(memory, BASE, 0), 0);
}

static void rsdp_revision_0_is_found(void **state)
{
    (void)state;
    put_rsdp(0x5f0, 0, 0);
    assert_int_equal(rsdp_find(memory, BASE, SIZE), BASE + 0x5f0);
    memory[0x5f0 + 17] ^= 1; // the table's address
    assert_int_equal(rsdp_find(memory, BASE, SIZE), 0);
}

static void rsdp_first_valid_one_is_taken(void **state)
{
    (void)state;
    put_rsdp(0x100, 0, 0);
    memory[0x109] ^= 0x80;
    put_rsdp(0x400, 0, 0);
    put_rsdp(0x800, 0, 0);
    assert_int_equal(rsdp_find(memory, BASE, SIZE), BASE + 0x400);
}

static void rsdp_half_a_signature_is_none(void **state)
{
    (void)state;
    put_rsdp(0x100, 0, 0);
    memory[0x107] = '!';
    fix_sum(0x100, 20, 8);
    assert_int_equal(rsdp_find(memory, BASE, SIZE), 0);
}

static void rsdp_off_the_16_byte_grid_is_none(void **state)
{
    (void)state;
    put_rsdp(0x108, 0, 0);
    assert_int_equal(rsdp_find(memory, BASE, SIZE), 0);
}

static void rsdp_revision_2_needs_both_sums(void **state)
{
    (void)state;
    put_rsdp(0x200, 2, 36);
    assert_int_equal(rsdp_find(memory, BASE, SIZE), BASE + 0x200);
    memory[0x200 + 24] ^= 1; // XSDT address, outside the first sum
    assert_int_equal(rsdp_find(memory, BASE, SIZE), 0);
}

static void rsdp_revision_2_needs_a_sane_length(void **state)
{
    (void)state;
    static const uint32_t mad[] = {0, 20, 35, SIZE - 0x200 + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof(mad) / sizeof(mad[0]); i++) {
        put_rsdp(0x200, 2, mad[i]);
        assert_int_equal(rsdp_find(memory, BASE, SIZE), 0);
    }
    put_rsdp(0x200, 2, SIZE - 0x200);
    assert_int_equal(rsdp_find(memory, BASE, SIZE), BASE + 0x200);
}

static void rsdp_must_lie_inside(void **state)
{
    (void)state;
    put_rsdp(SIZE - 32, 0, 0);
    assert_int_equal(rsdp_find(memory, BASE, SIZE), BASE + SIZE - 32);
    assert_int_equal(rsdp_find(memory, BASE, SIZE - 12), BASE + SIZE - 32);
    assert_int_equal(rsdp_find(memory, BASE, SIZE - 13), 0);
    put_rsdp(SIZE - 32, 2, 36); // its last 4 bytes are outside
    assert_int_equal(rsdp_find(memory, BASE, SIZE), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_memory, free_memory)
    const struct CMUnitTest tests[] = {
        TEST(rsdp_nothing_is_found_in_nothing),    TEST(rsdp_revision_0_is_found),
        TEST(rsdp_first_valid_one_is_taken),       TEST(rsdp_half_a_signature_is_none),
        TEST(rsdp_off_the_16_byte_grid_is_none),   TEST(rsdp_revision_2_needs_both_sums),
        TEST(rsdp_revision_2_needs_a_sane_length), TEST(rsdp_must_lie_inside),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
