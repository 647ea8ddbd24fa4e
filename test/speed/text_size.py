#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many bytes of code the object files have together, against a limit."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "cmake", "tools"))
from elf64 import SHF_EXECUTABLE, Elf64

limit, paths = int(sys.argv[1]), sys.argv[2:]
if not paths:
    sys.exit("no object files: nothing was measured")
total = 0
for path in paths:
    size = sum(section.size for section in Elf64(path).sections if section.flags & SHF_EXECUTABLE)
    print(f"{os.path.basename(path)}: {size} bytes")
    total += size
print(f"together: {total} bytes, at most {limit}")
sys.exit(total > limit)
