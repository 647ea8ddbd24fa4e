// SPDX-License-Identifier: MIT
// Text mode, from whatever the card was doing before. For text_mode.c.
#pragma once
#include <stdint.h>

constexpr unsigned TEXT_LINES = 400; // of the screen

// Whether a VGA answers.
[[nodiscard]] bool vga_is_present(void);

// Set mode 3 with characters of 16 or 8 lines, our own font of that height, and 16 colours; the screen is off, the
// cursor an underline. PLANES is what a PC has at A0000.
void vga_set_text_mode(volatile uint8_t *planes, unsigned character_lines);
void vga_show_screen(void);
