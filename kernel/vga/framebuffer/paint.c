// SPDX-License-Identifier: MIT
// Glyphs as pixels. Called by framebuffer.c; must not know why a cell is painted.
//
// Half a row of a glyph, four bits, chooses one of 16 groups of pixels that lie ready in two colours: the brush. It is
// made anew when the colours change, which between neighbours they seldom do. So a row of 8 pixels is four words that
// are loaded and stored; neither a test nor a shift for a pixel.
#include "paint.h"

constexpr unsigned CURSOR_FIRST_ROW = 14; // of a glyph
constexpr unsigned HALVES = 16;           // values of half a row
constexpr uint32_t NO_COLOURS = UINT32_MAX;

// A row may begin anywhere if the pitch says so; pixels alias the caller's array in a test.
typedef uint64_t pixels_t __attribute__((aligned(1), may_alias));

static uint64_t pair_of(uint32_t left, uint32_t right)
{
    return left | (uint64_t)right << 32; // the left one has the lower address
}

// Two words for each value: four pixels. Unrolled, all is constant but the colours.
[[gnu::noinline]] static void make_brush(uint64_t *brush, uint32_t ink, uint32_t paper)
{
    const uint64_t pairs[] = {pair_of(paper, paper), pair_of(paper, ink), pair_of(ink, paper), pair_of(ink, ink)};
#pragma clang loop unroll(full)
    for (unsigned i = 0; i < 2 * HALVES; i++)
        brush[i] = pairs[i % 2 == 0 ? i / 2 >> 2 : i / 2 & 3];
}

// Four words for each value: eight pixels.
[[gnu::noinline]] static void make_doubled_brush(uint64_t *brush, uint32_t ink, uint32_t paper)
{
    const uint64_t pairs[] = {pair_of(paper, paper), pair_of(ink, ink)};
#pragma clang loop unroll(full)
    for (unsigned i = 0; i < 4 * HALVES; i++)
        brush[i] = pairs[i / 4 >> (3 - i % 4) & 1];
}

// Have the brush that paints CELL.
static void take_brush(struct framebuffer *framebuffer, surface_cell_t cell)
{
    if (framebuffer->brush_colours == cell >> 24)
        return;
    framebuffer->brush_colours = NO_COLOURS; // for whoever interrupts here
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    uint32_t ink = framebuffer->colours[surface_foreground(cell)];
    uint32_t paper = framebuffer->colours[surface_background(cell)];
    if (framebuffer->scale == 1)
        make_brush(framebuffer->brush, ink, paper);
    else
        make_doubled_brush(framebuffer->brush, ink, paper);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    framebuffer->brush_colours = cell >> 24;
}

// ---- one row of a glyph

static void paint_row(volatile uint8_t *at, const uint64_t *brush, uint8_t bits)
{
    volatile pixels_t *pixels = (volatile pixels_t *)at;
    const uint64_t *left = brush + 2 * (bits >> 4), *right = brush + 2 * (bits & 15);
    pixels[0] = left[0];
    pixels[1] = left[1];
    pixels[2] = right[0];
    pixels[3] = right[1];
}

static void paint_doubled_row(volatile uint8_t *at, const uint64_t *brush, uint8_t bits)
{
    volatile pixels_t *pixels = (volatile pixels_t *)at;
    const uint64_t *left = brush + 4 * (bits >> 4), *right = brush + 4 * (bits & 15);
    for (unsigned i = 0; i < 4; i++)
        pixels[i] = left[i];
    for (unsigned i = 0; i < 4; i++)
        pixels[4 + i] = right[i];
}

// ---- cells

// The rows in which GLYPH is not what the pixels show; all when SHOWN is nullptr, which is constant where this is
// inlined.
[[gnu::always_inline]] static inline void paint_glyph(const struct framebuffer *framebuffer, volatile uint8_t *at,
                                                      const struct font_glyph *glyph, const struct font_glyph *shown)
{
    size_t pitch = framebuffer->pitch;
#pragma clang loop unroll_count(4)
    for (unsigned row = 0; row < FONT_HEIGHT; row++, at += pitch) {
        if (shown == nullptr || glyph->rows[row] != shown->rows[row])
            paint_row(at, framebuffer->brush, glyph->rows[row]);
    }
}

