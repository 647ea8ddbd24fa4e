# SPDX-License-Identifier: MIT
"""The tools of the kernel's second link, on the two kernels of this build: the table of symbols is the same each time it
is made, and a second link that moved anything is refused.

    kernel_link.py <llvm-dwarfdump> <first kernel> <second kernel>
"""
import re
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / "cmake" / "tools"
sys.path.insert(0, str(ROOT / "test"))
sys.path.insert(0, str(TOOLS))
import symbol_table  # noqa: E402
from support.elf import SHT_SYMTAB, Elf  # noqa: E402

SECTION_ADDRESS, SECTION_SIZE = 16, 32  # offsets in a section header
SECTION_HEADER_SIZE = 64
SYMBOL_SIZE, SYMBOL_VALUE = 24, 8
DWARFDUMP, FIRST, SECOND = sys.argv[1:4]


def run(tool, *arguments):
    return subprocess.run([sys.executable, str(TOOLS / tool), *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Layout(unittest.TestCase):
    def check_of(self, data):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "second.elf"
            path.write_bytes(data)
            return run("kernel_layout_check.py", FIRST, path)

    def refuse(self, position, value, sentence):
        data = bytearray(Path(SECOND).read_bytes())
        struct.pack_into("<Q", data, position, value)
        result = self.check_of(bytes(data))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("its table of symbols would be wrong", result.stdout)
        self.assertRegex(result.stdout, sentence)

    @staticmethod
    def section_header(name):
        elf = Elf.from_file(SECOND)
        table, = struct.unpack_from("<Q", elf.data, 40)
        index = [section.name for section in elf.sections].index(name) + 1
        return table + index * SECTION_HEADER_SIZE

    def test_same_layout_is_accepted(self):
        result = self.check_of(Path(SECOND).read_bytes())
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_moved_section_is_refused(self):
        address = Elf.from_file(SECOND).section(".data").addr
        self.refuse(self.section_header(".data") + SECTION_ADDRESS, address + 4096, r"section \.data changed")

    def test_grown_section_is_refused(self):
        size = Elf.from_file(SECOND).section(".text").size
        self.refuse(self.section_header(".text") + SECTION_SIZE, size + 16, r"section \.text changed")

    def test_moved_symbol_is_refused(self):
        elf = Elf.from_file(SECOND)
        table = next(section for section in elf.sections if section.type == SHT_SYMTAB)
        names = elf.contents(elf.section(".strtab"))
        for position in range(table.offset, table.offset + table.size, SYMBOL_SIZE):
            name, = struct.unpack_from("<I", elf.data, position)
            if names[name:].startswith(b"kernel_main\0"):
                value, = struct.unpack_from("<Q", elf.data, position + SYMBOL_VALUE)
                self.refuse(position + SYMBOL_VALUE, value + 16, "2 symbols differ, for example kernel_main at")
                return
        self.fail("kernel.elf has no kernel_main")

    def test_empty_table_is_refused(self):
        self.refuse(self.section_header(".symbols") + SECTION_SIZE, 0, r"the second link has no \.symbols")

    def test_table_that_is_not_last_is_refused(self):
        address = Elf.from_file(SECOND).section(".text").addr
        self.refuse(self.section_header(".symbols") + SECTION_ADDRESS, address, r"\.symbols is not the last section")


class Table(unittest.TestCase):
    def table_of(self, kernel):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "symbols.asm"
            result = run("symbol_table.py", DWARFDUMP, ROOT, kernel, path)
            self.assertEqual((result.returncode, result.stdout), (0, ""))
            return path.read_text()

    def test_both_links_give_the_same_table(self):
        self.assertEqual(self.table_of(FIRST), self.table_of(SECOND))

    def test_it_is_what_the_kernel_carries(self):
        numbers = re.findall(r"^db (.*)$", self.table_of(FIRST), re.MULTILINE)
        data = bytes(int(number) for line in numbers for number in line.split(","))
        elf = Elf.from_file(SECOND)
        self.assertEqual(data, elf.contents(elf.section(".symbols")))

    def test_kernel_without_lines_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path, broken = Path(folder) / "symbols.asm", Path(folder) / "kernel.elf"
            data = Path(FIRST).read_bytes()
            broken.write_bytes(data.replace(b".debug_line\0", b".hidden_line\0"[:12]))
            result = run("symbol_table.py", DWARFDUMP, ROOT, broken, path)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("finds no source lines", result.stdout)

    def test_a_c_function_goes_before_a_label_and_a_global_name_before_a_local_one(self):
        kernel = symbol_table.Kernel(FIRST)
        at = kernel.start
        kernel.symbols = [(at, 0, 1, "label"), (at, 2, 0, "local"), (at, 2, 1, "global_one"), (at, 2, 1, "global"),
                          (at + 1, 0, 0, "place.inside"), (at + 2, 0, 0, "..@3.start"), (kernel.end, 0, 1, "text_end")]
        self.assertEqual(symbol_table.functions_of(kernel), [(at, "global")])

    def test_path_outside_the_source_tree_is_a_name_alone(self):
        unit = symbol_table.Unit("/tree")
        unit.version = 5
        unit.directories = {0: "/tree/build", 1: "/tree", 2: "/usr/include", 3: "generated"}
        unit.names = {0: "main.c", 1: "kernel/a.c", 2: "stdint.h", 3: "b.asm"}
        unit.file_directories = {0: 0, 1: 1, 2: 2, 3: 3}
        self.assertEqual([unit.path(number) for number in range(4)],
                         ["build/main.c", "kernel/a.c", "stdint.h", "build/generated/b.asm"])


unittest.main(argv=sys.argv[:1])
