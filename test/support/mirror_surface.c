// SPDX-License-Identifier: MIT
// See mirror_surface.h. Used by unit tests and fuzzers, each with a panic() of its own.
#include <lib/panic.h>
#include <string.h>
#include <support/mirror_surface.h>

constexpr surface_cell_t RUBBISH = 0x5a00'2592; // a medium shade in colours that no test uses

static struct mirror_surface *mirror_of(struct surface *surface)
{
    return (struct mirror_surface *)surface; // its first member
}

// Where COUNT cells are drawn.
static surface_cell_t *cells_at(struct surface *surface, unsigned row, unsigned column, unsigned count)
{
    struct mirror_surface *mirror = mirror_of(surface);
    if (row >= surface->rows || count == 0 || column >= surface->columns || count > surface->columns - column)
        panic("draw of %u cells at %u,%u on a surface of %u x %u", count, row, column, surface->columns, surface->rows);
    mirror->draw_count++;
    mirror->drawn_cells += count;
    mirror->is_flushed = false;
    return mirror->cells + row * surface->columns + column;
}

static void draw(struct surface *surface, unsigned row, unsigned column, const surface_cell_t *cells, unsigned count)
{
    memcpy(cells_at(surface, row, column, count), cells, count * sizeof *cells);
}

static void fill(struct surface *surface, unsigned row, unsigned column, surface_cell_t cell, unsigned count)
{
    surface_cell_t *cells = cells_at(surface, row, column, count);
    for (unsigned i = 0; i < count; i++)
        cells[i] = cell;
}

static void make_rubbish(struct mirror_surface *mirror, unsigned first, unsigned end)
{
    for (unsigned i = first * mirror->surface.columns; i < end * mirror->surface.columns; i++)
        mirror->cells[i] = RUBBISH;
}

static void move_rows(struct mirror_surface *mirror, unsigned to, unsigned from, unsigned count)
{
    unsigned columns = mirror->surface.columns;
    memmove(mirror->cells + to * columns, mirror->cells + from * columns, count * columns * sizeof *mirror->cells);
}

static void scroll(struct surface *surface, unsigned top, unsigned bottom, int lines)
{
    struct mirror_surface *mirror = mirror_of(surface);
    unsigned distance = (unsigned)(lines < 0 ? -lines : lines);
    if (top >= bottom || bottom > surface->rows || distance == 0 || distance > bottom - top)
        panic("scroll of rows %u to %u by %d on a surface of %u rows", top, bottom, lines, surface->rows);
    if (lines > 0) {
        move_rows(mirror, top, top + distance, bottom - top - distance);
        make_rubbish(mirror, bottom - distance, bottom);
    } else {
        move_rows(mirror, top + distance, top, bottom - top - distance);
        make_rubbish(mirror, top, top + distance);
    }
    mirror->scroll_count++;
    mirror->is_flushed = false;
}

static void move_cursor(struct surface *surface, unsigned row, unsigned column, bool is_visible)
{
    struct mirror_surface *mirror = mirror_of(surface);
    if (row >= surface->rows || column >= surface->columns)
        panic("cursor at %u,%u on a surface of %u x %u", row, column, surface->columns, surface->rows);
    mirror->cursor_row = row;
    mirror->cursor_column = column;
    mirror->is_cursor_visible = is_visible;
    mirror->is_flushed = false;
}

static void flush(struct surface *surface)
{
    struct mirror_surface *mirror = mirror_of(surface);
    mirror->flush_count++;
    mirror->is_flushed = true;
}

static const struct surface_card card = {
    .name = "mirror",
    .draw = draw,
    .fill = fill,
    .scroll = scroll,
    .move_cursor = move_cursor,
    .flush = flush,
};

void mirror_surface_init(struct mirror_surface *mirror, unsigned columns, unsigned rows)
{
    if (columns * rows > MIRROR_MAX_CELLS)
        panic("a mirror of %u x %u is too large", columns, rows);
    *mirror = (struct mirror_surface){.surface = {.card = &card, .columns = columns, .rows = rows}};
    make_rubbish(mirror, 0, rows);
}
