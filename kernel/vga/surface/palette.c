// SPDX-License-Identifier: MIT
// The sixteen colours as light: IBM VGA technical reference, "Palette Registers", the values that its BIOS sets. Read
// by the cards.
#include <surface/surface.h>

const uint32_t surface_palette[SURFACE_COLOUR_COUNT] = {
    [SURFACE_BLACK] = 0x00'0000,      [SURFACE_BLUE] = 0x00'00aa,          [SURFACE_GREEN] = 0x00'aa00,
    [SURFACE_CYAN] = 0x00'aaaa,       [SURFACE_RED] = 0xaa'0000,           [SURFACE_MAGENTA] = 0xaa'00aa,
    [SURFACE_BROWN] = 0xaa'5500,      [SURFACE_LIGHT_GREY] = 0xaa'aaaa,    [SURFACE_DARK_GREY] = 0x55'5555,
    [SURFACE_LIGHT_BLUE] = 0x55'55ff, [SURFACE_LIGHT_GREEN] = 0x55'ff55,   [SURFACE_LIGHT_CYAN] = 0x55'ffff,
    [SURFACE_LIGHT_RED] = 0xff'5555,  [SURFACE_LIGHT_MAGENTA] = 0xff'55ff, [SURFACE_YELLOW] = 0xff'ff55,
    [SURFACE_WHITE] = 0xff'ffff,
};
