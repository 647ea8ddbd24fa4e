// SPDX-License-Identifier: MIT
// The card, its memory, and the memory for what it shows, put together. Called by main; must not know what is written.
// Whatever is missing, something is seen as long as the card answers and a part of its memory can be mapped.
#include "screen.h"
#include <console/console.h>
#include <framebuffer/framebuffer.h>
#include <lib/command_line.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <memory/device.h>
#include <memory/heap.h>
#include <terminal/terminal.h>
#include <vga/text_mode.h>

// Lines that have left the screen and can be looked at again, at the least.
constexpr unsigned SCROLLBACK_LINES = 1000;

// What there is where there is no heap, or nothing in it: cells for 80 x 50 characters of text mode, or for 80 x 48 of
// a framebuffer, which keeps two grids of its own where text mode has its shadow.
constexpr unsigned RESERVED_ROWS = 48;
static union {
    struct vga_text text;
    struct {
        struct framebuffer framebuffer;
        surface_cell_t cells[2 * FRAMEBUFFER_SMALL_COLUMNS * RESERVED_ROWS];
    } pixels;
} card;
static_assert(sizeof card.pixels <= sizeof card.text, "more than text mode has anyway");
static surface_cell_t reserved_lines[TERMINAL_CELLS(80, 50)];

// Cells for a card's own use, and for lines of text.
struct room {
    surface_cell_t *card, *lines;
    size_t card_count, line_cells;
};

// For a screen whose card wants CARD_COUNT cells: with lines to look back at, or without them, or what is reserved.
static struct room find_room(unsigned columns, unsigned rows, size_t card_count, bool has_heap)
{
    const unsigned wishes[] = {rows + SCROLLBACK_LINES, rows};
    for (unsigned i = 0; has_heap && i < sizeof wishes / sizeof *wishes; i++) {
        size_t line_cells = TERMINAL_CELLS(columns, wishes[i]);
        surface_cell_t *cells = kernel_heap_allocate((card_count + line_cells) * sizeof *cells, 0);
        if (cells != nullptr)
            return (struct room){cells, cells + card_count, card_count, line_cells};
        if (i == 0)
            log_warning("screen", "no memory for lines to look back at");
    }
    return (struct room){card.pixels.cells, reserved_lines, sizeof card.pixels.cells / sizeof(surface_cell_t),
                         sizeof reserved_lines / sizeof(surface_cell_t)};
}

// ---- text mode

static unsigned choose_rows(const char *command_line)
{
    char rows[16];
    if (!command_line_find(command_line, "rows", rows, sizeof rows) || strcmp(rows, "25") == 0)
        return 25;
    if (strcmp(rows, "50") == 0)
        return 50;
    log_error("screen", "rows=%s is not known; rows=25 it is. Known: 25, 50", rows);
    return 25;
}

static struct surface *start_text(const char *command_line, bool has_heap, struct room *room)
{
    volatile void *memory = device_map((phys_addr_t){VGA_MEMORY_ADDRESS}, VGA_MEMORY_SIZE, PAGE_WRITE_COMBINING);
    struct surface *surface = nullptr;
    if (memory == nullptr)
        log_warning("screen", "the card's memory at 0x%llx cannot be mapped", (unsigned long long)VGA_MEMORY_ADDRESS);
    else if (vga_text_start(&card.text, memory, choose_rows(command_line), &surface) != STATUS_OK)
        log_warning("screen", "the loader speaks of text mode, but no VGA answers");
    else
        *room = find_room(surface->columns, surface->rows, 0, has_heap);
    return surface;
}

// ---- framebuffers

// All pixels that characters can stand on; where those cannot be mapped, the topmost ones, on which a report of a death
// has room.
static void map_pixels(struct framebuffer_mode *mode, phys_addr_t address)
{
    constexpr uint32_t LEAST_HEIGHT = 25 * FONT_HEIGHT;
    if (mode->height > FRAMEBUFFER_MAX_HEIGHT)
        mode->height = FRAMEBUFFER_MAX_HEIGHT;
    mode->pixels = device_map(address, (size_t)mode->pitch * mode->height, PAGE_WRITE_COMBINING);
    if (mode->pixels != nullptr || mode->height <= LEAST_HEIGHT)
        return;
    log_warning("screen", "the framebuffer cannot be mapped whole; its topmost %u rows of pixels may do", LEAST_HEIGHT);
    mode->height = LEAST_HEIGHT;
    mode->pixels = device_map(address, (size_t)mode->pitch * mode->height, PAGE_WRITE_COMBINING);
}

// boot_check() has seen that all of VIDEO is possible.
static bool find_pixels(const struct boot_video *video, struct framebuffer_mode *mode)
{
    *mode = (struct framebuffer_mode){
        .width = video->width,
        .height = video->height,
        .pitch = video->pitch,
        .red = {video->red_shift, video->red_bits},
        .green = {video->green_shift, video->green_bits},
        .blue = {video->blue_shift, video->blue_bits},
    };
    if (framebuffer_cell_count(framebuffer_size(mode)) == 0) {
        log_warning("screen", "a framebuffer of %u x %u has no room for a character", video->width, video->height);
        return false;
    }
    map_pixels(mode, (phys_addr_t){video->address});
    if (mode->pixels == nullptr)
        log_warning("screen", "the framebuffer at 0x%llx cannot be mapped", (unsigned long long)video->address);
    return mode->pixels != nullptr;
}

static struct surface *start_framebuffer(const struct boot_video *video, bool has_heap, struct room *room)
{
    struct framebuffer_mode mode;
    if (!find_pixels(video, &mode))
        return nullptr;
    struct framebuffer_size size = framebuffer_size(&mode);
    *room = find_room(size.columns, size.rows, framebuffer_cell_count(size), has_heap);
    struct surface *surface;
    enum status status = framebuffer_start(&card.pixels.framebuffer, &mode, room->card, room->card_count, &surface);
    ASSERT(status == STATUS_OK); // the mode is usable, and the cells are enough for a row
    if (surface->columns < size.columns || surface->rows < size.rows)
        log_warning("screen", "no memory for %u x %u characters", size.columns, size.rows);
    return surface;
}

// ---- either

void screen_start(const struct boot_video *video, const char *command_line, bool has_heap, enum log_level level)
{
    struct surface *surface = nullptr;
    struct room room = {};
    if (video->kind == BOOT_VIDEO_TEXT)
        surface = start_text(command_line, has_heap, &room);
    else if (video->kind == BOOT_VIDEO_FRAMEBUFFER)
        surface = start_framebuffer(video, has_heap, &room);
    else
        log_info("screen", "there is none to write to");
    if (surface == nullptr)
        return;
    enum status status = console_start_screen(surface, room.lines, room.line_cells);
    ASSERT(status == STATUS_OK);
    log_info("screen", "%s, %u x %u characters", surface->card->name, surface->columns, surface->rows);
    console_attach_log(level);
}
