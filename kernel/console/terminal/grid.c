// SPDX-License-Identifier: MIT
// The ring of lines, and jump scrolling: changes are collected in it and reach the surface once a write. Called by the
// other sources of terminal; must not know what a control sequence is.
//
// The screen is a window on the ring. It goes on by a line when its first one leaves for the scrollback, and the oldest
// line of all comes in at its end, blank. All other movement copies lines.
//
// What holds at any time: when the surface has moved as ADVANCED or MOVED say, of which one is 0, it shows the screen,
// except for the changed columns of the touched rows.
#include "grid.h"
#include <lib/string.h>
#include <limits.h>

static void fill(surface_cell_t *cells, surface_cell_t cell, unsigned count)
{
    for (unsigned at = 0; at < count; at++)
        cells[at] = cell;
}

// Up to seven cells more than that: the columns of a line are filled up to eights, and what is behind the used ones is
// plain already.
static void fill_plain(struct grid_line *line)
{
    constexpr uint64_t PAIR = (uint64_t)GRID_PLAIN_BLANK << 32 | GRID_PLAIN_BLANK;
#pragma clang loop unroll(disable)
    for (unsigned at = 0; at + 8 * HEWN_BREAK_TERMINAL_STALE_CELLS < line->used; at += 8) {
        for (unsigned i = at; i < at + 8; i += 2)
            __builtin_memcpy(line->cells + i, &PAIR, sizeof PAIR);
    }
    line->used = 0;
}

static void set_changed(struct grid_line *line, unsigned first, unsigned end)
{
    line->changed_first = (uint16_t)first;
    line->changed_end = (uint16_t)end;
}

static void set_unchanged(struct grid_line *line)
{
    set_changed(line, UINT16_MAX, 0);
}

// ---- cells

void grid_erase(struct terminal *terminal, unsigned row, unsigned first, unsigned end)
{
    struct grid_line *line = grid_line(terminal, row);
    bool is_plain = terminal->blank == GRID_PLAIN_BLANK;
    if (is_plain && end > line->used)
        end = line->used;
    if (first >= end)
        return;
    fill(line->cells + first, terminal->blank, end - first);
    grid_change(terminal, row, line, first, end);
    if (is_plain && end == line->used)
        line->used = (uint16_t)first;
}

[[gnu::noinline]] static void fill_line(struct terminal *terminal, struct grid_line *line)
{
    fill(line->cells, terminal->blank, terminal->columns);
    line->used = (uint16_t)terminal->columns;
}

// A line that is new on the screen, so that nobody knows what the surface shows there.
static inline void make_blank(struct terminal *terminal, unsigned row)
{
    struct grid_line *line = grid_line(terminal, row);
    if (terminal->blank == GRID_PLAIN_BLANK)
        fill_plain(line);
    else
        fill_line(terminal, line);
    set_changed(line, 0, terminal->columns);
}

void grid_erase_rows(struct terminal *terminal, unsigned first, unsigned end)
{
    for (unsigned row = first; row < end; row++)
        grid_erase(terminal, row, 0, terminal->columns);
}

void grid_insert(struct terminal *terminal, unsigned row, unsigned column, unsigned count)
{
    struct grid_line *line = grid_line(terminal, row);
    unsigned left = terminal->columns - column - count;
    memmove(line->cells + column + count, line->cells + column, left * sizeof *line->cells);
    fill(line->cells + column, terminal->blank, count);
    grid_change(terminal, row, line, column, terminal->columns);
}

void grid_delete(struct terminal *terminal, unsigned row, unsigned column, unsigned count)
{
    struct grid_line *line = grid_line(terminal, row);
    unsigned left = terminal->columns - column - count;
    memmove(line->cells + column, line->cells + column + count, left * sizeof *line->cells);
    fill(line->cells + column + left, terminal->blank, count);
    grid_change(terminal, row, line, column, terminal->columns);
}

// ---- scrolling

