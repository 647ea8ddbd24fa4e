# SPDX-License-Identifier: MIT
"""Keeps the module graph one-way. Run by ctest (style-includes) on <build>/module_graph.txt, which CMake writes.

It refuses, with file and line:
  - an #include of another module's header that DEPENDS does not name, or of another module's private header
  - an arrow that runs upward or sideways in LAYERS, one from the kernel into stage 2 or back, and any cycle
  - a header of the hosted C library in code that has none
  - inline assembly in lib/, or in kernel/ outside kernel/arch
  - a public header that does not compile alone
  - a file without an SPDX line
A new module gets its place in LAYERS here. If the graph fights you, redraw it and say why in docs/decisions.
"""
import argparse
import fnmatch
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Lowest first; modules of one layer do not know each other.
LAYERS = (
    ("lib",),
    ("elf64",),
    # Parts of higher modules that have no hardware in them, so that host tests run them too.
    ("record_ring", "describe", "portable", "scancode", "lights", "timer_queue", "ready_queue", "timer_wheel", "symbols",
     "clock_math", "cause", "page_table", "heap", "surface", "code_page", "font", "syntax", "line_editor", "areas",
     "file_tree", "initial_stack", "random", "canonical", "elf_names"),
    ("text_memory", "framebuffer", "terminal", "key_bytes"),
    ("arch",),
    ("log",),
    ("acpi", "serial", "vga", "allocator"),
    ("memory",),
    ("interrupt",),
    ("time", "keyboard", "power", "console"),
    ("debug",),
    ("task",),
    ("tty",),
    ("process",),
    ("shell",),
)
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}
TOP = len(LAYERS)

# Contracts between worlds: folders of headers that everyone may include. A file of a world's folder that lies in no
# module is that world's top (kernel/main.c, the BIOS services of stage 2) and may include all below it.
CONTRACTS = {"boot": "stage2/include"}
WORLDS = ("kernel", "stage2")
CODE = ("kernel", "stage2", "lib", "bootsector")

FREESTANDING = {"float.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stdckdint.h",
                "stddef.h", "stdint.h", "stdnoreturn.h"}
TARGETS = {"kernel": ("x86_64-unknown-none-elf",), "stage2": ("i386-unknown-none-elf",),
           "lib": ("x86_64-unknown-none-elf", "i386-unknown-none-elf")}
COMPILE_FLAGS = ("-std=c23", "-fsyntax-only", "-ffreestanding", "-nostdlibinc", "-Wall", "-Wextra", "-Werror")

# What cannot carry a comment, or is data.
NO_SPDX = ("LICENSE", "*.json", "*.png", ".gitignore", "*/.gitignore", ".gitattributes", "test/fuzz/corpus/*", "image/README.TXT")
SPDX_LINES = 5

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.MULTILINE)
ASSEMBLY = re.compile(r"\b(asm|__asm__|__asm)\b")
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


class Module:
    def __init__(self, name, folder, depends):
        self.name = name
        self.folder = folder
        self.depends = depends


def read_graph(text):
    modules = {}
    for line in text.splitlines():
        if line.strip():
            name, folder, depends = line.split("|")
            modules[name] = Module(name, folder, depends.split())
    return modules


def list_files(root):
    """Every file that belongs to the project, relative to its root."""
    git = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if git.returncode == 0:
        names = git.stdout.decode().split("\0")
        return sorted(name for name in names if name and os.path.isfile(os.path.join(root, name)))
    result = []
    for folder, folders, names in os.walk(root):
        folders[:] = [each for each in folders if each not in (".git", "build", "__pycache__")]
        result += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(result)


def without_comments(text):
    """Comments and strings blanked, line numbers kept."""
    return NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


