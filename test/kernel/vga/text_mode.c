// SPDX-License-Identifier: MIT
// Text mode on the card that this machine has: its registers and its memory read back, and, by the script that drives
// it, its picture. They put the card into modes that the kernel's own screen does not know, so each has a machine of
// its own.
#include <arch/port.h>
#include <arch/tsc.h>
#include <code_page/code_page.h>
#include <framework/test.h>
#include <memory/device.h>
#include <serial/serial.h>
#include <vga/text_mode.h>

constexpr unsigned COLUMNS = TEXT_MEMORY_COLUMNS;
constexpr uint64_t PATIENCE_TICKS = 60'000'000'000; // of the TSC: half a minute or less

static struct vga_text text;
static struct surface *surface;
static volatile uint8_t *card_memory;

static enum status start(unsigned rows)
{
    card_memory = device_map((phys_addr_t){VGA_MEMORY_ADDRESS}, VGA_MEMORY_SIZE, PAGE_WRITE_COMBINING);
    CHECK(card_memory != nullptr);
    return vga_text_start(&text, card_memory, rows, &surface);
}

static uint8_t read_indexed(uint16_t port, uint8_t index)
{
    port_write8(port, index);
    return port_read8(port + 1);
}

static uint8_t read_attribute(uint8_t index)
{
    constexpr uint8_t SHOW = 1 << 5;
    (void)port_read8(0x3da);
    port_write8(0x3c0, index | SHOW);
    uint8_t value = port_read8(0x3c1);
    (void)port_read8(0x3da);
    return value;
}

static void check_registers(unsigned rows)
{
    static const uint8_t crtc[] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00};
    static const uint8_t crtc_vertical[] = {0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
    unsigned lines = 400 / rows;
    CHECK_EQUAL(port_read8(0x3cc), 0x67);
    CHECK_EQUAL(read_indexed(0x3c4, 1), 0);
    CHECK_EQUAL(read_indexed(0x3c4, 2), 3);
    CHECK_EQUAL(read_indexed(0x3c4, 3), 0);
    CHECK_EQUAL(read_indexed(0x3c4, 4) & 0x0e, 2);
    for (uint8_t i = 0; i < sizeof crtc; i++)
        CHECK_EQUAL(read_indexed(0x3d4, i), crtc[i]);
    for (uint8_t i = 0; i < sizeof crtc_vertical; i++)
        CHECK_EQUAL(read_indexed(0x3d4, 0x10 + i) | (i == 1 ? 0x80 : 0), crtc_vertical[i]);
    CHECK_EQUAL(read_indexed(0x3d4, 0x09) & 0x9f, lines - 1);
    CHECK_EQUAL(read_indexed(0x3d4, 0x0a) & 0x3f, lines - 2);
    CHECK_EQUAL(read_indexed(0x3d4, 0x0b) & 0x1f, lines - 1);
    CHECK_EQUAL(read_indexed(0x3ce, 5) & 0x73, 0x10);
    CHECK_EQUAL(read_indexed(0x3ce, 6) & 0x0f, 0x0e);
    for (uint8_t i = 0; i < SURFACE_COLOUR_COUNT; i++)
        CHECK_EQUAL(read_attribute(i), i);
    CHECK_EQUAL(read_attribute(0x10), 0x04);
    CHECK_EQUAL(read_attribute(0x13), 0x08);
    port_write8(0x3c7, 0);
    for (unsigned i = 0; i < SURFACE_COLOUR_COUNT; i++) {
        for (unsigned shift = 24; shift > 0; shift -= 8)
            CHECK_EQUAL(port_read8(0x3c9), (surface_palette[i] >> (shift - 8) & 0xff) >> 2);
    }
}

TEST(vga, registers_are_those_of_text_mode)
{
    NEEDS_DRIVER();
    CHECK_EQUAL(start(50), STATUS_OK);
    check_registers(50);
    CHECK_EQUAL(start(25), STATUS_OK);
    check_registers(25);
}

