// SPDX-License-Identifier: MIT
// How many instructions the cards take to show a line of a log, and a screen. The driver's part is an emulator that
// counts one tick of the TSC for each instruction; the framebuffer is memory from the heap, because what counts here
// are instructions and stores, not the bus.
#include <arch/cpu.h>
#include <framebuffer/framebuffer.h>
#include <framework/test.h>
#include <lib/string.h>
#include <memory/device.h>
#include <memory/heap.h>
#include <speed/cost.h>
#include <vga/text_mode.h>

typedef unsigned long long printable_t;

constexpr unsigned MOST_COLUMNS = 512;
constexpr unsigned LINE_COUNT = 400;      // twice through the text memory
constexpr unsigned SCREEN_LINE_COUNT = 4; // of a framebuffer, on which every line costs about the same

struct line {
    unsigned count;  // cells that are drawn
    unsigned length; // of the text in them
    bool is_filled;  // the rest of the row, with blanks
};

static surface_cell_t cells[MOST_COLUMNS];

static uint64_t most_of(uint64_t left, uint64_t right)
{
    return left > right ? left : right;
}

// Text that changes from line to line, blanks behind it.
static void make_line(unsigned number, struct line line)
{
    for (unsigned i = 0; i < line.count; i++) {
        uint32_t code_point = i < line.length ? 'a' + (number * 7 + i * i) % 26 : ' ';
        cells[i] = surface_cell(code_point, SURFACE_LIGHT_GREY, SURFACE_BLACK);
    }
}

static uint64_t ticks_of_line(struct surface *surface, struct line line)
{
    constexpr surface_cell_t BLANK = (surface_cell_t)SURFACE_LIGHT_GREY << 24 | ' ';
    uint64_t start = tsc_read();
    surface->card->scroll(surface, 0, surface->rows, 1);
    surface->card->draw(surface, surface->rows - 1, 0, cells, line.count);
    if (line.is_filled)
        surface->card->fill(surface, surface->rows - 1, line.count, BLANK, surface->columns - line.count);
    surface->card->move_cursor(surface, surface->rows - 1, 0, true);
    surface->card->flush(surface);
    return tsc_read() - start - cost_of_tsc();
}

static void measure_lines(struct surface *surface, const char *what, struct line line, unsigned line_count,
                          uint64_t limit)
{
    uint64_t sum = 0, most = 0;
    for (unsigned i = 0; i < line_count; i++) {
        make_line(i, line);
        uint64_t ticks = ticks_of_line(surface, line);
        sum += ticks;
        most = most_of(most, ticks);
    }
    test_note("measured: %s, mean: %llu", what, (printable_t)((sum + line_count / 2) / line_count));
    test_note("measured: %s, most: %llu", what, (printable_t)most);
    CHECK(sum / line_count >= 30); // fewer than four calls: something else was measured
    CHECK(!HAS_LIMITS || limit == 0 || sum / line_count <= limit);
}

static uint64_t ticks_of_repaint(struct surface *surface, unsigned number, unsigned colours)
{
    uint64_t start = tsc_read(), making = 0;
    for (unsigned row = 0; row < surface->rows; row++) {
        uint64_t before = tsc_read();
        for (unsigned i = 0; i < surface->columns; i++) {
            cells[i] =
                surface_cell('a' + (number + row + i) % 26,
                             (enum surface_colour)(SURFACE_LIGHT_GREY + (row + i + number) % colours), SURFACE_BLACK);
        }
        making += tsc_read() - before;
        surface->card->draw(surface, row, 0, cells, surface->columns);
    }
    surface->card->flush(surface);
    return tsc_read() - start - making;
}

static struct surface *start_text(unsigned rows)
{
    static struct vga_text text;
    volatile void *memory = device_map((phys_addr_t){VGA_MEMORY_ADDRESS}, VGA_MEMORY_SIZE, PAGE_WRITE_COMBINING);
    struct surface *surface;
    CHECK(memory != nullptr);
    CHECK_EQUAL(vga_text_start(&text, memory, rows, &surface), STATUS_OK);
    return surface;
}

TEST(speed, text_mode)
{
    NEEDS_DRIVER();
    uint64_t flags = cpu_interrupts_disable();
    struct surface *surface = start_text(25);
    measure_lines(surface, "text mode, line of 12 cells", (struct line){.count = 12, .length = 12}, LINE_COUNT, 400);
    measure_lines(surface, "text mode, line of 12 cells, then blanks",
                  (struct line){.count = 12, .length = 12, .is_filled = true}, LINE_COUNT, 500);
    measure_lines(surface, "text mode, line of 80 cells, 12 not blank", (struct line){.count = 80, .length = 12},
                  LINE_COUNT, 0);
    measure_lines(surface, "text mode, line of 80 cells, 60 not blank", (struct line){.count = 80, .length = 60},
                  LINE_COUNT, 0);
    ticks_of_repaint(surface, 0, 1);
    test_note("measured: text mode, repaint of 80 x 25: %llu", (printable_t)ticks_of_repaint(surface, 1, 1));
    measure_lines(start_text(50), "text mode, 50 rows, line of 12 cells", (struct line){.count = 12, .length = 12},
                  LINE_COUNT, 0);
    cpu_interrupts_restore(flags);
}

