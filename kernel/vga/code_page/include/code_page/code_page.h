// SPDX-License-Identifier: MIT
// Code page 437, the characters that VGA text mode has, to and from Unicode. The tables are made at build time
// (cmake/tools/code_page.py). Pure; any context; exported names start with code_page_. O(1).
#pragma once
#include <stdint.h>

constexpr uint8_t CODE_PAGE_REPLACEMENT = 0xfe; // U+25A0, a filled square: what the page has nothing for
constexpr unsigned CODE_PAGE_BLOCK = 64;

// What each byte looks like; for those of control characters, the symbol that the card shows. Byte 0 is blank.
extern const uint16_t code_page_code_points[256];

// A block for each CODE_PAGE_BLOCK code points below the limit.
extern const uint32_t code_page_limit;
extern const uint8_t code_page_pages[];
extern const uint8_t code_page_blocks[][CODE_PAGE_BLOCK];

// The byte that shows CODE_POINT, or the replacement. Below 80h bytes and code points are the same, control characters
// included.
[[nodiscard]] static inline uint8_t code_page_byte(uint32_t code_point)
{
    if (code_point < 0x80)
        return (uint8_t)code_point;
    if (code_point >= code_page_limit)
        return CODE_PAGE_REPLACEMENT;
    return code_page_blocks[code_page_pages[code_point / CODE_PAGE_BLOCK]][code_point % CODE_PAGE_BLOCK];
}
