// SPDX-License-Identifier: MIT
// kernel/task/task.c and wait.c: how tasks end, who waits for that, how they are asked to, and that nothing of them is
// left behind.
#include <allocator/frame.h>
#include <arch/cpu.h>
#include <lib/string.h>
#include <task/channel.h>
#include <task/spawn.h>
#include <time/time.h>
#include <time/timer.h>

constexpr uint64_t MS = 1'000'000;

static void do_nothing(void *)
{
}

static enum task_step end_at_once(void *)
{
    return TASK_ENDS;
}

static void yield_three_times(void *)
{
    for (unsigned i = 0; i < 3; i++)
        task_yield();
}

// ---- join and detach

static enum status joined[4];
static size_t count_at_join;

static void join_all(void *context)
{
    struct task **tasks = context;
    for (unsigned i = 0; i < 4; i++)
        joined[i] = task_join(tasks[i]);
    count_at_join = task_count();
}

TEST(task, join_returns_when_the_task_has_ended)
{
    struct holdings before = read_holdings();
    struct task *tasks[] = {start_kept(sequential(yield_three_times, nullptr)),
                            start_kept(stepwise(end_at_once, nullptr)), start_kept(sequential(do_nothing, nullptr)),
                            start_kept(sequential(yield_three_times, nullptr))};
    memset(joined, 0xff, sizeof joined);
    start_in(TASK_URGENT, sequential(join_all, tasks)); // before the first of them has run
    task_run();
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQUAL(joined[i], STATUS_OK);
    CHECK_EQUAL(count_at_join, 1);
    check_blocks(before);
}

static enum task_step join_by_steps(void *task)
{
    joined[0] = task_join(task);
    return joined[0] == STATUS_WAITING ? TASK_WAITS : TASK_ENDS;
}

TEST(task, stepwise_task_joins_too)
{
    struct holdings before = read_holdings();
    struct task *task = start_kept(sequential(yield_three_times, nullptr));
    start_in(TASK_URGENT, stepwise(join_by_steps, task));
    task_run();
    CHECK_EQUAL(joined[0], STATUS_OK);
    check_blocks(before);
}

static void join_with_a_deadline_and_again(void *task)
{
    task_set_deadline(time_now_ns());
    joined[0] = task_join(task);
    task_set_deadline(UINT64_MAX);
    joined[1] = task_join(task);
}

TEST(task, join_that_was_given_up_can_be_repeated)
{
    struct holdings before = read_holdings();
    struct task *task = start_kept(sequential(yield_three_times, nullptr));
    start_in(TASK_URGENT, sequential(join_with_a_deadline_and_again, task));
    task_run();
    CHECK_EQUAL(joined[0], STATUS_TIMEOUT);
    CHECK_EQUAL(joined[1], STATUS_OK);
    check_blocks(before);
}

TEST(task, detached_task_goes_by_itself)
{
    struct holdings before = read_holdings();
    task_detach(start_kept(sequential(yield_three_times, nullptr))); // before it has run
    struct task *ended = start_kept(sequential(do_nothing, nullptr));
    struct task *stepwise_one = start_kept(stepwise(end_at_once, nullptr));
    task_run();
    task_detach(ended); // afterwards
    task_detach(stepwise_one);
    check_blocks(before);
}

// ---- cancel

static uint32_t storage[1];
static struct channel channel;
static enum status results[4];

static void receive_forever(void *result)
{
    uint32_t item;
    *(enum status *)result = channel_receive(&channel, &item);
}

static enum task_step receive_by_steps(void *result)
{
    uint32_t item;
    *(enum status *)result = channel_receive(&channel, &item);
    return *(enum status *)result == STATUS_WAITING ? TASK_WAITS : TASK_ENDS;
}

static void sleep_forever(void *result)
{
    *(enum status *)result = task_sleep_ns(UINT64_MAX);
}

static enum task_step sleep_by_steps(void *result)
{
    *(enum status *)result = task_sleep_until(UINT64_MAX);
    return *(enum status *)result == STATUS_WAITING ? TASK_WAITS : TASK_ENDS;
}

static void cancel_four(void *context)
{
    struct task **tasks = context;
    task_yield(); // all of them wait by now
    for (unsigned i = 0; i < 4; i++) {
        task_cancel(tasks[i]);
        task_cancel(tasks[i]);
    }
}

