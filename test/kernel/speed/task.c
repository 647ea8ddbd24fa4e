// SPDX-License-Identifier: MIT
// How many instructions tasks take: made and run, switched between, woken by an interrupt handler, and woken while ten,
// a thousand and ten thousand of them wait. The driver's part is an emulator that counts one tick of the TSC for each
// instruction. test/speed/table.py makes the table of docs/performance.md from the notes.
#include <arch/cpu.h>
#include <speed/cost.h>
#include <task/channel.h>
#include <task/parts.h>
#include <task/spawn.h>
#include <task/stream.h>
#include <time/time.h>
#include <time/timer.h>

typedef unsigned long long printable_t;

constexpr uint64_t US = 1000, MS = 1000 * US;

static uint64_t rounded(uint64_t sum, uint64_t count)
{
    return (sum + count / 2) / count;
}

// What each of COUNT more of something costs: MEASURE(2 * COUNT) without MEASURE(COUNT). Once before, for what happens
// only the first time. No interrupt comes in between.
static uint64_t cost_of_one(uint64_t (*measure)(unsigned count), unsigned count)
{
    uint64_t flags = cpu_interrupts_disable();
    (void)measure(2 * count);
    uint64_t once = measure(count), twice = measure(2 * count);
    cpu_interrupts_restore(flags);
    return rounded(twice - once, count);
}

static uint64_t ticks_of_run(void)
{
    uint64_t start_tsc = tsc_read();
    task_run();
    return tsc_read() - start_tsc;
}

// ---- made, run, gone: one after the other, by a task, while others of their kind wait

constexpr unsigned LIVE_COUNT = 100;

static struct task_options child;
static bool spawn_has_failed;

static enum task_step end_at_once(void *)
{
    return TASK_ENDS;
}

static void return_at_once(void *)
{
}

static enum task_step spawn_again_and_again(void *context)
{
    unsigned *left = context;
    if ((*left)-- == 0)
        return TASK_ENDS;
    spawn_has_failed |= task_spawn(&child, nullptr) != STATUS_OK;
    return TASK_YIELDS;
}

static enum task_step step_again_and_again(void *context)
{
    unsigned *left = context;
    return (*left)-- == 0 ? TASK_ENDS : TASK_YIELDS;
}

static uint64_t spawn_and_run(unsigned count)
{
    start(stepwise(spawn_again_and_again, &count));
    return ticks_of_run();
}

static uint64_t step_alone(unsigned count)
{
    start(stepwise(step_again_and_again, &count));
    return ticks_of_run();
}

static uint64_t spawn_cost(struct task_options options, uint64_t own_ticks)
{
    child = options;
    return cost_of_one(spawn_and_run, 20) - own_ticks;
}

// Instead of tasks that wait, which would keep task_run() from returning, there are as many blocks of their size.
TEST(speed, task_spawn_and_run)
{
    NEEDS_DRIVER();
    constexpr uint64_t LIMIT = 150;
    void *live[LIVE_COUNT];
    for (unsigned i = 0; i < LIVE_COUNT; i++)
        live[i] = kernel_heap_allocate(task_bytes, 0);
    spawn_has_failed = false;
    uint64_t own = cost_of_one(step_alone, 20);
    uint64_t of_stepwise = spawn_cost(stepwise(end_at_once, nullptr), own);
    uint64_t of_sequential = spawn_cost(sequential(return_at_once, nullptr), own);
    for (unsigned i = 0; i < LIVE_COUNT; i++)
        kernel_heap_free(live[i]);
    test_note("measured: spawn and run, stepwise: %llu", (printable_t)of_stepwise);
    test_note("measured: spawn and run, sequential: %llu", (printable_t)of_sequential);
    CHECK(!spawn_has_failed);
    CHECK(of_stepwise >= 60); // fewer than a block of the heap and back, and some calls: something else was measured
    CHECK(!HAS_LIMITS || of_stepwise <= LIMIT);
}

