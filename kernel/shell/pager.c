// SPDX-License-Identifier: MIT
// Counts rows, and asks before the first of them leaves the screen. Called by what runs commands.
#include "pager.h"
#include <console/console.h>
#include <line_editor/key_decoder.h>
#include <tty/tty.h>

void pager_start(struct pager *pager)
{
    *pager = (struct pager){.is_on = true};
}

void pager_stop(struct pager *pager)
{
    pager->is_on = false;
}

// Of a key that means nothing here, KEY is left alone. False: the task is cancelled.
static bool read_key(struct typed_key *key)
{
    struct key_decoder decoder = {};
    struct typed_key keys[KEY_DECODER_LIMIT];
    size_t count = 0;
    do {
        uint8_t byte;
        if (tty_read(&byte) != STATUS_OK)
            return false;
        count = key_decoder_push(&decoder, byte, keys);
    } while (count == 0 && key_decoder_is_waiting(&decoder));
    if (count != 0)
        *key = keys[0];
    return true;
}

// Blank and most other keys: a screen more; Enter: a row; q: no more.
static bool ask(struct pager *pager, unsigned rows)
{
    console_print("\033[7m-- more: blank, Enter, q --\033[m");
    struct typed_key key = {};
    bool has_key = read_key(&key);
    console_print("\r\033[K");
    pager->column = 0;
    pager->row = key.kind == TYPED_ENTER ? rows - 1 : 0;
    return has_key && !(key.kind == TYPED_CHARACTER && key.codepoint == 'q');
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
