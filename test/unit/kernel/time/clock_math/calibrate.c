// SPDX-License-Identifier: MIT
// kernel/time/clock_math/calibrate on machines made of numbers: real time is counted in picoseconds, each read of a
// clock takes some, and now and then somebody takes the CPU away.
#include <clock_math/calibrate.h>
#include <support/random.h>
#include <support/unit.h>

typedef unsigned _BitInt(128) wide;

constexpr uint64_t PS_PER_MS = 1'000'000'000;
constexpr uint64_t PS_PER_SECOND = 1000 * PS_PER_MS;
constexpr uint64_t HPET_HZ = 14'318'180, PM_HZ = 3'579'545, PIT_HZ = 1'193'182;

// Time that is taken from the guest: LENGTH_PS at AT_PS, or again every EVERY_PS; then the lengths of the next ones may
// be others.
struct theft {
    uint64_t at_ps, length_ps, every_ps;
    const uint64_t *next_lengths_ps; // nullptr: all are the same
};

static struct {
    uint64_t now_ps, random;
    uint64_t tsc_hz, reference_hz, reference_mask, other_hz;
    uint64_t tsc_cost_ps, reference_cost_ps; // of a read
    uint64_t stop_ps;                        // the reference stands still from here on
    uint64_t pause_ps;                       // before each of the first PAUSED_BRACKETS times that the TSC is read,
    unsigned paused_brackets;                //   then the reference, then the TSC again
    unsigned tsc_reads, crawling_reads;
    struct theft theft;
} machine;

static void pass(uint64_t ps)
{
    uint64_t next = machine.now_ps + ps + random_below(&machine.random, (uint32_t)(ps / 8 + 1));
    struct theft *theft = &machine.theft;
    if (theft->length_ps > 0 && machine.now_ps < theft->at_ps && next >= theft->at_ps) {
        next += theft->length_ps;
        theft->at_ps = theft->every_ps > 0 ? next + theft->every_ps : UINT64_MAX;
        if (theft->next_lengths_ps)
            theft->length_ps = *theft->next_lengths_ps++;
    }
    machine.now_ps = next;
}

static uint64_t ticks_at(uint64_t ps, uint64_t hz)
{
    return (uint64_t)((wide)ps * hz / PS_PER_SECOND);
}

static uint64_t read_tsc(void)
{
    if (machine.tsc_reads++ % 2 == 0 && machine.tsc_reads / 2 < machine.paused_brackets)
        pass(machine.pause_ps);
    pass(machine.tsc_cost_ps);
    return ticks_at(machine.now_ps, machine.tsc_hz);
}

static uint64_t read_reference(void)
{
    pass(machine.reference_cost_ps / 2);
    uint64_t ps = machine.now_ps < machine.stop_ps ? machine.now_ps : machine.stop_ps;
    pass(machine.reference_cost_ps / 2);
    return ticks_at(ps, machine.reference_hz) & machine.reference_mask;
}

static uint64_t read_other(void)
{
    pass(machine.reference_cost_ps);
    return ticks_at(machine.now_ps, machine.other_hz);
}

// As a PC of today; tests change what they are about.
static int boot(void **)
{
    memset(&machine, 0, sizeof machine);
    machine.random = 11;
    machine.now_ps = 700 * PS_PER_MS;
    machine.tsc_hz = 2'904'000'000;
    machine.reference_hz = HPET_HZ;
    machine.reference_mask = UINT32_MAX;
    machine.other_hz = 24'000'000;
    machine.tsc_cost_ps = 8'000;
    machine.reference_cost_ps = 600'000;
    machine.stop_ps = UINT64_MAX;
    return 0;
}

static enum status measure(struct calibrate_rates *rates)
{
    struct calibrate_clocks clocks = {
        .tsc = read_tsc,
        .reference = read_reference,
        .reference_mask = machine.reference_mask,
        .reference_hz = machine.reference_hz,
        .other = machine.other_hz > 0 ? read_other : nullptr,
    };
    return calibrate_measure(&clocks, rates);
}