// ---- framebuffer

static struct framebuffer framebuffer;

static struct surface *start_framebuffer(struct framebuffer_mode *mode, uint32_t width, uint32_t height)
{
    *mode = (struct framebuffer_mode){
        .pixels = kernel_heap_allocate((size_t)4 * width * height, 4096),
        .width = width,
        .height = height,
        .pitch = 4 * width,
        .red = {16, 8},
        .green = {8, 8},
        .blue = {0, 8},
    };
    size_t count = framebuffer_cell_count(framebuffer_size(mode));
    surface_cell_t *grids = kernel_heap_allocate(count * sizeof *grids, 0);
    struct surface *surface;
    CHECK(mode->pixels != nullptr && grids != nullptr);
    CHECK_EQUAL(framebuffer_start(&framebuffer, mode, grids, count, &surface), STATUS_OK);
    return surface;
}

// What no text takes: every row of every glyph and every colour is another one after a line.
static void make_worst_line(unsigned number)
{
    for (unsigned i = 0; i < framebuffer.surface.columns; i++)
        cells[i] = surface_cell(u'█', (enum surface_colour)((number + i) % 15 + 1),
                                (enum surface_colour)((number / 2 + i) % 15));
}

static void measure_worst_lines(struct surface *surface)
{
    uint64_t most = 0;
    for (unsigned row = 0; row < surface->rows; row++) {
        make_worst_line(row);
        surface->card->draw(surface, row, 0, cells, surface->columns);
    }
    surface->card->flush(surface);
    for (unsigned i = 0; i < SCREEN_LINE_COUNT; i++) {
        make_worst_line(surface->rows + i);
        most = most_of(most, ticks_of_line(surface, (struct line){.count = surface->columns}));
    }
    test_note("measured: framebuffer, line that changes every pixel: %llu", (printable_t)most);
}

// Lines on a screen that is full of such.
static void measure_screen_of_lines(struct surface *surface, const char *what, unsigned length)
{
    struct line line = {.count = surface->columns, .length = length};
    for (unsigned row = 0; row < surface->rows; row++) {
        make_line(row, line);
        surface->card->draw(surface, row, 0, cells, surface->columns);
    }
    surface->card->flush(surface);
    measure_lines(surface, what, line, SCREEN_LINE_COUNT, 0);
}

static void measure_copy(const struct framebuffer_mode *mode)
{
    size_t row = (size_t)FONT_HEIGHT * mode->pitch;
    uint8_t *pixels = (uint8_t *)(uintptr_t)mode->pixels;
    uint64_t start = tsc_read();
    memmove(pixels, pixels + row, (size_t)mode->height * mode->pitch - row);
    test_note("measured: framebuffer, plain copy of all pixels: %llu", (printable_t)(tsc_read() - start));
}

static void measure_framebuffer(uint32_t width, uint32_t height)
{
    struct framebuffer_mode mode;
    struct surface *surface = start_framebuffer(&mode, width, height);
    test_note("%u x %u pixels, %u x %u cells", width, height, surface->columns, surface->rows);
    measure_lines(surface, "framebuffer, line of 12 cells on a blank screen", (struct line){.count = 12, .length = 12},
                  1, 0);
    measure_screen_of_lines(surface, "framebuffer, line of 60 cells", 60);
    measure_screen_of_lines(surface, "framebuffer, line that changes every cell", surface->columns);
    measure_worst_lines(surface);
    ticks_of_repaint(surface, 0, 1);
    test_note("measured: framebuffer, repaint, a colour a cell: %llu", (printable_t)ticks_of_repaint(surface, 1, 8));
    test_note("measured: framebuffer, repaint, another colour: %llu", (printable_t)ticks_of_repaint(surface, 2, 1));
    test_note("measured: framebuffer, repaint, other characters: %llu", (printable_t)ticks_of_repaint(surface, 3, 1));
    uint64_t start = tsc_read();
    surface->card->flush(surface);
    test_note("measured: framebuffer, flush of no change: %llu", (printable_t)(tsc_read() - start));
    measure_copy(&mode);
    kernel_heap_free(framebuffer.wanted);
    kernel_heap_free((void *)(uintptr_t)mode.pixels);
}

TEST(speed, framebuffer)
{
    NEEDS_DRIVER();
    uint64_t flags = cpu_interrupts_disable();
    measure_framebuffer(1024, 768);
    measure_framebuffer(1920, 1080);
    measure_framebuffer(3840, 2160);
    cpu_interrupts_restore(flags);
}
