// SPDX-License-Identifier: MIT
// kernel/task/input.c: keyboard and serial line wake the task that awaits them, of either kind. test/kernel/run.py
// types when a test prints "# ready".
#include <scancode/scancode.h>
#include <task/input.h>
#include <task/spawn.h>
#include <time/time.h>

constexpr uint64_t MS = 1'000'000;

static bool is_done;
static unsigned turn_count, turns_at_first; // of the other task; by the time that the first of what is awaited came

// Somebody else who is awake now and then. Once that has been seen to be so, the driver may type.
static void tick_along(void *)
{
    for (; !is_done; turn_count++) {
        if (turn_count == 1)
            test_note("ready"); // the reader waits by now
        (void)task_sleep_ns(2 * MS);
    }
}

static void run_beside_another(struct task_options reader)
{
    is_done = false;
    turn_count = turns_at_first = 0;
    input_init();
    start(sequential(tick_along, nullptr));
    start(reader);
    task_run();
}

static struct key_event events[2];

static void read_keys(void *)
{
    for (unsigned i = 0; i < 2; i++) {
        if (input_read_key(&events[i]) != STATUS_OK)
            break;
        turns_at_first = i == 0 ? turn_count : turns_at_first;
    }
    is_done = true;
}

TEST(input, keys_wake_a_sequential_task)
{
    NEEDS_DRIVER();
    run_beside_another(sequential(read_keys, nullptr));
    CHECK_EQUAL(events[0].key, KEY_A);
    CHECK(events[0].is_pressed && !events[1].is_pressed);
    CHECK_EQUAL(events[0].codepoint, 'a');
    CHECK(turns_at_first > 0); // who awaits lets others run
}

static enum task_step read_keys_by_steps(void *context)
{
    unsigned *count = context;
    for (; *count < 2; ++*count) {
        if (input_read_key(&events[*count]) == STATUS_WAITING)
            return TASK_WAITS;
        turns_at_first = *count == 0 ? turn_count : turns_at_first;
    }
    is_done = true;
    return TASK_ENDS;
}

TEST(input, keys_wake_a_stepwise_task)
{
    NEEDS_DRIVER();
    unsigned count = 0;
    run_beside_another(stepwise(read_keys_by_steps, &count));
    CHECK_EQUAL(events[0].key, KEY_A);
    CHECK(events[0].is_pressed && !events[1].is_pressed);
    CHECK(turns_at_first > 0); // who awaits lets others run
}

static struct trace typed;

static void read_line(void *)
{
    uint8_t byte;
    while (input_read_serial(&byte) == STATUS_OK && byte != '\n') {
        turns_at_first = typed.text[0] == '\0' ? turn_count : turns_at_first;
        trace_add(&typed, (char)byte);
    }
    is_done = true;
}

TEST(input, bytes_of_the_serial_line_wake_a_task)
{
    NEEDS_DRIVER();
    typed = (struct trace){};
    run_beside_another(sequential(read_line, nullptr));
    CHECK_STRING(typed.text, "wake up");
    CHECK(turns_at_first > 0); // who awaits lets others run
}

static enum status status_of_key, status_of_byte;

static void read_until_the_deadline(void *)
{
    struct key_event event;
    uint8_t byte;
    task_set_deadline(time_now_ns() + 5 * MS);
    while ((status_of_key = input_read_key(&event)) == STATUS_OK)
        continue;
    while ((status_of_byte = input_read_serial(&byte)) == STATUS_OK)
        continue;
}

TEST(input, nobody_types_until_the_deadline)
{
    if (!time_has_tick())
        SKIP("this machine has no tick");
    input_init();
    start(sequential(read_until_the_deadline, nullptr));
    task_run();
    CHECK_EQUAL(status_of_key, STATUS_TIMEOUT);
    CHECK_EQUAL(status_of_byte, STATUS_TIMEOUT);
}
