// SPDX-License-Identifier: MIT
// kernel/task/stream.c, with an interrupt handler at one end. What comes at which instruction: instruction.c.
#include <task/spawn.h>
#include <task/stream.h>
#include <time/time.h>
#include <time/timer.h>

constexpr uint64_t MS = 1'000'000;
constexpr unsigned BYTE_COUNT = 60;

static uint8_t storage[16];
static struct stream stream;
static struct timer timer;

static struct {
    unsigned count, wrong;
} received;

static void start_test(void)
{
    if (!time_has_tick())
        SKIP("this machine has no tick");
    stream = (struct stream)STREAM_INIT(storage);
    received.count = received.wrong = 0;
}

static void take(uint8_t byte)
{
    received.wrong += byte != (uint8_t)received.count;
    received.count++;
}

static void read_all(void *)
{
    uint8_t byte;
    while (received.count < BYTE_COUNT && stream_read(&stream, &byte) == STATUS_OK)
        take(byte);
}

static enum task_step read_by_steps(void *)
{
    uint8_t byte;
    while (received.count < BYTE_COUNT) {
        if (stream_read(&stream, &byte) == STATUS_WAITING)
            return TASK_WAITS;
        take(byte);
    }
    return TASK_ENDS;
}

// Three bytes a tick.
static void push_three(void *next)
{
    for (unsigned i = 0; i < 3; i++)
        (void)stream_push(&stream, (*(uint8_t *)next)++);
}

static void receive_from_the_tick(struct task_options reader)
{
    static uint8_t next;
    next = 0;
    start_test();
    start(reader);
    timer_start(&timer, 0, 1, push_three, &next);
    task_run();
    timer_cancel(&timer);
    CHECK_EQUAL(received.count, BYTE_COUNT);
    CHECK_EQUAL(received.wrong, 0);
    CHECK_EQUAL(stream.ring.lost, 0);
    CHECK(atomic_load(&stream.readable.waiter) == nullptr);
}

TEST(stream, bytes_of_an_interrupt_handler_reach_a_sequential_task)
{
    receive_from_the_tick(sequential(read_all, nullptr));
}

TEST(stream, bytes_of_an_interrupt_handler_reach_a_stepwise_task)
{
    receive_from_the_tick(stepwise(read_by_steps, nullptr));
}

TEST(stream, bytes_without_room_are_counted)
{
    start_test();
    for (unsigned i = 0; i < 20; i++)
        CHECK_EQUAL(stream_push(&stream, (uint8_t)i), i < 16);
    CHECK_EQUAL(stream.ring.lost, 4);
    uint8_t byte;
    for (unsigned i = 0; i < 16; i++) {
        CHECK(stream_pop(&stream, &byte));
        CHECK_EQUAL(byte, i);
    }
    CHECK(!stream_pop(&stream, &byte));
}

// ---- the other way round

static void write_all(void *)
{
    for (unsigned i = 0; i < BYTE_COUNT; i++) {
        if (stream_write(&stream, (uint8_t)i) != STATUS_OK)
            return;
    }
}

static enum task_step write_by_steps(void *context)
{
    unsigned *next = context;
    for (; *next < BYTE_COUNT; ++*next) {
        if (stream_write(&stream, (uint8_t)*next) == STATUS_WAITING)
            return TASK_WAITS;
    }
    return TASK_ENDS;
}

static void pop_three(void *)
{
    uint8_t byte;
    for (unsigned i = 0; i < 3 && stream_pop(&stream, &byte); i++)
        take(byte);
}

static void send_to_the_tick(struct task_options writer)
{
    start_test();
    start(writer);
    timer_start(&timer, 0, 1, pop_three, nullptr);
    task_run();
    timer_cancel(&timer);
    for (unsigned i = 0; i < 6; i++)
        pop_three(nullptr);
    CHECK_EQUAL(received.count, BYTE_COUNT);
    CHECK_EQUAL(received.wrong, 0);
    CHECK_EQUAL(stream.ring.lost, 0);
}

TEST(stream, sequential_writer_waits_for_an_interrupt_handler_to_take)
{
    send_to_the_tick(sequential(write_all, nullptr));
}

TEST(stream, stepwise_writer_waits_for_an_interrupt_handler_to_take)
{
    unsigned next = 0;
    send_to_the_tick(stepwise(write_by_steps, &next));
}

static enum status result;

static void read_with_a_deadline(void *)
{
    uint8_t byte;
    task_set_deadline(time_now_ns() + 2 * MS);
    result = stream_read(&stream, &byte);
}

TEST(stream, reader_gives_up_at_its_deadline)
{
    start_test();
    start(sequential(read_with_a_deadline, nullptr));
    task_run();
    CHECK_EQUAL(result, STATUS_TIMEOUT);
    CHECK(atomic_load(&stream.readable.waiter) == nullptr);
}
