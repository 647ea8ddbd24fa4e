// SPDX-License-Identifier: MIT
// A text surface in text mode: the two registers that move while it runs, around the text memory. Called by main for
// the surface, and through that by whoever draws; must not know who that is, nor how the mode is set.
#include "registers.h"
#include "set_mode.h"
#include <vga/text_mode.h>

constexpr size_t TEXT_OFFSET = 0xb8000 - VGA_MEMORY_ADDRESS;
constexpr uint32_t UNTOLD = UINT32_MAX;

static struct vga_text *text_of(struct surface *surface)
{
    return (struct vga_text *)surface; // its first member
}

static void draw(struct surface *surface, unsigned row, unsigned column, const surface_cell_t *cells, unsigned count)
{
    text_memory_draw(&text_of(surface)->memory, row, column, cells, count);
}

static void fill(struct surface *surface, unsigned row, unsigned column, surface_cell_t cell, unsigned count)
{
    text_memory_fill(&text_of(surface)->memory, row, column, cell, count);
}

static void scroll(struct surface *surface, unsigned top, unsigned bottom, int lines)
{
    text_memory_scroll(&text_of(surface)->memory, top, bottom, lines);
}

static void move_cursor(struct surface *surface, unsigned row, unsigned column, bool is_visible)
{
    struct vga_text *text = text_of(surface);
    text->cursor_row = row;
    text->cursor_column = column;
    text->is_cursor_visible = is_visible;
}

// A picture may begin between the two writes. Of a screen that moves up it shows up to 255 cells too many at the top
// then, for the 14 ms until the next one; with the high byte first it would show what lies behind the end.
static void tell_start(struct vga_text *text, uint32_t start)
{
    text->told_start = UNTOLD; // for whoever interrupts here
    register_write(REGISTER_CRTC, CRTC_START_LOW, (uint8_t)start);
    register_write(REGISTER_CRTC, CRTC_START_HIGH, (uint8_t)(start >> 8));
    text->told_start = start;
}

// The cursor is an underline; hidden, it goes to a cell behind the screen.
static void tell_cursor(struct vga_text *text, uint32_t cell)
{
    text->told_cursor = UNTOLD;
    register_write(REGISTER_CRTC, CRTC_CURSOR_LOW, (uint8_t)cell);
    register_write(REGISTER_CRTC, CRTC_CURSOR_HIGH, (uint8_t)(cell >> 8));
    text->told_cursor = cell;
}

// The fence empties the buffers in which the CPU combines writes (Intel SDM vol. 3, 11.3.1).
static void flush(struct surface *surface)
{
    struct vga_text *text = text_of(surface);
    uint32_t start = text->memory.start, cursor = TEXT_MEMORY_CELLS;
    if (text->is_cursor_visible)
        cursor = start + text->cursor_row * TEXT_MEMORY_COLUMNS + text->cursor_column;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (text->told_start != start)
        tell_start(text, start);
    if (text->told_cursor != cursor)
        tell_cursor(text, cursor);
}

static const struct surface_card card = {
    .name = "text",
    .draw = draw,
    .fill = fill,
    .scroll = scroll,
    .move_cursor = move_cursor,
    .flush = flush,
};

enum status vga_text_start(struct vga_text *text, volatile void *memory, unsigned rows, struct surface **surface)
{
    if (rows != 25 && rows != 50)
        return STATUS_INVALID;
    if (!vga_is_present())
        return STATUS_NOT_FOUND;
    volatile uint8_t *planes = memory;
    vga_set_text_mode(planes, TEXT_LINES / rows);
    text_memory_init(&text->memory, planes + TEXT_OFFSET, rows);
    text->surface = (struct surface){.card = &card, .columns = TEXT_MEMORY_COLUMNS, .rows = rows};
    text->is_cursor_visible = false;
    text->told_start = text->told_cursor = UNTOLD;
    flush(&text->surface);
    vga_show_screen();
    *surface = &text->surface;
    return STATUS_OK;
}
