// SPDX-License-Identifier: MIT
// See terminal_check.h. It reads the terminal's own lines, so it is built with the private headers of terminal.
#include <grid.h>
#include <stdio.h>
#include <support/terminal_check.h>

static char sentence[256];

#define COMPLAIN(...) (snprintf(sentence, sizeof sentence, __VA_ARGS__), sentence)

static const char *check_state(const struct terminal *terminal)
{
    const struct terminal_cursor *cursor = &terminal->cursor;
    if (cursor->row >= terminal->rows || cursor->column > terminal->columns)
        return COMPLAIN("the cursor is at %u,%u", cursor->row, cursor->column);
    if (terminal->top >= terminal->bottom || terminal->bottom > terminal->rows)
        return COMPLAIN("the scroll region is %u to %u", terminal->top, terminal->bottom);
    if (cursor->is_origin && (cursor->row < terminal->top || cursor->row >= terminal->bottom))
        return COMPLAIN("the cursor is outside the scroll region, at row %u", cursor->row);
    if (terminal->first_at >= terminal->end_at || terminal->first_at % terminal->line_cells != 0)
        return COMPLAIN("the screen begins at cell %u", terminal->first_at);
    if (terminal->history_count > terminal->line_count - terminal->rows)
        return COMPLAIN("the history has %u lines", terminal->history_count);
    if (terminal->view_distance > terminal->history_count)
        return COMPLAIN("the view is %u lines above", terminal->view_distance);
    return nullptr;
}

// The lines of the scrollback too, and those that are free.
static const char *check_lines(const struct terminal *terminal)
{
    for (unsigned row = 0; row < terminal->line_count; row++) {
        const struct grid_line *line = grid_line(terminal, row);
        if (line->used > terminal->columns)
            return COMPLAIN("line %u says that it uses %u columns", row, line->used);
        for (unsigned column = line->used; column < terminal->columns; column++) {
            if (line->cells[column] != GRID_PLAIN_BLANK)
                return COMPLAIN("line %u is said to be blank from %u on, and has %08x at %u", row, line->used,
                                line->cells[column], column);
        }
        if (row < terminal->rows && line->changed_first < line->changed_end)
            return COMPLAIN("row %u has changes that were not shown", row);
    }
    return nullptr;
}

static const char *check_cells(const struct terminal *terminal, const struct mirror_surface *mirror)
{
    for (unsigned row = 0; row < terminal->rows; row++) {
        unsigned from = row >= terminal->view_distance ? row - terminal->view_distance
                                                       : row + terminal->line_count - terminal->view_distance;
        const struct grid_line *line = grid_line(terminal, from);
        for (unsigned column = 0; column < terminal->columns; column++) {
            surface_cell_t shown = mirror_surface_cell(mirror, row, column);
            if (shown != line->cells[column])
                return COMPLAIN("the surface shows %08x at %u,%u, and the terminal has %08x", shown, row, column,
                                line->cells[column]);
        }
    }
    return nullptr;
}

static const char *check_cursor(const struct terminal *terminal, const struct mirror_surface *mirror)
{
    unsigned row = terminal->cursor.row + terminal->view_distance;
    unsigned column = terminal->cursor.column;
    if (column == terminal->columns)
        column--;
    bool is_visible = terminal->is_cursor_visible && row < terminal->rows;
    if (mirror->is_cursor_visible != is_visible)
        return COMPLAIN("the surface shows %s cursor", is_visible ? "no" : "a");
    if (is_visible && (mirror->cursor_row != row || mirror->cursor_column != column))
        return COMPLAIN("the surface shows the cursor at %u,%u, and it is at %u,%u", mirror->cursor_row,
                        mirror->cursor_column, row, column);
    if (!mirror->is_flushed)
        return COMPLAIN("the surface was not flushed");
    return nullptr;
}

const char *terminal_check(const struct terminal *terminal, const struct mirror_surface *mirror)
{
    const char *problem = check_state(terminal);
    if (problem == nullptr)
        problem = check_lines(terminal);
    if (problem == nullptr)
        problem = check_cells(terminal, mirror);
    if (problem == nullptr)
        problem = check_cursor(terminal, mirror);
    return problem;
}
