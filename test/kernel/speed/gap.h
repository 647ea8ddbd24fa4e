// SPDX-License-Identifier: MIT
// Seeing an interrupt from the side of what it interrupts. For speed.c.
#pragma once
#include <stdint.h>

// Watch the TSC in a loop of fixed length until something else takes time, with interrupts as they are. Returns how
// many ticks that took, without the loop's own; 0 when nothing has come for PATIENCE_TICKS.
uint64_t gap_wait(uint64_t patience_ticks);
