// SPDX-License-Identifier: MIT
// Text on the video card. Owns the card's cells and the CRT controller's cursor and start address; knows nothing of the
// boot protocol and of who writes. Exported names start with vga_. Before vga_init() succeeds, and without a card, text
// is dropped.
//
// Not reentrant, except that any function may be interrupted by a writer that never returns to it (the emergency path).
// What text looks like: text_screen/text_screen.h.
#pragma once
#include <lib/status.h>
#include <log/log.h>
#include <stddef.h>
#include <stdint.h>

// The sixteen colours of the default palette; the background takes all of them while blinking is off.
enum vga_colour : uint8_t {
    VGA_BLACK,
    VGA_BLUE,
    VGA_GREEN,
    VGA_CYAN,
    VGA_RED,
    VGA_MAGENTA,
    VGA_BROWN,
    VGA_LIGHT_GREY,
    VGA_DARK_GREY,
    VGA_LIGHT_BLUE,
    VGA_LIGHT_GREEN,
    VGA_LIGHT_CYAN,
    VGA_LIGHT_RED,
    VGA_LIGHT_MAGENTA,
    VGA_YELLOW,
    VGA_WHITE,
};

struct vga_text_mode {
    volatile uint16_t *cells; // mapped for the life of the kernel
    uint32_t columns, rows;
    uint32_t stride_bytes; // from one row to the next; 0: rows follow each other
};

// Take over a card that is in text MODE, with what it shows and where its cursor stands. STATUS_NOT_FOUND when no VGA
// answers, STATUS_UNSUPPORTED when the mode is larger than 132 x 60 or than the card's
// 32 KiB of text memory, or has rows shorter than its columns.
[[nodiscard]] enum status vga_init(const struct vga_text_mode *mode);

// Show TEXT in the colours last set; the cursor follows. O(length) plus a scroll for each line at the bottom.
void vga_write(const char *text, size_t length);

void vga_set_colours(enum vga_colour foreground, enum vga_colour background);

// Show the log from LEVEL upwards here, a colour for each level, beginning with what the log still holds. Once, after
// vga_init().
void vga_attach_log(enum log_level level);
