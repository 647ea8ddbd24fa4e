# SPDX-License-Identifier: MIT
"""Keeps the pages true: listings equal the sources, links lead somewhere. Run by ctest (style-listings).

    python3 test/style/listings_check.py <source tree> [--fix | --can-fail]

A fenced code block right after `<!-- listing: path -->` is that whole file; after `<!-- listing: path#name -->` it is
what that file defines under that name: a C function, structure, enumeration or constant with the comment above it, a
Python function, or the paragraph of assembly that begins at the label. --fix writes the sources' text into the pages.
"""
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from include_check import list_files

LISTING = re.compile(r"^<!-- listing: ([^\s#]+)(?:#(\w+))? -->\n(```\w*\n)(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"<!-- *listing")
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`[^`\n]*`")
SPDX = "<!-- SPDX-License-Identifier: CC-BY-4.0 -->\n"

COMMENT = r"(?:^//[^\n]*\n)*"
DEFINITIONS = {
    ".c": (COMMENT + r"^(?!\s)[^\n;]*\b{name}\([^;{{}}]*\)\n\{{\n.*?^\}}\n",
           COMMENT + r"^(?:struct|enum)[^\n;(]*\b{name}\b[^\n;(]*\{{\n.*?^\}};\n",
           COMMENT + r"^(?:static )?constexpr [^\n;]*\b{name} = [^;]*;[^\n]*\n"),
    ".py": (r"^def {name}\(.*?\n(?=\S|\Z)",),
    ".asm": (r"(?:^;[^\n]*\n)*^{name}:.*?\n(?=\n|\Z)",),
}
DEFINITIONS[".h"] = DEFINITIONS[".c"]


class Problem(Exception):
    pass


def source_text(root, path, name):
    """What a listing of that file, or of that name in it, has to say."""
    file = root / path
    if not file.is_file():
        raise Problem(f"there is no file {path}")
    text = file.read_text()
    if name is None:
        return text
    for pattern in DEFINITIONS.get(file.suffix, ()):
        found = re.findall(pattern.format(name=name), text, re.MULTILINE | re.DOTALL)
        if len(found) > 1:
            raise Problem(f"{path} defines {name} {len(found)} times")
        if found:
            return found[0].rstrip("\n") + "\n"
    raise Problem(f"{path} defines nothing called {name}")


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_listings(root, page, text, fix):
    problems = []

    def replaced(match):
        path, name, fence, listed = match.groups()
        try:
            wanted = source_text(root, path, name)
        except Problem as problem:
            problems.append(f"{page}:{line_of(text, match.start())}: {problem}")
            return match[0]
        if listed != wanted and not fix:
            problems.append(f"{page}:{line_of(text, match.start())}: the listing is not what {path} has"
                            f"{f' as {name}' if name else ''}")
        return match[0].replace(fence + listed, fence + wanted)

    new_text = LISTING.sub(replaced, text)
    marked, understood = len(MARKER.findall(text)), len(LISTING.findall(text))
    if marked != understood:
        problems.append(f"{page}: {marked} listing marks, but {understood} that a code block follows")
    if fix and new_text != text:
        (root / page).write_text(new_text)
    return problems, understood


def check_page(root, page, text):
    problems = []
    if not text.startswith(SPDX):
        problems.append(f"{page}:1: must begin with {SPDX.strip()}")
    for target in LINK.findall(CODE_SPAN.sub("", BLOCK.sub("", text))):
        path = target.split("#")[0]
        if path and "://" not in target and not (root / page).parent.joinpath(path).exists():
            problems.append(f"{page}: the link to {target} leads nowhere")
    return problems


def check_tree(root, pages, fix=False):
    problems, listings = [], 0
    for page in pages:
        text = (root / page).read_text()
        found, count = check_listings(root, page, text, fix)
        problems += found + check_page(root, page, text)
        listings += count
    return problems, listings


SOURCE = "// says one\nstatic int one(void)\n{\n    return 1;\n}\n\nstruct two {\n    int b;\n};\n"
ONE = SOURCE.split("\n\n")[0] + "\n"
CLEAN = SPDX + f"[x](s.c)\n<!-- listing: s.c#one -->\n```c\n{ONE}```\n<!-- listing: s.c -->\n```c\n{SOURCE}```\n"
PLANTED = {
    "changed listing": (CLEAN.replace("return 1", "return 2", 1), "is not what s.c has as one"),
    "changed file": (CLEAN.replace("int b", "int c"), "is not what s.c has"),
    "unknown name": (CLEAN.replace("#one", "#three"), "defines nothing called three"),
    "unknown file": (CLEAN.replace(": s.c#", ": t.c#"), "there is no file t.c"),
    "mark without block": (CLEAN + "<!-- listing: s.c#two -->\ntext\n", "3 listing marks, but 2"),
    "dead link": (CLEAN + "[y](z.md)\n", "leads nowhere"),
    "no licence": (CLEAN[len(SPDX):], "must begin with"),
}


def can_fail():
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "s.c").write_text(SOURCE)

        def problems_of(text, fix=False):
            (root / "p.md").write_text(text)
            return check_tree(root, ["p.md"], fix)[0]

        clean = problems_of(CLEAN)
        if clean:
            print("reported in a clean page:", *clean)
            failures += 1
        for name, (text, sentence) in PLANTED.items():
            found = problems_of(text)
            reported = any(sentence in problem for problem in found)
            print(f"{name}: {'reported' if reported else f'NOT reported; only {found}'}")
            failures += not reported
        if problems_of(PLANTED["changed listing"][0], fix=True) or (root / "p.md").read_text() != CLEAN:
            print("--fix does not repair a changed listing")
            failures += 1
    sys.exit(1 if failures else 0)


def main():
    root = Path(sys.argv[1])
    if "--can-fail" in sys.argv:
        can_fail()
    pages = [name for name in list_files(root) if name.endswith(".md")]
    problems, listings = check_tree(root, pages, "--fix" in sys.argv)
    for problem in problems:
        print(problem)
    print(f"{len(pages)} pages, {listings} listings, {len(problems)} problems")
    if problems:
        print("Listings are repaired by: python3 test/style/listings_check.py . --fix")
    sys.exit(1 if problems or not listings else 0)


main()
