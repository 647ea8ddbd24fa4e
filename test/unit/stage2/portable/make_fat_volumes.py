#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the FAT volumes that fat.c reads back, with mkfs.fat and mtools, so that what the tests trust was written by
programs that know nothing of Hewn. Run by CMake with the folder to fill.

The folder gets one sparse image for each kind of FAT and size of cluster, and a manifest. Its lines:
  V <image> <bits of a FAT entry> <sectors per cluster>
  F <size in bytes> <seed of the content> <ranges of clusters, as mshowfat tells them, or -> <path>   (of the V above)
The content of a file is little-endian words of 32 bits: word n is (n + 1) * 2654435761 + seed.
"""
import argparse
import os
import re
import shutil
import struct
import subprocess
import sys

ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8", MTOOLS_SKIP_CHECK="1", MTOOLSRC="/dev/null")
CLUSTERS = {12: 2000, 16: 5000, 32: 66000}
LONG_NAME = "A long name of more than 26 characters, with several parts.bin"
FOREIGN_NAME = "Grüße an 日本語.txt"
THIRTEEN = "thirteen.char"  # fills one long-name entry to the last unit, without a terminator


def run(*command):
    result = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr or result.stdout}")
    return result.stdout


def content(size, seed):
    words = ((n + 1) * 2654435761 + seed & 0xFFFFFFFF for n in range((size + 3) // 4))
    return b"".join(struct.pack("<I", word) for word in words)[:size]


def write(folder, path, size, seed):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content(size, seed))
    return path


def make_volume(mkfs, folder, bits, cluster_bytes, manifest):
    name = f"fat{bits}-{cluster_bytes}.img"
    image = os.path.join(folder, name)
    sectors = cluster_bytes // 512
    # The FATs and the root directory come on top; the number of clusters stays well inside its kind.
    with open(image, "wb") as file:
        file.truncate(CLUSTERS[bits] * cluster_bytes + (1 << 20))
    root = [] if bits == 32 else ["-r", "64"]
    run(mkfs, "-F", str(bits), "-s", str(sectors), "-S", "512", "-n", "HEWN TEST", "-i", "4845574e", *root, image)

    source = os.path.join(folder, "files")
    shutil.rmtree(source, ignore_errors=True)
    files = []

    def plan(path, size):
        files.append((path, size, len(files) + 1))
        return write(source, path, size, len(files))

    def copy(*paths, to=""):
        run("mcopy", "-i", image, *paths, f"::/{to}")

    plan("KERNEL.ELF", 400_003)  # its chain spans three sectors of a FAT12 with 512-byte clusters
    plan("EMPTY.TXT", 0)
    plan("one.byt", 1)
    plan("cluster.bin", cluster_bytes)
    plan(LONG_NAME, 3000)
    plan(FOREIGN_NAME, 513)
    plan(THIRTEEN, 512)
    copy(*(os.path.join(source, path) for path, _, _ in files))

    # Every other one of a row of files goes: the next file has to use the holes.
    fillers = [write(folder, f"filler/FILL{n}", 2 * cluster_bytes if n % 3 else 1, 0) for n in range(20)]
    copy(*fillers)
    run("mdel", "-i", image, *(f"::/FILL{n}" for n in range(0, 20, 2)))
    if bits == 32:  # forget the hints of the FSInfo sector, or mtools would go on behind the last file
        with open(image, "r+b") as file:
            file.seek(512 + 488)
            file.write(b"\xff" * 8)
    copy(plan("fragmented.bin", min(40 * cluster_bytes, 300_000) - 5))

    # A directory that grows while files take clusters: many entries, scattered clusters, some of them deleted.
    plan("boot/modules/deeper/initrd.img", 70_000)
    for n in range(60):
        plan(f"many/module number {n} of this directory.ko", n)
    copy("-s", os.path.join(source, "boot"), os.path.join(source, "many"))
    deleted = [f"many/module number {n} of this directory.ko" for n in range(0, 30, 3)]
    run("mdel", "-i", image, *(f"::/{path}" for path in deleted))
    files = [file for file in files if file[0] not in deleted]

    manifest.append(f"V {name} {bits} {sectors}")
    for path, size, seed in files:
        shown = run("mshowfat", "-i", image, f"::/{path}") if size else ""
        ranges = re.findall(r"<(\d+)(?:-(\d+))?>", shown)
        text = ",".join(f"{first}-{last or first}" for first, last in ranges)
        manifest.append(f"F {size} {seed} {text or '-'} {path}")
    shutil.rmtree(source)
    shutil.rmtree(os.path.join(folder, "filler"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mkfs", default="mkfs.fat", help="the mkfs.fat to call")
    parser.add_argument("folder", help="is emptied first")
    arguments = parser.parse_args()
    folder = arguments.folder
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    manifest = []
    for bits in CLUSTERS:
        for shift in range(9, 17 if bits == 12 else 16):
            make_volume(arguments.mkfs, folder, bits, 1 << shift, manifest)
    with open(os.path.join(folder, "manifest.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(manifest) + "\n")


if __name__ == "__main__":
    main()
