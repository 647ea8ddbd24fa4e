// SPDX-License-Identifier: MIT
// Digits to a date, and whether there is such a day. Called by time's RTC driver.
#include <clock_math/rtc_date.h>

constexpr uint8_t HOUR_PM = 0x80; // of the hour, when it goes from 1 to 12
constexpr uint8_t EMPTY_BUS = 0xff;
constexpr unsigned FIRST_YEAR = 1980; // when there were no PCs yet
constexpr unsigned LOWEST_CENTURY = 19;
constexpr unsigned NOT_DECIMAL = 255;

static unsigned number(uint8_t value, bool is_binary)
{
    if (is_binary)
        return value;
    unsigned tens = value >> 4, ones = value & 0xf;
    return tens <= 9 && ones <= 9 ? tens * 10 + ones : NOT_DECIMAL;
}

// The hour from 0 to 23, or more than that.
static unsigned hour_of(const struct rtc_registers *registers, bool is_binary)
{
    if (registers->status_b & RTC_STATUS_B_24_HOURS)
        return number(registers->hour, is_binary);
    unsigned hour = number(registers->hour & (uint8_t)~HOUR_PM, is_binary);
    if (hour < 1 || hour > 12)
        return NOT_DECIMAL;
    return hour % 12 + (registers->hour & HOUR_PM ? 12 : 0); // 12 AM is midnight
}

// The whole year, or 0 when its two digits are none.
static unsigned year_of(const struct rtc_registers *registers, bool is_binary)
{
    unsigned year = number(registers->year, is_binary);
    unsigned century = number(registers->century, is_binary);
    if (year > 99)
        return 0;
    if (century >= LOWEST_CENTURY && century <= 99)
        return century * 100 + year;
    return year + (year >= FIRST_YEAR % 100 ? 1900 : 2000);
}

static unsigned days_in(unsigned month, unsigned year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && is_leap_year ? 29 : days[month - 1];
}

static bool is_absent(const struct rtc_registers *registers)
{
    return (registers->second & registers->minute & registers->hour & registers->day & registers->month &
            registers->year & registers->status_b) == EMPTY_BUS;
}

enum status rtc_date_decode(const struct rtc_registers *registers, struct time_date *date)
{
    if (is_absent(registers))
        return STATUS_NOT_FOUND;
    bool is_binary = (registers->status_b & RTC_STATUS_B_BINARY) != 0;
    unsigned second = number(registers->second, is_binary), minute = number(registers->minute, is_binary);
    unsigned hour = hour_of(registers, is_binary);
    unsigned day = number(registers->day, is_binary), month = number(registers->month, is_binary);
    unsigned year = year_of(registers, is_binary);
    if (second > 59 || minute > 59 || hour > 23 || year == 0)
        return STATUS_INVALID;
    if (month < 1 || month > 12 || day < 1 || day > days_in(month, year))
        return STATUS_INVALID;
    *date = (struct time_date){
        .year = (uint16_t)year,
        .month = (uint8_t)month,
        .day = (uint8_t)day,
        .hour = (uint8_t)hour,
        .minute = (uint8_t)minute,
        .second = (uint8_t)second,
    };
    return STATUS_OK;
}
