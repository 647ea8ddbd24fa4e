#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the tables of code page 437, the characters of VGA text mode, as a C source: from a byte to Unicode and back.

    code_page.py <output.c>

Called by the build for kernel/vga/code_page; the types are in code_page.h there. The letters come from Python's own codec,
which takes the bytes of ASCII's control characters for these; the card shows the symbols below.
"""
import sys

from two_levels import BLOCK, two_levels

SYMBOLS = "\0☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
HOUSE = 0x7F
CODE_POINTS = [ord(symbol) for symbol in SYMBOLS] + [ord(bytes([byte]).decode("cp437")) for byte in range(32, 256)]
CODE_POINTS[HOUSE] = ord("⌂")
REPLACEMENT = CODE_POINTS.index(ord("■"))

# What looks the same, or nearly so, and is another character to Unicode.
TWINS = {"β": "ß", "μ": "µ", "\u2126": "Ω", "∆": "δ", "∑": "Σ", "∏": "π", "ϕ": "φ", "∅": "φ", "∈": "ε", "⋅": "·",
         "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"'}


def to_bytes():
    bytes_of = {code_point: byte for byte, code_point in enumerate(CODE_POINTS)}
    for twin, known in TWINS.items():
        bytes_of.setdefault(ord(twin), bytes_of[ord(known)])
    return bytes_of


def lines_of(values, columns):
    for start in range(0, len(values), columns):
        yield "    " + ", ".join(f"{value:#x}" for value in values[start:start + columns]) + ","


def main(path):
    bytes_of = {code_point: byte for code_point, byte in to_bytes().items() if code_point >= 128}
    pages, blocks = two_levels(bytes_of, REPLACEMENT)
    lines = ["// SPDX-License-Identifier: MIT",
             "// Code page 437. Written by cmake/tools/code_page.py; change that.",
             "#include <code_page/code_page.h>",
             "",
             f"static_assert(CODE_PAGE_BLOCK == {BLOCK} && CODE_PAGE_REPLACEMENT == {REPLACEMENT});",
             "",
             "const uint16_t code_page_code_points[256] = {", *lines_of(CODE_POINTS, 16), "};",
             "",
             f"const uint32_t code_page_limit = {len(pages) * BLOCK:#x};",
             f"const uint8_t code_page_pages[{len(pages)}] = {{", *lines_of(pages, 16), "};",
             f"const uint8_t code_page_blocks[{len(blocks)}][CODE_PAGE_BLOCK] = {{"]
    for block in blocks:
        lines += ["    {", *("    " + line for line in lines_of(block, 16)), "    },"]
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join([*lines, "};", ""]))


if __name__ == "__main__":
    main(*sys.argv[1:])
