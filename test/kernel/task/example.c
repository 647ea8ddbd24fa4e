// SPDX-License-Identifier: MIT
// The example of docs/tasks.md: two tasks, one of each kind. test/kernel/run.py types.
#include <framework/test.h>
#include <lib/panic.h>
#include <log/log.h>
#include <task/input.h>
#include <task/task.h>
#include <time/time.h>

// Show each key that gives a character, until Enter.
static void echo_keys(void *)
{
    struct key_event event;
    while (input_read_key(&event) == STATUS_OK && event.codepoint != '\n') {
        if (event.is_pressed && event.codepoint != 0)
            log_info("keys", "%c", (char)event.codepoint);
    }
}

// What the other task keeps between its steps.
struct counter {
    uint64_t due_ns;
    unsigned count;
};

// Count tenths of a second, ten of them.
static enum task_step count_tenths(void *context)
{
    struct counter *self = context;
    if (task_sleep_until(self->due_ns) == STATUS_WAITING)
        return TASK_WAITS;
    self->due_ns += 100'000'000;
    return ++self->count < 10 ? TASK_YIELDS : TASK_ENDS;
}

static void run_both(struct counter *counter)
{
    struct task_options keys = {.name = "keys", .run = echo_keys, .class = TASK_NORMAL};
    struct task_options tenths = {.name = "tenths", .step = count_tenths, .context = counter, .class = TASK_BACKGROUND};
    if (task_spawn(&keys, nullptr) != STATUS_OK || task_spawn(&tenths, nullptr) != STATUS_OK)
        panic("no memory for two tasks");
    task_run(); // until both have ended
}

TEST(example, keys_are_echoed_while_another_task_runs)
{
    NEEDS_DRIVER();
    struct counter counter = {.due_ns = time_now_ns()};
    input_init();
    test_note("ready");
    run_both(&counter);
    CHECK_EQUAL(counter.count, 10);
    CHECK_EQUAL(task_count(), 0);
}
