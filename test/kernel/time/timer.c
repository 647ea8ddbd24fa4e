// SPDX-License-Identifier: MIT
// Timers, as the tick runs them. Whatever the host does to the machine's clock, these hold: nothing runs early, in the
// wrong order, too often, or after it was cancelled.
#include <arch/cpu.h>
#include <arch/tsc.h>
#include <framework/test.h>
#include <interrupt/exception.h>
#include <time/time.h>
#include <time/timer.h>

constexpr uint64_t MS = 1'000'000;
constexpr uint64_t WAIT_TSC = 20'000'000'000; // more than any wait here takes; some seconds

static void require_tick(void)
{
    if (!time_has_tick())
        SKIP("this machine has no tick");
}

static bool wait_until(volatile unsigned *count, unsigned wanted)
{
    uint64_t start_tsc = tsc_read();
    while (*count < wanted && tsc_read() - start_tsc < WAIT_TSC)
        continue;
    return *count >= wanted;
}

static void let_pass(uint64_t ticks)
{
    uint64_t start = time_tick_count(), start_tsc = tsc_read();
    while (time_tick_count() - start < ticks && tsc_read() - start_tsc < WAIT_TSC)
        continue;
}

static void count_up(void *count)
{
    volatile unsigned *number = count;
    *number = *number + 1;
}

// Whether timers still run, for tests that could have broken their queue.
static bool wait_for_one_shot(void)
{
    static struct timer timer;
    static unsigned count;
    count = 0;
    timer_start(&timer, MS, 0, count_up, &count);
    return wait_until(&count, 1);
}

static volatile uint64_t fired_ns;
static volatile unsigned fired_count;

static void note_time(void *)
{
    fired_ns = time_now_ns();
    fired_count = fired_count + 1;
}

TEST(timer, one_shot_runs_once_and_not_early)
{
    static struct timer timer;
    static const uint64_t delays_ns[] = {0, 1, MS - 1, MS, 7 * MS + 123};
    require_tick();
    for (unsigned i = 0; i < sizeof delays_ns / sizeof *delays_ns; i++) {
        fired_count = 0;
        uint64_t start_ns = time_now_ns();
        timer_start(&timer, delays_ns[i], 0, note_time, nullptr);
        CHECK(wait_until(&fired_count, 1));
        CHECK(fired_ns >= start_ns + delays_ns[i]);
        let_pass(3);
        CHECK_EQUAL(fired_count, 1);
        CHECK_EQUAL(timer_cancel(&timer), false);
    }
}

TEST(timer, periods_do_not_drift)
{
    static struct timer timer;
    constexpr uint64_t PERIOD_NS = 2 * MS + 500'000; // never at a tick's time
    require_tick();
    fired_count = 0;
    uint64_t flags = cpu_interrupts_disable();
    timer_start(&timer, MS, PERIOD_NS, note_time, nullptr);
    uint64_t first_due = timer.entry.due;
    cpu_interrupts_restore(flags);
    bool has_run = wait_until(&fired_count, 40);
    flags = cpu_interrupts_disable();
    uint64_t next_due = timer.entry.due, last_ns = fired_ns;
    unsigned count = fired_count;
    cpu_interrupts_restore(flags);
    CHECK_EQUAL(timer_cancel(&timer), true);
    CHECK(has_run);
    CHECK_EQUAL((next_due - first_due) % PERIOD_NS, 0);
    CHECK(next_due > last_ns);
    CHECK(count <= (next_due - first_due) / PERIOD_NS);
}

TEST(timer, missed_periods_are_not_made_up_for)
{
    static struct timer timer;
    static unsigned count;
    require_tick();
    count = 0;
    uint64_t flags = cpu_interrupts_disable();
    timer_start(&timer, 0, 10, count_up, &count); // a hundred thousand are missed in a tick
    cpu_interrupts_restore(flags);
    uint64_t start = time_tick_count();
    let_pass(5);
    timer_cancel(&timer);
    CHECK(count > 0);
    CHECK(count <= time_tick_count() - start + 1);
}

