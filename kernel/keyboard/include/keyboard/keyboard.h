// SPDX-License-Identifier: MIT
// The PS/2 keyboard: from the i8042 controller to key events. Owns the controller's two ports, the keyboard's state and
// the choice of layout; knows nothing of who reads. Exported names start with keyboard_. One reader.
#pragma once
#include <lib/status.h>
#include <scancode/scancode.h>
#include <stdint.h>

// Set up the controller and the keyboard, register the interrupt, and use the layout called LAYOUT_NAME (nullptr: US).
// Every wait is bounded. MAY_BE_ABSENT: the firmware says that there is no controller. STATUS_NOT_FOUND when no
// controller or no keyboard answers. Logs what it found; an unknown layout is an error in the log, and US is used.
enum status keyboard_init(const char *layout_name, bool is_said_to_be_absent);

// Take the next event, if there is one. Does not wait. Not from interrupt handlers.
[[nodiscard]] bool keyboard_read(struct key_event *event);

// Bytes that came faster than they were read.
uint32_t keyboard_lost_count(void);