TEST(task, cancel_ends_every_wait)
{
    struct holdings before = read_holdings();
    channel = (struct channel)CHANNEL_INIT(storage, CHANNEL_WAITS);
    memset(results, 0, sizeof results);
    struct task *tasks[] = {
        start_kept(sequential(receive_forever, &results[0])), start_kept(stepwise(receive_by_steps, &results[1])),
        start_kept(sequential(sleep_forever, &results[2])), start_kept(stepwise(sleep_by_steps, &results[3]))};
    start(sequential(cancel_four, tasks));
    task_run();
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQUAL(results[i], STATUS_CANCELLED);
    CHECK(channel.receivers.first == nullptr && channel.receivers.last == nullptr);
    for (unsigned i = 0; i < 4; i++) {
        task_cancel(tasks[i]); // who has ended
        task_detach(tasks[i]);
    }
    task_run();
    check_blocks(before);
}

static void send_to_itself_and_receive(void *)
{
    uint32_t item = 7;
    results[0] = channel_send(&channel, &item);
    results[1] = channel_receive(&channel, &item); // is there
    results[2] = channel_receive(&channel, &item); // would have to wait
    results[3] = task_sleep_ns(MS);
}

// What is there can be had; whatever would have to wait returns.
TEST(task, cancelled_before_it_ran_a_task_still_gets_what_is_there)
{
    channel = (struct channel)CHANNEL_INIT(storage, CHANNEL_WAITS);
    struct task *task = start_kept(sequential(send_to_itself_and_receive, nullptr));
    task_cancel(task);
    task_run();
    task_detach(task);
    CHECK_EQUAL(results[0], STATUS_OK);
    CHECK_EQUAL(results[1], STATUS_OK);
    CHECK_EQUAL(results[2], STATUS_CANCELLED);
    CHECK_EQUAL(results[3], STATUS_CANCELLED);
}

static void cancel_oneself(void *)
{
    task_cancel(task_current());
}

static enum task_step cancel_oneself_by_steps(void *)
{
    task_cancel(task_current());
    return TASK_ENDS;
}

// It is in the queue when it ends: there somebody has to find it, and nobody may run it.
TEST(task, task_that_was_woken_and_ended_is_released)
{
    struct holdings before = read_holdings();
    for (unsigned round = 0; round < 2; round++) {
        start(sequential(cancel_oneself, nullptr));
        start(stepwise(cancel_oneself_by_steps, nullptr));
        if (round == 0)
            start(sequential(yield_three_times, nullptr)); // else they are the last ones
        task_run();
        check_blocks(before);
    }
}

static void join_one(void *task)
{
    joined[0] = task_join(task);
}

TEST(task, task_that_was_woken_and_ended_can_be_joined)
{
    struct holdings before = read_holdings();
    struct task *task = start_kept(sequential(cancel_oneself, nullptr));
    start_in(TASK_URGENT, sequential(join_one, task));
    task_run();
    CHECK_EQUAL(joined[0], STATUS_OK);
    check_blocks(before);
}

// ---- deadlines

static uint64_t woke_ns;

static void receive_until(void *deadline_ns)
{
    task_set_deadline(*(uint64_t *)deadline_ns);
    receive_forever(&results[0]);
    woke_ns = time_now_ns();
}

TEST(task, deadline_ends_a_wait_and_not_early)
{
    if (!time_has_tick())
        SKIP("this machine has no tick");
    channel = (struct channel)CHANNEL_INIT(storage, CHANNEL_WAITS);
    uint64_t deadline_ns = time_now_ns() + 3 * MS;
    start(sequential(receive_until, &deadline_ns));
    task_run();
    CHECK_EQUAL(results[0], STATUS_TIMEOUT);
    CHECK(woke_ns >= deadline_ns);
    CHECK(channel.receivers.first == nullptr);
}

// From the moment on at which its receiver is woken by the deadline, and before it runs.
static enum task_step send_at_the_deadline(void *deadline_ns)
{
    static const uint32_t ITEM = 42;
    if (time_now_ns() < *(uint64_t *)deadline_ns)
        return TASK_YIELDS;
    results[1] = channel_send(&channel, &ITEM);
    return TASK_ENDS;
}

static void receive_item_until(void *deadline_ns)
{
    task_set_deadline(*(uint64_t *)deadline_ns);
    results[0] = channel_receive(&channel, &storage[0]);
}

TEST(task, item_that_comes_with_the_deadline_is_not_lost)
{
    static uint32_t others[1];
    channel = (struct channel)CHANNEL_INIT(others, CHANNEL_WAITS);
    uint64_t deadline_ns = time_now_ns() + 20 * MS;
    storage[0] = 0;
    start_in(TASK_BACKGROUND, sequential(receive_item_until, &deadline_ns));
    start_in(TASK_BACKGROUND, stepwise(send_at_the_deadline, &deadline_ns));
    task_run();
    CHECK_EQUAL(results[0], STATUS_OK);
    CHECK_EQUAL(results[1], STATUS_OK);
    CHECK_EQUAL(storage[0], 42);
}

// ---- signals

static struct task_signal signal;

static bool is_there;

