// SPDX-License-Identifier: MIT
// kernel/time/clock_math/scale: ticks to nanoseconds at every rate and for centuries, and counters that go round.
#include <clock_math/scale.h>
#include <support/random.h>
#include <support/unit.h>

typedef unsigned _BitInt(192) wide;

static const uint64_t rates[] = {
    CLOCK_LOWEST_HZ, 32'768,       1'193'182,    3'579'545,     10'000'000,    14'318'180,     100'000'000,
    999'999'999,     1000'000'000, 1000'000'001, 2'893'300'123, 4'999'999'999, 10'000'000'000, CLOCK_HIGHEST_HZ,
};
constexpr unsigned RATE_COUNT = sizeof rates / sizeof *rates;
constexpr uint64_t YEAR_SECONDS = 365ull * 24 * 3600;

static uint64_t exact_ns(uint64_t ticks, uint64_t hz)
{
    return (uint64_t)((wide)ticks * CLOCK_NS_PER_SECOND / hz);
}

// Never ahead, and behind by less than a part in 10^12 of the time and the one nanosecond that is cut off.
static void assert_scaled(uint64_t ticks, uint64_t hz)
{
    uint64_t exact = exact_ns(ticks, hz), scaled = clock_scale(ticks, clock_multiplier(hz));
    assert_true(scaled <= exact);
    assert_true(exact - scaled <= exact / 1'000'000'000'000 + 1);
}

static void a_gigahertz_clock_is_exact(void **)
{
    uint64_t multiplier = clock_multiplier(1'000'000'000);
    uint64_t random = 1;
    for (unsigned i = 0; i < 10'000; i++) {
        uint64_t ticks = random_next(&random);
        assert_true(clock_scale(ticks, multiplier) == ticks);
    }
}

static void every_rate_is_right_to_a_part_in_ten_to_the_twelve(void **)
{
    uint64_t random = 2;
    for (unsigned i = 0; i < RATE_COUNT; i++) {
        for (unsigned bits = 1; bits < 60; bits++) {
            uint64_t ticks = random_next(&random) >> (64 - bits);
            if (ticks / rates[i] < 500 * YEAR_SECONDS)
                assert_scaled(ticks, rates[i]);
        }
    }
}

static void five_centuries_do_not_overflow(void **)
{
    for (unsigned i = 0; i < RATE_COUNT; i++) {
        wide ticks = (wide)500 * YEAR_SECONDS * rates[i];
        if (ticks <= UINT64_MAX) // at higher rates the counter itself ends earlier
            assert_scaled((uint64_t)ticks, rates[i]);
    }
    assert_true(clock_scale(UINT64_MAX, clock_multiplier(5'000'000'000)) / CLOCK_NS_PER_SECOND > 110 * YEAR_SECONDS);
}

static void no_ticks_and_no_rate_are_no_time(void **)
{
    assert_int_equal(clock_scale(0, clock_multiplier(1'193'182)), 0);
    assert_int_equal(clock_scale(UINT64_MAX, 0), 0);
}

static void later_ticks_are_never_earlier(void **)
{
    uint64_t random = 3;
    for (unsigned i = 0; i < RATE_COUNT; i++) {
        uint64_t multiplier = clock_multiplier(rates[i]);
        for (unsigned k = 0; k < 1000; k++) {
            uint64_t ticks = random_next(&random) >> 16;
            assert_true(clock_scale(ticks, multiplier) <= clock_scale(ticks + 1, multiplier));
        }
    }
}

static void a_period_in_femtoseconds_is_its_rate(void **)
{
    assert_true(clock_multiplier_of_period(10'000'000) == clock_multiplier(100'000'000));
    assert_true(clock_multiplier_of_period(1'000'000) == 1ull << CLOCK_SCALE_SHIFT);
    uint64_t multiplier = clock_multiplier_of_period(69'841'279); // 14.31818 MHz
    uint64_t ticks = 14'318'180ull * 3600;
    uint64_t exact = (uint64_t)((wide)ticks * 69'841'279 / 1'000'000);
    assert_true(clock_scale(ticks, multiplier) <= exact && exact - clock_scale(ticks, multiplier) <= 1);
    assert_true(clock_multiplier_of_period(1) > 0);
}

static void impossible_rates_panic(void **)
{
    ASSERT_PANICS((void)clock_multiplier(CLOCK_LOWEST_HZ - 1), "CLOCK_LOWEST_HZ");
    ASSERT_PANICS((void)clock_multiplier(0), "CLOCK_LOWEST_HZ");
    ASSERT_PANICS((void)clock_multiplier(CLOCK_HIGHEST_HZ + 1), "CLOCK_HIGHEST_HZ");
    ASSERT_PANICS((void)clock_multiplier_of_period(0), "femtoseconds");
}

static void narrow_counters_go_on_where_they_turn(void **)
{
    static const unsigned widths[] = {16, 24, 32, 64};
    uint64_t random = 4;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t mask = UINT64_MAX >> (64 - widths[i]);
        uint64_t counter = random_next(&random) >> 8, hint = counter;
        for (unsigned k = 0; k < 10'000; k++) {
            uint64_t step = widths[i] == 64 ? random_next(&random) >> 30 : random_next(&random) & mask;
            counter += step;
            assert_true(clock_extend(hint, counter & mask, mask) == counter);
            hint = counter;
        }
        // A whole turn less one tick is seen, a whole one is not.
        assert_true(clock_extend(5, (5 + mask) & mask, mask) == 5 + mask);
        assert_true(clock_extend(5, 5 & mask, mask) == 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gigahertz_clock_is_exact),
        cmocka_unit_test(every_rate_is_right_to_a_part_in_ten_to_the_twelve),
        cmocka_unit_test(five_centuries_do_not_overflow),
        cmocka_unit_test(no_ticks_and_no_rate_are_no_time),
        cmocka_unit_test(later_ticks_are_never_earlier),
        cmocka_unit_test(a_period_in_femtoseconds_is_its_rate),
        cmocka_unit_test(impossible_rates_panic),
        cmocka_unit_test(narrow_counters_go_on_where_they_turn),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