TEST(timer, cancelled_timers_do_not_run)
{
    static struct timer timers[3];
    static unsigned counts[3];
    require_tick();
    for (unsigned i = 0; i < 3; i++) {
        counts[i] = 0;
        CHECK_EQUAL(timer_cancel(&timers[i]), false);
    }
    uint64_t flags = cpu_interrupts_disable();
    for (unsigned i = 0; i < 3; i++)
        timer_start(&timers[i], 2 * MS, 2 * MS, count_up, &counts[i]);
    bool was_running = timer_cancel(&timers[1]), is_running = timer_cancel(&timers[1]);
    cpu_interrupts_restore(flags);
    bool others_run = wait_until(&counts[0], 3) && wait_until(&counts[2], 3);
    timer_cancel(&timers[0]);
    timer_cancel(&timers[2]);
    CHECK_EQUAL(was_running, true);
    CHECK_EQUAL(is_running, false);
    CHECK(others_run);
    CHECK_EQUAL(counts[1], 0);
}

constexpr unsigned ORDER_COUNT = 8;
static unsigned order[ORDER_COUNT];
static volatile unsigned order_length;

static void note_order(void *number)
{
    if (order_length < ORDER_COUNT)
        order[order_length] = (unsigned)(uintptr_t)number;
    order_length = order_length + 1;
}

// The times themselves are compared: a host that stops the machine between two starts moves the second one's.
TEST(timer, due_timers_run_in_the_order_of_their_times)
{
    static struct timer timers[ORDER_COUNT];
    static const unsigned delays_us[ORDER_COUNT] = {1700, 300, 2500, 100, 1100, 600, 2100, 900};
    require_tick();
    order_length = 0;
    uint64_t flags = cpu_interrupts_disable();
    for (uintptr_t i = 0; i < ORDER_COUNT; i++)
        timer_start(&timers[i], delays_us[i] * 1000ull, 0, note_order, (void *)i);
    cpu_interrupts_restore(flags);
    CHECK(wait_until(&order_length, ORDER_COUNT));
    CHECK_EQUAL(order_length, ORDER_COUNT);
    for (unsigned i = 1; i < ORDER_COUNT; i++)
        CHECK(timers[order[i - 1]].entry.due < timers[order[i]].entry.due);
}

static struct timer self;
static volatile unsigned self_count;

static void restart_self(void *)
{
    self_count = self_count + 1;
    if (self_count < 5)
        timer_start(&self, 0, 0, restart_self, nullptr);
}

static void cancel_self(void *)
{
    self_count = self_count + 1;
    timer_cancel(&self);
}

TEST(timer, function_may_start_its_own_timer_anew)
{
    require_tick();
    self_count = 0;
    timer_start(&self, 0, 0, restart_self, nullptr);
    CHECK(wait_until(&self_count, 5));
    let_pass(3);
    CHECK_EQUAL(self_count, 5);
}

TEST(timer, function_may_cancel_its_own_period)
{
    require_tick();
    self_count = 0;
    timer_start(&self, MS, MS, cancel_self, nullptr);
    CHECK(wait_until(&self_count, 1));
    let_pass(5);
    CHECK_EQUAL(self_count, 1);
    CHECK_EQUAL(timer_cancel(&self), false);
}

TEST(timer, running_timer_is_started_anew)
{
    static struct timer timer;
    static unsigned first, second;
    require_tick();
    first = second = 0;
    timer_start(&timer, 1'000'000 * MS, 0, count_up, &first);
    timer_start(&timer, MS, 0, count_up, &second);
    CHECK(wait_until(&second, 1));
    let_pass(3);
    CHECK_EQUAL(first, 0);
    CHECK_EQUAL(second, 1);
}

