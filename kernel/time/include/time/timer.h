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

// What is known of a timer that is running.
struct timer_view {
    uint64_t due_ns, period_ns; // a time of time_now_ns(); 0: once
    timer_fn *function;
};

// Describe running timers in VIEWS, in the order in which they are due; of more than LIMIT, some LIMIT of them. Returns
// how many are running. O(LIMIT^2), of which O(running timers) with interrupts closed.
unsigned timer_list(struct timer_view *views, unsigned limit);

// Return whether it was running. Afterwards the function does not run, unless it is running now on the stack below.
bool timer_cancel(struct timer *timer);
