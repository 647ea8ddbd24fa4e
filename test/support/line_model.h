// SPDX-License-Identifier: MIT
// A line editor as simple as can be, for tests of the real one: characters in an array, no screen. It knows a number of
// keys, each with the bytes that a terminal sends for it, and what prompt and line must look like.
#pragma once
#include <stddef.h>
#include <stdint.h>

constexpr size_t MODEL_LINE_LIMIT = 160; // characters
constexpr size_t MODEL_HISTORY = 4;      // lines kept
constexpr size_t MODEL_ROWS = 24;

struct model_text {
    uint32_t characters[MODEL_LINE_LIMIT];
    size_t length;
};

struct line_model {
    struct model_text line, killed, aside, history[MODEL_HISTORY]; // the newest line last
    size_t cursor, history_count, shown;
    size_t byte_limit; // of a line
};

// Keys are numbers below this. The last ones type characters: of ASCII, of two and three bytes, a wide one, a mark.
extern const unsigned model_key_count;

// The bytes of KEY, terminated.
const char *model_key_bytes(unsigned key);

// Whether KEY is Enter.
bool model_key_is_enter(unsigned key);

void model_init(struct line_model *model, size_t byte_limit);
void model_press(struct line_model *model, unsigned key);

// The line in UTF-8.
void model_utf8(const struct line_model *model, char text[static 4 * MODEL_LINE_LIMIT + 1]);

// Prompt and line in rows of COLUMNS cells: the character that begins in each cell, without marks; 0 in the second cell
// of a wide one, a blank behind the end of a row.
struct model_screen {
    uint32_t cells[MODEL_ROWS][128];
    size_t row_count, cursor_row, cursor_column;
    bool is_plain; // each character takes one cell
};
void model_draw(const struct line_model *model, const char *prompt, unsigned columns, struct model_screen *screen);
