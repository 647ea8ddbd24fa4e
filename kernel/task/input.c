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

static enum status await_until_next_look(void)
{
    enum status status = task_pause(time_now_ns() + LOOK_NS);
    if (status != STATUS_OK && status != STATUS_WAITING)
        task_await_done();
    return status;
}

enum status input_read_key(struct key_event *event)
{
    while (!keyboard_read(event)) {
        task_signal_arm(&keyboard_signal);
        if (keyboard_read(event))
            break;
        enum status status = await_until_next_look();
        if (status != STATUS_OK)
            return status;
    }
    task_await_done();
    return STATUS_OK;
}

enum status input_read_serial(uint8_t *byte)
{
    while (!serial_read(byte)) {
        task_signal_arm(&serial_signal);
        if (serial_read(byte))
            break;
        enum status status = await_until_next_look();
        if (status != STATUS_OK)
            return status;
    }
    task_await_done();
    return STATUS_OK;
}
