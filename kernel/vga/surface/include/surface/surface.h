// SPDX-License-Identifier: MIT
// A text surface: a grid of cells that a video card shows, whatever the card is. The terminal draws on one; text mode
// and the framebuffer are the two that there are. Nothing above this header knows which. Types, inline accessors and a
// palette; exported names start with surface_.
//
//   cell   a Unicode code point and two of the sixteen colours, in one word
//   row    of cells; row 0 is the top one
//
// A surface may delay what it shows until its card's flush(). No lock: one writer at a time, except that any function
// may be interrupted by a writer that never returns to it (the emergency path).
#pragma once
#include <stdint.h>

// The sixteen colours, in the order of VGA's default palette.
enum surface_colour : uint8_t {
    SURFACE_BLACK,
    SURFACE_BLUE,
    SURFACE_GREEN,
    SURFACE_CYAN,
    SURFACE_RED,
    SURFACE_MAGENTA,
    SURFACE_BROWN,
    SURFACE_LIGHT_GREY,
    SURFACE_DARK_GREY,
    SURFACE_LIGHT_BLUE,
    SURFACE_LIGHT_GREEN,
    SURFACE_LIGHT_CYAN,
    SURFACE_LIGHT_RED,
    SURFACE_LIGHT_MAGENTA,
    SURFACE_YELLOW,
    SURFACE_WHITE,
};
constexpr unsigned SURFACE_COLOUR_COUNT = 16;

// Red in bits 16 to 23, green in 8 to 15, blue in 0 to 7.
extern const uint32_t surface_palette[SURFACE_COLOUR_COUNT];

typedef uint32_t surface_cell_t; // bits 0 to 20: code point; 24 to 27: foreground; 28 to 31: background

static inline surface_cell_t surface_cell(uint32_t code_point, enum surface_colour foreground,
                                          enum surface_colour background)
{
    return code_point | (uint32_t)foreground << 24 | (uint32_t)background << 28;
}

static inline uint32_t surface_code_point(surface_cell_t cell)
{
    return cell & 0x1f'ffff;
}

static inline enum surface_colour surface_foreground(surface_cell_t cell)
{
    return (enum surface_colour)(cell >> 24 & 15);
}

static inline enum surface_colour surface_background(surface_cell_t cell)
{
    return (enum surface_colour)(cell >> 28);
}

struct surface;

// What each card supplies. Positions and counts are inside the grid: the caller sees to it.
struct surface_card {
    const char *name;
    // Show COUNT cells from COLUMN of ROW on, in that row. Cells that already look so cost a comparison.
    void (*draw)(struct surface *surface, unsigned row, unsigned column, const surface_cell_t *cells, unsigned count);
    // The same for COUNT times CELL, which costs less.
    void (*fill)(struct surface *surface, unsigned row, unsigned column, surface_cell_t cell, unsigned count);
    // Rows TOP to BOTTOM - 1 move up by LINES, 1 to BOTTOM - TOP (down, where that is negative). What the rows that
    // come free show then is any cells that were on the surface before: they are drawn next.
    void (*scroll)(struct surface *surface, unsigned top, unsigned bottom, int lines);
    // Where the cursor stands, and whether it is seen.
    void (*move_cursor)(struct surface *surface, unsigned row, unsigned column, bool is_visible);
    // What was drawn is on the card when this returns.
    void (*flush)(struct surface *surface);
};

struct surface {
    const struct surface_card *card;
    unsigned columns, rows;
};
