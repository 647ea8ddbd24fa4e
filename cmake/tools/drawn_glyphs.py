# SPDX-License-Identifier: MIT
"""Draws the characters that are geometry and not letters, so that they meet at the edges of a cell of any height: box
drawing and block elements. The names that Unicode gives them say what they look like. Used by font_data.py beside it.

A glyph is a list of rows, top first; bit 7 is the left pixel.
"""
import unicodedata

WIDTH = 8
CENTRE = 3  # the column of a vertical line
LEFT, RIGHT, UP, DOWN = "LEFT", "RIGHT", "UP", "DOWN"
ARMS = {"HORIZONTAL": (LEFT, RIGHT), "VERTICAL": (UP, DOWN)}
OPPOSITE = {LEFT: RIGHT, RIGHT: LEFT, UP: DOWN, DOWN: UP}


class Grid:
    def __init__(self, height):
        self.height = height
        self.pixels = set()

    def put(self, columns, rows, is_set=True):
        area = {(column, row) for column in columns for row in rows}
        self.pixels = self.pixels | area if is_set else self.pixels - area

    def rows(self):
        return [sum(0x80 >> column for column in range(WIDTH) if (column, row) in self.pixels)
                for row in range(self.height)]


def name_of(code_point):
    return unicodedata.name(chr(code_point), "")


# ---- box drawing, lines that are single or double

def arms_of(name):
    """{direction: "LIGHT" or "DOUBLE"} of a name such as "BOX DRAWINGS DOWN SINGLE AND RIGHT DOUBLE", or None."""
    words = name.removeprefix("BOX DRAWINGS ").replace("SINGLE", "LIGHT").split()
    if words[0] in ("LIGHT", "DOUBLE"):
        weight, words = words[0], words[1:]
        parts = [[word, weight] for word in words if word != "AND"]
    else:
        parts = [part.split() for part in " ".join(words).split(" AND ")]
    arms = {}
    for part in parts:
        if len(part) != 2 or part[1] not in ("LIGHT", "DOUBLE"):
            return None
        for direction in ARMS.get(part[0], (part[0],)):
            if direction not in OPPOSITE:
                return None
            arms[direction] = part[1]
    return arms


def reach(arms, direction):
    """How far beyond the centre, away from its edge, an arm begins, so that it meets the lines that cross it."""
    crossing = [arms[other] for other in arms if other not in (direction, OPPOSITE[direction])]
    if "DOUBLE" not in crossing:
        return 0
    if arms[direction] == "DOUBLE" or len(crossing) == 1:
        return 1
    return 0 if OPPOSITE[direction] in arms else -1


def stroke(grid, direction, beyond, half_width, is_set):
    middle = CENTRE if direction in (UP, DOWN) else grid.height // 2 - 1
    size = WIDTH if direction in (LEFT, RIGHT) else grid.height
    start = CENTRE if direction in (LEFT, RIGHT) else grid.height // 2 - 1
    along = range(0, start + beyond + 1) if direction in (LEFT, UP) else range(start - beyond, size)
    across = range(middle - half_width, middle + half_width + 1)
    columns, rows = (along, across) if direction in (LEFT, RIGHT) else (across, along)
    grid.put(columns, rows, is_set)


def draw_lines(arms, height):
    """Double lines are drawn as one broad line, and hollowed out."""
    grid = Grid(height)
    doubles = [direction for direction in arms if arms[direction] == "DOUBLE"]
    for direction in doubles:
        stroke(grid, direction, reach(arms, direction), 1, True)
    for direction in doubles:
        is_crossed = any(other not in (direction, OPPOSITE[direction]) for other in doubles)
        stroke(grid, direction, 0 if is_crossed or OPPOSITE[direction] in arms else -1, 0, False)
    for direction in arms:
        if arms[direction] == "LIGHT":
            stroke(grid, direction, reach(arms, direction), 0, True)
    return grid.rows()


# ---- blocks, by eighths, halves and quarters

SHADES = {"LIGHT SHADE": (0x88, 0x22), "MEDIUM SHADE": (0xAA, 0x55), "DARK SHADE": (0x77, 0xDD)}
EIGHTHS = {"ONE": 1, "ONE QUARTER": 2, "THREE": 3, "HALF": 4, "FIVE": 5, "THREE QUARTERS": 6, "SEVEN": 7}


def quadrant(grid, words):
    columns = range(0, WIDTH // 2) if "LEFT" in words else range(WIDTH // 2, WIDTH)
    rows = range(0, grid.height // 2) if "UPPER" in words else range(grid.height // 2, grid.height)
    grid.put(columns, rows)


def draw_block(name, height):
    grid = Grid(height)
    if name in SHADES:
        return [SHADES[name][row % 2] for row in range(height)]
    if name == "FULL BLOCK":
        return [0xFF] * height
    if name.startswith("QUADRANT "):
        for part in name.removeprefix("QUADRANT ").split(" AND "):
            quadrant(grid, part)
        return grid.rows()
    side, _, amount = name.removesuffix(" BLOCK").removesuffix(" EIGHTH").removesuffix(" EIGHTHS").partition(" ")
    if side not in ("UPPER", "LOWER", "LEFT", "RIGHT") or amount not in EIGHTHS:
        return None
    columns, rows = EIGHTHS[amount] * WIDTH // 8, EIGHTHS[amount] * height // 8
    spans = {"UPPER": (range(WIDTH), range(rows)), "LOWER": (range(WIDTH), range(height - rows, height)),
             "LEFT": (range(columns), range(height)), "RIGHT": (range(WIDTH - columns, WIDTH), range(height))}
    grid.put(*spans[side])
    return grid.rows()


def draw(code_point, height):
    """The glyph, or None where this is no geometry or one that nobody has asked for yet."""
    name = name_of(code_point)
    if name.startswith("BOX DRAWINGS "):
        arms = arms_of(name)
        return arms and draw_lines(arms, height)
    if 0x2580 <= code_point < 0x25A0:
        return draw_block(name, height)
    return None


# ---- dashed lines, out of the font's own whole ones

DASHES = {"DOUBLE": 2, "TRIPLE": 3, "QUADRUPLE": 4}


def cut_dashes(code_point, font):
    """A dashed line as the whole line of FONT with gaps, or None."""
    words = name_of(code_point).removeprefix("BOX DRAWINGS ").split()
    if len(words) != 4 or words[2] != "DASH":
        return None
    whole = next(each for each in font if name_of(each) == f"BOX DRAWINGS {words[0]} {words[3]}")
    rows, count = font[whole], DASHES[words[1]]
    if words[3] == "HORIZONTAL":
        gaps = sum(1 << (WIDTH - 1 - (number + 1) * WIDTH // count + 1) for number in range(count))
        return [row & ~gaps for row in rows]
    size = len(rows) // count
    return [0 if number % size == size - 1 else row for number, row in enumerate(rows)]
