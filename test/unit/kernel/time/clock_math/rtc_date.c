// SPDX-License-Identifier: MIT
// kernel/time/clock_math/rtc_date: both notations, both clocks of the day, centuries, and what is no date.
#include <clock_math/rtc_date.h>
#include <support/unit.h>

constexpr uint8_t DECIMAL_24 = RTC_STATUS_B_24_HOURS;
constexpr uint8_t BINARY_24 = RTC_STATUS_B_24_HOURS | RTC_STATUS_B_BINARY;
constexpr uint8_t DECIMAL_12 = 0;
constexpr uint8_t BINARY_12 = RTC_STATUS_B_BINARY;

// 2026-11-22 18:34:56 in decimal digits; tests change what they are about.
static const struct rtc_registers usual = {
    .second = 0x56,
    .minute = 0x34,
    .hour = 0x18,
    .day = 0x22,
    .month = 0x11,
    .year = 0x26,
    .century = 0x20,
    .status_b = DECIMAL_24,
};

static void assert_date(const struct rtc_registers *registers, unsigned year, unsigned month, unsigned day)
{
    struct time_date date = {};
    assert_int_equal(rtc_date_decode(registers, &date), STATUS_OK);
    assert_int_equal(date.year, year);
    assert_int_equal(date.month, month);
    assert_int_equal(date.day, day);
}

static void assert_hour(uint8_t hour, uint8_t status_b, unsigned expected)
{
    struct rtc_registers registers = {hour, hour, hour, 1, 1, 1, 0, status_b};
    registers.second = registers.minute = 0;
    registers.hour = hour;
    struct time_date date = {};
    assert_int_equal(rtc_date_decode(&registers, &date), STATUS_OK);
    assert_int_equal(date.hour, expected);
}

static void assert_no_date(const struct rtc_registers *registers)
{
    struct time_date date = {.year = 4711};
    assert_int_equal(rtc_date_decode(registers, &date), STATUS_INVALID);
    assert_int_equal(date.year, 4711);
}

static void decimal_and_binary_say_the_same(void **)
{
    struct rtc_registers binary = {56, 34, 18, 22, 11, 26, 20, BINARY_24};
    struct time_date from_decimal = {}, from_binary = {};
    assert_int_equal(rtc_date_decode(&usual, &from_decimal), STATUS_OK);
    assert_int_equal(rtc_date_decode(&binary, &from_binary), STATUS_OK);
    assert_int_equal(from_decimal.year, 2026);
    assert_int_equal(from_decimal.month, 11);
    assert_int_equal(from_decimal.day, 22);
    assert_int_equal(from_decimal.hour, 18);
    assert_int_equal(from_decimal.minute, 34);
    assert_int_equal(from_decimal.second, 56);
    assert_memory_equal(&from_decimal, &from_binary, sizeof from_decimal);
}

static void twelve_hours_go_from_midnight_to_noon_and_on(void **)
{
    assert_hour(0x12, DECIMAL_12, 0);
    assert_hour(0x01, DECIMAL_12, 1);
    assert_hour(0x11, DECIMAL_12, 11);
    assert_hour(0x92, DECIMAL_12, 12);
    assert_hour(0x81, DECIMAL_12, 13);
    assert_hour(0x91, DECIMAL_12, 23);
    assert_hour(12, BINARY_12, 0);
    assert_hour(12 | 0x80, BINARY_12, 12);
    assert_hour(11 | 0x80, BINARY_12, 23);
    assert_hour(0x00, DECIMAL_24, 0);
    assert_hour(0x23, DECIMAL_24, 23);
}

static void the_century_comes_from_its_register_or_from_a_window(void **)
{
    struct rtc_registers registers = usual;
    registers.century = 0x19;
    assert_date(&registers, 1926, 11, 22);
    registers.century = 0x21;
    assert_date(&registers, 2126, 11, 22);
    static const uint8_t impossible[] = {0, 0x18, 0xff, 0x2a};
    for (unsigned i = 0; i < sizeof impossible; i++) {
        registers.century = impossible[i];
        registers.year = 0x26;
        assert_date(&registers, 2026, 11, 22);
        registers.year = 0x79;
        assert_date(&registers, 2079, 11, 22);
        registers.year = 0x80;
        assert_date(&registers, 1980, 11, 22);
        registers.year = 0x99;
        assert_date(&registers, 1999, 11, 22);
        registers.year = 0x00;
        assert_date(&registers, 2000, 11, 22);
    }
}

