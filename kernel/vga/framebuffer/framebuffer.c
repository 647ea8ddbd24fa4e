// SPDX-License-Identifier: MIT
// What is wanted and what is shown. Called through the surface by whoever draws; must not know how a cell becomes
// pixels.
#include "paint.h"
#include <lib/string.h>

constexpr uint32_t DENSE_WIDTH = 2560, DENSE_HEIGHT = 1440;
constexpr unsigned MAX_COLUMNS = 2 * FRAMEBUFFER_MAX_ROWS;
constexpr unsigned NO_CURSOR = UINT32_MAX;
constexpr surface_cell_t BLANK = (surface_cell_t)SURFACE_LIGHT_GREY << 24 | ' ';

// ---- modes

static unsigned scale_of(const struct framebuffer_mode *mode)
{
    return mode->width >= DENSE_WIDTH && mode->height >= DENSE_HEIGHT ? 2 : 1;
}

static unsigned least(unsigned left, unsigned right)
{
    return left < right ? left : right;
}

static bool is_sound(struct framebuffer_channel channel)
{
    return channel.bits > 0 && channel.bits <= 32 && channel.shift <= 32 - channel.bits;
}

static bool is_usable(const struct framebuffer_mode *mode)
{
    return mode->pitch / sizeof(uint32_t) >= mode->width && is_sound(mode->red) && is_sound(mode->green) &&
           is_sound(mode->blue);
}

struct framebuffer_size framebuffer_size(const struct framebuffer_mode *mode)
{
    if (!is_usable(mode))
        return (struct framebuffer_size){};
    unsigned scale = scale_of(mode);
    return (struct framebuffer_size){least(mode->width / (FONT_WIDTH * scale), MAX_COLUMNS),
                                     least(mode->height / (FONT_HEIGHT * scale), FRAMEBUFFER_MAX_ROWS)};
}

// What of SIZE there are cells for.
static struct framebuffer_size cut_to(struct framebuffer_size size, size_t cell_count)
{
    if (cell_count >= framebuffer_cell_count(size))
        return size;
    size.columns = least(size.columns, FRAMEBUFFER_SMALL_COLUMNS);
    size_t rows = cell_count / framebuffer_cell_count((struct framebuffer_size){size.columns, 1});
    if (rows < size.rows)
        size.rows = (unsigned)rows;
    return size;
}

// COLOUR's eight bits at SHIFT, as a share of all that the channel can show.
static uint32_t channel_of(uint32_t colour, unsigned shift, struct framebuffer_channel channel)
{
    uint64_t most = (UINT64_C(1) << channel.bits) - 1;
    return (uint32_t)(((colour >> shift & 0xff) * most + 127) / 255 << channel.shift);
}

static void set_colours(struct framebuffer *framebuffer, const struct framebuffer_mode *mode)
{
    for (unsigned i = 0; i < SURFACE_COLOUR_COUNT; i++) {
        framebuffer->colours[i] = channel_of(surface_palette[i], 16, mode->red) |
                                  channel_of(surface_palette[i], 8, mode->green) |
                                  channel_of(surface_palette[i], 0, mode->blue);
    }
}

// ---- the grids

static struct framebuffer *framebuffer_of(struct surface *surface)
{
    return (struct framebuffer *)surface; // its first member
}

static void mark(struct framebuffer *framebuffer, unsigned row, unsigned first, unsigned end)
{
    uint16_t *old_first = &framebuffer->changed[row].first, *old_end = &framebuffer->changed[row].end;
    if (first < *old_first)
        *old_first = (uint16_t)first;
    if (end > *old_end)
        *old_end = (uint16_t)end;
}

static void draw(struct surface *surface, unsigned row, unsigned column, const surface_cell_t *cells, unsigned count)
{
    struct framebuffer *framebuffer = framebuffer_of(surface);
    mark(framebuffer, row, column, column + count);
    memcpy(framebuffer_wanted_row(framebuffer, row) + column, cells, count * sizeof *cells);
}

static void fill(struct surface *surface, unsigned row, unsigned column, surface_cell_t cell, unsigned count)
{
    struct framebuffer *framebuffer = framebuffer_of(surface);
    mark(framebuffer, row, column, column + count);
    surface_cell_t *wanted = framebuffer_wanted_row(framebuffer, row) + column;
    for (unsigned i = 0; i < count; i++)
        wanted[i] = cell;
}

static void move_row(struct framebuffer *framebuffer, unsigned to, unsigned from)
{
    memcpy(framebuffer_wanted_row(framebuffer, to), framebuffer_wanted_row(framebuffer, from),
           framebuffer->surface.columns * sizeof(surface_cell_t));
}

