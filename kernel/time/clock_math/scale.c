// SPDX-License-Identifier: MIT
// 2^48 times a fraction, by two divisions of 64 bits: a kernel has no library that divides 128. Called by time.
#include <clock_math/scale.h>
#include <lib/panic.h>

constexpr unsigned FIRST_SHIFT = 32; // the rest follows in the second division
constexpr unsigned SECOND_SHIFT = CLOCK_SCALE_SHIFT - FIRST_SHIFT;
constexpr uint64_t FEMTOSECONDS_PER_NS = 1'000'000;

static_assert(CLOCK_NS_PER_SECOND <= UINT64_MAX >> FIRST_SHIFT);
static_assert(CLOCK_HIGHEST_HZ <= UINT64_MAX >> SECOND_SHIFT, "a remainder has room to be shifted");
static_assert(CLOCK_NS_PER_SECOND / CLOCK_LOWEST_HZ < 1 << (64 - CLOCK_SCALE_SHIFT), "a multiplier fits 64 bits");

// NUMERATOR / DENOMINATOR * 2^48.
static uint64_t scaled_fraction(uint64_t numerator, uint64_t denominator)
{
    uint64_t shifted = numerator << FIRST_SHIFT;
    uint64_t rest = (shifted % denominator) << SECOND_SHIFT;
    return (shifted / denominator << SECOND_SHIFT) + rest / denominator;
}

uint64_t clock_multiplier(uint64_t hz)
{
    ASSERT(hz >= CLOCK_LOWEST_HZ && hz <= CLOCK_HIGHEST_HZ);
    return scaled_fraction(CLOCK_NS_PER_SECOND, hz);
}

uint64_t clock_multiplier_of_period(uint32_t femtoseconds)
{
    ASSERT(femtoseconds > 0);
    return scaled_fraction(femtoseconds, FEMTOSECONDS_PER_NS);
}