static void copy_line(struct terminal *terminal, unsigned to_row, unsigned from_row)
{
    struct grid_line *to = grid_line(terminal, to_row);
    const struct grid_line *from = grid_line(terminal, from_row);
    unsigned width = to->used > from->used ? to->used : from->used;
    memcpy(to, from, sizeof *to + width * sizeof *to->cells);
}

static void change_rows(struct terminal *terminal, unsigned first, unsigned end)
{
    for (unsigned row = first; row < end; row++)
        set_changed(grid_line(terminal, row), 0, terminal->columns);
    grid_touch(terminal, first, end);
}

// The surface can move one part of itself in a write. When another part moves, that is drawn. When all rows have been
// replaced, all are drawn, and how far they moved does not matter any more.
static void record_move(struct terminal *terminal, unsigned top, unsigned bottom, int lines)
{
    bool is_other = terminal->moved.top != top || terminal->moved.bottom != bottom;
    if (terminal->advanced != 0 || (terminal->moved.lines != 0 && is_other)) {
        change_rows(terminal, top, bottom);
        return;
    }
    int height = (int)(bottom - top);
    lines += terminal->moved.lines;
    terminal->moved.top = top;
    terminal->moved.bottom = bottom;
    terminal->moved.lines = lines > height ? height : lines < -height ? -height : lines;
}

// The window goes on by COUNT lines.
static void advance(struct terminal *terminal, unsigned count)
{
    terminal->first_at += count * terminal->line_cells;
    if (terminal->first_at >= terminal->end_at)
        terminal->first_at -= terminal->end_at;
    terminal->history_count += count;
    unsigned most = terminal->line_count - terminal->rows - HEWN_BREAK_TERMINAL_LOST_LINE;
    if (terminal->history_count > most)
        terminal->history_count = most;
}

[[gnu::noinline]] static void draw_what_moved(struct terminal *terminal)
{
    change_rows(terminal, terminal->moved.top, terminal->moved.bottom);
    terminal->moved.lines = 0;
}

void grid_scroll_screen(struct terminal *terminal)
{
    if (terminal->moved.lines != 0)
        draw_what_moved(terminal);
    advance(terminal, 1);
    terminal->advanced++;
    make_blank(terminal, terminal->rows - 1);
    grid_touch(terminal, terminal->rows - 1, terminal->rows);
}

// Rows 0 to BOTTOM - 1 move up because the window does; what is below has to move back.
static void scroll_top_part(struct terminal *terminal, unsigned bottom, unsigned count)
{
    advance(terminal, count);
    for (unsigned row = terminal->rows; row-- > bottom;)
        copy_line(terminal, row, row - count);
}

void grid_scroll_up(struct terminal *terminal, unsigned top, unsigned bottom, unsigned count, bool is_kept)
{
    if (top == 0 && bottom == terminal->rows && is_kept) {
        for (; count > 0; count--)
            grid_scroll_screen(terminal);
        return;
    }
    if (top == 0 && is_kept) {
        scroll_top_part(terminal, bottom, count);
    } else {
        for (unsigned row = top; row + count < bottom; row++)
            copy_line(terminal, row, row + count);
    }
    for (unsigned row = bottom - count; row < bottom; row++)
        make_blank(terminal, row);
    grid_touch(terminal, top, is_kept ? terminal->rows : bottom);
    record_move(terminal, top, bottom, (int)count);
}

void grid_scroll_down(struct terminal *terminal, unsigned top, unsigned bottom, unsigned count)
{
    for (unsigned row = bottom; row-- > top + count;)
        copy_line(terminal, row, row - count);
    for (unsigned row = top; row < top + count; row++)
        make_blank(terminal, row);
    grid_touch(terminal, top, bottom);
    record_move(terminal, top, bottom, -(int)count);
}

// ---- the surface

