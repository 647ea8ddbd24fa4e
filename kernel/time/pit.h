// SPDX-License-Identifier: MIT
// The 8254: channel 2, behind the speaker's gate, as a clock; channel 0, on interrupt line 0, as a tick. Private to
// time. Source: Intel 8254 data sheet; port 61h: Intel ICH data sheets, "NMI Status and Control Register".
#pragma once
#include "clock_source.h"

// Set channel 2 counting, its speaker off. STATUS_NOT_FOUND when nothing counts there.
enum status pit_open(struct clock_source *source);

// Let channel 0 interrupt about HZ times a second (19 to a million), beginning anew. Returns whether it counts.
[[nodiscard]] bool pit_start_tick(uint32_t hz);
