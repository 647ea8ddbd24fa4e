// SPDX-License-Identifier: MIT
// The debug registers (Intel SDM vol. 3, 17.2). Ring 0, any context.
#pragma once
#include <stdint.h>

// Why the last #DB was raised; bits stay set until somebody clears them.
static inline uint64_t debug_status_read(void)
{
    uint64_t value;
    __asm__ volatile("movq %%dr6, %0" : "=r"(value));
    return value;
}
