// SPDX-License-Identifier: MIT
// kernel/describe/size.c: sizes, shares and durations at the edges of their units.
#include <describe/size.h>
#include <support/unit.h>

static void sizes_have_the_unit_a_person_would_choose(void **)
{
    static const struct {
        uint64_t size_bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1535, "1.4 KiB"},
        {639 * 1024, "639.0 KiB"},
        {1024 * 1024 - 1, "1023.9 KiB"},
        {1024 * 1024, "1.0 MiB"},
        {127ull << 20 | 512 << 10, "127.5 MiB"},
        {3ull << 30, "3.0 GiB"},
        {1ull << 40, "1.0 TiB"},
        {1ull << 50, "1.0 PiB"},
        {UINT64_MAX, "15.9 EiB"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[DESCRIBE_SIZE_LIMIT];
        assert_string_equal(describe_size(buffer, cases[i].size_bytes), cases[i].text);
    }
}

static void durations_have_the_unit_a_person_would_choose(void **)
{
    static const struct {
        uint64_t duration_ns;
        const char *text;
    } cases[] = {
        {0, "0 ns"},
        {999, "999 ns"},
        {1000, "1.0 us"},
        {12'399, "12.3 us"},
        {999'999, "999.9 us"},
        {1'000'000, "1.0 ms"},
        {999'999'999, "999.9 ms"},
        {1'000'000'000, "1.0 s"},
        {86'400'050'000'000, "86400.0 s"},
        {UINT64_MAX, "18446744073.7 s"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[DESCRIBE_DURATION_LIMIT];
        assert_string_equal(describe_duration(buffer, cases[i].duration_ns), cases[i].text);
    }
}

static void shares_are_exact_and_never_overflow(void **)
{
    assert_int_equal(describe_permille(0, 0), 0);
    assert_int_equal(describe_permille(5, 0), 0);
    assert_int_equal(describe_permille(1, 3), 333);
    assert_int_equal(describe_permille(7, 7), 1000);
    assert_int_equal(describe_permille(UINT64_MAX, UINT64_MAX), 1000);
    assert_int_equal(describe_permille(UINT64_MAX / 4, UINT64_MAX), 249);
    assert_int_equal(describe_permille(UINT64_MAX, 1), 0); // out of any proportion, and no division by zero
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_the_unit_a_person_would_choose),
        cmocka_unit_test(durations_have_the_unit_a_person_would_choose),
        cmocka_unit_test(shares_are_exact_and_never_overflow),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
