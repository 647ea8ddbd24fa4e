# SPDX-License-Identifier: MIT
"""Reads bitmap fonts in the X Window System's portable compiled format (PCF), as packages of fonts bring them. Used by
font_data.py beside it.

The format: a table of contents, then tables, each with a word of flags: byte order, bit order, padding of a row. Every
glyph of the fonts in question fills its cell, which is checked.
"""
import gzip
import struct
import sys

MAGIC = b"\1fcp"
METRICS, BITMAPS, ENCODINGS = 1 << 2, 1 << 3, 1 << 5
ROW_PADDING, BIG_ENDIAN_BYTES, HIGH_BIT_FIRST, COMPRESSED = 3, 1 << 2, 1 << 3, 1 << 8
NO_GLYPH = 0xFFFF


class Table:
    def __init__(self, data, start, flags):
        self.data = data
        self.position = start + 4
        self.flags = flags
        self.order = ">" if flags & BIG_ENDIAN_BYTES else "<"

    def take(self, letters):
        values = struct.unpack_from(self.order + letters, self.data, self.position)
        self.position += struct.calcsize(self.order + letters)
        return values


def tables_of(data):
    if data[:4] != MAGIC:
        raise ValueError("it does not begin as a PCF font does")
    count = struct.unpack_from("<I", data, 4)[0]
    entries = (struct.unpack_from("<IIII", data, 8 + 16 * number) for number in range(count))
    return {kind: Table(data, start, flags) for kind, flags, _, start in entries}


def sizes_of(table):
    """(left, right, ascent, descent) a glyph."""
    if table.flags & COMPRESSED:
        (count,) = table.take("H")
        rows = (table.take("5B") for _ in range(count))
        return [tuple(value - 0x80 for value in (left, right, ascent, descent))
                for left, right, _, ascent, descent in rows]
    (count,) = table.take("I")
    rows = (table.take("5hH") for _ in range(count))
    return [(left, right, ascent, descent) for left, right, _, ascent, descent, _ in rows]


def bitmaps_of(table, sizes):
    """The rows of each glyph, top first, as numbers whose highest bit of `width` is the left one."""
    if not table.flags & HIGH_BIT_FIRST:
        raise ValueError("its bits are in an order that this tool does not know")
    padding = 8 << (table.flags & ROW_PADDING)
    (count,) = table.take("I")
    offsets = table.take(f"{count}I")
    table.take("4I")
    glyphs = []
    for offset, (left, right, ascent, descent) in zip(offsets, sizes):
        width = right - left
        row_bytes = -(-width // padding) * padding // 8
        start = table.position + offset
        rows = (table.data[start + row * row_bytes:start + (row + 1) * row_bytes] for row in range(ascent + descent))
        glyphs.append([int.from_bytes(row, "big") >> (8 * row_bytes - width) for row in rows])
    return glyphs


def encoding_of(table):
    """{code point: number of its glyph}"""
    first_low, last_low, first_high, last_high, _ = table.take("5h")
    result = {}
    for high in range(first_high, last_high + 1):
        for low in range(first_low, last_low + 1):
            (glyph,) = table.take("H")
            if glyph != NO_GLYPH:
                result[high << 8 | low] = glyph
    return result


def read_font(path, width, height):
    """{code point: rows} of the font at PATH, all of whose cells are to be of that size."""
    try:
        with gzip.open(path) as file:
            tables = tables_of(file.read())
        sizes = sizes_of(tables[METRICS])
        glyphs = bitmaps_of(tables[BITMAPS], sizes)
        encoding = encoding_of(tables[ENCODINGS])
    except (OSError, ValueError, KeyError, struct.error) as error:
        sys.exit(f"{path} cannot be read as a font: {error}")
    if {(right - left, ascent + descent) for left, right, ascent, descent in sizes} != {(width, height)}:
        sys.exit(f"{path}: not every glyph is {width} pixels wide and {height} high")
    return {code_point: glyphs[number] for code_point, number in encoding.items()}
