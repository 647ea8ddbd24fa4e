// SPDX-License-Identifier: MIT
// A text surface without a card, for tests of what draws on one: it keeps what it is shown, and panics when it is asked
// for anything outside its grid.
#pragma once
#include <surface/surface.h>

constexpr unsigned MIRROR_MAX_CELLS = 132 * 60;

struct mirror_surface {
    struct surface surface;
    surface_cell_t cells[MIRROR_MAX_CELLS];
    unsigned cursor_row, cursor_column;
    bool is_cursor_visible;
    unsigned draw_count, drawn_cells, scroll_count, flush_count; // since somebody set them to 0
    bool is_flushed;                                             // nothing has happened since flush()
};

// At most MIRROR_MAX_CELLS cells, none of which is blank at first. Rows that come free in a scroll show rubbish.
void mirror_surface_init(struct mirror_surface *mirror, unsigned columns, unsigned rows);

static inline surface_cell_t mirror_surface_cell(const struct mirror_surface *mirror, unsigned row, unsigned column)
{
    return mirror->cells[row * mirror->surface.columns + column];
}
