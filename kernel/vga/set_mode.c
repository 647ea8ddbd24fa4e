// SPDX-License-Identifier: MIT
// Every register that has a say in text mode. Called by text_mode.c once, before anybody draws.
//
// Registers and the values of mode 3: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem", in the order
// of its sections: General, Sequencer, CRT Controller, Graphics Controller, Attribute Controller, Video
// Digital-to-Analog Converter. Timing is that of mode 3 on an analogue display: 720 x 400 at 70 Hz, of which a
// character takes 9 columns and 16 lines, or 8 lines with 50 rows.
#include "set_mode.h"
#include "registers.h"
#include <code_page/code_page.h>
#include <font/font.h>
#include <surface/surface.h>

// ---- General

constexpr uint16_t ATTRIBUTE = 0x3c0; // index and data, one after the other
constexpr uint16_t MISCELLANEOUS_WRITE = 0x3c2;
constexpr uint16_t DAC_MASK = 0x3c6;
constexpr uint16_t DAC_WRITE_INDEX = 0x3c8;
constexpr uint16_t DAC_DATA = 0x3c9;
constexpr uint16_t MISCELLANEOUS_READ = 0x3cc;
constexpr uint16_t INPUT_STATUS_1 = 0x3da; // reading it makes the next write to ATTRIBUTE an index

constexpr uint8_t NO_DEVICE = 0xff;              // QEMU without a card; no mode sets all bits
constexpr uint8_t MISCELLANEOUS_COLOUR = 1 << 0; // ports 3D4 and 3DA, otherwise 3B4 and 3BA
// Colour, memory enabled, 28 MHz clock, high page of odd and even, 400 lines.
constexpr uint8_t MISCELLANEOUS = MISCELLANEOUS_COLOUR | 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6;

// ---- Sequencer

constexpr uint8_t SEQUENCER_RESET = 0x00;
constexpr uint8_t SEQUENCER_STOPPED = 0x01, SEQUENCER_RUNNING = 0x03;
constexpr uint8_t SEQUENCER_CLOCKING = 0x01;
constexpr uint8_t CLOCKING_SCREEN_OFF = 1 << 5;
constexpr uint8_t SEQUENCER_MAP_MASK = 0x02;
constexpr uint8_t SEQUENCER_MEMORY_MODE = 0x04;

static const uint8_t sequencer[] = {
    [SEQUENCER_CLOCKING] = 0x00,    // 9 columns a character, the dot clock as it is
    [SEQUENCER_MAP_MASK] = 0x03,    // planes 0 and 1: characters and attributes
    [0x03] = 0x00,                  // both fonts at the start of plane 2, so that there is one
    [SEQUENCER_MEMORY_MODE] = 0x02, // 256 KiB; even addresses in plane 0, odd ones in plane 1
};

// ---- CRT Controller

constexpr uint8_t CRTC_MAXIMUM_SCAN_LINE = 0x09;
constexpr unsigned CURSOR_LINES = 2;
constexpr uint8_t CRTC_RETRACE_END = 0x11;
constexpr uint8_t RETRACE_END_PROTECT = 1 << 7; // registers 0 to 7 cannot be written

static const uint8_t crtc[] = {
    [0x00] = 0x5f, // a line: 100 characters, less 5
    [0x01] = 0x4f, // of which 80 show, less 1
    [0x02] = 0x50, // blank from 80
    [0x03] = 0x82, // to 98 (bits 0 to 4 of it, and 7 always set)
    [0x04] = 0x55, // retrace from 85
    [0x05] = 0x81, // to 97
    [0x06] = 0xbf, // a picture: 449 lines, less 2; the ninth bits of this and others are in 07
    [0x07] = 0x1f,
    [0x08] = 0x00,                   // the first line of a character is the first shown
    [CRTC_MAXIMUM_SCAN_LINE] = 0x40, // lines a character, less 1, to be added; bit 6 is the tenth of 18
    [CRTC_CURSOR_START] = 0x00,      // both to be set like 09
    [CRTC_CURSOR_END] = 0x00,
    [CRTC_START_HIGH] = 0x00,
    [CRTC_START_LOW] = 0x00,
    [CRTC_CURSOR_HIGH] = 0xff, // out of sight
    [CRTC_CURSOR_LOW] = 0xff,
    [0x10] = 0x9c,                                   // vertical retrace from line 412
    [CRTC_RETRACE_END] = RETRACE_END_PROTECT | 0x0e, // to 414, no interrupt
    [0x12] = 0x8f,                                   // 400 lines show, less 1
    [0x13] = 0x28,                                   // a row is twice 40 cells
    [0x14] = 0x1f,                                   // the underline of monochrome text, beyond the character
    [0x15] = 0x96,                                   // vertical blank from line 407, less 1
    [0x16] = 0xb9,                                   // to line 441
    [0x17] = 0xa3,                                   // addresses count cells, every line a line
    [0x18] = 0xff,                                   // the screen is not split
};

// ---- Graphics Controller

constexpr uint8_t GRAPHICS_READ_MAP = 0x04;
constexpr uint8_t GRAPHICS_MODE = 0x05;
constexpr uint8_t GRAPHICS_MISCELLANEOUS = 0x06;

static const uint8_t graphics[] = {
    [0x00] = 0x00, // nothing is set, compared, rotated or masked on the way
    [0x01] = 0x00,
    [0x02] = 0x00,
    [0x03] = 0x00,
    [GRAPHICS_READ_MAP] = 0x00,
    [GRAPHICS_MODE] = 0x10,          // odd and even addresses, as in the sequencer
    [GRAPHICS_MISCELLANEOUS] = 0x0e, // text, 32 KiB at B8000
    [0x07] = 0x00,
    [0x08] = 0xff, // all bits
};

