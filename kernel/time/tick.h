// SPDX-License-Identifier: MIT
// The interrupt that comes TIME_TICKS_PER_SECOND times a second. Private to time.
#pragma once
#include <stdint.h>

// Start it. LOCAL_TIMER_HZ is how fast the local APIC's timer counts, 0 when it cannot be used.
void tick_start(uint64_t local_timer_hz);
