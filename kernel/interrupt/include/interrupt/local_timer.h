// SPDX-License-Identifier: MIT
// The timer of this CPU's local APIC, a counter that runs down at a rate nobody has told; its interrupt is the line
// IRQ_LINE_LOCAL_TIMER (interrupt/irq.h). Called by time only. Any context after irq_init(). Source: Intel SDM vol. 3,
// 11.5.4. Exported names start with local_timer_.
#pragma once
#include <stdint.h>

// Whether irq_init() chose the APIC.
[[nodiscard]] bool local_timer_is_present(void);

// Count down from COUNT, 1 for each 16 ticks of the timer's input clock; at 0 the interrupt is raised, and a periodic
// timer begins again. COUNT 0 stops it. The interrupt is delivered while the line is registered and not masked.
void local_timer_start(uint32_t count, bool is_periodic);

uint32_t local_timer_remaining(void);
