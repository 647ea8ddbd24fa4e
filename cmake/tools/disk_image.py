#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a boot image: boot sector, stage 2, and a FAT16 volume made by mtools. Called by the build
(cmake/disk_image.cmake), which passes the geometry. Two runs give the same bytes."""
import argparse
import os
import subprocess
import sys

SECTOR = 512
CLUSTER_SECTORS = 8
VOLUME_SERIAL = "4e574548"
EPOCH = "1767225600"  # 2026-01-01: a fixed date for every file, so that the image does not depend on the day


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("image")
    parser.add_argument("--boot-sector", required=True)
    parser.add_argument("--stage2", required=True)
    for name in ("sectors", "heads", "sectors-per-track", "volume-lba"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("files", nargs="+", metavar="NAME=PATH",
                        help="in the order in which they are to lie on the volume")
    return parser.parse_args()


def main():
    options = arguments()
    with open(options.boot_sector, "rb") as file:
        boot_sector = file.read()
    with open(options.stage2, "rb") as file:
        stage2 = file.read()
    if SECTOR + len(stage2) > options.volume_lba * SECTOR:
        sys.exit("disk image: stage 2 reaches into the volume")

    scratch = options.image + ".new"  # renamed when it is whole, so that nobody boots half an image
    with open(scratch, "wb") as file:
        file.write(boot_sector + stage2)
        file.truncate(options.sectors * SECTOR)

    volume = f"{scratch}@@{options.volume_lba * SECTOR}"
    environment = dict(os.environ, SOURCE_DATE_EPOCH=EPOCH, MTOOLS_SKIP_CHECK="1", MTOOLSRC=os.devnull)

    def mtools(*command):
        subprocess.run([command[0], "-i", volume, *command[1:]], check=True, env=environment)

    mtools("mformat", "-T", str(options.sectors - options.volume_lba), "-h", str(options.heads),
           "-s", str(options.sectors_per_track), "-H", str(options.volume_lba), "-c", str(CLUSTER_SECTORS),
           "-N", VOLUME_SERIAL, "-v", "HEWN", "::")
    folders = set()
    for entry in options.files:
        name, _, path = entry.partition("=")
        folder = ""
        for part in name.split("/")[:-1]:
            folder += "/" + part
            if folder not in folders:
                mtools("mmd", "::" + folder)
                folders.add(folder)
        mtools("mcopy", "-o", path, "::/" + name)
    os.replace(scratch, options.image)
    print(f"disk image: {os.path.basename(options.image)}, {options.sectors} sectors")


if __name__ == "__main__":
    main()
