// SPDX-License-Identifier: MIT
// What the registers of the battery-backed clock mean as a date. Pure; any context. Source: Motorola MC146818A data
// sheet, "Time, Calendar, and Alarm Locations"; the century register is ACPI's (ACPI 6.5, 5.2.9).
#pragma once
#include <lib/status.h>
#include <stdint.h>

struct time_date {
    uint16_t year;
    uint8_t month, day; // from 1
    uint8_t hour, minute, second;
};

struct rtc_registers {
    uint8_t second, minute, hour, day, month, year;
    uint8_t century;  // 0: there is no such register
    uint8_t status_b; // which says how the others are written
};

constexpr uint8_t RTC_STATUS_B_24_HOURS = 1 << 1;
constexpr uint8_t RTC_STATUS_B_BINARY = 1 << 2; // else decimal, one digit in four bits

// Without a century, or with an impossible one, the year lies from 1980 to 2079. STATUS_NOT_FOUND when every register
// reads FFh, as where no chip answers; STATUS_INVALID when it is no date; DATE is then left alone.
enum status rtc_date_decode(const struct rtc_registers *registers, struct time_date *date);
