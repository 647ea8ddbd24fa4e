// SPDX-License-Identifier: MIT
// The card, its memory, and the memory for what it shows, put together. Called by main; must not know what is written.
#include "screen.h"
#include <console/console.h>
#include <framebuffer/framebuffer.h>
#include <lib/command_line.h>
#include <lib/string.h>
#include <memory/device.h>
#include <memory/heap.h>
#include <terminal/terminal.h>
#include <vga/text_mode.h>

// Lines that can be looked at again, the screen's own included.
constexpr unsigned SCREEN_LINES = 1100;

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

static struct surface *start_text(const char *command_line)
{
    static struct vga_text text;
    volatile void *memory = device_map((phys_addr_t){VGA_MEMORY_ADDRESS}, VGA_MEMORY_SIZE, PAGE_WRITE_COMBINING);
    struct surface *surface = nullptr;
    if (memory == nullptr)
        log_warning("screen", "the card's memory at 0x%llx cannot be mapped", (unsigned long long)VGA_MEMORY_ADDRESS);
    else if (vga_text_start(&text, memory, choose_rows(command_line), &surface) != STATUS_OK)
        log_warning("screen", "the loader speaks of text mode, but no VGA answers");
    return surface;
}

static struct surface *start_framebuffer(const struct boot_video *video)
{
    static struct framebuffer framebuffer;
    struct framebuffer_mode mode = {
        .pixels = device_map((phys_addr_t){video->address}, (size_t)video->pitch * video->height, PAGE_WRITE_COMBINING),
        .width = video->width,
        .height = video->height,
        .pitch = video->pitch,
        .red = {video->red_shift, video->red_bits},
        .green = {video->green_shift, video->green_bits},
        .blue = {video->blue_shift, video->blue_bits},
    };
    size_t count = video->bits_per_pixel == 32 ? framebuffer_cell_count(&mode) : 0;
    struct surface *surface = nullptr;
    if (count == 0) {
        log_warning("screen", "a framebuffer of %u x %u with %u bits a pixel and %u bytes a row cannot be used",
                    video->width, video->height, video->bits_per_pixel, video->pitch);
        return nullptr;
    }
    if (mode.pixels == nullptr) {
        log_warning("screen", "the framebuffer at 0x%llx cannot be mapped", (unsigned long long)video->address);
        return nullptr;
    }
    surface_cell_t *cells = kernel_heap_allocate(count * sizeof *cells, 0);
    if (cells == nullptr || framebuffer_start(&framebuffer, &mode, cells, count, &surface) != STATUS_OK)
        log_warning("screen", "no memory for the framebuffer's %u cells", (unsigned)count);
    return surface;
}

// Where there is no memory, what one screen needs.
static surface_cell_t *allocate_lines(unsigned columns, bool has_heap, size_t *count)
{
    static surface_cell_t one_screen[TERMINAL_CELLS(80, 50)];
    *count = TERMINAL_CELLS(columns, SCREEN_LINES);
    surface_cell_t *cells = has_heap ? kernel_heap_allocate(*count * sizeof *cells, 0) : nullptr;
    if (cells != nullptr)
        return cells;
    log_warning("screen", "no memory for lines to look back at");
    *count = sizeof one_screen / sizeof *one_screen;
    return one_screen;
}

void screen_start(const struct boot_video *video, const char *command_line, bool has_heap, enum log_level level)
{
    struct surface *surface = nullptr;
    if (video->kind == BOOT_VIDEO_TEXT)
        surface = start_text(command_line);
    else if (video->kind == BOOT_VIDEO_FRAMEBUFFER && has_heap)
        surface = start_framebuffer(video);
    else
        log_info("screen", "there is none to write to");
    if (surface == nullptr)
        return;
    size_t count;
    surface_cell_t *cells = allocate_lines(surface->columns, has_heap, &count);
    if (console_start_screen(surface, cells, count) != STATUS_OK) {
        log_warning("screen", "no memory for its text");
        return;
    }
    log_info("screen", "%s, %u x %u characters", surface->card->name, surface->columns, surface->rows);
    console_attach_log(level);
}
