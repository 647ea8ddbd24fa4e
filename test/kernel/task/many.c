// SPDX-License-Identifier: MIT
// Ten thousand tasks for ten seconds: they sleep, wake and send messages to each other, and at the end each message has
// arrived, nobody is left, and the memory that they took is free. The driver's part is an emulator in which the time
// that nobody works passes at once.
#include <arch/tsc.h>
#include <lib/string.h>
#include <task/channel.h>
#include <task/spawn.h>
#include <task/stream.h>
#include <time/time.h>
#include <time/timer.h>

typedef unsigned long long printable_t;

constexpr uint64_t MS = 1'000'000, SECOND = 1000 * MS;
constexpr unsigned TASK_COUNT = 10'000, OFFICE_COUNT = 100, SENDERS = TASK_COUNT / OFFICE_COUNT - 1; // of each office
constexpr unsigned SEQUENTIAL_SHARE = 25; // one in so many senders has a stack of its own
constexpr uint64_t SPAN_NS = 10 * SECOND;
constexpr uint64_t LATE_NS = 20 * MS; // that nobody sleeps longer than asked for, by far

struct message {
    uint32_t sender, number;
};

constexpr uint32_t LAST = UINT32_MAX; // of a sender

// One task receives, all others of the office send to it.
struct office {
    struct message items[4];
    struct channel channel;
    uint32_t received, senders_done, wrong;
    uint32_t next[SENDERS];
};

struct sender {
    struct office *office;
    uint32_t index, sent;
    uint64_t random, due_ns, sleeps;
    bool is_sending;
};

static struct {
    uint64_t start_ns, end_ns, most_late_ns;
    bool has_failed; // an await function returned what it must not
} all;

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x9e37'79b9'7f4a'7c15 >> 32;
}

// ---- senders: sleep for a while, send the next number, until the time is over

static void choose_sleep(struct sender *self)
{
    self->due_ns = time_now_ns() + 50 * MS + random_next(&self->random) % (300 * MS);
}

static void note_waking(struct sender *self)
{
    uint64_t late_ns = time_now_ns() - self->due_ns;
    all.has_failed |= time_now_ns() < self->due_ns;
    if (late_ns > all.most_late_ns)
        all.most_late_ns = late_ns;
    self->sleeps++;
}

static struct message next_message(const struct sender *self)
{
    return (struct message){self->index, self->due_ns >= all.end_ns ? LAST : self->sent};
}

static void send_sequentially(void *context)
{
    struct sender *self = context;
    struct message message;
    do {
        choose_sleep(self);
        all.has_failed |= task_sleep_until(self->due_ns) != STATUS_OK;
        note_waking(self);
        message = next_message(self);
        all.has_failed |= channel_send(&self->office->channel, &message) != STATUS_OK;
        self->sent++;
    } while (message.number != LAST);
}

static enum task_step send_by_steps(void *context)
{
    struct sender *self = context;
    for (;;) {
        if (!self->is_sending) {
            if (self->due_ns == 0)
                choose_sleep(self);
            if (task_sleep_until(self->due_ns) == STATUS_WAITING)
                return TASK_WAITS;
            note_waking(self);
            self->is_sending = true;
        }
        struct message message = next_message(self);
        enum status status = channel_send(&self->office->channel, &message);
        if (status == STATUS_WAITING)
            return TASK_WAITS;
        all.has_failed |= status != STATUS_OK;
        self->sent++;
        self->is_sending = false;
        self->due_ns = 0;
        if (message.number == LAST)
            return TASK_ENDS;
    }
}

// ---- receivers

static void take(struct office *self, const struct message *message)
{
    uint32_t *next = &self->next[message->sender];
    if (message->number == LAST)
        self->senders_done++;
    else
        self->wrong += message->number != *next;
    ++*next;
    self->received++;
}

static void receive_sequentially(void *context)
{
    struct office *self = context;
    struct message message;
    while (self->senders_done < SENDERS) {
        all.has_failed |= channel_receive(&self->channel, &message) != STATUS_OK;
        take(self, &message);
    }
}

static enum task_step receive_by_steps(void *context)
{
    struct office *self = context;
    struct message message;
    while (self->senders_done < SENDERS) {
        enum status status = channel_receive(&self->channel, &message);
        if (status == STATUS_WAITING)
            return TASK_WAITS;
        all.has_failed |= status != STATUS_OK;
        take(self, &message);
    }
    return TASK_ENDS;
}

