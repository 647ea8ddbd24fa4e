// SPDX-License-Identifier: MIT
// The time-stamp counter: ticks of a clock whose frequency nobody has measured here. Every CPU with long mode has it.
// Any context. Not serialising: a few instructions may move across the read (Intel SDM vol. 2, RDTSC).
#pragma once
#include <stdint.h>

static inline uint64_t tsc_read(void)
{
    uint64_t low, high; // of each, the instruction clears the upper half
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return high << 32 | low;
}

// The lower half, for spans of less than 2^32 ticks (more than half a second); cheaper.
static inline uint32_t tsc_read_low(void)
{
    uint32_t low;
    __asm__ volatile("rdtsc" : "=a"(low) : : "edx", "memory");
    return low;
}
