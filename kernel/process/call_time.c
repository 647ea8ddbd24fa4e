// SPDX-License-Identifier: MIT
// System calls on time. Called through call.c.
#include "call.h"
#include "error.h"
#include <stdckdint.h>
#include <time/time.h>

constexpr uint64_t NS_PER_S = 1'000'000'000, NS_PER_US = 1000;

struct timespec {
    int64_t s, ns;
};

// ---- which clock

enum clock_number : uint32_t {
    CLOCK_REALTIME = 0,
    CLOCK_MONOTONIC = 1,
    CLOCK_MONOTONIC_RAW = 4,
    CLOCK_REALTIME_COARSE = 5,
    CLOCK_MONOTONIC_COARSE = 6,
    CLOCK_BOOTTIME = 7,
};

// Seconds since 1970. Years begin in March here, so that a leap day is the last of its year.
static uint64_t seconds_of(const struct time_date *date)
{
    uint64_t month = (date->month + 9u) % 12, year = date->year - (date->month < 3);
    uint64_t days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + date->day - 1;
    constexpr uint64_t DAYS_TO_1970 = 719'468; // from 1 March of year 0
    return (((days - DAYS_TO_1970) * 24 + date->hour) * 60 + date->minute) * 60 + date->second;
}

// Seconds since 1970 at time 0: the battery-backed clock is read when somebody first asks. Without one time begins in
// 1970.
static uint64_t seconds_at_boot(void)
{
    static uint64_t seconds;
    static bool is_known;
    struct time_date date;
    if (!is_known && time_read_date(nullptr, &date) == STATUS_OK)
        seconds = seconds_of(&date) - time_now_ns() / NS_PER_S;
    is_known = true;
    return seconds;
}

static bool read_clock(uint32_t clock, uint64_t *now_ns)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *now_ns = seconds_at_boot() * NS_PER_S + time_now_ns();
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *now_ns = time_now_ns();
        return true;
    default:
        return false;
    }
}

// ---- asking

int64_t call_clock_gettime(struct program *self, const struct trap_frame *call)
{
    uint64_t now_ns;
    if (!read_clock((uint32_t)call->rdi, &now_ns))
        return -EINVAL;
    struct timespec time = {(int64_t)(now_ns / NS_PER_S), (int64_t)(now_ns % NS_PER_S)};
    enum status status = space_write(self, call->rsi, &time, sizeof time);
    return error_of_copy(status);
}

// The time zone, its second argument, has been meaningless for decades and is zero.
int64_t call_gettimeofday(struct program *self, const struct trap_frame *call)
{
    uint64_t now_ns = 0;
    (void)read_clock(CLOCK_REALTIME, &now_ns);
    const int64_t time[2] = {(int64_t)(now_ns / NS_PER_S), (int64_t)(now_ns % NS_PER_S / NS_PER_US)};
    const uint64_t zone = 0;
    enum status status = call->rdi != 0 ? space_write(self, call->rdi, time, sizeof time) : STATUS_OK;
    if (status == STATUS_OK && call->rsi != 0)
        status = space_write(self, call->rsi, &zone, sizeof zone);
    return error_of_copy(status);
}

int64_t call_time(struct program *self, const struct trap_frame *call)
{
    uint64_t now_ns = 0;
    (void)read_clock(CLOCK_REALTIME, &now_ns);
    int64_t seconds = (int64_t)(now_ns / NS_PER_S);
    enum status status = call->rdi != 0 ? space_write(self, call->rdi, &seconds, sizeof seconds) : STATUS_OK;
    return status == STATUS_OK ? seconds : error_of_copy(status);
}

// ---- waiting

static int64_t read_duration(struct program *self, uint64_t from, uint64_t *duration_ns)
{
    struct timespec time;
    enum status status = space_read(self, &time, from, sizeof time);
    if (status != STATUS_OK)
        return error_of_copy(status);
    if (time.s < 0 || time.ns < 0 || time.ns >= (int64_t)NS_PER_S)
        return -EINVAL;
    if (ckd_mul(duration_ns, (uint64_t)time.s, NS_PER_S) || ckd_add(duration_ns, *duration_ns, (uint64_t)time.ns))
        *duration_ns = UINT64_MAX;
    return 0;
}

static int64_t sleep_until(uint64_t deadline_ns)
{
    enum status status = task_sleep_until(deadline_ns);
    return status == STATUS_OK ? 0 : error_of_wait(status);
}

static int64_t sleep_for(uint64_t duration_ns)
{
    uint64_t deadline_ns;
    return sleep_until(ckd_add(&deadline_ns, time_now_ns(), duration_ns) ? UINT64_MAX : deadline_ns);
}

// What is interrupted ends the program, so nobody asks how much was left.
int64_t call_nanosleep(struct program *self, const struct trap_frame *call)
{
    uint64_t duration_ns;
    int64_t error = read_duration(self, call->rdi, &duration_ns);
    return error == 0 ? sleep_for(duration_ns) : error;
}

int64_t call_clock_nanosleep(struct program *self, const struct trap_frame *call)
{
    constexpr uint32_t ABSOLUTE = 1;
    uint64_t time_ns, now_ns;
    if (!read_clock((uint32_t)call->rdi, &now_ns))
        return -EINVAL;
    int64_t error = read_duration(self, call->rdx, &time_ns);
    if (error != 0)
        return error;
    if (!((uint32_t)call->rsi & ABSOLUTE))
        return sleep_for(time_ns);
    return time_ns > now_ns ? sleep_for(time_ns - now_ns) : 0;
}

int64_t call_sched_yield(struct program *, const struct trap_frame *)
{
    task_yield();
    return 0;
}