// ---- switched

static unsigned round_count;

static void yield_again_and_again(void *)
{
    for (unsigned i = round_count; i > 0; i--)
        task_yield();
}

static uint64_t switch_between_two(unsigned count)
{
    round_count = count;
    start(sequential(yield_again_and_again, nullptr));
    start(sequential(yield_again_and_again, nullptr));
    return ticks_of_run();
}

static uint64_t switch_between_steps(unsigned count)
{
    unsigned left[2] = {count, count};
    start(stepwise(step_again_and_again, &left[0]));
    start(stepwise(step_again_and_again, &left[1]));
    return ticks_of_run();
}

static uint64_t switch_between_kinds(unsigned count)
{
    unsigned left = round_count = count;
    start(sequential(yield_again_and_again, nullptr));
    start(stepwise(step_again_and_again, &left));
    return ticks_of_run();
}

TEST(speed, task_switch)
{
    NEEDS_DRIVER();
    constexpr uint64_t LIMIT = 60;
    uint64_t ticks = rounded(cost_of_one(switch_between_two, 1000), 2);
    test_note("measured: switch, sequential: %llu", (printable_t)ticks);
    test_note("measured: switch, stepwise: %llu", (printable_t)rounded(cost_of_one(switch_between_steps, 1000), 2));
    test_note("measured: switch, mixed: %llu", (printable_t)rounded(cost_of_one(switch_between_kinds, 1000), 2));
    CHECK(ticks >= 30); // fewer than what is kept and a queue: something else was measured
    CHECK(!HAS_LIMITS || ticks <= LIMIT);
}

// ---- from an interrupt handler to the task

static uint8_t storage[4];
static struct stream stream;
static uint64_t raised_tsc, woke_tsc;

static void push_byte(void *)
{
    raised_tsc = tsc_read();
    (void)stream_push(&stream, 1);
}

static void read_byte(void *)
{
    uint8_t byte;
    (void)stream_read(&stream, &byte);
    woke_tsc = tsc_read();
}

static enum task_step read_byte_by_steps(void *)
{
    uint8_t byte;
    uint64_t now_tsc = tsc_read();
    if (stream_read(&stream, &byte) == STATUS_WAITING)
        return TASK_WAITS;
    woke_tsc = now_tsc;
    return TASK_ENDS;
}

// The CPU sleeps when the interrupt comes. From just before the push to what comes first in the task: the rest of the
// handler, its way out, the executor, and for a sequential task the end of stream_read().
static uint64_t wake_by_interrupt(struct task_options reader)
{
    static struct timer timer;
    stream = (struct stream)STREAM_INIT(storage);
    start(reader);
    timer_start(&timer, 5 * MS, 0, push_byte, nullptr);
    task_run();
    return woke_tsc - raised_tsc - cost_of_tsc();
}

TEST(speed, task_wake_up)
{
    NEEDS_DRIVER();
    constexpr uint64_t LIMIT = 450;
    uint64_t of_sequential = wake_by_interrupt(sequential(read_byte, nullptr));
    uint64_t of_stepwise = wake_by_interrupt(stepwise(read_byte_by_steps, nullptr));
    test_note("measured: interrupt to task, sequential: %llu", (printable_t)of_sequential);
    test_note("measured: interrupt to task, stepwise: %llu", (printable_t)of_stepwise);
    CHECK(of_sequential >= 60 && of_stepwise >= 60);
    CHECK(!HAS_LIMITS || (of_sequential <= LIMIT && of_stepwise <= LIMIT));
}

// ---- memory

static void wait_for_ever(void *)
{
    (void)task_sleep_until(UINT64_MAX);
}

static enum task_step wait_for_ever_by_steps(void *)
{
    return task_sleep_until(UINT64_MAX) == STATUS_WAITING ? TASK_WAITS : TASK_ENDS;
}

constexpr unsigned MEASURED_COUNT = 1000;