static uint64_t error_ppm(uint64_t found, uint64_t right)
{
    uint64_t difference = found > right ? found - right : right - found;
    return difference * 1'000'000 / right;
}

static void use_reference(uint64_t hz, unsigned bits, uint64_t cost_ps)
{
    machine.reference_hz = hz;
    machine.reference_mask = UINT64_MAX >> (64 - bits);
    machine.reference_cost_ps = cost_ps;
}

// Errors come from the width of the bracket and the length of a tick, at two ends of 10 ms; half of the worst of them
// is what these limits stand for.
static void every_reference_gives_the_rate(void **state)
{
    static const struct {
        uint64_t hz;
        unsigned bits;
        uint64_t cost_ps, limit_ppm;
    } references[] = {
        {HPET_HZ, 32, 600'000, 70},  {100'000'000, 64, 20'000, 4}, {25'000'000, 64, 1'200'000, 130},
        {PM_HZ, 24, 1'000'000, 130}, {PM_HZ, 32, 5'000, 5},        {PIT_HZ, 16, 3'000'000, 400},
        {PIT_HZ, 16, 12'000, 5},
    };
    static const uint64_t tsc_rates[] = {800'000'000, 1'000'000'000, 2'904'123'456, 5'700'000'000};
    for (unsigned i = 0; i < sizeof references / sizeof *references; i++) {
        for (unsigned k = 0; k < 4; k++) {
            for (unsigned offset = 0; offset < 6; offset++) { // where in a turn of the counter it begins
                boot(state);
                use_reference(references[i].hz, references[i].bits, references[i].cost_ps);
                machine.tsc_hz = tsc_rates[k];
                machine.now_ps += offset * 9'371'000'000ull;
                machine.random = offset + 1;
                uint64_t start = machine.now_ps;
                struct calibrate_rates rates;
                assert_int_equal(measure(&rates), STATUS_OK);
                assert_in_range(machine.now_ps - start, 10 * PS_PER_MS, 11 * PS_PER_MS);
                assert_false(rates.is_disturbed);
                assert_true(error_ppm(rates.tsc_hz, machine.tsc_hz) <= references[i].limit_ppm);
                assert_true(error_ppm(rates.other_hz, machine.other_hz) <= references[i].limit_ppm + 150);
            }
        }
    }
}

// What is asked of the kernel: one instruction a nanosecond, and clocks that cost next to nothing to read.
static void under_icount_every_reference_is_right_within_ten_ppm(void **state)
{
    static const struct {
        uint64_t hz;
        unsigned bits;
    } references[] = {{100'000'000, 64}, {PM_HZ, 24}, {PIT_HZ, 16}};
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned offset = 0; offset < 12; offset++) {
            boot(state);
            use_reference(references[i].hz, references[i].bits, 12'000);
            machine.tsc_hz = 1'000'000'000;
            machine.tsc_cost_ps = 4'000;
            machine.now_ps += offset * 7'654'321ull;
            struct calibrate_rates rates;
            assert_int_equal(measure(&rates), STATUS_OK);
            assert_true(error_ppm(rates.tsc_hz, machine.tsc_hz) <= 10);
        }
    }
}

static void a_window_takes_ten_milliseconds(void **)
{
    uint64_t start = machine.now_ps;
    struct calibrate_rates rates;
    assert_int_equal(measure(&rates), STATUS_OK);
    assert_in_range(machine.now_ps - start, 10 * PS_PER_MS, 11 * PS_PER_MS);
}

static void a_reference_that_stands_still_ends_at_once(void **)
{
    machine.stop_ps = 0;
    uint64_t start = machine.now_ps;
    struct calibrate_rates rates;
    assert_int_equal(measure(&rates), STATUS_TIMEOUT);
    assert_true(machine.now_ps - start < 5 * PS_PER_MS);
    assert_false(calibrate_is_running(read_reference));
}

static void a_reference_that_stops_within_the_window_is_noticed(void **)
{
    machine.stop_ps = machine.now_ps + 5 * PS_PER_MS;
    assert_true(calibrate_is_running(read_reference));
    struct calibrate_rates rates;
    assert_int_equal(measure(&rates), STATUS_TIMEOUT);
    assert_int_equal(rates.tsc_hz, 0);
}

static void a_slow_clock_is_running_though_most_reads_are_alike(void **)
{
    use_reference(PIT_HZ, 16, 1'000);
    machine.tsc_cost_ps = 500;
    assert_true(calibrate_is_running(read_reference));
    struct calibrate_rates rates;
    assert_int_equal(measure(&rates), STATUS_OK);
    assert_true(error_ppm(rates.tsc_hz, machine.tsc_hz) <= 2);
}

// A fifth of a millisecond, in the middle of an end of the window: one catch is spoiled, the tightest is not.
static void a_short_disturbance_does_not_spoil_an_end(void **state)
{
    for (unsigned end = 0; end < 2; end++) {
        for (unsigned at_us = 0; at_us < 8; at_us++) {
            boot(state);
            use_reference(PIT_HZ, 16, 12'000);
            uint64_t at_ps = machine.now_ps + end * 10 * PS_PER_MS + at_us * PS_PER_MS / 1000 + 100'000;
            machine.theft = (struct theft){.at_ps = at_ps, .length_ps = PS_PER_MS / 5};
            struct calibrate_rates rates;
            assert_int_equal(measure(&rates), STATUS_OK);
            assert_false(rates.is_disturbed);
            assert_true(error_ppm(rates.tsc_hz, machine.tsc_hz) <= 10);
        }
    }
}

// 60 ms is more than a whole turn of the PIT, 3 ms less: neither shows in the count.
static void a_disturbed_window_is_measured_again(void **state)
{
    static const uint64_t lengths_ms[] = {3, 60, 200};
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned at_ms = 1; at_ms < 10; at_ms += 2) {
            boot(state);
            use_reference(PIT_HZ, 16, 12'000);
            machine.theft =
                (struct theft){.at_ps = machine.now_ps + at_ms * PS_PER_MS, .length_ps = lengths_ms[i] * PS_PER_MS};
            uint64_t start = machine.now_ps;
            struct calibrate_rates rates;
            assert_int_equal(measure(&rates), STATUS_OK);
            assert_false(rates.is_disturbed);
            assert_true(error_ppm(rates.tsc_hz, machine.tsc_hz) <= 10);
            if (lengths_ms[i] >= 10)
                assert_true(machine.now_ps - start > (lengths_ms[i] + 10) * PS_PER_MS);
        }
    }
}

static void permanent_disturbance_is_told(void **)
{
    use_reference(PM_HZ, 24, 12'000);
    machine.theft =
        (struct theft){.at_ps = machine.now_ps + PS_PER_MS, .length_ps = 4 * PS_PER_MS, .every_ps = PS_PER_MS};
    struct calibrate_rates rates;
    assert_int_equal(measure(&rates), STATUS_OK);
    assert_true(rates.is_disturbed);
    assert_true(error_ppm(rates.tsc_hz, machine.tsc_hz) <= 1000); // the PM timer lost no turn
}

// 60 ms is a turn of the PIT that is lost, so only the window with 5 ms has the right rate.
static void of_disturbed_windows_the_quietest_counts(void **state)
{
    for (unsigned quietest = 0; quietest < CALIBRATE_ATTEMPTS; quietest++) {
        boot(state);
        use_reference(PIT_HZ, 16, 12'000);
        uint64_t lengths_ps[CALIBRATE_ATTEMPTS + 1];
        for (unsigned i = 0; i <= CALIBRATE_ATTEMPTS; i++)
            lengths_ps[i] = (i == quietest ? 5 : 60) * PS_PER_MS;
        machine.theft = (struct theft){.at_ps = machine.now_ps + 4 * PS_PER_MS,
                                       .length_ps = lengths_ps[0],
                                       .every_ps = 5 * PS_PER_MS,
                                       .next_lengths_ps = lengths_ps + 1};
        struct calibrate_rates rates;
        assert_int_equal(measure(&rates), STATUS_OK);
        assert_true(rates.is_disturbed);
        assert_ptr_equal(machine.theft.next_lengths_ps, lengths_ps + CALIBRATE_ATTEMPTS + 1); // one a window
        assert_true(error_ppm(rates.tsc_hz, machine.tsc_hz) <= 50);
    }
}

// So slow that each catch at the window's beginning spans hundreds of ticks: the last one of them is what was seen.
static void a_change_is_caught_within_a_tick_however_long_nobody_looked(void **)
{
    use_reference(PIT_HZ, 16, 12'000);
    machine.pause_ps = 3 * PS_PER_MS / 10;
    machine.paused_brackets = 9;
    struct calibrate_rates rates;
    assert_int_equal(measure(&rates), STATUS_OK);
    assert_false(rates.is_disturbed);
    assert_true(error_ppm(rates.tsc_hz, machine.tsc_hz) <= 100);
}

static uint64_t read_crawling_reference(void)
{
    assert_true(machine.crawling_reads < 2 * CALIBRATE_READ_LIMIT);
    return ++machine.crawling_reads / (CALIBRATE_STANDSTILL / 2);
}

static uint64_t read_tsc_at_once(void)
{
    return machine.now_ps += 1000;
}

// It never stands still for long enough to be noticed by that.
static void a_reference_that_crawls_ends_after_a_number_of_reads(void **)
{
    struct calibrate_clocks clocks = {
        .tsc = read_tsc_at_once,
        .reference = read_crawling_reference,
        .reference_mask = UINT64_MAX,
        .reference_hz = 100'000'000,
    };
    struct calibrate_rates rates;
    assert_int_equal(calibrate_measure(&clocks, &rates), STATUS_TIMEOUT);
    assert_in_range(machine.crawling_reads, CALIBRATE_READ_LIMIT, CALIBRATE_READ_LIMIT + 20 * CALIBRATE_STANDSTILL);
}

static void an_impossible_tsc_is_refused(void **state)
{
    static const uint64_t rates_hz[] = {0, 1, 900'000, 200'000'000'000};
    for (unsigned i = 0; i < 4; i++) {
        boot(state);
        machine.tsc_hz = rates_hz[i];
        struct calibrate_rates rates;
        assert_int_equal(measure(&rates), STATUS_RANGE);
        assert_int_equal(rates.tsc_hz, 0);
    }
}

static void a_missing_or_dead_counter_beside_it_has_no_rate(void **state)
{
    struct calibrate_rates rates;
    machine.other_hz = 0;
    assert_int_equal(measure(&rates), STATUS_OK);
    assert_int_equal(rates.other_hz, 0);
    boot(state);
    machine.other_hz = 1; // does not move within the window
    assert_int_equal(measure(&rates), STATUS_OK);
    assert_int_equal(rates.other_hz, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_reference_gives_the_rate, boot),
        cmocka_unit_test_setup(under_icount_every_reference_is_right_within_ten_ppm, boot),
        cmocka_unit_test_setup(a_window_takes_ten_milliseconds, boot),
        cmocka_unit_test_setup(a_reference_that_stands_still_ends_at_once, boot),
        cmocka_unit_test_setup(a_reference_that_stops_within_the_window_is_noticed, boot),
        cmocka_unit_test_setup(a_slow_clock_is_running_though_most_reads_are_alike, boot),
        cmocka_unit_test_setup(a_short_disturbance_does_not_spoil_an_end, boot),
        cmocka_unit_test_setup(a_disturbed_window_is_measured_again, boot),
        cmocka_unit_test_setup(permanent_disturbance_is_told, boot),
        cmocka_unit_test_setup(of_disturbed_windows_the_quietest_counts, boot),
        cmocka_unit_test_setup(a_change_is_caught_within_a_tick_however_long_nobody_looked, boot),
        cmocka_unit_test_setup(a_reference_that_crawls_ends_after_a_number_of_reads, boot),
        cmocka_unit_test_setup(an_impossible_tsc_is_refused, boot),
        cmocka_unit_test_setup(a_missing_or_dead_counter_beside_it_has_no_rate, boot),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
