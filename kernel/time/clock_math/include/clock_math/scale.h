// SPDX-License-Identifier: MIT
// Ticks of a clock as nanoseconds, and narrow counters as wide ones. Pure arithmetic; any context; O(1). Exported names
// start with clock_.
#pragma once
#include <stdint.h>

constexpr uint64_t CLOCK_NS_PER_SECOND = 1'000'000'000;

// Nanoseconds a tick are kept times 2^48: below one part in 10^13 off for any clock up to 10 GHz, and slow ones fit
// down to CLOCK_LOWEST_HZ.
constexpr unsigned CLOCK_SCALE_SHIFT = 48;
constexpr uint64_t CLOCK_LOWEST_HZ = 15'259;
constexpr uint64_t CLOCK_HIGHEST_HZ = 100'000'000'000;

// What clock_scale() multiplies with. HZ lies between the two above; the result is cut down, not rounded, so that a
// clock is never ahead of its own rate.
uint64_t clock_multiplier(uint64_t hz);

// The same for a clock whose tick lasts FEMTOSECONDS, which is not 0: exact where its rate is not a whole number.
uint64_t clock_multiplier_of_period(uint32_t femtoseconds);

// TICKS in nanoseconds, right as long as the result fits: 584 years, whatever the rate.
static inline uint64_t clock_scale(uint64_t ticks, uint64_t multiplier)
{
    return (uint64_t)((unsigned _BitInt(128))ticks * multiplier >> CLOCK_SCALE_SHIFT);
}

// The value of a counter that was EARLIER some time ago, less than one turn of its MASK (2^n - 1), and now shows RAW.
// EARLIER may be any value that it had, not only the last.
static inline uint64_t clock_extend(uint64_t earlier, uint64_t raw, uint64_t mask)
{
    return earlier + ((raw - earlier) & mask);
}