static struct holdings memory_of(struct task_options options)
{
    static struct task *tasks[MEASURED_COUNT];
    struct holdings before = read_holdings();
    for (unsigned i = 0; i < MEASURED_COUNT; i++)
        tasks[i] = start_kept(options);
    struct holdings during = read_holdings();
    for (unsigned i = 0; i < MEASURED_COUNT; i++)
        task_cancel(tasks[i]);
    task_run();
    for (unsigned i = 0; i < MEASURED_COUNT; i++)
        task_detach(tasks[i]);
    return (struct holdings){before.free_frames - during.free_frames, during.blocks - before.blocks,
                             during.bytes - before.bytes};
}

TEST(speed, task_memory)
{
    NEEDS_DRIVER();
    (void)memory_of(sequential(wait_for_ever, nullptr)); // the heap has grown, and the tables are there
    struct holdings of_stepwise = memory_of(stepwise(wait_for_ever_by_steps, nullptr));
    struct task_options small = sequential(wait_for_ever, nullptr);
    small.stack_bytes = PAGE_SIZE;
    struct holdings of_small = memory_of(small), of_sequential = memory_of(sequential(wait_for_ever, nullptr));
    test_note("measured: bytes of a stepwise task: %llu", (printable_t)rounded(of_stepwise.bytes, MEASURED_COUNT));
    test_note("measured: bytes of a sequential task: %llu",
              (printable_t)rounded(of_sequential.bytes + of_sequential.free_frames * PAGE_SIZE, MEASURED_COUNT));
    test_note("measured: bytes of a sequential task with a stack of one page: %llu",
              (printable_t)rounded(of_small.bytes + of_small.free_frames * PAGE_SIZE, MEASURED_COUNT));
    CHECK_EQUAL(of_stepwise.blocks, MEASURED_COUNT);
    CHECK_EQUAL(of_stepwise.free_frames, 0); // all of it is the heap's
    CHECK(of_stepwise.bytes <= MEASURED_COUNT * task_bytes * 102 / 100 && task_bytes <= 256);
    CHECK(of_sequential.free_frames < MEASURED_COUNT * (TASK_STACK_BYTES / PAGE_SIZE) * 102 / 100);
}

// ---- many that wait

constexpr unsigned MANY = 10'000;
constexpr unsigned COUNTS[] = {10, 1000, MANY};

struct listener {
    uint32_t item[1];
    struct channel channel;
    uint32_t count;
    uint64_t due_ns, random;
};

static struct listener *listeners;
static unsigned listener_count;

static enum task_step listen(void *context)
{
    struct listener *self = context;
    uint32_t item;
    enum status status;
    while ((status = channel_receive(&self->channel, &item)) == STATUS_OK)
        self->count += item;
    return status == STATUS_WAITING ? TASK_WAITS : TASK_ENDS;
}

constexpr unsigned MESSAGE_COUNT = 10'000;
static uint64_t message_ticks;

// To one after the other, in an order that jumps about; each has taken it before the next one is sent.
static void send_messages(void *)
{
    static const uint32_t ONE = 1;
    bool has_failed = false;
    task_yield(); // by now all wait
    uint64_t start_tsc = tsc_read();
    for (unsigned i = 0; i < MESSAGE_COUNT; i++) {
        struct listener *to = &listeners[i * 7919ull % listener_count];
        has_failed |= channel_send(&to->channel, &ONE) != STATUS_OK;
        task_yield();
    }
    message_ticks = tsc_read() - start_tsc;
    for (unsigned i = 0; i < listener_count; i++)
        channel_close(&listeners[i].channel);
    message_ticks = has_failed ? 0 : message_ticks;
}

