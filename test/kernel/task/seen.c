// SPDX-License-Identifier: MIT
// What tasks say about themselves: their times, their list, and who is named for holding the CPU.
#include <arch/tsc.h>
#include <task/spawn.h>
#include <time/time.h>

constexpr uint64_t MS = 1'000'000;

static void spin_ns(uint64_t span_ns)
{
    uint64_t start_ns = time_now_ns();
    while (time_now_ns() - start_ns < span_ns)
        continue;
}

static void spin_ticks(uint64_t span)
{
    uint64_t start = tsc_read();
    while (tsc_read() - start < span)
        continue;
}

// ---- accounts

constexpr uint64_t LONG = 3'000'000, SHORT = 100'000; // of the TSC

static void run_five_times(void *)
{
    for (unsigned i = 0; i < 4; i++) {
        spin_ticks(i == 1 ? LONG : SHORT);
        task_yield();
    }
}

static enum task_step take_two_steps(void *context)
{
    spin_ticks(LONG);
    return ++*(unsigned *)context == 2 ? TASK_ENDS : TASK_YIELDS;
}

static struct task_statistics seen[8];
static unsigned seen_count;

static void keep(void *, const struct task_statistics *statistics)
{
    if (seen_count < 8)
        seen[seen_count++] = *statistics;
}

static void look(void *)
{
    for (unsigned i = 0; i < 3; i++)
        task_yield();
    seen_count = 0;
    task_for_each(keep, nullptr);
}

TEST(task, times_are_kept_of_each_task)
{
    unsigned step_count = 0;
    struct task_options first = sequential(run_five_times, nullptr), second = stepwise(take_two_steps, &step_count);
    first.name = "first";
    second.name = "second";
    start(first);
    start_in(TASK_BACKGROUND, second); // has not run when it is looked at
    start(sequential(look, nullptr));
    task_run();
    CHECK_EQUAL(seen_count, 3);
    CHECK_STRING(seen[0].name, "first");
    CHECK_EQUAL(seen[0].run_count, 4);
    CHECK(seen[0].worst_ticks >= LONG);
    CHECK(seen[0].run_ticks >= LONG + 3 * SHORT);
    CHECK(seen[0].run_ticks >= seen[0].worst_ticks);
    CHECK(seen[0].is_sequential && !seen[0].is_running && !seen[0].is_cancelled);
    CHECK_STRING(seen[1].name, "second");
    CHECK_EQUAL(seen[1].class, TASK_BACKGROUND);
    CHECK_EQUAL(seen[1].run_count, 0);
    CHECK_EQUAL(seen[1].run_ticks, 0);
    CHECK(!seen[1].is_sequential && seen[1].is_ready && !seen[1].is_running);
    CHECK(seen[2].is_running && !seen[2].is_ready);
}

static void sleep_a_while(void *)
{
    (void)task_sleep_ns(30 * MS);
    seen_count = 0;
    task_for_each(keep, nullptr);
}

// The CPU's sleep is nobody's.
TEST(task, sleep_counts_for_nobody)
{
    if (!time_has_tick())
        SKIP("this machine has no tick");
    start(sequential(sleep_a_while, nullptr));
    uint64_t start_tsc = tsc_read();
    task_run();
    uint64_t span = tsc_read() - start_tsc;
    CHECK_EQUAL(seen_count, 1);
    CHECK_EQUAL(seen[0].run_count, 2);
    CHECK(seen[0].run_ticks < span / 2);
}

// ---- the watchdog

static void spin_politely(void *)
{
    for (uint64_t end_ns = time_now_ns() + 2 * TASK_PATIENCE_NS + 100 * MS; time_now_ns() < end_ns; task_yield())
        spin_ns(10 * MS);
}

static enum task_step spin_by_steps(void *end_ns)
{
    spin_ns(10 * MS);
    return time_now_ns() < *(uint64_t *)end_ns ? TASK_YIELDS : TASK_ENDS;
}

static void spin_without_a_pause(void *)
{
    spin_ns(2 * TASK_PATIENCE_NS + 100 * MS);
}

// The driver reads the log.
TEST(task, hog_is_named_once)
{
    NEEDS_DRIVER();
    uint64_t end_ns = time_now_ns() + 2 * TASK_PATIENCE_NS + 100 * MS;
    struct task_options polite = sequential(spin_politely, nullptr), polite_steps = stepwise(spin_by_steps, &end_ns),
                        hog = sequential(spin_without_a_pause, nullptr);
    polite.name = polite_steps.name = "polite";
    hog.name = "the hog";
    start(polite);
    start(polite_steps);
    task_run();
    start(hog);
    task_run();
    test_note("ready");
}
