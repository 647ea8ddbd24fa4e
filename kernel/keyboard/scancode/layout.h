// SPDX-License-Identifier: MIT
// What a layout is made of. Data only: text.c reads it, layout.c holds the layouts.
#pragma once
#include <stdint.h>

// What stands in a layout's table for a dead key: the combining mark of its accent, which no key types by itself.
constexpr uint16_t ACCENT_GRAVE = 0x0300;
constexpr uint16_t ACCENT_ACUTE = 0x0301;
constexpr uint16_t ACCENT_CIRCUMFLEX = 0x0302;
constexpr uint16_t ACCENT_DIAERESIS = 0x0308;

// The keys that type text, in the order of their rows from top to bottom and from left to right: 13 from KEY_GRAVE, 12
// from KEY_Q, 12 from KEY_A (KEY_BACKSLASH is the last one), 11 from KEY_102ND.
constexpr unsigned LAYOUT_POSITIONS = 13 + 12 + 12 + 11;

// Each level is a string: shift adds 1, AltGr adds 2.
constexpr unsigned LEVEL_SHIFT = 1;
constexpr unsigned LEVEL_ALTGR = 2;
constexpr unsigned LEVELS = 4;

struct scancode_layout {
    const char *name;
    bool has_altgr; // without it, both Alt keys are the same
    uint8_t keypad_separator;
    uint16_t text[LEVELS][LAYOUT_POSITIONS + 1]; // a space: the key types nothing
};
