# SPDX-License-Identifier: MIT
"""What a screen shows, read from text mode's memory or decoded out of a framebuffer's pixels; and whether that is the
page of every feature (console_page.py), cell by cell."""
import time

from support.console_page import BLACK, CURSOR_COLUMN, CURSOR_ROW, GREY, expected
from support.failure import Failure, check, check_equal
from support.machine import TEXT_COLUMNS
from support.screen import (HEIGHT, PALETTE, SYMBOLS, TEXT_PIXELS, WIDTH, character_of, decode_cell, decode_framebuffer,
                            is_dense, text_of)

CURSOR = CURSOR_ROW - 1, CURSOR_COLUMN - 1
MISSING = 0xfe  # the filled square that stands for what code page 437 lacks
TWINS = {"β": "ß", "μ": "µ"}  # what it has a double of
REPLACEMENT = 0xfffd
CURSOR_ON_BLANK = "▁"  # what it looks like in a framebuffer


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
    require_cells(found, [[(byte_of(character), paper << 4 | ink) for character, ink, paper in row]
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
            self._known[cell] = decode_cell(self.paint(*cell), 0, 0, self._glyphs)
        return self._known[cell]


def require_page_in(picture, glyphs, has_cursor=False):
    width, height, pixels = picture
    painter = Painter(glyphs)
    found = decode_framebuffer(picture, glyphs)
    wanted = [[painter.seen(cell) for cell in row] for row in expected(len(found[0]), len(found))]
    row, column = CURSOR
    if has_cursor:
        wanted[row][column] = painter.seen((CURSOR_ON_BLANK, GREY, BLACK))
    require_cells(found, wanted)
    below = height % (2 * HEIGHT if is_dense(picture) else HEIGHT)
    check(not any(pixels[3 * width * (height - below):]), "below the last row it is not black")


# ---- a window of Bochs, somewhere on the screen of an X server

EIGHT_BITS = bytes(value & 0xfc | value >> 6 for value in range(256))  # out of six, as the palette has them
MARK_CELLS = 34  # of the first row, which is all colours


def window_line(cells, painter, y, cell_width):
    """A row of pixels; a ninth column is paper."""
    line = b""
    for character, foreground, background in cells:
        pixels = painter.paint(character, foreground, background)[2]
        line += pixels[3 * WIDTH * y:3 * WIDTH * (y + 1)] + PALETTE[background] * (cell_width - WIDTH)
    return line


def find_window(pixels, row_bytes, lines):
    """Where the first of these rows of pixels begins that stand one below the other."""
    at = pixels.find(lines[0])
    while at >= 0:
        if at % 3 == 0 and all(pixels.startswith(line, at + y * row_bytes) for y, line in enumerate(lines)):
            return at
        at = pixels.find(lines[0], at + 1)
    raise Failure("the first row of the page is not on the screen")


def as_text_mode_has_it(row):
    return [(character_of(byte_of(character)), *colours) for character, *colours in row]


def require_page_in_window(picture, glyphs, columns, rows, is_text_mode):
    width, _, pixels = picture
    pixels = pixels.translate(EIGHT_BITS)
    painter, cell_width = Painter(glyphs), WIDTH + is_text_mode
    wanted = expected(columns, rows)
    if is_text_mode:
        wanted = [as_text_mode_has_it(row) for row in wanted]
    lines = [window_line(wanted[0][:MARK_CELLS], painter, y, cell_width) for y in range(HEIGHT)]
    start = find_window(pixels, 3 * width, lines)
    cells = b"".join(pixels[at:at + 3 * WIDTH] for y in range(rows * HEIGHT) for column in range(columns)
                     for at in [start + 3 * (y * width + column * cell_width)])
    found = decode_framebuffer((columns * WIDTH, rows * HEIGHT, cells), glyphs)
    require_cells(found, [[painter.seen(cell) for cell in row] for row in wanted])


# ---- either

def require_page(machine, glyphs, has_cursor=False):
    picture = machine.screen_pixels()
    if picture[:2] != TEXT_PIXELS:
        require_page_in(picture, glyphs, has_cursor)
        return
    require_page_in_text_mode(machine)
    check((machine.text_cursor() == CURSOR) == has_cursor, f"the cursor is at {machine.text_cursor()}")


def shown_rows(machine, glyphs):
    """What the screen says, row by row, blanks at their ends removed."""
    picture = machine.screen_pixels()
    if picture[:2] != TEXT_PIXELS:
        return [row.replace(CURSOR_ON_BLANK, " ").rstrip() for row in text_of(decode_framebuffer(picture, glyphs))]
    text = machine.screen_cells()[::2].decode("cp437")
    return [text[start:start + TEXT_COLUMNS].rstrip() for start in range(0, len(text), TEXT_COLUMNS)]


def rows_of(lines, columns):
    """The rows that lines of text take."""
    rows = []
    for line in lines:
        rows += [line[start:start + columns].rstrip() for start in range(0, max(len(line), 1), columns)]
    return rows


def log_lines(machine):
    """What the kernel has sent to the serial line, which stage 2 had before."""
    serial = machine.serial
    return serial[serial.index("\n[") + 1:].split("\n")[:-1]


def require_rows(machine, glyphs, wanted, what):
    """What is on the screen, in the end: what comes by a key takes a moment."""
    limit = time.monotonic() + 10
    while (found := shown_rows(machine, glyphs)) != wanted and time.monotonic() < limit:
        time.sleep(0.05)
    for number, (one, other) in enumerate(zip(found, wanted), 1):
        check_equal(one, other, f"row {number} of {what}")
    check_equal(len(found), len(wanted), f"rows of {what}")


def screen_of(rows, count):
    """What `count` rows show when all of `rows` were written, and the cursor stands below them."""
    shown = [*rows[1 - count:], ""]
    return shown + [""] * (count - len(shown))


def write_lines(machine, count):
    """Through the serial line, which is echoed: lines of their own number."""
    for first in range(1, count + 1, 100):
        machine.send("".join(f"line {number}\n" for number in range(first, min(first + 100, count + 1))))
        machine.expect(f"^line {min(first + 99, count)}$")