static void show_cursor(struct terminal *terminal)
{
    struct surface *surface = terminal->surface;
    unsigned row = terminal->cursor.row + terminal->view_distance;
    unsigned column = terminal->cursor.column;
    if (column == terminal->columns)
        column--;
    bool is_visible = terminal->is_cursor_visible && row < terminal->rows;
    surface->card->move_cursor(surface, is_visible ? row : 0, column, is_visible);
}

static void forget_changes(struct terminal *terminal)
{
    terminal->touched_first = UINT_MAX;
    terminal->touched_end = 0;
    terminal->advanced = 0;
    terminal->moved.lines = 0;
}

static void move_surface(struct terminal *terminal)
{
    struct surface *surface = terminal->surface;
    unsigned rows = terminal->rows;
    if (terminal->advanced != 0)
        surface->card->scroll(surface, 0, rows, (int)(terminal->advanced < rows ? terminal->advanced : rows));
    else if (terminal->moved.lines != 0)
        surface->card->scroll(surface, terminal->moved.top, terminal->moved.bottom, terminal->moved.lines);
}

// Columns FIRST to END - 1 of LINE, in ROW. Most of a line is often blank.
static void show_cells(struct surface *surface, unsigned row, const struct grid_line *line, unsigned first,
                       unsigned end)
{
    unsigned blank = line->used < first ? first : line->used < end ? line->used : end;
    if (first < blank)
        surface->card->draw(surface, row, first, line->cells + first, blank - first);
    if (blank < end)
        surface->card->fill(surface, row, blank, GRID_PLAIN_BLANK, end - blank);
}

static void draw_changes(struct terminal *terminal)
{
    struct surface *surface = terminal->surface;
    unsigned advanced = terminal->advanced;
    unsigned first = terminal->touched_first > advanced ? terminal->touched_first - advanced : 0;
    unsigned end = terminal->touched_end > advanced ? terminal->touched_end - advanced : 0;
    if (end > terminal->rows)
        end = terminal->rows;
    for (unsigned row = first; row < end; row++) {
        struct grid_line *line = grid_line(terminal, row);
        unsigned column = line->changed_first, end_column = line->changed_end;
        if (column >= end_column)
            continue;
        set_unchanged(line);
        show_cells(surface, row, line, column, end_column);
    }
}

void grid_show(struct terminal *terminal)
{
    move_surface(terminal);
    draw_changes(terminal);
    forget_changes(terminal);
    show_cursor(terminal);
    terminal->surface->card->flush(terminal->surface);
}

void grid_show_view(struct terminal *terminal)
{
    struct surface *surface = terminal->surface;
    unsigned distance = terminal->view_distance;
    for (unsigned row = 0; row < terminal->rows; row++) {
        unsigned index = row >= distance ? row - distance : row + terminal->line_count - distance;
        show_cells(surface, row, grid_line(terminal, index), 0, terminal->columns);
    }
    show_cursor(terminal);
    surface->card->flush(surface);
}

void grid_change_all(struct terminal *terminal)
{
    forget_changes(terminal);
    change_rows(terminal, 0, terminal->rows);
}

void grid_init(struct terminal *terminal)
{
    terminal->first_at = 0;
    terminal->history_count = 0;
    terminal->view_distance = 0;
    for (unsigned index = 0; index < terminal->line_count; index++) {
        struct grid_line *line = grid_line(terminal, index);
        line->used = (uint16_t)terminal->columns;
        fill_plain(line);
        set_unchanged(line);
    }
    grid_change_all(terminal);
}

void grid_repair(struct terminal *terminal)
{
    if (terminal->first_at >= terminal->end_at || terminal->first_at % terminal->line_cells != 0)
        terminal->first_at = 0;
    if (terminal->history_count > terminal->line_count - terminal->rows)
        terminal->history_count = 0;
    terminal->view_distance = 0;
    for (unsigned index = 0; index < terminal->line_count; index++) {
        struct grid_line *line = grid_line(terminal, index);
        line->used = (uint16_t)terminal->columns;
        set_unchanged(line);
    }
    grid_change_all(terminal);
}
