// SPDX-License-Identifier: MIT
// A text surface on a VGA in text mode: 80 columns and 25 or 50 rows. Owns the card from vga_text_start() on: its
// registers, its fonts, its palette and its text memory; nothing of what it was set to before counts. Exported names
// start with vga_.
//
// A character that code page 437 lacks shows as a filled square (code_page/code_page.h). All sixteen colours are there
// for the background too: nothing blinks. What is drawn shows at once; where the screen starts and where the cursor
// stands, with flush(). Cost and emergency: text_memory/text_memory.h.
#pragma once
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>
#include <surface/surface.h>
#include <text_memory/text_memory.h>

// Where a PC has the memory of its VGA (physical).
constexpr uint64_t VGA_MEMORY_ADDRESS = 0xa'0000;
constexpr size_t VGA_MEMORY_SIZE = 128 * 1024;

struct vga_text {
    struct surface surface;
    unsigned cursor_row, cursor_column;
    bool is_cursor_visible;
    uint32_t told_start, told_cursor; // what the card knows of both
    struct text_memory memory;
};

// Put the card into text mode with ROWS rows, 25 or 50, and a blank screen without a cursor. MEMORY is the card's, all
// VGA_MEMORY_SIZE of it, mapped as write-combining or uncached for as long as the surface is used. STATUS_NOT_FOUND
// when no VGA answers, STATUS_INVALID for another number of rows: then TEXT is of no use. Writes some 8 KB to the card.
[[nodiscard]] enum status vga_text_start(struct vga_text *text, volatile void *memory, unsigned rows,
                                         struct surface **surface);
