// SPDX-License-Identifier: MIT
// Sleep: in the order of time, whoever sleeps, and never shorter than asked for.
#include <lib/string.h>
#include <task/spawn.h>
#include <time/time.h>

constexpr uint64_t MS = 1'000'000;
constexpr unsigned COUNT = 6;

static struct trace trace;

struct sleeper {
    char letter;
    uint64_t due_ns, woke_ns;
    enum status status;
};

static void wake_up(struct sleeper *self, enum status status)
{
    self->status = status;
    self->woke_ns = time_now_ns();
    trace_add(&trace, self->letter);
}

constexpr uint64_t ALL_SLEEP_NS = 200 * MS; // by then, on the busiest host

static void sleep_once(void *context)
{
    struct sleeper *self = context;
    wake_up(self, task_sleep_until(self->due_ns));
}

static enum task_step sleep_by_steps(void *context)
{
    struct sleeper *self = context;
    enum status status = task_sleep_until(self->due_ns);
    if (status == STATUS_WAITING)
        return TASK_WAITS;
    wake_up(self, status);
    return TASK_ENDS;
}

static void require_tick(void)
{
    if (!time_has_tick())
        SKIP("this machine has no tick");
}

static void sleep_all(struct sleeper *sleepers)
{
    trace = (struct trace){};
    for (unsigned i = 0; i < COUNT; i++)
        start(i % 2 == 0 ? sequential(sleep_once, &sleepers[i]) : stepwise(sleep_by_steps, &sleepers[i]));
    task_run();
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK_EQUAL(sleepers[i].status, STATUS_OK);
        CHECK(sleepers[i].woke_ns >= sleepers[i].due_ns);
    }
}

TEST(task, sleepers_wake_in_the_order_of_their_times_and_not_early)
{
    require_tick();
    static const uint64_t delays_ns[COUNT] = {20 * MS, 4 * MS, 15 * MS, MS + 1, 11 * MS, 7 * MS + 500'000};
    struct sleeper sleepers[COUNT];
    uint64_t first_ns = time_now_ns() + ALL_SLEEP_NS;
    for (unsigned i = 0; i < COUNT; i++)
        sleepers[i] = (struct sleeper){.letter = (char)('a' + i), .due_ns = first_ns + delays_ns[i]};
    sleep_all(sleepers);
    CHECK_STRING(trace.text, "dbfeca");
}

TEST(task, sleepers_of_the_same_time_wake_in_the_order_in_which_they_lay_down)
{
    require_tick();
    struct sleeper sleepers[COUNT];
    uint64_t due_ns = time_now_ns() + ALL_SLEEP_NS;
    for (unsigned i = 0; i < COUNT; i++)
        sleepers[i] = (struct sleeper){.letter = (char)('a' + i), .due_ns = due_ns};
    sleep_all(sleepers);
    CHECK_STRING(trace.text, "abcdef");
}

TEST(task, time_that_has_passed_is_not_waited_for)
{
    struct sleeper sleepers[COUNT];
    for (unsigned i = 0; i < COUNT; i++)
        sleepers[i] = (struct sleeper){.letter = (char)('a' + i), .due_ns = i % 3 == 0 ? 0 : time_now_ns()};
    sleep_all(sleepers);
    CHECK_STRING(trace.text, "abcdef");
}

static volatile bool is_awake;
static unsigned busy_count;

static void sleep_for_5_ms(void *)
{
    (void)task_sleep_ns(5 * MS);
    is_awake = true;
}

static enum task_step be_busy(void *)
{
    busy_count++;
    return is_awake ? TASK_ENDS : TASK_YIELDS;
}

TEST(task, sleeper_wakes_while_others_are_busy)
{
    require_tick();
    is_awake = false;
    busy_count = 0;
    start(sequential(sleep_for_5_ms, nullptr));
    start_in(TASK_URGENT, stepwise(be_busy, nullptr));
    task_run();
    CHECK(busy_count > 5);
}
