# SPDX-License-Identifier: MIT
"""The page of every feature (console_page.py) as a screen shows it: cell by cell, read from text mode's memory or decoded
out of a framebuffer's pixels."""
from support.console_page import CURSOR_COLUMN, CURSOR_ROW, expected
from support.failure import Failure, check, check_equal
from support.machine import TEXT_COLUMNS
from support.screen import HEIGHT, PALETTE, SYMBOLS, TEXT_PIXELS, WIDTH, decode_cell, decode_framebuffer

CURSOR = CURSOR_ROW - 1, CURSOR_COLUMN - 1
MISSING = 0xfe  # the filled square that stands for what code page 437 lacks
TWINS = {"β": "ß", "μ": "µ"}  # what it has a double of
REPLACEMENT = 0xfffd


def require_cells(found, wanted):
    for row, (left, right) in enumerate(zip(found, wanted), 1):
        for column, (one, other) in enumerate(zip(left, right), 1):
            if one != other:
                raise Failure(f"row {row}, column {column} shows {one} instead of {other}")
    check_equal(len(found), len(wanted), "rows")


# ---- text mode

def byte_of(character):
    character = TWINS.get(character, character)
    if character in SYMBOLS:
        return SYMBOLS.index(character)
    try:
        return character.encode("cp437")[0]
    except UnicodeEncodeError:
        return MISSING


def require_page_in_text_mode(machine):
    memory = machine.screen_cells()
    rows = machine.text_rows()
    cells = list(zip(memory[::2], memory[1::2]))
    found = [cells[row * TEXT_COLUMNS:(row + 1) * TEXT_COLUMNS] for row in range(rows)]
    require_cells(found, [[(byte_of(character), background << 4 | foreground) for character, foreground, background in row]
                          for row in expected(TEXT_COLUMNS, rows)])


# ---- framebuffers

class Painter:
    """What a cell comes back as: characters that look the same, and blanks of any foreground, do as one."""

    def __init__(self, glyphs):
        self._glyphs = glyphs
        self._known = {}

    def paint(self, character, foreground, background):
        glyph = self._glyphs.large.get(ord(character), self._glyphs.large[REPLACEMENT])
        inks = PALETTE[background], PALETTE[foreground]
        return WIDTH, HEIGHT, b"".join(inks[line >> (WIDTH - 1 - x) & 1] for line in glyph for x in range(WIDTH))

    def seen(self, cell):
        if cell not in self._known:
            self._known[cell] = decode_cell(self.paint(*cell), 1, 0, 0, self._glyphs)
        return self._known[cell]


def require_page_in(picture, glyphs, has_cursor=False):
    width, _, pixels = picture
    painter = Painter(glyphs)
    found = decode_framebuffer(picture, 1, glyphs)
    wanted = [[painter.seen(cell) for cell in row] for row in expected(width // WIDTH, len(found))]
    row, column = CURSOR
    check((found[row][column] != wanted[row][column]) == has_cursor, f"the cursor is {found[row][column]}")
    found[row][column] = wanted[row][column]
    require_cells(found, wanted)
    check(not any(pixels[3 * width * HEIGHT * len(found):]), "below the last row it is not black")


# ---- either

def require_page(machine, glyphs, has_cursor=False):
    picture = machine.screen_pixels()
    if picture[:2] != TEXT_PIXELS:
        require_page_in(picture, glyphs, has_cursor)
        return
    require_page_in_text_mode(machine)
    check((machine.text_cursor() == CURSOR) == has_cursor, f"the cursor is at {machine.text_cursor()}")