static uint64_t cost_of_a_message(unsigned count)
{
    listener_count = count;
    for (unsigned i = 0; i < count; i++) {
        listeners[i] = (struct listener){};
        listeners[i].channel = (struct channel)CHANNEL_INIT(listeners[i].item, CHANNEL_WAITS);
        start(stepwise(listen, &listeners[i]));
    }
    start(sequential(send_messages, nullptr));
    uint64_t flags = cpu_interrupts_disable();
    task_run();
    cpu_interrupts_restore(flags);
    uint32_t received = 0;
    for (unsigned i = 0; i < count; i++)
        received += listeners[i].count;
    CHECK_EQUAL(received, MESSAGE_COUNT);
    return rounded(message_ticks, MESSAGE_COUNT);
}

// All of them sleep and wake again and again; what that costs is what they and the waker are charged with. What the
// waker does at each tick, also when nobody is to be woken, is left out: it is the tick's.
struct charges {
    uint64_t ticks, runs;        // of all tasks
    uint64_t waker_ticks, looks; // of the waker
};

static uint64_t end_ns;
static struct charges charged;

static enum task_step sleep_again_and_again(void *context)
{
    struct listener *self = context;
    for (;;) {
        if (self->due_ns == 0) {
            self->random = self->random * 6364136223846793005 + 1442695040888963407;
            self->due_ns = time_now_ns() + 20 * MS + (self->random >> 33) % (80 * MS);
        }
        if (task_sleep_until(self->due_ns) == STATUS_WAITING)
            return TASK_WAITS;
        self->due_ns = 0;
        if (time_now_ns() >= end_ns)
            return TASK_ENDS;
    }
}

static void add_up(void *, const struct task_statistics *statistics)
{
    charged.ticks += statistics->run_ticks;
    charged.runs += statistics->run_count;
}

static struct charges read_charges(void)
{
    charged = (struct charges){.waker_ticks = executor.waker.run_ticks, .looks = executor.waker.run_count};
    task_for_each(add_up, nullptr);
    return charged;
}

// When all of them have slept once, and before anybody comes to his end.
static void watch_sleepers(void *sum)
{
    (void)task_sleep_until(end_ns - 900 * MS);
    struct charges before = read_charges();
    (void)task_sleep_until(end_ns - 10 * MS);
    struct charges after = read_charges();
    *(struct charges *)sum = (struct charges){after.ticks - before.ticks, after.runs - before.runs,
                                              after.waker_ticks - before.waker_ticks, after.looks - before.looks};
}

static struct charges charges_of(unsigned count)
{
    struct charges sum = {};
    end_ns = time_now_ns() + 1000 * MS;
    start(sequential(watch_sleepers, &sum));
    for (unsigned i = 0; i < count; i++) {
        listeners[i] = (struct listener){.random = i};
        start(stepwise(sleep_again_and_again, &listeners[i]));
    }
    task_run();
    return sum;
}

static uint64_t cost_of_a_sleep(unsigned count)
{
    struct charges idle = charges_of(0), sum = charges_of(count);
    CHECK(sum.runs > 10ull * count);
    return rounded(sum.ticks + sum.waker_ticks - sum.looks * rounded(idle.waker_ticks, idle.looks), sum.runs);
}

static void measure_waiting(const char *by, uint64_t (*measure)(unsigned count), bool is_flat)
{
    listeners = kernel_heap_allocate(MANY * sizeof *listeners, 0);
    CHECK(listeners != nullptr);
    uint64_t costs[3];
    for (unsigned i = 0; i < 3; i++) {
        costs[i] = measure(COUNTS[i]);
        test_note("measured: wake-up by %s, %u tasks wait: %llu", by, COUNTS[i], (printable_t)costs[i]);
    }
    kernel_heap_free(listeners);
    CHECK(costs[0] >= 100);
    CHECK(!is_flat || (2 * costs[1] <= 3 * costs[0] && 2 * costs[2] <= 3 * costs[0]));
}

TEST(speed, task_messages)
{
    NEEDS_DRIVER();
    measure_waiting("message", cost_of_a_message, HAS_LIMITS);
}

TEST(speed, task_sleep)
{
    NEEDS_DRIVER();
    measure_waiting("time", cost_of_a_sleep, HAS_LIMITS);
}
