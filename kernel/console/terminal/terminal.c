// SPDX-License-Identifier: MIT
// The terminal's way in: a write, a look back, a repair. Called by whoever has text for the screen; must not know what
// bytes mean (parser.c) and do (control.c), nor how cells are kept (grid.c).
#include "control.h"
#include "cursor.h"
#include "parser.h"
#include "rendition.h"

constexpr size_t LINES_MAX = 1 << 20; // so that sums of two fit an int

enum status terminal_init(struct terminal *terminal, struct surface *surface, surface_cell_t *cells, size_t cell_count,
                          bool does_line_feed_return)
{
    unsigned columns = surface->columns < TERMINAL_MAX_COLUMNS ? surface->columns : TERMINAL_MAX_COLUMNS;
    unsigned rows = surface->rows < TERMINAL_MAX_ROWS ? surface->rows : TERMINAL_MAX_ROWS;
    if (columns == 0 || rows == 0)
        return STATUS_INVALID;
    size_t line_count = cell_count / TERMINAL_CELLS(columns, 1);
    if (line_count == 0)
        return STATUS_NO_MEMORY;
    if (line_count > LINES_MAX)
        line_count = LINES_MAX;
    unsigned line_cells = (unsigned)TERMINAL_CELLS(columns, 1);
    *terminal = (struct terminal){
        .surface = surface,
        .cells = cells,
        .columns = columns,
        .rows = rows < line_count ? rows : (unsigned)line_count,
        .line_count = (unsigned)line_count,
        .line_cells = line_cells,
        .end_at = line_cells * (unsigned)line_count,
        .does_line_feed_return = does_line_feed_return,
    };
    terminal->usual = RENDITION_DEFAULT;
    control_reset(terminal);
    grid_init(terminal);
    grid_show(terminal);
    return STATUS_OK;
}

static bool is_printable(uint8_t byte)
{
    return byte >= ' ' && byte <= '~';
}

// Eight bytes at once. One that is not printable makes a high bit in one of the three terms; it may make some in those
// behind it, too.
static bool are_printable(uint64_t eight)
{
    constexpr uint64_t EACH = 0x0101'0101'0101'0101;
    return ((eight | (eight - EACH * ' ') | (eight + EACH)) & EACH * 0x80) == 0;
}

static bool are_four_printable(const uint8_t *bytes)
{
    uint32_t four;
    __builtin_memcpy(&four, bytes, sizeof four);
    return are_printable(UINT64_C(0x2020'2020'0000'0000) | four);
}

static bool are_eight_printable(const uint8_t *bytes)
{
    uint64_t eight;
    __builtin_memcpy(&eight, bytes, sizeof eight);
    return are_printable(eight);
}

static inline void put_each(surface_cell_t *cells, surface_cell_t colours, const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        cells[i] = colours | bytes[i];
}

// Returns what comes behind the printable bytes, LIMIT of them at most.
static const uint8_t *put_run(surface_cell_t *cells, surface_cell_t colours, const uint8_t *bytes, unsigned limit)
{
    const uint8_t *end = bytes + limit;
    for (; end - bytes >= 8 && are_eight_printable(bytes); bytes += 8, cells += 8)
        put_each(cells, colours, bytes, 8);
    if (end - bytes >= 4 && are_four_printable(bytes)) {
        put_each(cells, colours, bytes, 4);
        bytes += 4;
        cells += 4;
    }
    for (; bytes < end && is_printable(*bytes); bytes++, cells++)
        *cells = colours | *bytes;
    return bytes;
}

// As much as fits the row, at least one.
static const uint8_t *put_printable(struct terminal *terminal, const uint8_t *at, const uint8_t *end)
{
    if (!terminal->is_plain) {
        control_put(terminal, *at);
        return at + 1;
    }
    cursor_make_room(terminal);
    unsigned row = terminal->cursor.row, column = terminal->cursor.column;
    struct grid_line *line = grid_line(terminal, row);
    unsigned limit = terminal->columns - column;
    if (limit > (size_t)(end - at))
        limit = (unsigned)(end - at);
    const uint8_t *next = put_run(line->cells + column, terminal->colours, at, limit);
    unsigned end_column = column + (unsigned)(next - at);
    grid_change(terminal, row, line, column, end_column);
    terminal->cursor.column = end_column;
    terminal->last_character = next[-1];
    if (HEWN_BREAK_TERMINAL_EAGER_WRAP)
        cursor_make_room(terminal);
    return next;
}

// Printable ASCII and line feeds are most of all text. Returns what comes behind them.
static const uint8_t *put_text(struct terminal *terminal, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        if (*at == '\n') {
            cursor_line_feed(terminal);
            at++;
        } else if (is_printable(*at)) {
            at = put_printable(terminal, at, end);
        } else {
            break;
        }
    }
    return at;
}

void terminal_write(struct terminal *terminal, const char *bytes, size_t length)
{
    const uint8_t *at = (const uint8_t *)bytes, *end = at + length;
    if (terminal->view_distance != 0) {
        terminal->view_distance = 0;
        grid_change_all(terminal);
    }
    while (at < end) {
        if (terminal->state == PARSER_GROUND)
            at = put_text(terminal, at, end);
        if (at < end)
            parser_feed(terminal, *at++);
    }
    grid_show(terminal);
}

void terminal_view(struct terminal *terminal, int lines)
{
    int64_t distance = (int64_t)terminal->view_distance + lines;
    if (distance < 0)
        distance = 0;
    if (distance > terminal->history_count)
        distance = terminal->history_count;
    if (terminal->view_distance == distance)
        return;
    terminal->view_distance = (unsigned)distance;
    grid_show_view(terminal);
}

void terminal_set_usual_colours(struct terminal *terminal, enum surface_colour foreground,
                                enum surface_colour background)
{
    terminal->usual = (struct terminal_pen){.foreground = foreground, .background = background};
    terminal->cursor.pen = terminal->usual;
    rendition_apply(terminal);
}

void terminal_repair(struct terminal *terminal)
{
    if (terminal->cursor.row >= terminal->rows || terminal->cursor.column > terminal->columns) {
        terminal->cursor.row = terminal->rows - 1;
        terminal->cursor.column = 0;
    }
    struct terminal_cursor cursor = terminal->cursor;
    terminal->usual = RENDITION_DEFAULT;
    control_reset(terminal);
    terminal->cursor.row = cursor.row;
    terminal->cursor.column = cursor.column;
    grid_repair(terminal);
}
