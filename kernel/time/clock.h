// SPDX-License-Identifier: MIT
// The clock in use, and how it is read: here so that the tick does so without a call. Private to time.
#pragma once
#include "clock_source.h"
#include <arch/tsc.h>
#include <clock_math/scale.h>
#include <stdint.h>
#include <time/time.h>

// All zero, as before time_init(), it stands at 0; after it, nothing here changes.
struct clock {
    calibrate_read_fn *read; // nullptr: the TSC
    uint64_t multiplier;
    uint64_t origin;    // the count at OFFSET_NS
    uint64_t offset_ns; // 0 for the TSC
    uint64_t mask;      // of a narrow counter
    uint64_t hz;
    enum time_source source;
};

extern struct clock time_clock;

// For a clock other than the TSC.
uint64_t clock_narrow_now_ns(void);

static inline uint64_t clock_now_ns(void)
{
    if (__builtin_expect(time_clock.read != nullptr, false))
        return clock_narrow_now_ns();
    return clock_scale(tsc_read() - time_clock.origin, time_clock.multiplier);
}