// ---- Attribute Controller

constexpr uint8_t ATTRIBUTE_MODE = 0x10;
constexpr uint8_t ATTRIBUTE_SHOW = 1 << 5; // of the index: the palette goes to the screen, not to the CPU

// Behind the palette, in which a colour is the DAC's of the same number.
static const uint8_t attribute[] = {
    [ATTRIBUTE_MODE] = 0x04, // lines go on in the ninth column; bit 3, blinking, is off: 16 background colours
    [0x11] = 0x00,           // the border is black
    [0x12] = 0x0f,           // all planes
    [0x13] = 0x08,           // 9 columns, none cut off
    [0x14] = 0x00,           // the first 64 of the DAC's colours
};
static_assert(ATTRIBUTE_MODE == SURFACE_COLOUR_COUNT);

constexpr unsigned FONT_SLOT = 32; // bytes that plane 2 has for a character, whatever its height

// ---- setting the mode

static bool keeps(uint16_t crtc_port, uint8_t value)
{
    register_write(crtc_port, CRTC_CURSOR_LOW, value);
    return register_read(crtc_port, CRTC_CURSOR_LOW) == value;
}

bool vga_is_present(void)
{
    uint8_t miscellaneous = port_read8(MISCELLANEOUS_READ);
    if (miscellaneous == NO_DEVICE)
        return false;
    uint16_t crtc_port = miscellaneous & MISCELLANEOUS_COLOUR ? REGISTER_CRTC : REGISTER_CRTC_MONOCHROME;
    return keeps(crtc_port, 0x55) && keeps(crtc_port, 0xaa);
}

static void write_registers(uint16_t index_port, unsigned first, const uint8_t *values, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        register_write(index_port, (uint8_t)i, values[i]);
}

static void set_sequencer(void)
{
    write_registers(REGISTER_SEQUENCER, SEQUENCER_MAP_MASK, sequencer, sizeof sequencer);
}

static void set_crtc(unsigned character_lines)
{
    register_write(REGISTER_CRTC, CRTC_RETRACE_END,
                   register_read(REGISTER_CRTC, CRTC_RETRACE_END) & (uint8_t)~RETRACE_END_PROTECT);
    write_registers(REGISTER_CRTC, 0, crtc, sizeof crtc);
    register_write(REGISTER_CRTC, CRTC_MAXIMUM_SCAN_LINE,
                   (uint8_t)(crtc[CRTC_MAXIMUM_SCAN_LINE] | (character_lines - 1)));
    register_write(REGISTER_CRTC, CRTC_CURSOR_START, (uint8_t)(character_lines - CURSOR_LINES));
    register_write(REGISTER_CRTC, CRTC_CURSOR_END, (uint8_t)(character_lines - 1));
}

static void set_graphics(void)
{
    write_registers(REGISTER_GRAPHICS, 0, graphics, sizeof graphics);
}

static void set_attributes(void)
{
    (void)port_read8(INPUT_STATUS_1);
    for (unsigned i = 0; i < sizeof attribute; i++) {
        port_write8(ATTRIBUTE, (uint8_t)i);
        port_write8(ATTRIBUTE, i < ATTRIBUTE_MODE ? (uint8_t)i : attribute[i]);
    }
    port_write8(ATTRIBUTE, ATTRIBUTE_SHOW);
}

// The DAC has six bits a channel.
static void set_palette(void)
{
    port_write8(DAC_MASK, 0xff);
    port_write8(DAC_WRITE_INDEX, 0);
    for (unsigned i = 0; i < SURFACE_COLOUR_COUNT; i++) {
        for (unsigned shift = 24; shift > 0; shift -= 8)
            port_write8(DAC_DATA, (uint8_t)(surface_palette[i] >> (shift - 8) & 0xff) >> 2);
    }
}

// Our own, because every BIOS has another one. For this, plane 2 alone is at A0000, address by address.
static void load_font(volatile uint8_t *plane, unsigned character_lines)
{
    register_write(REGISTER_SEQUENCER, SEQUENCER_MAP_MASK, 1 << 2);
    register_write(REGISTER_SEQUENCER, SEQUENCER_MEMORY_MODE, 0x06);
    register_write(REGISTER_GRAPHICS, GRAPHICS_MODE, 0x00);
    register_write(REGISTER_GRAPHICS, GRAPHICS_MISCELLANEOUS, 0x04);
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t *rows =
            character_lines == FONT_HEIGHT ? font_find(code_page_code_points[i])->rows : font_small_glyphs[i];
        for (unsigned line = 0; line < character_lines; line++)
            plane[i * FONT_SLOT + line] = rows[line];
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // none of it may arrive when the plane is another one
}

// While the sequencer stands still, the clock may change, which the miscellaneous register selects.
void vga_set_text_mode(volatile uint8_t *planes, unsigned character_lines)
{
    register_write(REGISTER_SEQUENCER, SEQUENCER_RESET, SEQUENCER_STOPPED);
    register_write(REGISTER_SEQUENCER, SEQUENCER_CLOCKING, sequencer[SEQUENCER_CLOCKING] | CLOCKING_SCREEN_OFF);
    port_write8(MISCELLANEOUS_WRITE, MISCELLANEOUS);
    register_write(REGISTER_SEQUENCER, SEQUENCER_RESET, SEQUENCER_RUNNING);
    set_crtc(character_lines);
    set_graphics(); // nothing may mask what goes to memory
    load_font(planes, character_lines);
    set_sequencer();
    set_graphics();
    set_attributes();
    set_palette();
}

void vga_show_screen(void)
{
    register_write(REGISTER_SEQUENCER, SEQUENCER_CLOCKING, sequencer[SEQUENCER_CLOCKING]);
}