static void the_last_of_february_depends_on_the_year(void **)
{
    static const struct {
        uint8_t century, year;
        bool is_leap;
    } years[] = {{0x20, 0x24, true},  {0x20, 0x26, false}, {0x20, 0x00, true},
                 {0x19, 0x00, false}, {0x21, 0x00, false}, {0x24, 0x00, true}};
    for (unsigned i = 0; i < sizeof years / sizeof *years; i++) {
        struct rtc_registers registers = usual;
        registers.century = years[i].century;
        registers.year = years[i].year;
        registers.month = 2;
        registers.day = 0x28;
        struct time_date date;
        assert_int_equal(rtc_date_decode(&registers, &date), STATUS_OK);
        registers.day = 0x29;
        assert_int_equal(rtc_date_decode(&registers, &date), years[i].is_leap ? STATUS_OK : STATUS_INVALID);
        registers.day = 0x30;
        assert_no_date(&registers);
    }
}

static void every_month_has_its_length(void **)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (uint8_t month = 1; month <= 12; month++) {
        struct rtc_registers registers = {0, 0, 0, days[month - 1], month, 26, 20, BINARY_24};
        assert_date(&registers, 2026, month, days[month - 1]);
        registers.day++;
        assert_no_date(&registers);
    }
}

static void what_is_no_date_is_refused(void **)
{
    static const struct rtc_registers impossible[] = {
        {0x60, 0x34, 0x18, 0x22, 0x11, 0x26, 0x20, DECIMAL_24},
        {0x56, 0x60, 0x18, 0x22, 0x11, 0x26, 0x20, DECIMAL_24},
        {0x00, 0x00, 0x24, 0x22, 0x11, 0x26, 0x20, DECIMAL_24},
        {0x56, 0x34, 0x18, 0x00, 0x11, 0x26, 0x20, DECIMAL_24},
        {0x56, 0x34, 0x18, 0x22, 0x00, 0x26, 0x20, DECIMAL_24},
        {0x56, 0x34, 0x18, 0x22, 0x13, 0x26, 0x20, DECIMAL_24},
        {0x5a, 0x34, 0x18, 0x22, 0x11, 0x26, 0x20, DECIMAL_24},
        {0x56, 0x3f, 0x18, 0x22, 0x11, 0x26, 0x20, DECIMAL_24},
        {0x56, 0x34, 0x18, 0x22, 0x11, 0xa6, 0x20, DECIMAL_24},
        {0x56, 0x34, 0x00, 0x22, 0x11, 0x26, 0x20, DECIMAL_12},
        {0x56, 0x34, 0x13, 0x22, 0x11, 0x26, 0x20, DECIMAL_12},
        {0x56, 0x34, 0x80, 0x22, 0x11, 0x26, 0x20, DECIMAL_12},
        {56, 34, 24, 22, 11, 26, 20, BINARY_24},
        {56, 34, 18, 22, 11, 100, 20, BINARY_24},
        {56, 34, 13, 22, 11, 26, 20, BINARY_12},
        {56, 34, 0x8d, 22, 11, 26, 20, BINARY_12},
        {0, 0, 0, 0, 0, 0, 0, 0},
    };
    for (unsigned i = 0; i < sizeof impossible / sizeof *impossible; i++)
        assert_no_date(&impossible[i]);
}

static void an_empty_bus_is_no_clock(void **)
{
    struct rtc_registers registers;
    struct time_date date = {.year = 4711};
    memset(&registers, 0xff, sizeof registers);
    assert_int_equal(rtc_date_decode(&registers, &date), STATUS_NOT_FOUND);
    registers.century = 0; // nobody looked for it
    assert_int_equal(rtc_date_decode(&registers, &date), STATUS_NOT_FOUND);
    registers.second = 0x30;
    assert_int_equal(rtc_date_decode(&registers, &date), STATUS_INVALID);
    assert_int_equal(date.year, 4711);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_and_binary_say_the_same),
        cmocka_unit_test(twelve_hours_go_from_midnight_to_noon_and_on),
        cmocka_unit_test(the_century_comes_from_its_register_or_from_a_window),
        cmocka_unit_test(the_last_of_february_depends_on_the_year),
        cmocka_unit_test(every_month_has_its_length),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(an_empty_bus_is_no_clock),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
