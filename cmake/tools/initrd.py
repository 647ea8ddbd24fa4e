# SPDX-License-Identifier: MIT
"""Makes an archive in ustar format, the same bytes each time: initrd.py <archive> NAME=file... NAME->target...

NAME=file is a file that all may read and execute, NAME->target a symbolic link. Folders on the way are members, too.
"""
import io
import sys
import tarfile
from pathlib import Path, PurePosixPath

MODIFIED = 1_700_000_000  # seconds since 1970: not the day of the build


def member(name, kind, mode, size=0, target=""):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = mode
    info.size = size
    info.linkname = target
    info.mtime = MODIFIED
    return info


def add_folders(archive, name, known):
    for folder in reversed(PurePosixPath(name).parents):
        if str(folder) != "." and folder not in known:
            known.add(folder)
            archive.addfile(member(str(folder), tarfile.DIRTYPE, 0o755))


def main():
    known = set()
    with tarfile.open(sys.argv[1], "w", format=tarfile.USTAR_FORMAT) as archive:
        for argument in sys.argv[2:]:
            name, is_link, target = argument.partition("->")
            if not is_link:
                name, _, path = argument.partition("=")
            add_folders(archive, name, known)
            if is_link:
                archive.addfile(member(name, tarfile.SYMTYPE, 0o777, target=target))
            else:
                contents = Path(path).read_bytes()
                archive.addfile(member(name, tarfile.REGTYPE, 0o755, len(contents)), io.BytesIO(contents))


main()
