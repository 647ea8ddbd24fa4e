// SPDX-License-Identifier: MIT
// kernel/task/channel.c: what is sent arrives once and in order, whoever sends and receives, and what happens when
// there is no room.
#include <lib/string.h>
#include <task/channel.h>
#include <task/spawn.h>

constexpr unsigned ITEM_COUNT = 500; // of each sender

struct item {
    uint32_t sender, number;
};

static struct item storage[3];
static struct channel channel;

static struct {
    unsigned count, next[4]; // by sender
    unsigned wrong, most_on_the_way;
} received;

static uint32_t sent[4];

static void start_test(uint32_t capacity, enum channel_policy policy)
{
    channel = (struct channel)CHANNEL_INIT(storage, policy);
    channel.capacity = capacity;
    memset(&received, 0, sizeof received);
    memset(sent, 0, sizeof sent);
}

// ---- senders and receivers of both kinds

static void send_all(void *context)
{
    struct item item = {.sender = *(uint32_t *)context};
    for (; item.number < ITEM_COUNT; item.number++) {
        if (channel_send(&channel, &item) != STATUS_OK)
            return;
        sent[item.sender]++;
    }
}

static enum task_step send_by_steps(void *context)
{
    struct item item = {.sender = *(uint32_t *)context};
    for (; sent[item.sender] < ITEM_COUNT; sent[item.sender]++) {
        item.number = sent[item.sender];
        enum status status = channel_send(&channel, &item);
        if (status != STATUS_OK)
            return status == STATUS_WAITING ? TASK_WAITS : TASK_ENDS;
    }
    return TASK_ENDS;
}

static void take(const struct item *item)
{
    unsigned on_the_way = 0;
    for (unsigned i = 0; i < 4; i++)
        on_the_way += sent[i];
    on_the_way -= received.count;
    if (on_the_way > received.most_on_the_way)
        received.most_on_the_way = on_the_way;
    if (item->number != received.next[item->sender])
        received.wrong++;
    received.next[item->sender] = item->number + 1;
    received.count++;
}

static void receive_all(void *)
{
    struct item item;
    while (channel_receive(&channel, &item) == STATUS_OK)
        take(&item);
}

static enum task_step receive_by_steps(void *)
{
    struct item item;
    enum status status;
    while ((status = channel_receive(&channel, &item)) == STATUS_OK)
        take(&item);
    return status == STATUS_WAITING ? TASK_WAITS : TASK_ENDS;
}

static void close_after(void *senders)
{
    for (unsigned i = 0; i < 4; i++)
        (void)task_join(((struct task **)senders)[i]);
    channel_close(&channel);
}

TEST(channel, both_kinds_of_tasks_send_and_receive_everything_once)
{
    static uint32_t numbers[] = {0, 1, 2, 3};
    for (uint32_t capacity = 1; capacity <= 3; capacity++) {
        start_test(capacity, CHANNEL_WAITS);
        start(sequential(receive_all, nullptr));
        start(stepwise(receive_by_steps, nullptr));
        struct task *senders[4];
        for (unsigned i = 0; i < 4; i++)
            senders[i] =
                start_kept(i % 2 == 0 ? sequential(send_all, &numbers[i]) : stepwise(send_by_steps, &numbers[i]));
        start(sequential(close_after, senders));
        task_run();
        CHECK_EQUAL(received.count, 4 * ITEM_COUNT);
        CHECK_EQUAL(received.wrong, 0);
        CHECK_EQUAL(channel.lost_count, 0);
        CHECK(channel.senders.first == nullptr && channel.receivers.first == nullptr);
    }
}

// ---- no room

static uint32_t one_sender = 0;
static uint32_t count_when_full;

// Looks when the sender has come to where it waits, and then takes everything.
static void look_and_receive(void *)
{
    for (unsigned i = 0; i < 5; i++)
        task_yield();
    count_when_full = channel.count;
    receive_all(nullptr);
}

static void send_all_and_close(void *sender)
{
    send_all(sender);
    channel_close(&channel);
}