static void paint_doubled_glyph(const struct framebuffer *framebuffer, volatile uint8_t *at,
                                const struct font_glyph *glyph, const struct font_glyph *shown)
{
    size_t pitch = framebuffer->pitch;
    for (unsigned row = 0; row < FONT_HEIGHT; row++, at += 2 * pitch) {
        if (shown != nullptr && glyph->rows[row] == shown->rows[row])
            continue;
        paint_doubled_row(at, framebuffer->brush, glyph->rows[row]);
        paint_doubled_row(at + pitch, framebuffer->brush, glyph->rows[row]);
    }
}

static void paint_cell(struct framebuffer *framebuffer, volatile uint8_t *at, surface_cell_t cell, surface_cell_t shown)
{
    bool has_same_colours = shown != PAINT_NOTHING && (cell ^ shown) >> 24 == 0;
    const struct font_glyph *glyph = font_find(surface_code_point(cell));
    take_brush(framebuffer, cell);
    if (framebuffer->scale != 1)
        paint_doubled_glyph(framebuffer, at, glyph, has_same_colours ? font_find(surface_code_point(shown)) : nullptr);
    else if (has_same_colours)
        paint_glyph(framebuffer, at, glyph, font_find(surface_code_point(shown)));
    else
        paint_glyph(framebuffer, at, glyph, nullptr);
}

static uint64_t load_pair(const surface_cell_t *cells)
{
    uint64_t pair;
    __builtin_memcpy(&pair, cells, sizeof pair);
    return pair;
}

// Where the grids differ next, or END. Most cells are equal.
static unsigned next_change(const surface_cell_t *wanted, const surface_cell_t *shown, unsigned column, unsigned end)
{
    for (; column + 4 <= end; column += 4) {
        uint64_t first = load_pair(wanted + column) ^ load_pair(shown + column);
        uint64_t second = load_pair(wanted + column + 2) ^ load_pair(shown + column + 2);
        if ((first | second) != 0)
            break;
    }
    while (column < end && wanted[column] == shown[column])
        column++;
    return column;
}

// While a cell is painted, nothing is known of its pixels: whoever interrupts that paints them all.
void paint_changes(struct framebuffer *framebuffer, unsigned row, unsigned first, unsigned end)
{
    const surface_cell_t *wanted = framebuffer_wanted_row(framebuffer, row);
    surface_cell_t *shown = framebuffer->shown + (size_t)row * framebuffer->surface.columns;
    volatile uint8_t *pixels = framebuffer->pixels + row * framebuffer->row_bytes;
    for (unsigned column = first; (column = next_change(wanted, shown, column, end)) < end; column++) {
        surface_cell_t before = shown[column];
        shown[column] = PAINT_NOTHING;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        paint_cell(framebuffer, pixels + column * framebuffer->column_bytes, wanted[column], before);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        shown[column] = wanted[column];
    }
}

void paint_cursor(struct framebuffer *framebuffer, unsigned row, unsigned column, surface_cell_t cell)
{
    unsigned scale = framebuffer->scale;
    volatile uint8_t *at = framebuffer->pixels + row * framebuffer->row_bytes + column * framebuffer->column_bytes;
    take_brush(framebuffer, cell);
    for (unsigned i = CURSOR_FIRST_ROW * scale; i < FONT_HEIGHT * scale; i++) {
        if (scale == 1)
            paint_row(at + i * framebuffer->pitch, framebuffer->brush, 0xff);
        else
            paint_doubled_row(at + i * framebuffer->pitch, framebuffer->brush, 0xff);
    }
}

void paint_black(struct framebuffer *framebuffer, uint32_t width, uint32_t height)
{
    uint32_t black = framebuffer->colours[SURFACE_BLACK];
    for (uint32_t y = 0; y < height; y++) {
        volatile pixels_t *pixels = (volatile pixels_t *)(framebuffer->pixels + y * framebuffer->pitch);
        for (uint32_t i = 0; i < width / 2; i++)
            pixels[i] = pair_of(black, black);
        if (width % 2 != 0)
            *(volatile uint32_t *)(uintptr_t)(pixels + width / 2) = black;
    }
}
