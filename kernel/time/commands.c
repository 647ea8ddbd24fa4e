// SPDX-License-Identifier: MIT
// The commands that tell the time.
#include <lib/command.h>
#include <time/time.h>

typedef unsigned long long printable_t;

static enum status run_date(struct command_call *call)
{
    struct time_date date;
    enum status status = time_read_date_again(&date);
    if (status == STATUS_NOT_FOUND)
        return command_fail(call, status, "this machine has no battery-backed clock");
    if (status == STATUS_INVALID)
        return command_fail(call, status, "what the battery-backed clock says is no date");
    if (status != STATUS_OK)
        return command_fail(call, status, "the battery-backed clock is never ready to be read");
    command_print(call, "%04u-%02u-%02u %02u:%02u:%02u UTC\n", date.year, date.month, date.day, date.hour, date.minute,
                  date.second);
    return STATUS_OK;
}

COMMAND(date, .summary = "say the date and the time of day", .run = run_date,
        .details = "From the battery-backed clock, whose time is taken as UTC.\n");

static enum status run_uptime(struct command_call *call)
{
    if (time_source() == TIME_SOURCE_NONE)
        return command_fail(call, STATUS_NOT_FOUND, "no clock was found: time stands still");
    uint64_t ms = time_now_ns() / 1'000'000, seconds = ms / 1000;
    command_print(call, "up %llu d %02llu:%02llu:%02llu.%03llu, %llu ticks\n", (printable_t)(seconds / 86'400),
                  (printable_t)(seconds / 3600 % 24), (printable_t)(seconds / 60 % 60), (printable_t)(seconds % 60),
                  (printable_t)(ms % 1000), (printable_t)time_tick_count());
    return STATUS_OK;
}

COMMAND(uptime, .summary = "say how long the machine has been up", .run = run_uptime,
        .details = "Since the boot sector's first instruction; ticks since the clock was started.\n");
