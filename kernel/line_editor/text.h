// SPDX-License-Identifier: MIT
// Characters of a line, which is UTF-8 without mistakes: the decoder lets nothing else in. For the editor alone.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Where the character before, or behind, the one at AT begins, its combining marks included; AT is no end of that side.
size_t text_before(const char *text, size_t at);
size_t text_behind(const char *text, size_t length, size_t at);

// Write CODEPOINT to BYTES; returns how many there are.
size_t text_encode(uint32_t codepoint, char bytes[static 4]);

// The character at AT: its length in bytes and the cells that it takes. A control character is shown as ^X, a mark that
// has nothing to combine with on a dotted circle.
struct text_character {
    uint8_t bytes, cells;
    bool is_control, is_alone;
};
struct text_character text_character(const char *text, size_t at);

// Where the word before AT begins, and the one behind AT ends. Words are letters, digits and all that is not ASCII.
size_t text_word_start(const char *text, size_t at);
size_t text_word_end(const char *text, size_t length, size_t at);
