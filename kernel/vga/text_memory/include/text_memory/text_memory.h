// SPDX-License-Identifier: MIT
// Text mode as memory: the 32 KiB of cells that the card has, and which part of them is the screen. Owns a copy of them
// in RAM, the shadow: video memory is some hundred times slower, so it is never read, and only cells that change are
// written. Knows no register; who calls it tells the card where the screen starts. Exported names start with
// text_memory_. No lock: see surface/surface.h. Interrupted by a writer that never returns, it stays within its bounds,
// and at most four cells look otherwise than they should.
//
// A cell of the card has the character of code page 437 in its low byte; then the foreground, four bits; then the
// background. The whole screen moves by moving its start, until that meets an end of the memory: then the rows that
// stay are written once more, from the shadow, some 160 lines later than the last time.
#pragma once
#include <stdint.h>
#include <surface/surface.h>

constexpr unsigned TEXT_MEMORY_CELLS = 32 * 1024 / sizeof(uint16_t);
constexpr unsigned TEXT_MEMORY_COLUMNS = 80;
constexpr unsigned TEXT_MEMORY_MAX_ROWS = 50;
constexpr unsigned TEXT_MEMORY_CELLS_PER_WORD = sizeof(uint64_t) / sizeof(uint16_t);
constexpr uint16_t TEXT_MEMORY_BLANK = SURFACE_LIGHT_GREY << 8 | ' ';
static_assert(TEXT_MEMORY_COLUMNS % TEXT_MEMORY_CELLS_PER_WORD == 0, "rows are whole words");
static_assert(TEXT_MEMORY_CELLS >= 4 * TEXT_MEMORY_MAX_ROWS * TEXT_MEMORY_COLUMNS,
              "a screen can move without meeting itself");

struct text_memory {
    volatile uint16_t *card;
    unsigned rows;
    unsigned start;       // the cell at the top left: a multiple of TEXT_MEMORY_CELLS_PER_WORD
    unsigned written_end; // what lies beyond has never been written, and is nothing that the shadow knows
    union {
        uint16_t shadow[TEXT_MEMORY_CELLS];
        uint64_t shadow_words[TEXT_MEMORY_CELLS / TEXT_MEMORY_CELLS_PER_WORD];
    };
};

// Take over the TEXT_MEMORY_CELLS cells at CARD, aligned to a word, for ROWS rows, at most TEXT_MEMORY_MAX_ROWS: a
// blank screen at cell 0.
void text_memory_init(struct text_memory *memory, volatile void *card, unsigned rows);

// As struct surface_card says. O(count).
void text_memory_draw(struct text_memory *memory, unsigned row, unsigned column, const surface_cell_t *cells,
                      unsigned count);

void text_memory_fill(struct text_memory *memory, unsigned row, unsigned column, surface_cell_t cell, unsigned count);

// As struct surface_card says. Moving the whole screen is O(1) but for once in some 160 lines; moving a part of it
// takes a comparison for each word, and is O(its cells).
void text_memory_scroll(struct text_memory *memory, unsigned top, unsigned bottom, int lines);
