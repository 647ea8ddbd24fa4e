# SPDX-License-Identifier: MIT
"""What a screen should look like, and what it says: between cells and pixels, with the kernel's own glyphs, which the build
leaves in <build>/glyphs.json (cmake/tools/font_data.py).

A picture is what Machine.screen_pixels() returns: (width, height, bytes), three bytes a pixel, red first.
"""
import json
from itertools import zip_longest

from support.failure import Failure

PALETTE = [bytes.fromhex(colour) for colour in (
    "000000", "0000aa", "00aa00", "00aaaa", "aa0000", "aa00aa", "aa5500", "aaaaaa",
    "555555", "5555ff", "55ff55", "55ffff", "ff5555", "ff55ff", "ffff55", "ffffff")]
WIDTH, HEIGHT = 8, 16  # of a glyph
DENSE = (2560, 1440)  # pixels from which on each pixel of a glyph is four
COLUMNS = 80
TEXT_PIXELS = (720, 400)
TEXT_WIDTH = 9
LINE_GRAPHICS = range(0xB0, 0xE0)  # whose eighth column goes on in the ninth; on a real VGA, from C0 on
SIX_BITS = bytes(value & 0xFC for value in range(256))
SYMBOLS = "\0☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"


class Glyphs:
    def __init__(self, build):
        data = json.loads((build / "glyphs.json").read_text())
        self.large = {int(code_point): bytes.fromhex(rows) for code_point, rows in data["16"].items()}
        self.small = [bytes.fromhex(rows) for rows in data["8"]]
        self.characters = {}
        for code_point in sorted(self.large, reverse=True):  # of those that look the same, the lowest
            self.characters[self.large[code_point]] = chr(code_point)

    def of_text_mode(self, byte, lines):
        return self.small[byte] if lines == 8 else self.large[ord(character_of(byte))]


def character_of(byte):
    """Of code page 437, as a card shows it."""
    if byte < len(SYMBOLS):
        return SYMBOLS[byte]
    return "⌂" if byte == 0x7F else bytes([byte]).decode("cp437")


# ---- text mode

def text_rows(cells, start, rows):
    """[(text, attributes)] a row of what text mode shows of its memory, from cell `start` on."""
    result = []
    for row in range(rows):
        at = 2 * (start + row * COLUMNS)
        line = cells[at:at + 2 * COLUMNS]
        result.append(("".join(map(character_of, line[::2])), line[1::2]))
    return result


def line_of_text_mode(bits, byte, attribute):
    """Nine pixels."""
    nine = bits << 1 | (bits & 1 if byte in LINE_GRAPHICS else 0)
    ink, paper = PALETTE[attribute & 15], PALETTE[attribute >> 4]
    return b"".join(ink if nine >> (TEXT_WIDTH - 1 - column) & 1 else paper for column in range(TEXT_WIDTH))


def paint_text_mode(cells, start, rows, glyphs):
    """The picture that a VGA makes of text mode's memory, without a cursor, with six bits a channel."""
    lines = TEXT_PIXELS[1] // rows
    known = {}
    pixels = []
    for row in range(rows):
        for line in range(lines):
            for column in range(COLUMNS):
                at = 2 * (start + row * COLUMNS + column)
                key = cells[at], cells[at + 1], line
                if key not in known:
                    known[key] = line_of_text_mode(glyphs.of_text_mode(cells[at], lines)[line], *key[:2])
                pixels.append(known[key])
    return (*TEXT_PIXELS, b"".join(pixels).translate(SIX_BITS))


def difference_of(picture, expected):
    """A sentence that names the first pixel in which they differ, or None. Six bits a channel count: a VGA has no more."""
    if picture[:2] != expected[:2]:
        return f"{picture[0]} x {picture[1]} pixels instead of {expected[0]} x {expected[1]}"
    left, right = picture[2].translate(SIX_BITS), expected[2].translate(SIX_BITS)
    if left == right:
        return None
    at = next(i for i, (one, other) in enumerate(zip_longest(left, right)) if one != other) // 3
    return (f"pixel {at % picture[0]}, {at // picture[0]} is {left[3 * at:3 * at + 3].hex()} instead of "
            f"{right[3 * at:3 * at + 3].hex()}")


# ---- framebuffers

def colour_of(pixel):
    return PALETTE.index(pixel)


def is_dense(picture):
    return picture[0] >= DENSE[0] and picture[1] >= DENSE[1]


def undoubled(picture):
    """A dense screen with one pixel in place of each four, which have to be the same."""
    width, height, pixels = picture
    rows = []
    for start in range(0, 3 * width * height, 6 * width):
        row, below = pixels[start:start + 3 * width], pixels[start + 3 * width:start + 6 * width]
        parts = [row[part::6] for part in range(6)]
        if row != below or parts[:3] != parts[3:]:
            raise Failure(f"in rows {start // 3 // width} and the next not every four pixels are the same")
        half = bytearray(3 * (width // 2))
        half[::3], half[1::3], half[2::3] = parts[:3]
        rows.append(half)
    return width // 2, height // 2, b"".join(rows)


def decode_cell(picture, row, column, glyphs):
    """(character, foreground, background): the last two are numbers of the palette; foreground None of a blank. What is no
    glyph is "?" with None for both."""
    width, _, pixels = picture
    grid = []
    for y in range(row * HEIGHT, (row + 1) * HEIGHT):
        start = 3 * (y * width + column * WIDTH)
        grid.append([pixels[start + 3 * x:start + 3 * x + 3] for x in range(WIDTH)])
    colours = sorted({pixel for line in grid for pixel in line})
    if len(colours) == 1:
        return " ", None, colour_of(colours[0])
    for paper, ink in (colours, colours[::-1]) if len(colours) == 2 else ():
        rows = bytes(sum(0x80 >> x for x in range(WIDTH) if line[x] == ink) for line in grid)
        if rows in glyphs.characters:
            return glyphs.characters[rows], colour_of(ink), colour_of(paper)
    return "?", None, None


def decode_framebuffer(picture, glyphs):
    """Rows of cells as decode_cell() tells them, off the kernel's framebuffer."""
    if is_dense(picture):
        picture = undoubled(picture)
    columns, rows = picture[0] // WIDTH, picture[1] // HEIGHT
    return [[decode_cell(picture, row, column, glyphs) for column in range(columns)] for row in range(rows)]


def text_of(cells):
    """Lines of a decoded framebuffer, blanks at their ends removed."""
    return ["".join(character for character, _, _ in row).rstrip() for row in cells]
