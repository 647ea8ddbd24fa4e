// SPDX-License-Identifier: MIT
// What the tick asks of the timers. Private to time.
#pragma once
#include <stdint.h>

extern uint64_t timers_next_ns; // when the earliest is due; UINT64_MAX: never

// Run what is due at NOW_NS. Interrupts are closed.
void timers_run(uint64_t now_ns);