static void move_rows(struct framebuffer *framebuffer, unsigned top, unsigned bottom, int lines)
{
    unsigned distance = (unsigned)(lines < 0 ? -lines : lines), count = bottom - top - distance;
    for (unsigned i = 0; i < count; i++) {
        if (lines > 0)
            move_row(framebuffer, top + i, top + i + distance);
        else
            move_row(framebuffer, bottom - 1 - i, bottom - 1 - i - distance);
    }
}

// Where the topmost row is after LINES, which are no more than all.
static unsigned turn(unsigned top, int lines, unsigned rows)
{
    unsigned new_top = top + rows + (unsigned)lines;
    while (new_top >= rows)
        new_top -= rows;
    return new_top;
}

static void scroll(struct surface *surface, unsigned top, unsigned bottom, int lines)
{
    struct framebuffer *framebuffer = framebuffer_of(surface);
    for (unsigned row = top; row < bottom; row++)
        mark(framebuffer, row, 0, surface->columns);
    if (top == 0 && bottom == surface->rows) {
        framebuffer->wanted_top = turn(framebuffer->wanted_top, lines, surface->rows);
    } else {
        move_rows(framebuffer, top, bottom, lines);
    }
}

static void move_cursor(struct surface *surface, unsigned row, unsigned column, bool is_visible)
{
    framebuffer_of(surface)->cursor = is_visible ? row * surface->columns + column : NO_CURSOR;
}

// ---- painting

// Where the cursor is, the pixels are not those of the cell.
static void lift_cursor(struct framebuffer *framebuffer)
{
    unsigned cell = framebuffer->painted_cursor, columns = framebuffer->surface.columns;
    if (cell == NO_CURSOR)
        return;
    unsigned row = cell / columns, column = cell % columns;
    if (cell == framebuffer->cursor && framebuffer_wanted_row(framebuffer, row)[column] == framebuffer->shown[cell])
        return;
    framebuffer->shown[cell] = PAINT_NOTHING;
    mark(framebuffer, row, column, column + 1);
    framebuffer->painted_cursor = NO_CURSOR;
}

static void put_cursor(struct framebuffer *framebuffer)
{
    unsigned cell = framebuffer->cursor, columns = framebuffer->surface.columns;
    if (cell == framebuffer->painted_cursor)
        return;
    framebuffer->painted_cursor = cell;
    paint_cursor(framebuffer, cell / columns, cell % columns, framebuffer->shown[cell]);
}

// The fence empties the buffers in which the CPU combines writes (Intel SDM vol. 3, 11.3.1).
static void flush(struct surface *surface)
{
    struct framebuffer *framebuffer = framebuffer_of(surface);
    lift_cursor(framebuffer);
    for (unsigned row = 0; row < surface->rows; row++) {
        if (framebuffer->changed[row].first >= framebuffer->changed[row].end)
            continue;
        paint_changes(framebuffer, row, framebuffer->changed[row].first, framebuffer->changed[row].end);
        framebuffer->changed[row].first = UINT16_MAX;
        framebuffer->changed[row].end = 0;
    }
    put_cursor(framebuffer);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static const struct surface_card card = {
    .name = "framebuffer",
    .draw = draw,
    .fill = fill,
    .scroll = scroll,
    .move_cursor = move_cursor,
    .flush = flush,
};

enum status framebuffer_start(struct framebuffer *framebuffer, const struct framebuffer_mode *mode,
                              surface_cell_t *cells, size_t cell_count, struct surface **surface)
{
    struct framebuffer_size size = framebuffer_size(mode);
    if (framebuffer_cell_count(size) == 0)
        return STATUS_UNSUPPORTED;
    size = cut_to(size, cell_count);
    size_t used = framebuffer_cell_count(size);
    if (used == 0)
        return STATUS_RANGE;
    *framebuffer = (struct framebuffer){
        .surface = {.card = &card, .columns = size.columns, .rows = size.rows},
        .pixels = mode->pixels,
        .pitch = mode->pitch,
        .row_bytes = (size_t)FONT_HEIGHT * scale_of(mode) * mode->pitch,
        .column_bytes = FONT_WIDTH * scale_of(mode) * sizeof(uint32_t),
        .scale = scale_of(mode),
        .wanted = cells,
        .shown = cells + used / 2,
        .cursor = NO_CURSOR,
        .painted_cursor = NO_CURSOR,
        .brush_colours = UINT32_MAX,
    };
    set_colours(framebuffer, mode);
    for (unsigned row = 0; row < FRAMEBUFFER_MAX_ROWS; row++)
        framebuffer->changed[row].first = UINT16_MAX;
    for (size_t i = 0; i < used; i++)
        cells[i] = BLANK;
    paint_black(framebuffer, mode->width, mode->height);
    *surface = &framebuffer->surface;
    return STATUS_OK;
}
