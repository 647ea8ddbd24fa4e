# SPDX-License-Identifier: MIT
"""Runs clang-format over every C file of the project and shows what it would change. Run by ctest (style-format).

    python3 test/style/format_check.py <source tree> <clang-format> [--fix]
"""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from include_check import list_files


def main():
    root, tool = sys.argv[1:3]
    files = [name for name in list_files(root) if name.endswith((".c", ".h"))]
    if not files:
        sys.exit("no C file found: is this the source tree?")
    mode = ["-i"] if "--fix" in sys.argv else ["--dry-run", "-Werror"]
    result = subprocess.run([tool, *mode, *files], cwd=root)
    print(f"{len(files)} files")
    if result.returncode != 0:
        print("To repair: python3 test/style/format_check.py . clang-format --fix (clang-format 19)")
    sys.exit(result.returncode)


main()
