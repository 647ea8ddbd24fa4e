// SPDX-License-Identifier: MIT
// Timers in a queue. Called by whoever wants to be called later, and by the tick; must not know what drives that.
#include "timers.h"
#include <arch/cpu.h>
#include <stdckdint.h>
#include <stddef.h>
#include <time/time.h>
#include <time/timer.h>

static struct timer_queue queue;
uint64_t timers_next_ns = UINT64_MAX;

static_assert(offsetof(struct timer, entry) == 0, "an entry's address is its timer's");

// Time that would overflow is never.
static uint64_t saturated_sum(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return ckd_add(&sum, a, b) ? UINT64_MAX : sum;
}

static void take_out(struct timer *timer)
{
    timer_queue_remove(&queue, &timer->entry);
    timers_next_ns = queue.first ? queue.first->due : UINT64_MAX;
}

static void put_in(struct timer *timer, uint64_t due_ns)
{
    timer_queue_add(&queue, &timer->entry, due_ns);
    timers_next_ns = queue.first->due;
}

void timer_start(struct timer *timer, uint64_t delay_ns, uint64_t period_ns, timer_fn *function, void *context)
{
    uint64_t flags = cpu_interrupts_disable();
    if (timer_queue_has(&timer->entry))
        take_out(timer);
    timer->period_ns = period_ns;
    timer->function = function;
    timer->context = context;
    put_in(timer, saturated_sum(time_now_ns(), delay_ns));
    cpu_interrupts_restore(flags);
}

bool timer_cancel(struct timer *timer)
{
    uint64_t flags = cpu_interrupts_disable();
    bool was_running = timer_queue_has(&timer->entry);
    if (was_running)
        take_out(timer);
    cpu_interrupts_restore(flags);
    return was_running;
}

// The next multiple of the period from DUE_NS on that lies after NOW_NS.
static uint64_t next_due(uint64_t due_ns, uint64_t period_ns, uint64_t now_ns)
{
    uint64_t next = saturated_sum(due_ns, period_ns);
    if (next > now_ns)
        return next;
    return saturated_sum(now_ns - (now_ns - due_ns) % period_ns, period_ns);
}

// A periodic timer is back in the queue before its function runs, which may then cancel it or start it anew. Afterwards
// it is not touched any more: its owner may have done away with it.
void timers_run(uint64_t now_ns)
{
    for (unsigned i = 0; i < TIMER_LIMIT_PER_TICK && timers_next_ns <= now_ns; i++) {
        struct timer *timer = (struct timer *)queue.first;
        uint64_t due_ns = timer->entry.due;
        take_out(timer);
        if (timer->period_ns != 0)
            put_in(timer, next_due(due_ns, timer->period_ns, now_ns));
        timer->function(timer->context);
    }
}

static unsigned copy_running(struct timer_view *views, unsigned limit)
{
    unsigned count = 0;
    uint64_t flags = cpu_interrupts_disable();
    for (const struct timer_queue_entry *entry = queue.first; entry != nullptr; entry = timer_queue_next(entry)) {
        const struct timer *timer = (const struct timer *)entry;
        if (count < limit)
            views[count] = (struct timer_view){entry->due, timer->period_ns, timer->function};
        count++;
    }
    cpu_interrupts_restore(flags);
    return count;
}

unsigned timer_list(struct timer_view *views, unsigned limit)
{
    unsigned count = copy_running(views, limit);
    for (unsigned i = 1; i < count && i < limit; i++) {
        struct timer_view view = views[i];
        unsigned place = i;
        for (; place > 0 && views[place - 1].due_ns > view.due_ns; place--)
            views[place] = views[place - 1];
        views[place] = view;
    }
    return count;
}
