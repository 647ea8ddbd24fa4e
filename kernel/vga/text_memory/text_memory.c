// SPDX-License-Identifier: MIT
// The cells of text mode and their shadow. Called by text_mode.c; must not know how the card is told where to start.
#include <code_page/code_page.h>
#include <stddef.h>
#include <text_memory/text_memory.h>

constexpr unsigned WORD_CELLS = TEXT_MEMORY_CELLS_PER_WORD;
constexpr uint64_t EVERY_CELL = 0x0001'0001'0001'0001; // times what all cells of a word have
constexpr uint64_t BLANK_WORD = EVERY_CELL * TEXT_MEMORY_BLANK;

// Words are named by their first cell.
static uint64_t *shadow_word(struct text_memory *memory, unsigned at)
{
    return &memory->shadow_words[at / WORD_CELLS];
}

static volatile uint64_t *card_word(struct text_memory *memory, unsigned at)
{
    return (volatile uint64_t *)(uintptr_t)&memory->card[at];
}

// The card before the shadow: whoever draws the same once more after an interruption between the two is heard. Most
// words of two neighbouring lines are equal.
static void put_word(uint64_t *shadow, volatile uint64_t *card, uint64_t word)
{
    if (*shadow == word)
        return;
    *card = word;
    *shadow = word;
}

// From here on the shadow knows all that lies before END.
static void know_until(struct text_memory *memory, unsigned end)
{
    if (memory->written_end >= end)
        return;
    uint64_t *shadow = shadow_word(memory, memory->written_end);
    volatile uint64_t *card = card_word(memory, memory->written_end);
    unsigned count = (end - memory->written_end) / WORD_CELLS;
    for (unsigned i = 0; i < count; i++) {
        card[i] = BLANK_WORD;
        shadow[i] = BLANK_WORD;
    }
    memory->written_end = end;
}

void text_memory_init(struct text_memory *memory, volatile void *card, unsigned rows)
{
    memory->card = card;
    memory->rows = rows;
    memory->start = 0;
    memory->written_end = 0;
    know_until(memory, rows * TEXT_MEMORY_COLUMNS);
}

// ---- drawing

static uint16_t convert(surface_cell_t cell)
{
    return (uint16_t)((cell >> 16 & 0xff00) | code_page_byte(surface_code_point(cell)));
}

static void put_cell(struct text_memory *memory, unsigned at, uint16_t converted)
{
    if (memory->shadow[at] == converted)
        return;
    memory->card[at] = converted;
    memory->shadow[at] = converted;
}

[[gnu::noinline]] static void put_cells(struct text_memory *memory, unsigned at, const surface_cell_t *cells,
                                        unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        put_cell(memory, at + i, convert(cells[i]));
}

static uint64_t load_pair(const surface_cell_t *cells)
{
    uint64_t pair;
    __builtin_memcpy(&pair, cells, sizeof pair);
    return pair;
}

constexpr uint64_t PAIR = 0x0000'0001'0000'0001; // times what both cells of a pair have
constexpr uint64_t PAIR_ASCII = PAIR * 0x7f;
constexpr uint64_t PAIR_BEYOND_ASCII = PAIR * 0x1f'ff80;
constexpr uint64_t PAIR_COLOURS = PAIR * 0xff00;

// Two cells at once: the character stays in its place, the colours come to lie above it, then both move together.
static uint32_t convert_ascii(uint64_t pair)
{
    uint64_t apart = (pair & PAIR_ASCII) | (pair >> 16 & PAIR_COLOURS);
    return (uint32_t)(apart | apart >> 16);
}

static uint64_t convert_word(const surface_cell_t *cells, uint64_t first, uint64_t second)
{
    if (!((first | second) & PAIR_BEYOND_ASCII))
        return convert_ascii(first) | (uint64_t)convert_ascii(second) << 32;
    return convert(cells[0]) | (uint64_t)convert(cells[1]) << 16 | (uint64_t)convert(cells[2]) << 32 |
           (uint64_t)convert(cells[3]) << 48;
}

// Runs of one word are common, blanks above all; they are converted once.
static void put_words(uint64_t *shadow, volatile uint64_t *card, const surface_cell_t *cells, size_t count)
{
    for (size_t i = 0; i < count;) {
        const surface_cell_t *next = cells + WORD_CELLS * i;
        uint64_t first = load_pair(next), second = load_pair(next + 2);
        uint64_t word = convert_word(next, first, second);
        do {
            put_word(&shadow[i], &card[i], word);
            i++;
            next += WORD_CELLS;
        } while (i < count && load_pair(next) == first && load_pair(next + 2) == second);
    }
}

