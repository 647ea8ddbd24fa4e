// SPDX-License-Identifier: MIT
// The text grid. Called by vga; must not know how the card moves its cursor.
#include <text_screen/text_screen.h>

constexpr uint16_t BLANK = TEXT_SCREEN_PLAIN << 8 | ' ';
constexpr unsigned TAB_WIDTH = 8;

static void put_cell(struct text_screen *screen, unsigned row, unsigned column, uint16_t cell)
{
    uint16_t *shadow = &screen->shadow[row].cells[column];
    if (*shadow == cell)
        return;
    *shadow = cell;
    screen->card[row * screen->card_stride + column] = cell;
}

// Read as words, because each access to the card costs the same whatever its width.
static void adopt_row(struct text_screen *screen, unsigned row)
{
    union text_screen_row *shadow = &screen->shadow[row];
    uintptr_t address = (uintptr_t)(screen->card + row * screen->card_stride);
    const volatile uint64_t *words = (const volatile uint64_t *)address;
    for (unsigned i = 0; i < screen->columns / TEXT_SCREEN_CELLS_PER_WORD; i++)
        shadow->words[i] = words[i];
    screen->used[row] = (uint8_t)screen->columns; // not worth a search: these rows scroll away soon
}

enum status text_screen_adopt(struct text_screen *screen, volatile uint16_t *card, unsigned columns, unsigned rows,
                              unsigned card_stride, unsigned row, unsigned column)
{
    if (columns == 0 || columns > TEXT_SCREEN_MAX_COLUMNS || rows == 0 || rows > TEXT_SCREEN_MAX_ROWS ||
        card_stride < columns || (columns | card_stride) % TEXT_SCREEN_CELLS_PER_WORD != 0)
        return STATUS_UNSUPPORTED;
    screen->card = card;
    screen->columns = columns;
    screen->rows = rows;
    screen->card_stride = card_stride;
    screen->row = row;
    screen->column = column;
    screen->attribute = TEXT_SCREEN_PLAIN;
    for (unsigned y = 0; y < rows; y++)
        adopt_row(screen, y);
    text_screen_repair(screen);
    if (screen->column > 0)
        text_screen_write(screen, "\n", 1);
    return STATUS_OK;
}

// Make the first WIDTH columns of ROW look like the row below. Most words of two neighbouring lines are equal.
static void copy_from_below(struct text_screen *screen, unsigned row, unsigned width)
{
    union text_screen_row *shadow = &screen->shadow[row];
    const union text_screen_row *below = shadow + 1;
    volatile uint16_t *card = screen->card + row * screen->card_stride;
    for (unsigned word = 0; word * TEXT_SCREEN_CELLS_PER_WORD < width; word++) {
        if (shadow->words[word] == below->words[word])
            continue;
        unsigned column = word * TEXT_SCREEN_CELLS_PER_WORD;
        for (unsigned end = column + TEXT_SCREEN_CELLS_PER_WORD; column < end; column++) {
            if (shadow->cells[column] != below->cells[column])
                card[column] = below->cells[column];
        }
        shadow->words[word] = below->words[word];
    }
}

static void blank_row(struct text_screen *screen, unsigned row)
{
    for (unsigned column = 0; column < screen->used[row]; column++)
        put_cell(screen, row, column, BLANK);
    screen->used[row] = 0;
}

static void scroll(struct text_screen *screen)
{
    unsigned last = screen->rows - 1;
    for (unsigned row = 0; row < last; row++) {
        uint8_t below = screen->used[row + 1];
        uint8_t width = screen->used[row] > below ? screen->used[row] : below;
        copy_from_below(screen, row, width);
        screen->used[row] = below;
    }
    blank_row(screen, last);
}

static void new_line(struct text_screen *screen)
{
    screen->column = 0;
    if (screen->row + 1 < screen->rows)
        screen->row++;
    else
        scroll(screen);
}

static void put_character(struct text_screen *screen, uint8_t character)
{
    if (screen->column == screen->columns)
        new_line(screen);
    put_cell(screen, screen->row, screen->column, (uint16_t)(screen->attribute << 8 | character));
    screen->column++;
    if (screen->column > screen->used[screen->row])
        screen->used[screen->row] = (uint8_t)screen->column;
}

static void move_to_tab_stop(struct text_screen *screen)
{
    unsigned stop = (screen->column / TAB_WIDTH + 1) * TAB_WIDTH;
    screen->column = stop < screen->columns ? stop : screen->columns;
}

static void put_control(struct text_screen *screen, uint8_t character)
{
    switch (character) {
    case '\n':
        new_line(screen);
        break;
    case '\r':
        screen->column = 0;
        break;
    case '\t':
        move_to_tab_stop(screen);
        break;
    case '\b':
        if (screen->column > 0)
            screen->column--;
        break;
    default:
        put_character(screen, TEXT_SCREEN_SQUARE);
    }
}

// UTF-8 (RFC 3629): the first byte of a sequence says how many follow. A byte that can start nothing stands alone.
static unsigned sequence_length_after(uint8_t first)
{
    if (first >= 0xc2 && first <= 0xdf)
        return 1;
    if (first >= 0xe0 && first <= 0xef)
        return 2;
    if (first >= 0xf0 && first <= 0xf4)
        return 3;
    return 0;
}

static void put_beyond_ascii(struct text_screen *screen, uint8_t byte)
{
    bool is_continuation = (byte & 0xc0) == 0x80;
    if (is_continuation && screen->sequence_left > 0) {
        screen->sequence_left--;
        return;
    }
    screen->sequence_left = sequence_length_after(byte);
    put_character(screen, TEXT_SCREEN_SQUARE);
}

void text_screen_write(struct text_screen *screen, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte >= 0x80) {
            put_beyond_ascii(screen, byte);
            continue;
        }
        screen->sequence_left = 0;
        if (byte >= ' ' && byte < 0x7f)
            put_character(screen, byte);
        else
            put_control(screen, byte);
    }
}

void text_screen_set_attribute(struct text_screen *screen, uint8_t attribute)
{
    screen->attribute = attribute;
}

void text_screen_repair(struct text_screen *screen)
{
    if (screen->row >= screen->rows || screen->column > screen->columns) {
        screen->row = screen->rows - 1;
        screen->column = 0;
    }
    screen->sequence_left = 0;
}
