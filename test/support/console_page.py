#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A page with every feature of the console on it, and what a screen shows then.

    console_page.py <output>        writes the bytes of the page, for the test kernel

The page stands on rows 1 to 22 of any screen that has more; what is below it is left of lines that scrolled by.
A cell is (character, foreground, background), with the colours of surface_colour (kernel/vga/surface).
"""
import sys
from pathlib import Path

LINES = 300  # that scroll by first
LAST_ROW = 22
CURSOR_ROW, CURSOR_COLUMN = 22, 70  # from 1 on: where the page leaves the cursor, on a blank
GREY, BLACK = 7, 0


def vga(colour):
    """Control sequences count colours from red on, the VGA from blue on."""
    return colour & 0b1010 | (colour & 1) << 2 | colour >> 2 & 1


def sgr(*values):
    return f"\033[{';'.join(map(str, values))}m"


def ink(colour):
    return (30 if colour < 8 else 90 - 8) + colour


def paper(colour):
    return ink(colour) + 10


def at(row, column=1):
    return f"\033[{row};{column}H"


COLOURS = range(16)
OTHER = [15 - colour for colour in COLOURS]
PAIRS = list(zip(COLOURS, OTHER))
LATIN = "Zażółć gęślą jaźń. Pâté naïf: Ærø, Größe, ñandú, £5, ¿Qué?"
GREEK = "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία: αΓπΣσµτΦΘΩδφε"
CYRILLIC = "Съешь же ещё этих мягких французских булок, да выпей чаю"
BOXES = "┌─┬┐╔═╦╗╒╕╓╖│├┼┤║╠╬╣▀▄█▌▐░▒▓■ └─┴┘╚═╩╝╘╛╙╜"

# (bytes, {row: what it shows then}): pieces of text from the first column on, which are strings in the usual colours or
# cells' (text, foreground, background); a function makes them from the number of columns.
FEATURES = [
    # All foregrounds and all backgrounds; then reversed.
    (at(1) + "".join(sgr(ink(one), paper(other)) + f"{one:x}<" for one, other in PAIRS) + sgr(0) + "|",
     {1: [*((f"{one:x}<", vga(one), vga(other)) for one, other in PAIRS), "|"]}),
    (at(2) + sgr(7) + "".join(sgr(ink(one), paper(other)) + f"{one:x}>" for one, other in PAIRS) + sgr() + "|",
     {2: [*((f"{one:x}>", vga(other), vga(one)) for one, other in PAIRS), "|"]}),
    # Bold is bright; what ends each; colours out of the palette of 256.
    (at(3) + sgr(1) + "".join(sgr(ink(one)) + "b" for one in range(8)) + sgr(39) + "B" + sgr(7) + "R" + sgr(22) + "r" +
     sgr(27) + "n" + sgr(44) + "4" + sgr(49) + "9" + sgr(38, 5, 9, 48, 5, 12) + "p" + sgr(0) + ".",
     {3: [*(("b", vga(one) | 8, BLACK) for one in range(8)), ("B", 15, BLACK), ("R", BLACK, 15), ("r", BLACK, GREY), "n",
          ("4", GREY, 1), "9", ("p", 12, 9), "."]}),
    (at(4) + LATIN, {4: [LATIN]}),
    (at(5) + GREEK, {5: [GREEK]}),
    (at(6) + CYRILLIC, {6: [CYRILLIC]}),
    # Boxes; the same by VT100's line drawing, as both sets.
    (at(7) + BOXES + " \033(0lqqk\033(B \033)0\016mqqj\017 x", {7: [BOXES + " ┌──┐ └──┘ x"]}),
    # Bytes that are no UTF-8: one replacement for each part that cannot go on.
    (at(8).encode() + b"\xff|\xc0\x80|\xe2\x82|\xed\xa0\x80|\xf0\x9f\x98|\xf4\x90\x80\x80|\xe2\x82\xac" + "Aé.".encode(),
     {8: ["\ufffd|\ufffd\ufffd|\ufffd|\ufffd\ufffd\ufffd|\ufffd|\ufffd\ufffd\ufffd\ufffd|€Aé."]}),
    # Tabs: to each eighth column; forth to one that was set, back over it; and when it is gone.
    (at(9) + "a\tb\t\tc" + at(9, 30) + "\033H" + at(9, 26) + "\td\033[3Ze" + at(9, 30) + "\033[g" + at(9, 26) + "\tf",
     {9: ["a       b       e       c    d  f"]}),
    # The last column keeps the cursor until the next character comes.
    (at(10, 999) + "XY" + at(11, 999) + "\033[999CZ\b!",
     {10: lambda columns: [" " * (columns - 1) + "X"], 11: lambda columns: ["Y" + " " * (columns - 3) + "!Z"]}),
    # CR, LF, BS.
    (at(12) + "abc\rX 123\b\b4\n5\r6", {12: ["X 143"], 13: ["6"]}),
    # Up, down, right, left, to a column, to the next line.
    (at(14, 10) + "a\033[5Db\033[2Cc\033[20Gd" + at(13, 30) + "\033[Bu" + at(15, 35) + "\033[Av" + at(13, 50) + "\033[En",
     {14: ["n    b  ca         d         u    v"]}),
    # Erasing: to the end, from the beginning, some in between, in a colour.
    (at(15) + "0123456789abcdefghij" + at(15, 15) + "\033[K" + at(15, 3) + "\033[1K" + at(15, 6) + "\033[2X" +
     at(15, 21) + sgr(44) + "\033[3X" + sgr(0), {15: ["   34  789abcd      ", ("   ", GREY, 1)]}),
    # Characters inserted, deleted, written in insert mode, repeated.
    (at(16) + "abcdef" + at(16, 3) + "\033[2@XY" + at(16) + "\033[P" + at(16, 2) + "\033[4h__\033[4l" +
     at(16, 20) + "=\033[4b",
     {16: ["b__XYcdef          ====="]}),
    # Lines inserted and deleted: nothing outside the scroll region moves.
    ("\033[17;19r" + at(17) + "A\nB\nC" + at(18) + "\033[Lnew" + at(17) + "\033[M" + at(19) + "end\033[r",
     {17: ["new"], 18: ["B"], 19: ["end"]}),
    # Three rows scroll: by text at their end, back at their beginning, both ways by themselves.
    ("\033[20;22r" + at(20) + "s1\ns2\ns3\ns4\ns5" + at(20) + "\033M\033[2S\033[Ttop\033[r",
     {20: ["top"], 21: ["s4"], 22: []}),
    # The cursor and its colour, saved and restored. A last column that does not wrap.
    (at(21, 40) + sgr(33) + "\0337" + sgr(0) + at(1) + "\0338back" + sgr(0) + at(22, 999) + "\033[?7lPQ\033[?7h",
     {21: ["s4" + " " * 37, ("back", 6, BLACK)], 22: lambda columns: [" " * (columns - 1) + "Q"]}),
]


def bytes_of(text):
    return text if isinstance(text, bytes) else text.encode()


def page():
    """Without a cursor; CURSOR_ON shows it."""
    lines = "".join(f"line {number}\n" for number in range(1, LINES + 1))
    features = b"".join(bytes_of(text) for text, _ in FEATURES)
    return (f"\033[?25l{at(999)}{lines}{at(LAST_ROW, 999)}\033[1J".encode() + features +
            at(CURSOR_ROW, CURSOR_COLUMN).encode())


def cells_of(pieces, columns):
    cells = []
    for piece in pieces:
        text, *colours = (piece, GREY, BLACK) if isinstance(piece, str) else piece
        cells += [(character, *colours) for character in text]
    return cells + [(" ", GREY, BLACK)] * (columns - len(cells))


def expected(columns, rows):
    """Rows of cells."""
    shown = {row: [f"line {LINES - rows + 1 + row}"] for row in range(LAST_ROW + 1, rows)}
    for _, changes in FEATURES:
        shown.update(changes)
    pieces = [shown.get(row, []) for row in range(1, rows + 1)]
    return [cells_of(each(columns) if callable(each) else each, columns) for each in pieces]


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(page())
