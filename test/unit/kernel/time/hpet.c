// SPDX-License-Identifier: MIT
// kernel/time/hpet: what it makes of the registers that the firmware left. The test plays the device; it counts when
// calibrate_is_running() looks, which stands in for that of clock_math.
#include <memory/device.h>
#include <support/unit.h>
#include <time/hpet.h>

constexpr unsigned WORDS = 0x400 / 4;
constexpr unsigned CONFIGURATION = 0x10 / 4, COUNTER = 0xf0 / 4, TIMER = 0x100 / 4, TIMER_STEP = 0x20 / 4;
constexpr uint32_t PERIOD_10_NS = 10'000'000;
constexpr uint32_t TIMER_INTERRUPT = 1 << 2, TIMER_PERIODIC = 1 << 3;
static const struct acpi_hpet table = {.address = {0xfed0'0000}};

static uint32_t registers[WORDS + 1]; // one more, to be seen untouched
static bool is_stuck, is_out_of_reach;

static int as_firmware_left_it(void **)
{
    memset(registers, 0, sizeof registers);
    registers[0] = 0x8086'8201; // three timers
    registers[1] = PERIOD_10_NS;
    for (unsigned timer = 0; timer < 32; timer++) {
        if (TIMER + timer * TIMER_STEP < WORDS)
            registers[TIMER + timer * TIMER_STEP] = 0xf0f0 | TIMER_INTERRUPT | TIMER_PERIODIC;
    }
    registers[WORDS] = 0xffff;
    is_stuck = is_out_of_reach = false;
    return 0;
}

volatile void *device_map(phys_addr_t address, size_t size_bytes, enum page_cache cache)
{
    assert_int_equal(cache, PAGE_UNCACHED);
    assert_int_equal(address.value, table.address.value);
    assert_int_equal(size_bytes, WORDS * sizeof *registers);
    return is_out_of_reach ? nullptr : registers;
}

bool calibrate_is_running(calibrate_read_fn *read)
{
    uint64_t before = read();
    registers[COUNTER] += !is_stuck && registers[CONFIGURATION] & 1;
    return read() != before;
}

static void no_timer_interrupts_any_more(void **state)
{
    for (unsigned last = 0; last < 32; last++) {
        as_firmware_left_it(state);
        registers[0] = 0x8086'0001 | last << 8;
        struct clock_source source = {};
        assert_int_equal(hpet_open(&table, &source), STATUS_OK);
        for (unsigned timer = 0; TIMER + timer * TIMER_STEP < WORDS; timer++) {
            uint32_t left = 0xf0f0 | TIMER_PERIODIC | (timer <= last ? 0 : TIMER_INTERRUPT);
            assert_int_equal(registers[TIMER + timer * TIMER_STEP], left);
        }
        assert_int_equal(registers[WORDS], 0xffff);
    }
}

static void counter_runs_and_leaves_the_old_wires_alone(void **)
{
    registers[CONFIGURATION] = 0x100 | 1 << 1; // as vendors like it, and with the wires of 8254 and RTC
    struct clock_source source = {};
    assert_int_equal(hpet_open(&table, &source), STATUS_OK);
    assert_int_equal(registers[CONFIGURATION], 0x100 | 1 << 0);
    assert_int_equal(source.hz, 100'000'000);
    assert_int_equal(source.mask, UINT32_MAX);
    registers[COUNTER] = 4711;
    registers[COUNTER + 1] = 1;
    assert_int_equal(source.read(), 4711);
}

static void what_is_no_hpet_is_refused_untouched(void **state)
{
    static const struct {
        uint32_t capabilities, period;
        enum status status;
    } rows[] = {
        {UINT32_MAX, UINT32_MAX, STATUS_NOT_FOUND}, {0x8086'8200, PERIOD_10_NS, STATUS_INVALID},
        {0x8086'8201, 0, STATUS_INVALID},           {0x8086'8201, 999'999, STATUS_INVALID},
        {0x8086'8201, 100'000'001, STATUS_INVALID},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        as_firmware_left_it(state);
        registers[0] = rows[i].capabilities;
        registers[1] = rows[i].period;
        uint32_t before[WORDS + 1];
        memcpy(before, registers, sizeof before);
        struct clock_source source = {};
        assert_int_equal(hpet_open(&table, &source), rows[i].status);
        assert_null(source.read);
        assert_memory_equal(before, registers, sizeof before);
    }
    is_out_of_reach = true;
    struct clock_source source = {};
    assert_int_equal(hpet_open(&table, &source), STATUS_NOT_FOUND);
}

static void counter_that_stands_still_is_no_clock(void **)
{
    is_stuck = true;
    struct clock_source source = {};
    assert_int_equal(hpet_open(&table, &source), STATUS_TIMEOUT);
    assert_null(source.read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_timer_interrupts_any_more, as_firmware_left_it),
        cmocka_unit_test_setup(counter_runs_and_leaves_the_old_wires_alone, as_firmware_left_it),
        cmocka_unit_test_setup(what_is_no_hpet_is_refused_untouched, as_firmware_left_it),
        cmocka_unit_test_setup(counter_that_stands_still_is_no_clock, as_firmware_left_it),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
