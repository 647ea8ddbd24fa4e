// SPDX-License-Identifier: MIT
// Random numbers that are the same in every run: a failing case is found again by running the test again. Seed with any
// number but 0. For tests only.
#pragma once
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x9e37'79b9'7f4a'7c15; // the low bits of a bare xorshift are poor
}

// A number below LIMIT, which is not 0.
static inline uint32_t random_below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)((random_next(state) >> 32) * limit >> 32);
}
