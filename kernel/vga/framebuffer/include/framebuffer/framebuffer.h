// SPDX-License-Identifier: MIT
// A text surface on a linear framebuffer of 32 bits a pixel. Owns the pixels, and two grids of cells: what is wanted,
// and what the pixels show. The pixels are written and never read; flush() paints where the grids differ, and of a cell
// whose colours stay only the rows in which its glyphs differ. Knows no register. Exported names start with
// framebuffer_.
//
// Glyphs are 8 by 16 pixels (font/font.h). On a dense screen, at least 2560 by 1440, each pixel of a glyph is a square
// of four. What remains at the right and at the bottom stays black. A character without a glyph shows as U+FFFD. The
// cursor is an underline in the colour of the text.
//
// No lock: see surface/surface.h. Interrupted by a writer that never returns, it stays within its bounds, and what was
// being painted is painted again.
#pragma once
#include <font/font.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>
#include <surface/surface.h>

constexpr unsigned FRAMEBUFFER_MAX_ROWS = 256; // and as many columns of two; a larger screen keeps a black border
constexpr uint32_t FRAMEBUFFER_MAX_HEIGHT = FRAMEBUFFER_MAX_ROWS * FONT_HEIGHT * 2; // pixels that a dense one uses

// What is left of the columns where there are not enough cells for all: those of text mode.
constexpr unsigned FRAMEBUFFER_SMALL_COLUMNS = 80;

struct framebuffer_channel {
    uint8_t shift, bits;
};

// PIXELS are mapped for as long as the surface is used, best as write-combining.
struct framebuffer_mode {
    volatile void *pixels;
    uint32_t width, height; // in pixels
    uint32_t pitch;         // bytes from one row of pixels to the next
    struct framebuffer_channel red, green, blue;
};

constexpr unsigned FRAMEBUFFER_BRUSH_WORDS = 64;

// The fields are framebuffer's own.
struct framebuffer {
    struct surface surface;
    volatile uint8_t *pixels;
    size_t pitch, row_bytes, column_bytes; // from one row of pixels, and from one cell, to the next
    unsigned scale;                        // pixels of the screen for one of a glyph, each way
    surface_cell_t *wanted, *shown;        // rows of SURFACE.columns
    unsigned wanted_top;                   // where the topmost row is in WANTED, which goes round; SHOWN begins with it
    unsigned cursor, painted_cursor;       // cells of SHOWN
    uint32_t colours[SURFACE_COLOUR_COUNT];
    uint32_t brush_colours; // of what BRUSH paints (paint.c)
    uint64_t brush[FRAMEBUFFER_BRUSH_WORDS];
    struct {
        uint16_t first, end;
    } changed[FRAMEBUFFER_MAX_ROWS]; // columns of each row in which the grids may differ
};

struct framebuffer_size {
    unsigned columns, rows;
};

// The characters that this mode has room for. Without columns or rows: framebuffer_start() will refuse it.
[[nodiscard]] struct framebuffer_size framebuffer_size(const struct framebuffer_mode *mode);

// How many cells framebuffer_start() needs for SIZE characters.
[[nodiscard]] static inline size_t framebuffer_cell_count(struct framebuffer_size size)
{
    return (size_t)2 * size.columns * size.rows;
}

// Make a blank screen without a cursor; CELLS are framebuffer's from here on. With fewer of them than all characters
// need, the screen is the top left of what there could be: FRAMEBUFFER_SMALL_COLUMNS wide at most, and as high as the
// cells go. STATUS_UNSUPPORTED for a mode in which not one character fits, rows overlap, or a channel has no bits or
// some above bit 31; STATUS_RANGE when CELL_COUNT is too small for a row: then nothing is written. O(pixels).
[[nodiscard]] enum status framebuffer_start(struct framebuffer *framebuffer, const struct framebuffer_mode *mode,
                                            surface_cell_t *cells, size_t cell_count, struct surface **surface);
