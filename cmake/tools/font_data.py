#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the glyphs of the screen as a C source, out of fonts that packages bring.

    font_data.py <output.c> <output.json> <8x16 font> <8x8 font> <5x8 font>

Called by the build for kernel/vga/font; the types are in font.h there. The fonts are PCF files encoded in Unicode:

  8x16  every character below LIMIT that the first font has, for any screen
  8x8   the 256 characters of code page 437, for text mode with 50 rows: ASCII of the second font, the rest of the third

Dashed lines and blocks that the first font lacks, and all lines and blocks of 8 rows, are drawn (drawn_glyphs.py). The
JSON file has the same glyphs for tests that read a screen: {"16": {code point: hexadecimal rows}, "8": [...]}.
"""
import json
import sys

from code_page import CODE_POINTS, lines_of
from drawn_glyphs import cut_dashes, draw
from pcf import read_font
from two_levels import BLOCK, two_levels

ASCII = range(0x20, 0x7F)
ASCII_COUNT = 128  # glyphs whose number is their code point
LIMIT = 0x2800  # Braille, private use and what else comes there is left out
REPLACEMENT = 0xFFFD
BLANK = 0
LINES_AND_BLOCKS = range(0x2500, 0x25A0)


def large_glyphs(path):
    """{code point: bytes}"""
    font = {code_point: rows for code_point, rows in read_font(path, 8, 16).items()
            if code_point >= ASCII_COUNT or code_point in ASCII}
    if not {*ASCII, REPLACEMENT} <= font.keys():
        sys.exit(f"{path} has not all of ASCII and U+FFFD")
    for code_point in LINES_AND_BLOCKS:
        if code_point not in font:
            font[code_point] = cut_dashes(code_point, font) or draw(code_point, 16) or font[REPLACEMENT]
    font[BLANK] = [0] * 16
    return {code_point: bytes(rows) for code_point, rows in font.items() if code_point < LIMIT or code_point == REPLACEMENT}


def small_glyphs(ascii_path, path):
    """256 glyphs in the order of code page 437."""
    of_ascii, font = read_font(ascii_path, 8, 8), read_font(path, 5, 8)
    glyphs = []
    for code_point in CODE_POINTS:
        if code_point == 0:
            rows = [0] * 8
        elif code_point in ASCII:
            rows = of_ascii[code_point]
        elif code_point in font:
            rows = draw(code_point, 8) or [row << 2 for row in font[code_point]]
        else:
            sys.exit(f"{path} has no U+{code_point:04X}")
        glyphs.append(bytes(rows))
    return glyphs


def number_glyphs(glyphs):
    """(list of glyphs, {code point: number}); those that look the same share a number."""
    replacement = glyphs[REPLACEMENT]
    shapes = [glyphs.get(code_point, replacement) for code_point in range(ASCII_COUNT)]
    numbers = {shape: number for number, shape in reversed(list(enumerate(shapes)))}
    result = {}
    for code_point in sorted(glyphs):
        if code_point >= ASCII_COUNT:
            shape = glyphs[code_point]
            if shape not in numbers:
                numbers[shape] = len(shapes)
                shapes.append(shape)
            result[code_point] = numbers[shape]
    return shapes, result


def array(declaration, rows, columns=16):
    lines = [f"const {declaration} = {{"]
    for row in rows:
        lines += ["    {" + ", ".join(f"{value:#04x}" for value in row) + "},"] if columns is None else \
                 ["    {", *("    " + line for line in lines_of(row, columns)), "    },"]
    return [*lines, "};"]


def source(shapes, numbers, small):
    replacement = numbers.pop(REPLACEMENT)
    pages, blocks = two_levels(numbers, replacement)
    return ["// SPDX-License-Identifier: OFL-1.1 AND HPND",
            "// Glyphs. Written by cmake/tools/font_data.py; image/FONTS.TXT says whose they are and on which terms.",
            "#include <font/font.h>",
            "",
            f"static_assert(FONT_BLOCK == {BLOCK} && FONT_ASCII_COUNT == {ASCII_COUNT});",
            "",
            f"const uint32_t font_limit = {len(pages) * BLOCK:#x};",
            f"const uint16_t font_replacement = {replacement};",
            f"const uint8_t font_pages[{len(pages)}] = {{", *lines_of(pages, 16), "};",
            *array(f"uint16_t font_blocks[{len(blocks)}][FONT_BLOCK]", blocks),
            *array(f"struct font_glyph font_glyphs[{len(shapes)}]", ([*shape] for shape in shapes), None),
            *array("uint8_t font_small_glyphs[256][FONT_SMALL_HEIGHT]", small, None), ""]


def main(output, listing, large_path, ascii_path, small_path):
    glyphs = large_glyphs(large_path)
    small = small_glyphs(ascii_path, small_path)
    missing = [code_point for code_point in CODE_POINTS if code_point not in glyphs]
    if missing:
        sys.exit(f"{large_path} has no U+{missing[0]:04X} of code page 437")
    with open(listing, "w", encoding="ascii") as file:
        json.dump({"16": {code_point: glyphs[code_point].hex() for code_point in sorted(glyphs)},
                   "8": [glyph.hex() for glyph in small]}, file, indent=0)
    shapes, numbers = number_glyphs(glyphs)
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(source(shapes, numbers, small)))
    print(f"font: {len(glyphs)} characters, {len(shapes)} glyphs of 16 rows, 256 of 8")


if __name__ == "__main__":
    main(*sys.argv[1:])
