// SPDX-License-Identifier: MIT
// How text moves the cursor: private to terminal, and inline because it happens for each line.
#pragma once
#include "grid.h"

// Nearly everything but text begins with it: after the last column, the cursor is on it.
static inline void cursor_leave_margin(struct terminal *terminal)
{
    if (terminal->cursor.column == terminal->columns)
        terminal->cursor.column--;
}

// IND: VT100. Down, and the region scrolls at its end.
static inline void cursor_index_down(struct terminal *terminal)
{
    if (terminal->cursor.row == terminal->rows - 1 && terminal->bottom != terminal->rows)
        return;
    if (terminal->cursor.row != terminal->bottom - 1)
        terminal->cursor.row++;
    else if (terminal->top == 0 && terminal->bottom == terminal->rows)
        grid_scroll_screen(terminal);
    else
        grid_scroll_up(terminal, terminal->top, terminal->bottom, 1, true);
}

// LF, and VT and FF, which VT100 takes for the same.
static inline void cursor_line_feed(struct terminal *terminal)
{
    cursor_leave_margin(terminal);
    cursor_index_down(terminal);
    if (terminal->does_line_feed_return || terminal->is_new_line_mode)
        terminal->cursor.column = 0;
}

// The last column does not wrap before another character comes (VT100, "DECAWM").
static inline void cursor_make_room(struct terminal *terminal)
{
    if (terminal->cursor.column < terminal->columns)
        return;
    if (terminal->has_autowrap) {
        cursor_index_down(terminal);
        terminal->cursor.column = 0;
    } else {
        terminal->cursor.column = terminal->columns - 1;
    }
}
