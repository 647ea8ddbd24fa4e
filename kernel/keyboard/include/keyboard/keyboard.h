// SPDX-License-Identifier: MIT
// The PS/2 keyboard: from the i8042 controller to key events. Owns the controller's two ports, the keyboard's state and
// the choice of layout; knows nothing of who reads. Exported names start with keyboard_. One reader.
#pragma once
#include <lib/status.h>
#include <scancode/scancode.h>
#include <stdint.h>

// Set up the controller and the keyboard, register the interrupt (after irq_init(); interrupts may be closed or open),
// and use the layout called LAYOUT_NAME (nullptr: US). Every wait is bounded; without an answer all of them together
// take about two seconds, but minutes where each look at the ports costs 50 us because the firmware emulates them.
// STATUS_NOT_FOUND when no controller or no keyboard answers, or its line cannot be had. Logs
// in one line what it found; an unknown layout is an error in the log, and US is used. IS_SAID_TO_BE_ABSENT: the
// firmware's tables say that there is no controller. Its ports are asked all the same, because tables have been wrong
// in both ways.
enum status keyboard_init(const char *layout_name, bool is_said_to_be_absent);

// Whether one was found.
[[nodiscard]] bool keyboard_is_present(void);

// The layout's name; and from the next key on, another. STATUS_NOT_FOUND: there is none called NAME. For the reader's
// context. From keyboard_init() on.
const char *keyboard_layout(void);
enum status keyboard_set_layout(const char *name);

// Take the next event, if there is one. Does not wait. Not from interrupt handlers. It is also what keeps the lights of
// the locks right, one byte a call.
[[nodiscard]] bool keyboard_read(struct key_event *event);

// Call FUNCTION(CONTEXT) from the interrupt handler whenever there may be an event. It must not call this module.
// nullptr: nobody.
typedef void keyboard_listener_fn(void *context);
void keyboard_set_listener(keyboard_listener_fn *function, void *context);

// Bytes that came faster than they were read. All keys that are down get a release event in the place of what was lost.
uint32_t keyboard_lost_count(void);
