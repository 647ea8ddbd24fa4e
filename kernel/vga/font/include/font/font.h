// SPDX-License-Identifier: MIT
// What characters look like. The glyphs are made at build time out of fonts that packages bring
// (cmake/tools/font_data.py); image/FONTS.TXT has their licences. Pure; any context; exported names start with font_.
// O(1).
//
// Rows go from top to bottom, and bit 7 of a row is its left pixel.
#pragma once
#include <stdint.h>

constexpr unsigned FONT_WIDTH = 8;
constexpr unsigned FONT_HEIGHT = 16;
constexpr unsigned FONT_SMALL_HEIGHT = 8;
constexpr uint32_t FONT_ASCII_COUNT = 128;
constexpr unsigned FONT_BLOCK = 64;

struct font_glyph {
    alignas(uint64_t) uint8_t rows[FONT_HEIGHT];
};

// Latin, Greek, Cyrillic, arrows, mathematics, box drawing, block elements, code page 437. The first FONT_ASCII_COUNT
// glyphs are those of ASCII; number 0 is blank.
extern const struct font_glyph font_glyphs[];
extern const uint16_t font_replacement; // the number of U+FFFD

// A block for each FONT_BLOCK code points below the limit; in it the number of each one's glyph.
extern const uint32_t font_limit;
extern const uint8_t font_pages[];
extern const uint16_t font_blocks[][FONT_BLOCK];

// The characters of code page 437 for text mode with 50 rows, in the order of its bytes.
extern const uint8_t font_small_glyphs[256][FONT_SMALL_HEIGHT];

// The glyph of CODE_POINT; that of U+FFFD when there is none. Never nullptr.
[[nodiscard]] static inline const struct font_glyph *font_find(uint32_t code_point)
{
    if (code_point < FONT_ASCII_COUNT)
        return &font_glyphs[code_point];
    if (code_point >= font_limit)
        return &font_glyphs[font_replacement];
    return &font_glyphs[font_blocks[font_pages[code_point / FONT_BLOCK]][code_point % FONT_BLOCK]];
}
