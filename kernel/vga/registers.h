// SPDX-License-Identifier: MIT
// The VGA's ports and how a register behind one is reached; for set_mode.c, which has the rest, and text_mode.c.
// IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem".
#pragma once
#include <arch/port.h>

constexpr uint16_t REGISTER_SEQUENCER = 0x3c4; // index; the data register is the next port, as with the others
constexpr uint16_t REGISTER_GRAPHICS = 0x3ce;
constexpr uint16_t REGISTER_CRTC = 0x3d4;
constexpr uint16_t REGISTER_CRTC_MONOCHROME = 0x3b4;

constexpr uint8_t CRTC_CURSOR_START = 0x0a, CRTC_CURSOR_END = 0x0b; // lines of a character
constexpr uint8_t CRTC_START_HIGH = 0x0c, CRTC_START_LOW = 0x0d;    // the cell at the top left
constexpr uint8_t CRTC_CURSOR_HIGH = 0x0e, CRTC_CURSOR_LOW = 0x0f;  // the cell of the cursor

// Index and data are neighbours, so one 16-bit write reaches both.
static inline void register_write(uint16_t index_port, uint8_t index, uint8_t value)
{
    port_write16(index_port, (uint16_t)(value << 8 | index));
}

static inline uint8_t register_read(uint16_t index_port, uint8_t index)
{
    port_write8(index_port, index);
    return port_read8(index_port + 1);
}
