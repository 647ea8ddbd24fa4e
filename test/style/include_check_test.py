# SPDX-License-Identifier: MIT
"""The include checker can fail: each planted violation is reported, and a clean tree is not. Run by ctest."""
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from include_check import Checker, read_graph

SPDX = "// SPDX-License-Identifier: MIT\n"
GRAPH = """\
lib|lib|
arch|kernel/arch|lib
log|kernel/log|arch lib
serial|kernel/serial|log arch lib
vga|kernel/vga|log lib
portable|stage2/portable|lib
"""
CLEAN = {
    "lib/include/lib/string.h": "#pragma once\n#include <stddef.h>\nsize_t length(const char *text);\n",
    "lib/string.c": "#include <lib/string.h>\nsize_t length(const char *text) { return text[0] != 0; }\n",
    "kernel/arch/include/arch/port.h": "#pragma once\nstatic inline void stop(void) { __asm__ volatile(\"hlt\"); }\n",
    "kernel/log/include/log/log.h": "#pragma once\n#include <lib/string.h>\nvoid say(const char *text);\n",
    "kernel/log/log.c": "#include <log/log.h>\n#include <arch/port.h>\n#include \"state.h\"\n// not asm\n",
    "kernel/log/state.h": "#pragma once\n",
    "kernel/serial/include/serial/serial.h": "#pragma once\nvoid send(void);\n",
    "kernel/serial/serial.c": "#include <serial/serial.h>\n#include <log/log.h>\n",
    "kernel/vga/include/vga/vga.h": "#pragma once\n#include <log/log.h>\n",
    "kernel/main.c": "#include <boot/boot_info.h>\n#include <log/log.h>\n#include <vga/vga.h>\n",
    "stage2/include/boot/boot_info.h": "#pragma once\n#include <stdint.h>\nextern uint64_t magic;\n",
    "stage2/portable/include/portable/fat.h": "#pragma once\n",
    "stage2/disk.c": "#include <portable/fat.h>\n#include <boot/boot_info.h>\n",
    "test/unit/log/log.c": "#include <stdio.h>\n#include <log/log.h>\n",
}

# name: files to add or replace, graph lines to add or replace, a piece of the sentence that must be reported
PLANTED = {
    "undeclared dependency": ({"kernel/vga/vga.c": "#include <arch/port.h>\n"}, "", "does not name arch in DEPENDS"),
    "upward include": ({"kernel/log/up.c": "#include <serial/serial.h>\n"}, "", "runs upward"),
    "sideways include": ({"kernel/vga/side.c": "#include <serial/serial.h>\n"}, "", "runs sideways"),
    "upward declaration": ({}, "log|kernel/log|arch lib serial", "log -> serial runs upward"),
    "cycle": ({}, "arch|kernel/arch|lib log", "cycle: arch -> log -> arch"),
    "kernel into stage 2": ({}, "serial|kernel/serial|log arch lib portable", "runs from kernel into stage2"),
    "stage 2 into kernel": ({"stage2/up.c": "#include <arch/port.h>\n"}, "", "runs from stage2 into kernel"),
    "private header by path": ({"kernel/serial/peek.c": "#include \"../log/state.h\"\n"}, "", "private header of log"),
    "private header from a test": ({"test/unit/log/p.c": "#include \"../../../kernel/log/state.h\"\n"}, "",
                                   "private header of log"),
    "private header as public": ({"kernel/serial/peek.c": "#include <log/state.h>\n"}, "", "no public header of log"),
    "private header from main": ({"kernel/peek.c": "#include \"log/state.h\"\n"}, "", "private header of log"),
    "hosted header": ({"lib/print.c": "#include <stdio.h>\n"}, "", "hosted C library"),
    "unknown module": ({"kernel/serial/odd.c": "#include <nowhere/odd.h>\n"}, "", "there is no module nowhere"),
    "module without a layer": ({}, "odd|kernel/odd|lib", "has no place in LAYERS"),
    "dependency on nothing": ({}, "vga|kernel/vga|log nowhere", "which is no module"),
    "assembly in lib": ({"lib/fast.c": "void f(void) { __asm__(\"nop\"); }\n"}, "", "belongs in kernel/arch"),
    "assembly in a driver": ({"kernel/serial/fast.c": "/* asm */\nvoid f(void) { asm(\"nop\"); }\n"}, "",
                             "kernel/serial/fast.c:3: inline assembly"),
    "header that needs another": ({"kernel/log/include/log/needy.h": "#pragma once\nsize_t size(void);\n"}, "",
                                  "does not compile alone"),
    "file without SPDX": ({"kernel/log/bare.asm": None}, "", "no SPDX line"),
}


def problems_of(files, graph_lines, clang):
    graph = {line.split("|")[0]: line for line in (GRAPH + graph_lines).splitlines()}
    root = Path(tempfile.mkdtemp())
    try:
        for name, text in {**CLEAN, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("; bare\n" if text is None else SPDX + text)
        checker = Checker(root, read_graph("\n".join(graph.values())), clang)
        checker.run()
        return checker.problems
    finally:
        shutil.rmtree(root)


def main():
    clang = sys.argv[1]
    failed = 0
    clean = problems_of({}, "", clang)
    if clean:
        print("reported in a clean tree:", *clean, sep="\n    ")
        failed += 1
    for name, (files, graph_lines, sentence) in PLANTED.items():
        found = problems_of(files, graph_lines, clang if "compile" in sentence else None)
        if any(sentence in problem for problem in found):
            print(f"{name}: reported")
        else:
            print(f"{name}: NOT reported as {sentence!r}; only: {found}")
            failed += 1
    print(f"{len(PLANTED)} planted violations, {failed} failures")
    sys.exit(1 if failed else 0)


main()
