// SPDX-License-Identifier: MIT
// The conversation that sets a keyboard's lights, one byte at a time: the command, its acknowledgement, the value, its
// acknowledgement. The keyboard's keys may come in between, and its answers may not come at all: nobody waits. Owns
// what was sent and what was answered; knows no ports. Pure; called by keyboard. Exported names start with lights_ and
// LIGHT_. Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboards", command EDh.
#pragma once
#include <stdint.h>

constexpr uint8_t LIGHT_SCROLL_LOCK = 1 << 0;
constexpr uint8_t LIGHT_NUM_LOCK = 1 << 1;
constexpr uint8_t LIGHT_CAPS_LOCK = 1 << 2;

enum lights_step : uint8_t {
    LIGHTS_IDLE,
    LIGHTS_COMMAND_SENT,
    LIGHTS_COMMAND_ACKNOWLEDGED,
    LIGHTS_VALUE_SENT,
};

// All zero: a keyboard after its reset, all lights off.
struct lights {
    enum lights_step step;
    uint8_t shown;            // by the keyboard, as far as it has acknowledged
    uint8_t asked;            // of the keyboard last,
    uint8_t failure_count;    // ... and not taken so often
    uint8_t other_byte_count; // since the last byte was sent
};

// The byte to send now, if there is one, so that the keyboard comes to show WANTED (LIGHT_ bits). When it was sent,
// lights_sent() must be called; when it could not be, nothing.
[[nodiscard]] bool lights_next_byte(struct lights *lights, uint8_t wanted, uint8_t *byte);
void lights_sent(struct lights *lights);

// Look at a byte from the keyboard. Returns whether it was an answer; if not, it is a scancode. After LIGHTS_PATIENCE
// scancodes, the answer is taken not to come; after LIGHTS_TRIES failures, the keyboard is asked no more until other
// lights are wanted.
[[nodiscard]] bool lights_take_answer(struct lights *lights, uint8_t byte);

constexpr uint8_t LIGHTS_PATIENCE = 32;
constexpr uint8_t LIGHTS_TRIES = 3;