TEST(vga, absent_card_is_not_found)
{
    NEEDS_DRIVER();
    CHECK_EQUAL(start(25), STATUS_NOT_FOUND);
}

// ---- what is shown

static uint16_t converted(surface_cell_t cell)
{
    return (uint16_t)(cell >> 24 << 8 | code_page_byte(surface_code_point(cell)));
}

// A row that is told from the others, in colours of its own.
static void make_row(unsigned number, surface_cell_t cells[COLUMNS])
{
    for (unsigned i = 0; i < COLUMNS; i++) {
        uint8_t byte = (uint8_t)(number * 7 + i);
        uint32_t code_point = code_page_code_points[byte];
        cells[i] = surface_cell(code_point, (enum surface_colour)(number % 16),
                                (enum surface_colour)((number + i / 16 + 1) % 16));
    }
}

static void draw_row(unsigned row, unsigned number)
{
    surface_cell_t cells[COLUMNS];
    make_row(number, cells);
    surface->card->draw(surface, row, 0, cells, COLUMNS);
}

static uint16_t read_cell(unsigned at)
{
    volatile const uint8_t *cell = card_memory + 0x1'8000 + 2 * at;
    return (uint16_t)(cell[0] | cell[1] << 8);
}

// By the card's own register, not by what the kernel thinks of it.
static unsigned start_of_card(void)
{
    return (unsigned)read_indexed(0x3d4, 0x0c) << 8 | read_indexed(0x3d4, 0x0d);
}

static unsigned cursor_of_card(void)
{
    return (unsigned)read_indexed(0x3d4, 0x0e) << 8 | read_indexed(0x3d4, 0x0f);
}

// Row 0 is to be the row with NUMBER, the others those that follow.
static void check_screen(unsigned number)
{
    surface_cell_t cells[COLUMNS];
    for (unsigned row = 0; row < surface->rows; row++) {
        make_row(number + row, cells);
        for (unsigned i = 0; i < COLUMNS; i++)
            CHECK_EQUAL(read_cell(start_of_card() + row * COLUMNS + i), converted(cells[i]));
    }
}

// The driver takes a picture and sends a byte.
static void show_to_driver(void)
{
    test_note("show: start %u, rows %u", start_of_card(), surface->rows);
    uint64_t begin = tsc_read();
    uint8_t byte;
    while (!serial_read(&byte))
        CHECK(tsc_read() - begin < PATIENCE_TICKS);
}

// Twice through the card's memory, which the screen meets the end of once in 154 or 179 lines.
static void scroll_through(unsigned rows, unsigned picture_count)
{
    constexpr unsigned LINES = 400;
    CHECK_EQUAL(start(rows), STATUS_OK);
    for (unsigned row = 0; row < rows; row++)
        draw_row(row, row);
    unsigned wraps = 0, last_start = 0;
    for (unsigned line = 1; line <= LINES; line++) {
        surface->card->scroll(surface, 0, rows, 1);
        draw_row(rows - 1, rows - 1 + line);
        surface->card->move_cursor(surface, line % rows, line % COLUMNS, line % 100 != 0);
        surface->card->flush(surface);
        wraps += start_of_card() < last_start;
        last_start = start_of_card();
        if (line % 10 == 0)
            check_screen(line);
        if (line % 100 != 0)
            CHECK_EQUAL(cursor_of_card(), last_start + line % rows * COLUMNS + line % COLUMNS);
        if (line % 100 == 0 && line / 100 <= picture_count)
            show_to_driver();
    }
    CHECK_EQUAL(wraps, 2);
}

TEST(vga, screen_of_25_rows_scrolls_through_the_cards_memory)
{
    NEEDS_DRIVER();
    scroll_through(25, 0);
}

TEST(vga, screen_of_50_rows_scrolls_through_the_cards_memory)
{
    NEEDS_DRIVER();
    scroll_through(50, 0);
}

TEST(vga, picture_is_what_the_memory_says)
{
    NEEDS_DRIVER();
    scroll_through(25, 4);
    scroll_through(50, 4);
}
