// SPDX-License-Identifier: MIT
// A grid of character cells as VGA text mode has them (character in the low byte, attribute in the high byte), with a
// copy in RAM that mirrors the card. Video memory is some hundred times slower than RAM: it is read once, when it is
// adopted, and after that only cells that change are written. Owns the copy and the text position; knows no register.
// Exported names start with text_screen_. No lock: the caller sees to it that there is one writer.
//
// Text is ASCII. LF starts a new line, CR and backspace move, tab moves to the next column of 8; any other control
// character, and each UTF-8 sequence as a whole, shows as one filled square. The last column does not wrap until
// another character comes. A full screen scrolls by one line: O(columns in use).
#pragma once
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

constexpr unsigned TEXT_SCREEN_MAX_COLUMNS = 132;
constexpr unsigned TEXT_SCREEN_MAX_ROWS = 60;
constexpr unsigned TEXT_SCREEN_CELLS_PER_WORD = 4;
constexpr uint8_t TEXT_SCREEN_PLAIN = 0x07;  // light grey on black
constexpr uint8_t TEXT_SCREEN_SQUARE = 0xfe; // of code page 437

union text_screen_row {
    uint16_t cells[TEXT_SCREEN_MAX_COLUMNS];
    uint64_t words[TEXT_SCREEN_MAX_COLUMNS / TEXT_SCREEN_CELLS_PER_WORD];
};

struct text_screen {
    volatile uint16_t *card;
    unsigned columns, rows;
    unsigned card_stride;   // cells from one row to the next
    unsigned column, row;   // where the next character goes; column == columns: at the start of the next row
    unsigned sequence_left; // continuation bytes still expected
    uint8_t attribute;
    uint8_t used[TEXT_SCREEN_MAX_ROWS]; // columns beyond are blank
    union text_screen_row shadow[TEXT_SCREEN_MAX_ROWS];
};
static_assert(sizeof(union text_screen_row) == 2 * TEXT_SCREEN_MAX_COLUMNS, "rows are whole words");

// Take over a card with what it shows; text goes on at ROW, or below it when COLUMN is not 0. Values outside the grid
// are brought to the last row. STATUS_UNSUPPORTED leaves SCREEN alone: the grid is empty or larger than the limits
// above, or columns and stride are not multiples of TEXT_SCREEN_CELLS_PER_WORD (40, 80 and 132 are).
[[nodiscard]] enum status text_screen_adopt(struct text_screen *screen, volatile uint16_t *card, unsigned columns,
                                            unsigned rows, unsigned card_stride, unsigned row, unsigned column);

// How characters look from here on.
void text_screen_set_attribute(struct text_screen *screen, uint8_t attribute);

void text_screen_write(struct text_screen *screen, const char *text, size_t length);

// Bring a position that was caught half-changed back into the grid: for writing from an exception.
void text_screen_repair(struct text_screen *screen);