// ---- bytes from an interrupt handler meanwhile

static uint8_t storage[16];
static struct stream stream;
static uint32_t pushed, read_count;

static void push_byte(void *)
{
    if (time_now_ns() < all.end_ns)
        (void)stream_push(&stream, (uint8_t)pushed++);
}

static void read_bytes(void *)
{
    uint8_t byte;
    task_set_deadline(all.end_ns);
    while (stream_read(&stream, &byte) == STATUS_OK)
        all.has_failed |= byte != (uint8_t)read_count++;
}

// ---- all of them

static enum task_class class_of(unsigned number)
{
    return number % 10 == 0 ? TASK_URGENT : number % 3 == 0 ? TASK_BACKGROUND : TASK_NORMAL;
}

static void start_office(struct office *office, struct sender *senders, unsigned number)
{
    office->channel = (struct channel)CHANNEL_INIT(office->items, CHANNEL_WAITS);
    start_in(class_of(number),
             number % 2 == 0 ? sequential(receive_sequentially, office) : stepwise(receive_by_steps, office));
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.office = office, .index = i, .random = number * SENDERS + i + 1};
        start_in(class_of(i), i % SEQUENTIAL_SHARE == 0 ? sequential(send_sequentially, &senders[i])
                                                        : stepwise(send_by_steps, &senders[i]));
    }
}

// Long after the end: who is still there has missed something.
static void require_end(void *)
{
    (void)task_sleep_until(all.end_ns + 2 * SECOND);
    if (task_count() != 1)
        FAIL("%zu tasks have never come to their end: a wake-up was lost", task_count() - 1);
}

static void check_messages(const struct office *offices, const struct sender *senders)
{
    uint64_t sent = 0, received = 0, sleeps = 0;
    for (unsigned i = 0; i < OFFICE_COUNT; i++) {
        received += offices[i].received;
        CHECK_EQUAL(offices[i].wrong, 0);
        CHECK_EQUAL(offices[i].channel.lost_count, 0);
    }
    for (unsigned i = 0; i < OFFICE_COUNT * SENDERS; i++) {
        sent += senders[i].sent;
        sleeps += senders[i].sleeps;
    }
    test_note("%llu sleeps, %llu messages; the latest wake-up was %llu us late", (printable_t)sleeps,
              (printable_t)received, (printable_t)(all.most_late_ns / 1000));
    CHECK_EQUAL(received, sent);
    CHECK(received > 40ull * OFFICE_COUNT * SENDERS);
}

static void live_for(uint64_t span_ns, struct office *offices, struct sender *senders)
{
    static struct timer timer;
    all = (typeof(all)){};
    memset(offices, 0, OFFICE_COUNT * sizeof *offices);
    stream = (struct stream)STREAM_INIT(storage);
    pushed = read_count = 0;
    all.start_ns = time_now_ns();
    all.end_ns = all.start_ns + span_ns;
    struct holdings before = read_holdings();
    for (unsigned i = 0; i < OFFICE_COUNT; i++)
        start_office(&offices[i], &senders[i * SENDERS], i);
    struct holdings during = read_holdings();
    start(sequential(read_bytes, nullptr));
    start(sequential(require_end, nullptr));
    timer_start(&timer, 0, MS, push_byte, nullptr);
    task_run();
    timer_cancel(&timer);
    test_note("%u tasks have taken %zu bytes of the heap and %llu frames", TASK_COUNT, during.bytes - before.bytes,
              (printable_t)(before.free_frames - during.free_frames));
    check_blocks(before);
}

TEST(task, ten_thousand_live_for_ten_seconds)
{
    NEEDS_DRIVER();
    struct office *offices = kernel_heap_allocate(OFFICE_COUNT * sizeof *offices, 0);
    struct sender *senders = kernel_heap_allocate(OFFICE_COUNT * SENDERS * sizeof *senders, 0);
    CHECK(offices != nullptr && senders != nullptr);
    live_for(SECOND / 10, offices, senders); // what grows once has grown
    kernel_heap_trim();
    struct holdings before = read_holdings();
    live_for(SPAN_NS, offices, senders);
    kernel_heap_trim();
    check_holdings(before);
    check_messages(offices, senders);
    CHECK(!all.has_failed);
    CHECK(all.most_late_ns < LATE_NS);
    CHECK_EQUAL(read_count, pushed);
    CHECK(read_count > SPAN_NS / MS - 50);
    kernel_heap_free(senders);
    kernel_heap_free(offices);
}
