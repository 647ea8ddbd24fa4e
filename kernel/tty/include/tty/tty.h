// SPDX-License-Identifier: MIT
// What a person types, as one stream of bytes: the keyboard, which sends what a terminal's would (key_bytes), the
// serial line, at whose other end is a terminal, and the answers of the screen's own terminal. Owns the stream; knows
// nothing of what its bytes mean, but for the two keys below. One reader at a time. Exported names start with tty_.
//
// What finds no room waits: the serial line stops its sender then (serial/serial.h), so nothing that is pasted is lost.
//
//   Shift+PageUp, Shift+PageDown  look back and forth on the screen, and do not come to the reader
//   Ctrl-C                        goes to whoever has asked for it
#pragma once
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

// Start the tasks that listen. After input has been set up, and again after tty_end(). STATUS_NO_MEMORY: there is none
// for them.
[[nodiscard]] enum status tty_init(void);

// The tasks that listen end. What has been typed and not been read stays.
void tty_end(void);

// Await the next byte. For a task; returns early as await functions do (task/task.h).
[[nodiscard]] enum status tty_read(uint8_t *byte);

// Whether tty_read() would return a byte at once.
[[nodiscard]] bool tty_has_input(void);

// Who gets Ctrl-C: FUNCTION(CONTEXT) is called in a task that is not the reader's, and must not wait; what has been
// typed before it and not been read is forgotten. A FUNCTION of nullptr: nobody, Ctrl-C is a byte like any other, 0x03.
typedef void tty_interrupt_fn(void *context);
struct tty_interrupt {
    tty_interrupt_fn *function;
    void *context;
};

// From here on INTERRUPT has it. Returns who had it before.
struct tty_interrupt tty_set_interrupt(struct tty_interrupt interrupt);
