// SPDX-License-Identifier: MIT
// What a call costs: the difference of two looks at the TSC, without the looks themselves. For the tests of this
// folder.
#pragma once
#include <arch/tsc.h>
#include <stdint.h>

// The checks of preset sanitize are instructions, too: there the figures are taken, but held to nothing.
#if __has_feature(undefined_behavior_sanitizer)
constexpr bool HAS_LIMITS = false;
#else
constexpr bool HAS_LIMITS = true;
#endif

static inline uint64_t cost_of_tsc(void)
{
    uint64_t start = tsc_read();
    return tsc_read() - start;
}