static void await_what_is_there(void *result)
{
    enum status status = STATUS_OK;
    while (!is_there && status == STATUS_OK) {
        task_signal_arm(&signal);
        status = task_await_signal();
    }
    task_await_done();
    *(enum status *)result = status;
}

static void cancel_and_let_another_wait(void *task)
{
    task_yield();
    task_cancel(task); // is woken, but runs after this one, which waits for the same
    start_in(TASK_URGENT, sequential(await_what_is_there, &results[1]));
    for (unsigned i = 0; i < 5; i++)
        task_yield();
    is_there = true;
    task_signal_raise(&signal);
}

TEST(task, who_gives_up_takes_no_signal_from_another)
{
    signal = (struct task_signal){};
    is_there = false;
    struct task *task = start_kept(sequential(await_what_is_there, &results[0]));
    start(sequential(cancel_and_let_another_wait, task));
    task_run();
    task_detach(task);
    CHECK_EQUAL(results[0], STATUS_CANCELLED);
    CHECK_EQUAL(results[1], STATUS_OK);
    CHECK(atomic_load(&signal.waiter) == nullptr);
}

// A step that goes on to another signal before the first one has come, which the contract forbids, and ends.
static enum task_step arm_two_and_end(void *other)
{
    task_signal_arm(&signal);
    task_signal_arm(other);
    return TASK_ENDS;
}

TEST(task, no_signal_remembers_a_task_that_has_ended)
{
    static struct task_signal other;
    signal = other = (struct task_signal){};
    start(stepwise(arm_two_and_end, &other));
    task_run();
    CHECK(atomic_load(&signal.waiter) == nullptr);
    CHECK(atomic_load(&other.waiter) == nullptr);
}

// ---- no memory

static void make_both_kinds(void)
{
    start(sequential(do_nothing, nullptr));
    start(stepwise(end_at_once, nullptr));
    task_run();
}

TEST(task, failed_allocation_of_the_heap_leaves_nothing_behind)
{
    make_both_kinds();
    struct holdings before = read_holdings();
    struct task_options options[] = {sequential(do_nothing, nullptr), stepwise(end_at_once, nullptr)};
    for (unsigned i = 0; i < 2; i++) {
        struct task *task = nullptr;
        kernel_heap_fail_at(1);
        enum status status = task_spawn(&options[i], &task);
        kernel_heap_fail_at(0);
        CHECK_EQUAL(status, STATUS_NO_MEMORY);
        CHECK(task == nullptr);
        CHECK_EQUAL(task_count(), 0);
        check_holdings(before);
    }
}

TEST(task, failed_allocation_of_a_stack_leaves_nothing_behind)
{
    make_both_kinds();
    struct holdings before = read_holdings();
    struct task_options options = sequential(do_nothing, nullptr);
    enum status status = STATUS_NO_MEMORY;
    unsigned failures = 0;
    for (uint64_t number = 1; status != STATUS_OK; number++) {
        struct task *task = nullptr;
        frame_fail_at(memory_frames(), number);
        status = task_spawn(&options, &task);
        frame_fail_at(memory_frames(), 0);
        if (status == STATUS_OK) {
            task_detach(task);
            break;
        }
        failures++;
        CHECK_EQUAL(status, STATUS_NO_MEMORY);
        CHECK(task == nullptr);
        CHECK_EQUAL(task_count(), 0);
        check_holdings(before);
        CHECK(number < 20);
    }
    task_run();
    check_holdings(before);
    CHECK(failures >= TASK_STACK_BYTES / PAGE_SIZE);
    options.stack_bytes = UINT32_MAX / PAGE_SIZE * PAGE_SIZE; // more than this machine has
    if (before.free_frames < UINT32_MAX / PAGE_SIZE)
        CHECK_EQUAL(task_spawn(&options, nullptr), STATUS_NO_MEMORY);
    check_holdings(before);
}

// ---- where it must not be

static enum task_step do_nothing_and_end(void *)
{
    return TASK_ENDS;
}

static void spawn_in_a_handler(void *)
{
    start(stepwise(do_nothing_and_end, nullptr));
}

// The memory of a task that has ended is at hand, so that the heap need not be asked.
static void leave_memory_and_wait(void *)
{
    static struct timer timer;
    struct task_options short_one = stepwise(do_nothing_and_end, nullptr);
    CHECK_EQUAL(task_spawn(&short_one, nullptr), STATUS_OK);
    task_yield();
    timer_start(&timer, 0, 0, spawn_in_a_handler, nullptr);
    (void)task_sleep_ns(100'000'000);
}

TEST_DIES(task, spawn_in_a_handler_ends_the_kernel, "a handler of an interrupt or an exception allocates memory")
{
    if (!time_has_tick())
        SKIP("this machine has no tick");
    start(sequential(leave_memory_and_wait, nullptr));
    task_run();
}
