// SPDX-License-Identifier: MIT
// Calls that come later, once or again and again. The caller owns each struct timer, which must not move while it is
// running. Exported names start with timer_. Any context from time_init() on; starting and cancelling are O(log n) in
// the number of running timers, with interrupts closed.
#pragma once
#include <stdint.h>
#include <timer_queue/timer_queue.h>

// Runs in the tick's interrupt: interrupts closed, must not allocate, wait or log; may start and cancel any timer,
// itself too.
typedef void timer_fn(void *context);

struct timer {
    struct timer_queue_entry entry;
    uint64_t period_ns; // 0: once
    timer_fn *function;
    void *context;
};

// Call FUNCTION(CONTEXT) at the first tick at or after DELAY_NS from now, then every PERIOD_NS (0: no more) from there
// without drift; periods that were missed are not made up for. Timers that are due together run in the order of their
// times, at most TIMER_LIMIT_PER_TICK a tick. A timer that is running is started anew; one that never was is all zero.
constexpr unsigned TIMER_LIMIT_PER_TICK = 32;
void timer_start(struct timer *timer, uint64_t delay_ns, uint64_t period_ns, timer_fn *function, void *context);

// Return whether it was running. Afterwards the function does not run, unless it is running now on the stack below.
bool timer_cancel(struct timer *timer);
