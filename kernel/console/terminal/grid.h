// SPDX-License-Identifier: MIT
// The grid of cells and what of it the surface does not show yet: private to terminal. Rows and columns are inside the
// screen: the caller sees to it.
#pragma once
#include <terminal/terminal.h>

constexpr surface_cell_t GRID_PLAIN_BLANK =
    ' ' | (surface_cell_t)SURFACE_LIGHT_GREY << 24 | (surface_cell_t)SURFACE_BLACK << 28;

struct grid_line {
    uint16_t used;                       // the columns from here on are GRID_PLAIN_BLANK
    uint16_t changed_first, changed_end; // columns that the surface may show otherwise; none when first >= end
    uint16_t unused;
    surface_cell_t cells[];
};
static_assert(sizeof(struct grid_line) == TERMINAL_LINE_CELLS * sizeof(surface_cell_t));

// The line that ROW of the screen shows; rows beyond the last one are the oldest lines of the ring, in their order.
static inline struct grid_line *grid_line(const struct terminal *terminal, unsigned row)
{
    unsigned at = terminal->first_at + row * terminal->line_cells;
    if (at >= terminal->end_at)
        at -= terminal->end_at;
    return (struct grid_line *)(terminal->cells + at);
}

static inline void grid_touch(struct terminal *terminal, unsigned first, unsigned end)
{
    first += terminal->advanced;
    end += terminal->advanced;
    if (terminal->touched_first > first)
        terminal->touched_first = first;
    if (terminal->touched_end < end)
        terminal->touched_end = end;
}

// Columns FIRST to END - 1 of LINE, which is at ROW, have got other cells.
static inline void grid_change(struct terminal *terminal, unsigned row, struct grid_line *line, unsigned first,
                               unsigned end)
{
    if (line->changed_first > first)
        line->changed_first = (uint16_t)first;
    if (line->changed_end < end)
        line->changed_end = (uint16_t)end;
    if (line->used < end)
        line->used = (uint16_t)end;
    grid_touch(terminal, row, row + 1);
}

// Every line is plain and blank, nothing is kept, the surface knows nothing.
void grid_init(struct terminal *terminal);

// Whatever the lines say of themselves, they say what is safe; the surface knows nothing. O(lines).
void grid_repair(struct terminal *terminal);

// Nothing that the surface shows is known to be right.
void grid_change_all(struct terminal *terminal);

// Columns FIRST to END - 1 become blank.
void grid_erase(struct terminal *terminal, unsigned row, unsigned first, unsigned end);

// Rows FIRST to END - 1 become blank.
void grid_erase_rows(struct terminal *terminal, unsigned first, unsigned end);

// The cells from COLUMN on move right, or left, by COUNT, at most as many as there are; blanks come in.
void grid_insert(struct terminal *terminal, unsigned row, unsigned column, unsigned count);
void grid_delete(struct terminal *terminal, unsigned row, unsigned column, unsigned count);

// Rows TOP to BOTTOM - 1 move up, or down, by COUNT, at most as many as there are; blanks come in. With IS_KEPT, what
// leaves at the top of the screen goes to the scrollback.
void grid_scroll_up(struct terminal *terminal, unsigned top, unsigned bottom, unsigned count, bool is_kept);
void grid_scroll_down(struct terminal *terminal, unsigned top, unsigned bottom, unsigned count);

// What a line feed in the last row does: grid_scroll_up() of the whole screen by one, kept. O(columns in use in the
// line that is the oldest one by then).
void grid_scroll_screen(struct terminal *terminal);

// Bring the surface up to date. Not while lines of before are in view.
void grid_show(struct terminal *terminal);

// Show what is in view, all of it.
void grid_show_view(struct terminal *terminal);
