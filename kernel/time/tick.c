// SPDX-License-Identifier: MIT
// The tick: from the local APIC's timer, or else from the 8254. Called by time.c and the interrupt; must not know what
// time it is, but that timers may be due. How often it comes has no part in telling time: that is the clock's.
#include "tick.h"
#include "c1e.h"
#include "clock.h"
#include "pit.h"
#include "timers.h"
#include <arch/cpu.h>
#include <interrupt/irq.h>
#include <interrupt/local_timer.h>
#include <log/log.h>
#include <stdatomic.h>
#include <time/time.h>

constexpr uint32_t IRQ_PIT = 0;
constexpr uint64_t CHECK_LIMIT_NS = 500'000'000;
constexpr uint32_t CHECK_READ_LIMIT = 100'000'000; // where no clock runs

static struct {
    _Atomic uint64_t count;
    bool is_running;
    bool is_local; // from the local APIC
} ticks;

// The clock is read in any case: a narrow counter turns over while nobody looks.
static void tick(void *)
{
    uint64_t count = atomic_load_explicit(&ticks.count, memory_order_relaxed);
    atomic_store_explicit(&ticks.count, count + 1, memory_order_relaxed);
    uint64_t now_ns = clock_now_ns();
    if (__builtin_expect(now_ns >= timers_next_ns, false))
        timers_run(now_ns);
}

static bool start_local_timer(uint64_t hz)
{
    uint64_t count = (hz + TIME_TICKS_PER_SECOND / 2) / TIME_TICKS_PER_SECOND;
    if (count == 0 || count > UINT32_MAX || irq_register(IRQ_LINE_LOCAL_TIMER, tick, nullptr) != STATUS_OK)
        return false;
    local_timer_start((uint32_t)count, true);
    ticks.is_local = true;
    log_info("time", "tick %u Hz from the local APIC timer", TIME_TICKS_PER_SECOND);
    return true;
}

static bool start_pit(void)
{
    if (!pit_start_tick(TIME_TICKS_PER_SECOND) || irq_register(IRQ_PIT, tick, nullptr) != STATUS_OK)
        return false;
    log_info("time", "tick %u Hz from the PIT", TIME_TICKS_PER_SECOND);
    return true;
}

static void warn_of_none(const char *reason)
{
    log_warning("time", "no tick: %s; timers will not run", reason);
}

void tick_start(uint64_t local_timer_hz)
{
    bool stops = local_timer_hz != 0 && c1e_is_on();
    if (stops)
        log_info("time", "C1E is on, which stops this CPU's local APIC timer in its sleep: the PIT is preferred");
    ticks.is_running = (stops && start_pit()) || start_local_timer(local_timer_hz) || (!stops && start_pit());
    if (!ticks.is_running)
        warn_of_none("neither a local APIC timer nor a PIT that can be used");
}

static bool is_ticking(void)
{
    uint64_t count = time_tick_count(), start_ns = time_now_ns();
    for (uint32_t i = 0; i < CHECK_READ_LIMIT && time_now_ns() - start_ns <= CHECK_LIMIT_NS; i++) {
        if (time_tick_count() != count)
            return true;
    }
    return false;
}

void time_check_tick(void)
{
    if (!ticks.is_running || is_ticking())
        return;
    if (ticks.is_local) {
        log_warning("time", "the local APIC timer counts, but raises no interrupt");
        local_timer_start(0, false);
        irq_unregister(IRQ_LINE_LOCAL_TIMER);
        ticks.is_local = false;
        if (start_pit() && is_ticking())
            return;
    }
    irq_unregister(IRQ_PIT);
    ticks.is_running = false;
    warn_of_none("interrupts do not arrive");
}

bool time_has_tick(void)
{
    return ticks.is_running;
}

bool time_tick_is_local(void)
{
    return ticks.is_local;
}

uint64_t time_tick_count(void)
{
    return atomic_load_explicit(&ticks.count, memory_order_relaxed);
}
