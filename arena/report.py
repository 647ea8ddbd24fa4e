# SPDX-License-Identifier: MIT
"""Runs the arena over traces and makes tables and charts of what it says. Called by scripts/bench.

    python3 arena/report.py build/dev TRACE...                              prints the tables
    python3 arena/report.py build/dev --write docs/arena.md TRACE...        puts them there, charts into docs/images
"""
import argparse
import json
import math
import subprocess
import sys
from datetime import date
from pathlib import Path

MARKS = "<!-- measured in the arena: begin -->", "<!-- measured in the arena: end -->"
MODES = ("time", "instructions", "overhead", "worst")
LIBRARIES = ("glibc", "mimalloc", "jemalloc", "tcmalloc")
TITLES = {
    "time": "Nanoseconds per operation, replay loop included",
    "instructions": "Instructions per operation, first 20 000 operations, replay loop included",
    "overhead": "Smallest region over peak of live bytes (libraries: growth of the process)",
    "worst": "Instructions of the dearest allocate or free",
}
# What a chart shows besides the tables: everything as a multiple of this, so that traces compare.
RELATIVE_TO = {"time": ("jemalloc", "glibc", "default")}
DIGITS = {"time": 1, "instructions": 1, "overhead": 3, "worst": 0}


def measure(arena, mode, traces):
    """{allocator: {trace: value or None}}, in the arena's order."""
    command = [str(arena), "--json", "--mode", mode, *map(str, traces)]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if result.returncode not in (0, 1):  # 1: somebody did not complete a trace, which the tables show
        sys.exit(f"report: {' '.join(command)} ended with status {result.returncode}")
    table = {}
    for line in result.stdout.splitlines():
        entry = json.loads(line)
        table.setdefault(entry["allocator"], {})[entry["trace"]] = entry["value"]
    return table


def geomean(values):
    values = list(values)
    if not values or None in values:
        return None
    return math.exp(sum(map(math.log, values)) / len(values))


def cell(value, mode):
    return "-" if value is None else f"{value:.{DIGITS[mode]}f}"


def markdown(mode, table):
    traces = list(dict.fromkeys(trace for row in table.values() for trace in row))
    lines = [f"### {TITLES[mode]}", "", f"| allocator | {' | '.join(traces)} | geomean |",
             "|---|" + "---:|" * (len(traces) + 1)]
    for allocator, row in table.items():
        values = [row.get(trace) for trace in traces]
        cells = [cell(value, mode) for value in values + [geomean(values)]]
        lines.append(f"| {allocator} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def relative(mode, table):
    """The table as it is drawn, and what it is relative to."""
    for name in RELATIVE_TO.get(mode, ()):
        if name in table and None not in table[name].values():
            base = table[name]
            return {allocator: {trace: value and value / base[trace] for trace, value in row.items()}
                    for allocator, row in table.items()}, name
    return table, None


# ---- charts

WIDTH, LEFT, RIGHT, ROW, TOP, BOTTOM = 760, 110, 70, 26, 46, 34
COLOURS = {"design": "#2b6cb0", "default": "#c05621", "library": "#718096", "floor": "#a0aec0"}


def kind_of(allocator):
    if allocator in LIBRARIES:
        return "library"
    return allocator if allocator in ("default", "floor") else "design"


def ticks(least, most):
    steps = [base * 10 ** power for power in range(-2, 9) for base in (1, 2, 5)]
    return [step for step in steps if least <= step <= most]


def chart(mode, table):
    """A bar to each allocator's geometric mean and a dot for each trace, on a logarithmic axis."""
    drawn, base = relative(mode, table)
    rows = {allocator: [value for value in row.values() if value] for allocator, row in drawn.items()}
    rows = {allocator: values for allocator, values in rows.items() if values}
    everything = [value for values in rows.values() for value in values]
    least, most = min(everything) * 0.8, max(everything) * 1.25
    height = TOP + ROW * len(rows) + BOTTOM

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(value / least) / math.log(most / least)

    title = TITLES[mode] + (f"; {base} = 1" if base else "")
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
             f'font-size="12">', "<!-- SPDX-License-Identifier: CC-BY-4.0 -->",
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
             f'<text x="{LEFT}" y="20" font-size="14">{title}</text>']
    for tick in ticks(least, most):
        parts.append(f'<path d="M{x(tick):.1f} {TOP - 8}V{height - BOTTOM + 4}" stroke="#e2e8f0"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{height - 12}" text-anchor="middle" fill="#4a5568">{tick:g}</text>')
    count = max(map(len, rows.values()))
    for number, (allocator, values) in enumerate(rows.items()):
        middle = TOP + ROW * number + ROW / 2
        colour = COLOURS[kind_of(allocator)]
        parts.append(f'<text x="{LEFT - 8}" y="{middle + 4:.1f}" text-anchor="end">{allocator}</text>')
        if len(values) == count:  # a mean of less than all traces would not compare
            mean = geomean(values)
            parts.append(f'<rect x="{LEFT}" y="{middle - 7:.1f}" width="{x(mean) - LEFT:.1f}" height="14" '
                         f'fill="{colour}" fill-opacity="0.45"/>')
            parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{middle + 4:.1f}">{mean:.3g}</text>')
        parts += [f'<circle cx="{x(value):.1f}" cy="{middle:.1f}" r="2.5" fill="{colour}"/>' for value in values]
    return "\n".join(parts + ["</svg>"]) + "\n"


# ---- the page

def between_marks(text, marks, inside):
    begin, end = (text.index(mark) for mark in marks)
    return text[:begin + len(marks[0])] + "\n\n" + inside + "\n" + text[end:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, help="the build folder, for example build/dev")
    parser.add_argument("traces", type=Path, nargs="+", help="traces, plain or compressed")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put tables into PAGE and charts beside it")
    options = parser.parse_args()
    sections = [f"Measured on {date.today().isoformat()}, all of a table in one run. Another machine has other times; what\n"
                "compares is what stands in one column.\n"]
    for mode in MODES:
        print(f"report: {mode} of {len(options.traces)} traces", file=sys.stderr, flush=True)
        table = measure(options.build / "host" / "arena", mode, options.traces)
        sections.append(markdown(mode, table))
        if options.write and mode != "instructions":
            image = options.write.parent / "images" / f"arena-{mode}.svg"
            image.write_text(chart(mode, table))
            sections.append(f"![{TITLES[mode]}](images/{image.name})\n")
    text = "\n".join(sections)
    if options.write:
        options.write.write_text(between_marks(options.write.read_text(), MARKS, text))
    else:
        print(text)


if __name__ == "__main__":
    main()
