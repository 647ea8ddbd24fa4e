// SPDX-License-Identifier: MIT
// What the drivers of clocks hand to time.c. Private to time.
#pragma once
#include <clock_math/calibrate.h>
#include <stdint.h>

struct clock_source {
    calibrate_read_fn *read; // counts upwards, modulo mask + 1; nullptr: there is no such clock. Any context
    uint64_t mask;           // 2^n - 1
    uint64_t hz;             // rounded
    uint64_t multiplier;     // of clock_scale()
};