class Checker:
    def __init__(self, root, modules, clang):
        self.root = Path(root)
        self.modules = modules
        self.clang = clang
        self.files = list_files(root)
        self.problems = []

    def report(self, where, sentence):
        self.problems.append(f"{where}: {sentence}")

    def owner(self, file):
        """The module whose folder, the deepest one, holds the file."""
        holders = [module for module in self.modules.values() if file.startswith(module.folder + "/")]
        return max(holders, key=lambda module: len(module.folder), default=None)

    @staticmethod
    def world(file):
        first = file.split("/")[0]
        return first if first in WORLDS else None

    # ---- the declared graph

    def check_graph(self):
        for module in self.modules.values():
            where = module.folder + "/CMakeLists.txt"
            if module.name in CONTRACTS:
                continue
            if module.name not in RANK:
                self.report(where, f"module {module.name} has no place in LAYERS of test/include_check.py")
            for name in module.depends:
                if name in CONTRACTS:
                    continue
                if name not in self.modules:
                    self.report(where, f"{module.name} depends on {name}, which is no module")
                    continue
                self.check_arrow(where, module, self.modules[name])
        self.check_cycles()

    def check_arrow(self, where, source, target):
        here, there = RANK.get(source.name, TOP), RANK.get(target.name, TOP)
        if there >= here and source.name != target.name:
            direction = "upward" if there > here else "sideways"
            self.report(where, f"{source.name} -> {target.name} runs {direction} in the order of layers")
        self.check_worlds(where, source.folder, source.name, target)

    def check_worlds(self, where, folder, name, target):
        here, there = self.world(folder + "/"), self.world(target.folder + "/")
        if there is not None and here != there:
            self.report(where, f"{name} -> {target.name} runs from {here or folder} into {there}")

    def check_cycles(self):
        state = {}

        def visit(name, path):
            if state.get(name) == "done" or name not in self.modules:
                return
            if name in path:
                self.report("module graph", "cycle: " + " -> ".join(path[path.index(name):] + [name]))
                return
            for next_name in self.modules[name].depends:
                visit(next_name, path + [name])
            state[name] = "done"

        for name in self.modules:
            visit(name, [])

    # ---- the files

    def check_files(self):
        for file in self.files:
            path = self.root / file
            if not any(fnmatch.fnmatch(file, pattern) for pattern in NO_SPDX):
                head = path.read_bytes().split(b"\n", SPDX_LINES)[:SPDX_LINES]
                if not any(b"SPDX-License-Identifier:" in line for line in head):
                    self.report(file, f"no SPDX line among the first {SPDX_LINES}")
            if file.endswith((".c", ".h")):
                text = path.read_text(errors="replace")
                self.check_includes(file, text)
                self.check_assembly(file, text)

    def check_assembly(self, file, text):
        if not file.startswith(("kernel/", "lib/")) or file.startswith("kernel/arch/"):
            return
        for match in ASSEMBLY.finditer(without_comments(text)):
            self.report(f"{file}:{line_of(text, match.start())}", "inline assembly belongs in kernel/arch")

    def check_includes(self, file, text):
        for match in INCLUDE.finditer(text):
            where = f"{file}:{line_of(text, match.start())}"
            if match[1] == '"':
                self.check_private(where, file, match[2])
            elif file.startswith(tuple(each + "/" for each in CODE)):
                self.check_public(where, file, match[2])

    def check_private(self, where, file, name):
        target = os.path.normpath(os.path.join(os.path.dirname(file), name))
        if not (self.root / target).is_file():
            self.report(where, f'"{name}" is not beside this file; public headers are included with <module/name.h>')
            return
        here, there = self.owner(file), self.owner(target)
        if here is not there or target.split("/")[0] != file.split("/")[0]:
            self.report(where, f"{target} is a private header of {there.name if there else target.split('/')[0]}")

    def check_public(self, where, file, name):
        if "/" not in name:
            if name not in FREESTANDING:
                self.report(where, f"<{name}> belongs to a hosted C library")
            return
        target_name = name.split("/")[0]
        source = self.owner(file)
        if target_name in CONTRACTS:
            if not (self.root / CONTRACTS[target_name] / name).is_file():
                self.report(where, f"there is no {CONTRACTS[target_name]}/{name}")
            return
        target = self.modules.get(target_name)
        if target is None:
            self.report(where, f"<{name}>: there is no module {target_name}")
            return
        if not (self.root / target.folder / "include" / name).is_file():
            self.report(where, f"<{name}> is no public header of {target_name}")
        if source is target:
            return
        if source is None:
            self.check_worlds(where, file.split("/")[0], file, target)
        elif target_name not in source.depends:
            self.report(where, f"{source.name} does not name {target_name} in DEPENDS")
            self.check_arrow(where, source, target)

    # ---- headers compile alone

    def include_folders(self, module):
        folders, pending = [], [module.name]
        while pending:
            name = pending.pop()
            if name in self.modules:
                folder = self.modules[name].folder + "/include"
                if folder not in folders:
                    folders.append(folder)
                    pending += self.modules[name].depends
        return folders + [folder for folder in CONTRACTS.values() if folder not in folders]

    def public_headers(self):
        for file in self.files:
            if not file.endswith(".h"):
                continue
            module = self.owner(file)
            if module is not None and file.startswith(module.folder + "/include/"):
                yield file, self.include_folders(module), TARGETS[file.split("/")[0]]
            elif file.startswith(tuple(folder + "/" for folder in CONTRACTS.values())):
                yield file, list(CONTRACTS.values()), TARGETS["lib"]

    def check_headers(self):
        jobs = [(file, folders, target) for file, folders, targets in self.public_headers() for target in targets]

        def compile_alone(job):
            file, folders, target = job
            command = [self.clang, f"--target={target}", *COMPILE_FLAGS, *(f"-I{folder}" for folder in folders),
                       "-include", file, "-x", "c", os.devnull]
            return subprocess.run(command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for job, result in zip(jobs, pool.map(compile_alone, jobs)):
                if result.returncode != 0:
                    self.report(job[0], f"does not compile alone for {job[2]}:\n{result.stdout.rstrip()}")
        return len(jobs)

    def run(self):
        self.check_graph()
        self.check_files()
        compiled = self.check_headers() if self.clang else 0
        return (f"{len(self.modules)} modules, {sum(len(m.depends) for m in self.modules.values())} arrows, "
                f"{len(self.files)} files, {compiled} headers compiled alone")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="the source tree")
    parser.add_argument("--graph", type=Path, required=True, help="<build>/module_graph.txt")
    parser.add_argument("--clang", required=True, help="the compiler to try headers with")
    options = parser.parse_args()
    checker = Checker(options.root, read_graph(options.graph.read_text()), options.clang)
    print("looked at", checker.run())
    for problem in checker.problems:
        print(problem)
    print(f"{len(checker.problems)} problems")
    sys.exit(1 if checker.problems else 0)


if __name__ == "__main__":
    main()
