# SPDX-License-Identifier: MIT
"""Disk images for boot tests: the build's boot area with a FAT volume of any shape, or a changed copy of boot.img.

Volumes are made by mkfs.fat and filled by mtools, both strict and none of them ours. Images are sparse, so that a 2 GiB
FAT32 volume with 32 KiB clusters costs a few megabytes.
"""
import errno
import os
import shutil
import struct
import subprocess

from support.failure import Failure, Skip
from support.fat import FatVolume

SECTOR = 512
VOLUME_LBA = 2048
HEADS = 16
SECTORS_PER_TRACK = 63
CYLINDER = HEADS * SECTORS_PER_TRACK
PARTITION_ENTRY = 0x1be
PARTITION_TYPE = {12: 0x01, 16: 0x0e, 32: 0x0c}

# The Microsoft limits; a few clusters away from them, because tools disagree about the last ones.
CLUSTERS = {12: (16, 4000), 16: (4200, 65000), 32: (66000, 200_000)}
SLACK_BYTES = 256 << 10


def _tool(arguments, data=None):
    environment = dict(os.environ, MTOOLS_SKIP_CHECK="1", PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    program = shutil.which(arguments[0], path=environment["PATH"])
    if program is None:
        raise Skip(f"{arguments[0]} is not installed (Debian: dosfstools, mtools)")
    result = subprocess.run([program, *arguments[1:]], input=data, env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        raise Failure(f"{' '.join(map(str, arguments))}: {result.stdout.decode(errors='replace').strip()}")
    return result.stdout.decode(errors="replace")


def copy_sparse(source, destination):
    """Copies what a file has between its holes, and leaves the holes."""
    with open(source, "rb") as reader, open(destination, "wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        end = 0
        while end < size:
            try:
                start = os.lseek(reader.fileno(), end, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:  # nothing but a hole is left
                    raise
                break
            end = os.lseek(reader.fileno(), start, os.SEEK_HOLE)
            reader.seek(start)
            writer.seek(start)
            writer.write(reader.read(end - start))
        writer.truncate(size)
    return destination


def edit(image, position, data):
    """Overwrites bytes of an image: damage a sector, a field, a file."""
    with open(image, "r+b") as file:
        file.seek(position)
        file.write(data)


def _drive(image):
    return f"{image}@@{VOLUME_LBA * SECTOR}"


def make_folder(image, path):
    _tool(["mmd", "-i", _drive(image), "::/" + path])


def put_file(image, path, data):
    """Writes (or replaces) a file of the image's volume."""
    scratch = f"{image}.file"
    with open(scratch, "wb") as file:
        file.write(data)
    try:
        _tool(["mcopy", "-o", "-i", _drive(image), scratch, "::/" + path])
    finally:
        os.unlink(scratch)


def delete_file(image, path):
    _tool(["mdel", "-i", _drive(image), "::/" + path])


def open_volume(image):
    """The image's FatVolume, for a look at clusters or for damage at a named place; use `with`."""
    return FatVolume(image, VOLUME_LBA * SECTOR)


def set_config(image, text):
    put_file(image, "HEWN.CFG", text.encode())


def check_volume(image):
    """fsck.fat on the volume; Failure when it finds anything."""
    volume = f"{image}.volume"
    with open(image, "rb") as reader, open(volume, "wb") as writer:
        reader.seek(VOLUME_LBA * SECTOR)
        while data := reader.read(1 << 20):
            if data.count(0) == len(data):
                writer.seek(len(data), os.SEEK_CUR)
            else:
                writer.write(data)
        writer.truncate()
    try:
        return _tool(["fsck.fat", "-n", volume])
    finally:
        os.unlink(volume)


def chs(lba):
    """A sector's three bytes in a partition entry; what CHS cannot say is 1023/254/63."""
    cylinder, rest = divmod(lba, CYLINDER)
    head, sector = divmod(rest, SECTORS_PER_TRACK)
    if cylinder > 1023:
        return bytes((254, 0xff, 0xff))
    return bytes((head, (sector + 1) | (cylinder >> 2 & 0xc0), cylinder & 0xff))


def _cluster_count(bits, cluster_bytes, content_bytes):
    """How many clusters make the volume this type and leave room to scatter a file; None when no number does."""
    low, high = CLUSTERS[bits]
    wanted = (content_bytes + content_bytes // 4 + SLACK_BYTES) // cluster_bytes + 16
    count = max(low, wanted)
    return count if count <= high else None


def is_possible(bits, cluster_bytes, content_bytes):
    return _cluster_count(bits, cluster_bytes, content_bytes) is not None


def make_image(boot_image, path, bits, cluster_bytes, kernel, kernel_path="KERNEL.ELF", fragmented=False, config=None,
               files=()):
    """Writes a disk image to `path`: the boot area of `boot_image`, and a volume with the kernel (bytes) and HEWN.CFG.

    bits           12, 16 or 32
    cluster_bytes  512 .. 32768
    kernel_path    any path; folders are made, long names allowed. HEWN.CFG names it
    fragmented     the kernel's clusters are scattered, and that they are is checked
    config         the text of HEWN.CFG; default: `kernel=` alone
    files          more (path, bytes) pairs
    Returns the number of contiguous pieces the kernel lies in.
    """
    count = _cluster_count(bits, cluster_bytes, len(kernel) + sum(len(data) for _, data in files))
    if count is None:
        raise Failure(f"no FAT{bits} volume with {cluster_bytes}-byte clusters has room for {len(kernel)} bytes")
    # Room for the reserved sectors, both tables and a root directory of 512 entries.
    table_sectors = (count + 2) * bits // 8 // SECTOR + 1
    sectors_per_cluster = cluster_bytes // SECTOR
    volume_sectors = count * sectors_per_cluster + 2 * (table_sectors + sectors_per_cluster) + 64
    disk_sectors = -(-(VOLUME_LBA + volume_sectors) // CYLINDER) * CYLINDER
    with open(boot_image, "rb") as reader, open(path, "wb") as writer:
        writer.write(reader.read(VOLUME_LBA * SECTOR))
        writer.truncate(disk_sectors * SECTOR)
    last = VOLUME_LBA + volume_sectors - 1
    entry = (b"\x80" + chs(VOLUME_LBA) + bytes((PARTITION_TYPE[bits],)) + chs(last)
             + struct.pack("<II", VOLUME_LBA, volume_sectors))
    edit(path, PARTITION_ENTRY, entry)
    _tool(["mkfs.fat", "-F", str(bits), "-s", str(sectors_per_cluster), "-S", str(SECTOR), "-g",
           f"{HEADS}/{SECTORS_PER_TRACK}", "-h", str(VOLUME_LBA), "--offset", str(VOLUME_LBA), "--invariant", "-a",
           path, str(volume_sectors // 2)])
    folders = kernel_path.split("/")[:-1]
    for depth in range(len(folders)):
        make_folder(path, "/".join(folders[:depth + 1]))
    put_file(path, kernel_path, kernel)
    for name, data in files:
        put_file(path, name, data)
    set_config(path, config if config is not None else f"kernel={kernel_path}\n")
    with open_volume(path) as volume:
        if volume.bits != bits or volume.cluster_bytes != cluster_bytes:
            raise Failure(f"wanted FAT{bits} with {cluster_bytes}-byte clusters, "
                          f"made FAT{volume.bits} with {volume.cluster_bytes}")
        if fragmented and len(volume.clusters(kernel_path)) > 1:
            volume.scatter(kernel_path)
        pieces = volume.extents(kernel_path)
        cluster_total = len(volume.clusters(kernel_path))
        if volume.contents(kernel_path) != kernel:
            raise Failure("the kernel in the image is not the one that was put there")
    if (pieces > 1) != (fragmented and cluster_total > 1):
        raise Failure(f"the kernel lies in {pieces} pieces, fragmented={fragmented}")
    return pieces
