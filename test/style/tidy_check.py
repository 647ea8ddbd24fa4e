# SPDX-License-Identifier: MIT
"""Runs clang-tidy over stage 2, the kernel and lib, as .clang-tidy says. Run by ctest (style-tidy).

    python3 test/style/tidy_check.py <source tree> <build folder> [--in-depth] [--can-fail]

A file that several worlds compile is looked at once, as the first of WORLDS compiles it. The analyzer follows a
function for LIMITED steps, which is six times as quick as what it does by itself, with --in-depth (style-tidy-in-depth,
at night). With --can-fail it is given a file with planted mistakes instead, and each of them must be reported.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NAMES = ("clang-tidy-19", "clang-tidy-20", "clang-tidy-21", "clang-tidy")
FOLDERS = ("lib", "stage2", "kernel")
WORLDS = ("x86_64-unknown-none-elf", "i386-unknown-none-elf")
LIMITED = [f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=20000")]
EXIT_SKIPPED = 77

PLANTED = """\
int planted(const char *text, unsigned long count);
int planted(const char *text, unsigned long size)
{
    int zero = 0;
    for (unsigned char i = 0; i < size; i++)
        if (text[i] == text[i])
            return 1 / zero;
    if (size)
        return 2;
    else
        return 3;
}
"""
PLANTED_CHECKS = ("bugprone-too-small-loop-variable", "misc-redundant-expression", "clang-analyzer-core.DivideZero",
                  "readability-else-after-return", "readability-inconsistent-declaration-parameter-name")


def find_tool():
    for name in NAMES:
        path = shutil.which(name)
        version = path and re.search(r"version (\d+)", subprocess.run([path, "--version"], capture_output=True,
                                                                     text=True).stdout)
        if version and int(version[1]) >= 19:
            return path
    print("skipped: there is no clang-tidy 19 or newer (Debian: clang-tidy-19)")
    sys.exit(EXIT_SKIPPED)


def chosen_commands(root, build):
    """file: its entry of compile_commands.json, for the world that comes first."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["directory"], entry["file"]).resolve()
        if path.suffix != ".c" or not path.is_relative_to(root) or path.relative_to(root).parts[0] not in FOLDERS:
            continue
        world = next((i for i, world in enumerate(WORLDS) if f"--target={world}" in entry["command"]), None)
        if world is not None and world <= commands.get(path, (world,))[0]:
            commands[path] = (world, entry)
    return {path: entry for path, (_, entry) in commands.items()}


def report_of(tool, folder, root, path):
    depth = [] if "--in-depth" in sys.argv else LIMITED
    result = subprocess.run([tool, "-p", folder, "--quiet", f"--config-file={root}/.clang-tidy", *depth, path],
                            capture_output=True, text=True)
    return result.returncode, result.stdout if result.returncode == 0 or result.stdout else result.stderr


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:3])
    tool = find_tool()
    commands = chosen_commands(root, build)
    if not commands:
        sys.exit(f"{build}/compile_commands.json has no file of {', '.join(FOLDERS)}")
    with tempfile.TemporaryDirectory() as folder:
        if "--can-fail" in sys.argv:
            planted = Path(folder, "planted.c")
            planted.write_text(PLANTED)
            commands = {planted: {"directory": folder, "file": str(planted),
                                  "command": f"clang --target={WORLDS[0]} -std=c23 -ffreestanding -c {planted}"}}
        Path(folder, "compile_commands.json").write_text(json.dumps(list(commands.values())))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda path: report_of(tool, folder, root, path), commands))
    said = "".join(text for _, text in results)
    print(said, end="")
    if "--can-fail" in sys.argv:
        missing = [check for check in PLANTED_CHECKS if check not in said]
        print(f"{len(PLANTED_CHECKS)} planted mistakes, not reported: {missing or 'none'}")
        sys.exit(1 if missing else 0)
    print(f"{len(commands)} files")
    sys.exit(1 if any(status for status, _ in results) else 0)


main()
