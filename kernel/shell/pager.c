// SPDX-License-Identifier: MIT
// Counts rows, and asks before the first of them leaves the screen. Called by what runs commands.
#include "pager.h"
#include <console/console.h>
#include <tty/tty.h>

void pager_start(struct pager *pager)
{
    *pager = (struct pager){.is_on = true};
}

void pager_stop(struct pager *pager)
{
    pager->is_on = false;
}

// Blank and most other keys: a screen more; Enter: a row; q: no more.
static bool ask(struct pager *pager, unsigned rows)
{
    console_print("\033[7m-- more: blank, Enter, q --\033[m");
    uint8_t key = 'q';
    enum status status = tty_read(&key);
    console_print("\r\033[K");
    pager->column = 0;
    pager->row = key == '\r' || key == '\n' ? rows - 1 : 0;
    return status == STATUS_OK && key != 'q';
}

// Whether CHARACTER takes a cell. One of several bytes does so with its first one.
static bool takes_cell(const struct pager *pager, char character)
{
    return !pager->is_in_sequence && (unsigned char)character >= ' ' && ((unsigned char)character & 0xc0) != 0x80;
}

static void count(struct pager *pager, char character, unsigned columns)
{
    if (character == '\033') {
        pager->is_in_sequence = true;
    } else if (pager->is_in_sequence) {
        pager->is_in_sequence = character == '[' || character < '@' || character > '~';
    } else if (character == '\n') {
        pager->row++;
        pager->column = 0;
    } else if (takes_cell(pager, character)) {
        pager->row += pager->column == columns;
        pager->column = pager->column == columns ? 1 : pager->column + 1;
    }
}

bool pager_write(struct pager *pager, const char *text, size_t length)
{
    struct console_size size = console_size();
    size_t start = 0;
    for (size_t i = 0; i < length && pager->is_on; i++) {
        bool wraps = takes_cell(pager, text[i]) && pager->column == size.columns;
        if (pager->row + wraps >= size.rows - 1) {
            console_write(text + start, i - start);
            start = i;
            if (!ask(pager, size.rows - 1))
                return false;
        }
        count(pager, text[i], size.columns);
    }
    console_write(text + start, length - start);
    return true;
}
