// SPDX-License-Identifier: MIT
// From cells to pixels. For framebuffer.c.
#pragma once
#include <framebuffer/framebuffer.h>

constexpr surface_cell_t PAINT_NOTHING = UINT32_MAX; // no cell of a terminal: pixels of which nothing is known

// ROW of what is wanted: columns in a row, and another row than ROW + 1 may follow.
static inline surface_cell_t *framebuffer_wanted_row(const struct framebuffer *framebuffer, unsigned row)
{
    unsigned at = framebuffer->wanted_top + row;
    if (at >= framebuffer->surface.rows)
        at -= framebuffer->surface.rows;
    return framebuffer->wanted + (size_t)at * framebuffer->surface.columns;
}

// Paint the cells of ROW from column FIRST on, below END, that are wanted and not shown; then they are shown.
void paint_changes(struct framebuffer *framebuffer, unsigned row, unsigned first, unsigned end);

// Paint the cursor over the pixels of CELL.
void paint_cursor(struct framebuffer *framebuffer, unsigned row, unsigned column, surface_cell_t cell);

// Paint everything black, as far as rows of WIDTH pixels go.
void paint_black(struct framebuffer *framebuffer, uint32_t width, uint32_t height);
