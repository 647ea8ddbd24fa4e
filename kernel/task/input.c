// SPDX-License-Identifier: MIT
// Keyboard and serial line: their drivers keep what arrives, and say so from their interrupt handlers. Called by tasks;
// must not know what keys mean.
//
// A reader that waits looks by itself now and then: an edge of the keyboard's line may get lost, and a UART may have no
// line at all.
#include "parts.h"
#include <keyboard/keyboard.h>
#include <serial/serial.h>
#include <task/input.h>
#include <time/time.h>

constexpr uint64_t LOOK_NS = 20'000'000;

static struct task_signal keyboard_signal, serial_signal;

static void raise(void *signal)
{
    task_signal_raise(signal);
}

void input_init(void)
{
    keyboard_set_listener(raise, &keyboard_signal);
    serial_set_listener(raise, &serial_signal);
}

typedef bool take_fn(void *item);

// Await what TAKE finds, which SIGNAL announces.
static enum status await_item(struct task_signal *signal, take_fn *take, void *item)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !take(item)) {
        task_signal_arm(signal);
        if (take(item))
            break;
        status = task_pause(time_now_ns() + LOOK_NS);
    }
    if (status != STATUS_WAITING)
        task_await_done();
    return status;
}

static bool take_key(void *event)
{
    return keyboard_read(event);
}

static bool take_byte(void *byte)
{
    return serial_read(byte);
}

enum status input_read_key(struct key_event *event)
{
    return await_item(&keyboard_signal, take_key, event);
}

enum status input_read_serial(uint8_t *byte)
{
    return await_item(&serial_signal, take_byte, byte);
}
