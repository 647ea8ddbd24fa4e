// SPDX-License-Identifier: MIT
// What a key types: private to scancode.
#pragma once
#include <scancode/scancode.h>

// The character that KEY types with MODIFIERS, or the accent of a dead key (layout.h), or 0. A codepoint's plane is 0.
uint16_t text_of_key(const struct scancode_layout *layout, enum key key, uint8_t modifiers);

bool text_is_accent(uint16_t symbol);

// The character that ACCENT stands for alone.
uint16_t text_spacing_accent(uint16_t accent);

// LETTER with ACCENT, or 0 when there is no such character.
uint16_t text_compose(uint16_t accent, uint16_t letter);