void text_memory_draw(struct text_memory *memory, unsigned row, unsigned column, const surface_cell_t *cells,
                      unsigned count)
{
    unsigned at = memory->start + row * TEXT_MEMORY_COLUMNS + column;
    if (at % WORD_CELLS != 0) {
        unsigned before_words = WORD_CELLS - at % WORD_CELLS;
        if (before_words > count)
            before_words = count;
        put_cells(memory, at, cells, before_words);
        at += before_words;
        cells += before_words;
        count -= before_words;
    }
    put_words(shadow_word(memory, at), card_word(memory, at), cells, count / WORD_CELLS);
    unsigned in_words = count / WORD_CELLS * WORD_CELLS;
    if (in_words < count)
        put_cells(memory, at + in_words, cells + in_words, count - in_words);
}

void text_memory_fill(struct text_memory *memory, unsigned row, unsigned column, surface_cell_t cell, unsigned count)
{
    unsigned at = memory->start + row * TEXT_MEMORY_COLUMNS + column, end = at + count;
    uint16_t converted = convert(cell);
    uint64_t word = EVERY_CELL * converted;
    while (at < end && at % WORD_CELLS != 0)
        put_cell(memory, at++, converted);
    uint64_t *shadow = shadow_word(memory, at);
    volatile uint64_t *card = card_word(memory, at);
    unsigned count_in_words = (end - at) / WORD_CELLS;
#pragma clang loop unroll_count(4)
    for (unsigned i = 0; i < count_in_words; i++)
        put_word(&shadow[i], &card[i], word);
    for (at += count_in_words * WORD_CELLS; at < end; at++)
        put_cell(memory, at, converted);
}

// ---- scrolling

static void copy_upward(struct text_memory *memory, unsigned to, unsigned from, unsigned count)
{
    const uint64_t *shadow_from = shadow_word(memory, from);
    uint64_t *shadow_to = shadow_word(memory, to);
    volatile uint64_t *card_to = card_word(memory, to);
    for (unsigned i = 0; i < count / WORD_CELLS; i++)
        put_word(&shadow_to[i], &card_to[i], shadow_from[i]);
}

static void copy_downward(struct text_memory *memory, unsigned to, unsigned from, unsigned count)
{
    const uint64_t *shadow_from = shadow_word(memory, from);
    uint64_t *shadow_to = shadow_word(memory, to);
    volatile uint64_t *card_to = card_word(memory, to);
    for (unsigned i = count / WORD_CELLS; i-- > 0;)
        put_word(&shadow_to[i], &card_to[i], shadow_from[i]);
}

// The rows that stay are in both places until the start moves, which is when the screen does.
static void move_screen_up(struct text_memory *memory, unsigned distance)
{
    unsigned size = memory->rows * TEXT_MEMORY_COLUMNS;
    unsigned start = memory->start + distance;
    if (start + size > TEXT_MEMORY_CELLS) {
        copy_upward(memory, 0, start, size - distance);
        start = 0;
    }
    know_until(memory, start + size);
    memory->start = start;
}

// It goes on from the middle, so that a screen that moves up and down does not meet an end each time.
static void move_screen_down(struct text_memory *memory, unsigned distance)
{
    constexpr unsigned MIDDLE = TEXT_MEMORY_CELLS / 2;
    unsigned size = memory->rows * TEXT_MEMORY_COLUMNS;
    if (memory->start >= distance) {
        memory->start -= distance;
        return;
    }
    know_until(memory, MIDDLE + size);
    copy_upward(memory, MIDDLE + distance, memory->start, size - distance);
    memory->start = MIDDLE;
}

void text_memory_scroll(struct text_memory *memory, unsigned top, unsigned bottom, int lines)
{
    bool is_screen = top == 0 && bottom == memory->rows;
    unsigned distance = (unsigned)(lines < 0 ? -lines : lines) * TEXT_MEMORY_COLUMNS;
    unsigned first = memory->start + top * TEXT_MEMORY_COLUMNS;
    unsigned count = (bottom - top) * TEXT_MEMORY_COLUMNS - distance;
    if (is_screen && lines > 0)
        move_screen_up(memory, distance);
    else if (is_screen)
        move_screen_down(memory, distance);
    else if (lines > 0)
        copy_upward(memory, first, first + distance, count);
    else
        copy_downward(memory, first + distance, first, count);
}
