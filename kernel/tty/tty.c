// SPDX-License-Identifier: MIT
// The two listeners, a task each, and the stream in which they meet. Called by whoever reads; must not know what for.
#include <console/console.h>
#include <key_bytes/key_bytes.h>
#include <task/channel.h>
#include <task/input.h>
#include <task/task.h>
#include <tty/tty.h>

constexpr uint8_t CONTROL_C = 0x03;

// As much as somebody may paste while a command runs: Ctrl-C behind it is still heard. What is beyond waits outside.
static uint8_t storage[64 * 1024];
static struct channel typed = CHANNEL_INIT(storage, CHANNEL_WAITS);

static struct tty_interrupt receiver;

enum status tty_read(uint8_t *byte)
{
    return channel_receive(&typed, byte);
}

bool tty_has_input(void)
{
    return typed.count != 0;
}

struct tty_interrupt tty_set_interrupt(struct tty_interrupt interrupt)
{
    struct tty_interrupt before = receiver;
    receiver = interrupt;
    return before;
}

static void forget_typed(void)
{
    uint8_t byte;
    while (typed.count != 0 && channel_receive(&typed, &byte) == STATUS_OK)
        ;
}

static void take(uint8_t byte)
{
    if (byte == CONTROL_C && receiver.function != nullptr) {
        forget_typed();
        receiver.function(receiver.context);
        return;
    }
    (void)channel_send(&typed, &byte); // it is never closed, and nobody cancels a listener
}

// Returns whether EVENT was one of the keys by which a person looks back.
static bool look_back(const struct key_event *event)
{
    bool is_up = event->key == KEY_PAGE_UP, is_down = event->key == KEY_PAGE_DOWN;
    if (!event->is_pressed || !(event->modifiers & KEY_MODIFIER_SHIFT) || (!is_up && !is_down))
        return false;
    console_look_back(is_up ? 1 : -1);
    return true;
}

static void listen_to_keyboard(void *)
{
    struct key_event event;
    while (input_read_key(&event) == STATUS_OK) {
        uint8_t bytes[KEY_BYTES_LIMIT];
        size_t count = look_back(&event) ? 0 : key_bytes(&event, bytes);
        if (count != 0 && bytes[0] != CONTROL_C && typed.capacity - typed.count < count)
            continue; // a person at the keyboard must not wait for it, or Ctrl-C would
        for (size_t i = 0; i < count; i++)
            take(bytes[i]);
    }
}

// Input that does not end must not keep the others from their work.
static void listen_to_serial(void *)
{
    uint8_t byte;
    while (input_read_serial(&byte) == STATUS_OK) {
        take(byte);
        task_yield();
    }
}

static const struct task_options options[] = {
    {.name = "keyboard", .run = listen_to_keyboard, .class = TASK_URGENT},
    {.name = "serial", .run = listen_to_serial, .class = TASK_URGENT},
};
static struct task *listeners[sizeof options / sizeof *options];

// Of the screen's terminal, while a task writes to it. It must not wait for room: what has none is lost, as a line is
// that overruns.
static void take_answer(void *, const char *text, size_t length)
{
    if (task_current() == nullptr || typed.capacity - typed.count < length)
        return;
    for (size_t i = 0; i < length; i++)
        (void)channel_send(&typed, &text[i]); // there is room, so it does not wait
}

enum status tty_init(void)
{
    input_init();
    console_set_answer(take_answer, nullptr);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        enum status status = task_spawn(&options[i], &listeners[i]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

void tty_end(void)
{
    for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++) {
        task_cancel(listeners[i]);
        task_detach(listeners[i]);
    }
}
