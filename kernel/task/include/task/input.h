// SPDX-License-Identifier: MIT
// Keyboard and serial line as tasks see them. One reader each. Exported names start with input_.
#pragma once
#include <lib/status.h>
#include <scancode/scancode.h>
#include <stdint.h>

// From here on the devices wake their reader. After keyboard_init() and serial_input_enable().
void input_init(void);

// Await the next event of the keyboard.
[[nodiscard]] enum status input_read_key(struct key_event *event);

// Await the next byte from the serial line.
[[nodiscard]] enum status input_read_serial(uint8_t *byte);