TEST(channel, sender_waits_while_there_is_no_room)
{
    start_test(3, CHANNEL_WAITS);
    start(sequential(send_all_and_close, &one_sender));
    start(sequential(look_and_receive, nullptr));
    task_run();
    CHECK_EQUAL(count_when_full, 3);
    CHECK_EQUAL(received.count, ITEM_COUNT);
    CHECK_EQUAL(received.wrong, 0);
    CHECK_EQUAL(channel.lost_count, 0);
    CHECK(received.most_on_the_way <= 3 + 1); // and the one in the sender's hand
}

TEST(channel, newest_are_dropped_and_counted)
{
    start_test(3, CHANNEL_DROPS_NEWEST);
    start(sequential(send_all_and_close, &one_sender));
    start(sequential(receive_all, nullptr));
    task_run();
    CHECK_EQUAL(sent[0], ITEM_COUNT); // it has never waited
    CHECK_EQUAL(received.count, 3);
    CHECK_EQUAL(received.wrong, 0); // 0, 1, 2
    CHECK_EQUAL(channel.lost_count, ITEM_COUNT - 3);
}

TEST(channel, oldest_are_dropped_and_counted)
{
    start_test(3, CHANNEL_DROPS_OLDEST);
    received.next[0] = ITEM_COUNT - 3;
    start(sequential(send_all_and_close, &one_sender));
    start(sequential(receive_all, nullptr));
    task_run();
    CHECK_EQUAL(sent[0], ITEM_COUNT);
    CHECK_EQUAL(received.count, 3);
    CHECK_EQUAL(received.wrong, 0); // the last three
    CHECK_EQUAL(channel.lost_count, ITEM_COUNT - 3);
}

// ---- close

static enum status results[4];

static void receive_one(void *result)
{
    struct item item;
    *(enum status *)result = channel_receive(&channel, &item);
}

static void send_one(void *result)
{
    struct item item = {};
    *(enum status *)result = channel_send(&channel, &item);
}

static void close_when_all_wait(void *)
{
    task_yield();
    channel_close(&channel);
}

TEST(channel, close_wakes_all_who_wait_to_receive)
{
    start_test(1, CHANNEL_WAITS);
    for (unsigned i = 0; i < 4; i++)
        start(sequential(receive_one, &results[i]));
    start(sequential(close_when_all_wait, nullptr));
    task_run();
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQUAL(results[i], STATUS_CLOSED);
}

TEST(channel, close_wakes_all_who_wait_to_send_and_what_was_sent_is_there)
{
    start_test(1, CHANNEL_WAITS);
    for (unsigned i = 0; i < 3; i++)
        start(sequential(send_one, &results[i]));
    start(sequential(close_when_all_wait, nullptr));
    task_run();
    CHECK_EQUAL(results[0], STATUS_OK);
    CHECK_EQUAL(results[1], STATUS_CLOSED);
    CHECK_EQUAL(results[2], STATUS_CLOSED);
    start(sequential(receive_one, &results[0]));
    start(sequential(receive_one, &results[1]));
    start(sequential(send_one, &results[2]));
    task_run();
    CHECK_EQUAL(results[0], STATUS_OK);
    CHECK_EQUAL(results[1], STATUS_CLOSED);
    CHECK_EQUAL(results[2], STATUS_CLOSED);
}

// ---- who comes first

static struct trace trace;

static void receive_and_say(void *letter)
{
    struct item item;
    if (channel_receive(&channel, &item) == STATUS_OK)
        trace_add(&trace, *(char *)letter);
}

static struct task *second;

static void cancel_the_second_and_send_two(void *)
{
    struct item item = {};
    task_yield();
    task_cancel(second);
    task_yield();
    (void)channel_send(&channel, &item);
    (void)channel_send(&channel, &item);
}

TEST(channel, first_who_waits_is_served_first_and_who_gives_up_is_left_out)
{
    static char letters[] = "abc";
    start_test(1, CHANNEL_WAITS);
    trace = (struct trace){};
    start(sequential(receive_and_say, &letters[0]));
    second = start_kept(sequential(receive_and_say, &letters[1]));
    start(sequential(receive_and_say, &letters[2]));
    start(sequential(cancel_the_second_and_send_two, nullptr));
    task_run();
    task_detach(second);
    CHECK_STRING(trace.text, "ac");
}
