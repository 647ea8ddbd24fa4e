// SPDX-License-Identifier: MIT
// VGA text mode: the registers around the text grid. Called by main and, through the sink that it registers, by log.
// Registers: IBM VGA technical reference (PS/2 Hardware Interface, video subsystem), "General Registers" and "CRT
// Controller Registers".
#include <arch/port.h>
#include <text_screen/text_screen.h>
#include <vga/vga.h>

constexpr uint16_t MISCELLANEOUS_OUTPUT = 0x3cc; // read
constexpr uint8_t MISCELLANEOUS_COLOUR = 1 << 0; // CRT controller at 3D4, otherwise at 3B4
constexpr uint8_t NO_DEVICE = 0xff;              // QEMU without a card; bits 4 and 5 are never both set by a BIOS
constexpr uint16_t CRTC_INDEX_COLOUR = 0x3d4;
constexpr uint16_t CRTC_INDEX_MONOCHROME = 0x3b4;
constexpr uint8_t CRTC_START_HIGH = 0x0c;
constexpr uint8_t CRTC_START_LOW = 0x0d;
constexpr uint8_t CRTC_CURSOR_HIGH = 0x0e;
constexpr uint8_t CRTC_CURSOR_LOW = 0x0f;
constexpr uint32_t CARD_CELLS = 32 * 1024 / sizeof(uint16_t); // what text mode shows of the card's memory

static struct {
    uint16_t crtc; // index register; the data register follows it. 0: no card
    struct text_screen screen;
} vga;

static uint8_t crtc_read(uint8_t index)
{
    port_write8(vga.crtc, index);
    return port_read8((uint16_t)(vga.crtc + 1));
}

// Index and data are neighbours, so one 16-bit write reaches both.
static void crtc_write(uint8_t index, uint8_t value)
{
    port_write16(vga.crtc, (uint16_t)(value << 8 | index));
}

// The cursor is given as a cell number; past the last column it stays on it.
static void move_cursor(void)
{
    const struct text_screen *screen = &vga.screen;
    unsigned column = screen->column < screen->columns ? screen->column : screen->columns - 1;
    unsigned cell = screen->row * screen->card_stride + column;
    crtc_write(CRTC_CURSOR_HIGH, (uint8_t)(cell >> 8));
    crtc_write(CRTC_CURSOR_LOW, (uint8_t)cell);
}

enum status vga_init(const struct vga_text_mode *mode)
{
    uint8_t miscellaneous = port_read8(MISCELLANEOUS_OUTPUT);
    if (miscellaneous == NO_DEVICE)
        return STATUS_NOT_FOUND;
    unsigned stride = mode->stride_bytes != 0 ? mode->stride_bytes / sizeof *mode->cells : mode->columns;
    if (mode->columns == 0 || mode->rows == 0 || stride < mode->columns || stride > CARD_CELLS / mode->rows)
        return STATUS_UNSUPPORTED;
    vga.crtc = miscellaneous & MISCELLANEOUS_COLOUR ? CRTC_INDEX_COLOUR : CRTC_INDEX_MONOCHROME;
    unsigned cell = (unsigned)crtc_read(CRTC_CURSOR_HIGH) << 8 | crtc_read(CRTC_CURSOR_LOW);
    enum status status =
        text_screen_adopt(&vga.screen, mode->cells, mode->columns, mode->rows, stride, cell / stride, cell % stride);
    if (status != STATUS_OK) {
        vga.crtc = 0;
        return status;
    }
    crtc_write(CRTC_START_HIGH, 0);
    crtc_write(CRTC_START_LOW, 0);
    move_cursor();
    return STATUS_OK;
}

void vga_write(const char *text, size_t length)
{
    if (vga.crtc == 0)
        return;
    text_screen_write(&vga.screen, text, length);
    move_cursor();
}

void vga_set_colours(enum vga_colour foreground, enum vga_colour background)
{
    text_screen_set_attribute(&vga.screen, (uint8_t)(background << 4 | foreground));
}

static void sink_write(enum log_level level, const char *text, size_t length)
{
    static const enum vga_colour colours[] = {
        [LOG_LEVEL_ERROR] = VGA_LIGHT_RED,
        [LOG_LEVEL_WARNING] = VGA_YELLOW,
        [LOG_LEVEL_INFO] = VGA_LIGHT_GREY,
        [LOG_LEVEL_DEBUG] = VGA_DARK_GREY,
    };
    vga_set_colours(colours[level], VGA_BLACK);
    vga_write(text, length);
    vga_set_colours(VGA_LIGHT_GREY, VGA_BLACK);
}

static void sink_write_emergency(enum log_level, const char *text, size_t length)
{
    text_screen_repair(&vga.screen);
    vga_set_colours(VGA_WHITE, VGA_BLACK);
    vga_write(text, length);
}

void vga_attach_log(enum log_level level)
{
    static struct log_sink sink = {.write = sink_write, .write_emergency = sink_write_emergency, .is_brief = true};
    sink.level = level;
    log_sink_register(&sink);
}