TEST(timer, time_beyond_all_time_is_never)
{
    static struct timer timers[2];
    static unsigned count;
    require_tick();
    count = 0;
    timer_start(&timers[0], UINT64_MAX, 0, count_up, &count);
    timer_start(&timers[1], UINT64_MAX - 1, UINT64_MAX, count_up, &count);
    let_pass(3);
    bool first = timer_cancel(&timers[0]), second = timer_cancel(&timers[1]);
    CHECK_EQUAL(count, 0);
    CHECK(first && second);
}

// Whoever interrupts starting and cancelling, at each instruction where interrupts are open, may do the same.
constexpr uint8_t DEBUG_EXCEPTION = 1;
constexpr uint64_t FAR = 1'000'000 * MS; // none of these is due in this test
constexpr unsigned ROUNDS = 20;
static struct timer intruder;
static bool is_intruder_first; // else its time lies among those of the others
static volatile unsigned intrusions, lost_intruders;

static bool intrude(struct trap_frame *frame)
{
    if (!(frame->rflags & CPU_RFLAGS_INTERRUPT))
        return true;
    uint64_t delay_ns = is_intruder_first ? FAR - intrusions : FAR + intrusions % 9 * MS;
    timer_start(&intruder, delay_ns, 0, count_up, nullptr);
    if (!timer_cancel(&intruder))
        lost_intruders = lost_intruders + 1;
    intrusions = intrusions + 1;
    return true;
}

static unsigned lose_timers(struct timer *timers, unsigned count)
{
    unsigned lost = 0;
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" : : : "memory", "cc");
    for (unsigned i = 0; i < count; i++)
        timer_start(&timers[i], FAR + i * MS, 0, count_up, nullptr);
    for (unsigned i = 0; i < count; i++)
        lost += !timer_cancel(&timers[i]);
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" : : : "memory", "cc");
    return lost;
}

TEST(timer, timers_may_be_started_and_cancelled_at_every_instruction)
{
    static struct timer timers[8];
    require_tick();
    unsigned lost = 0;
    intrusions = lost_intruders = 0;
    exception_set_handler(DEBUG_EXCEPTION, intrude);
    for (unsigned i = 0; i < 2 * ROUNDS; i++) {
        is_intruder_first = i < ROUNDS;
        lost += lose_timers(timers, 8);
    }
    exception_set_handler(DEBUG_EXCEPTION, nullptr);
    test_note("%u intrusions", intrusions);
    CHECK(intrusions > 2 * ROUNDS * 8);
    CHECK_EQUAL(lost, 0);
    CHECK_EQUAL(lost_intruders, 0);
    CHECK(wait_for_one_shot());
}

// So many that one tick cannot run them all; each notes the tick that it ran in.
constexpr unsigned CROWD = 3 * TIMER_LIMIT_PER_TICK + 5;
static struct timer crowd[CROWD];
static uint64_t crowd_ticks[CROWD];
static volatile unsigned crowd_count;

static void note_tick(void *)
{
    crowd_ticks[crowd_count] = time_tick_count();
    crowd_count = crowd_count + 1;
}

TEST(timer, no_tick_runs_more_than_its_limit)
{
    require_tick();
    crowd_count = 0;
    uint64_t flags = cpu_interrupts_disable();
    for (unsigned i = 0; i < CROWD; i++)
        timer_start(&crowd[i], 0, 0, note_tick, nullptr);
    cpu_interrupts_restore(flags);
    CHECK(wait_until(&crowd_count, CROWD));
    for (unsigned i = TIMER_LIMIT_PER_TICK; i < CROWD; i++)
        CHECK(crowd_ticks[i] > crowd_ticks[i - TIMER_LIMIT_PER_TICK]);
    CHECK_EQUAL(crowd_ticks[0], crowd_ticks[TIMER_LIMIT_PER_TICK / 2]); // the kernel's own timers may take their part
}
