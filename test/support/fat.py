# SPDX-License-Identifier: MIT
"""A reader of FAT12/16/32 volumes that also rewrites cluster chains; independent of stage 2's and of mtools.

Tests use it to prove that a file really is fragmented, to scatter one on purpose, and to damage a named place.
Layout after Microsoft's "FAT: General Overview of On-Disk Format", 1.03.
"""
import struct

from support.failure import Failure

SECTOR = 512
DIRECTORY_ENTRY = 32
ATTRIBUTE_LONG_NAME = 0x0f
ATTRIBUTE_VOLUME = 0x08
ATTRIBUTE_DIRECTORY = 0x10
DELETED = 0xe5


class Entry:
    """A directory entry: where it lies in the image, and what it says."""

    def __init__(self, offset, name, attributes, cluster, size):
        self.offset = offset
        self.name = name
        self.attributes = attributes
        self.cluster = cluster
        self.size = size

    @property
    def is_directory(self):
        return bool(self.attributes & ATTRIBUTE_DIRECTORY)


class FatVolume:
    """The volume that starts at byte `offset` of the image file `path`. Use as a context manager."""

    def __init__(self, path, offset):
        self._file = open(path, "r+b")
        self.offset = offset
        boot = self.read(0, SECTOR)
        (bytes_per_sector, self.sectors_per_cluster, self.reserved_sectors, self.fat_count, root_entries, total16,
         _, fat16_sectors) = struct.unpack_from("<HBHBHHBH", boot, 11)
        total32, fat32_sectors = struct.unpack_from("<II", boot, 32)
        if bytes_per_sector != SECTOR or self.sectors_per_cluster == 0:
            raise Failure(f"no FAT volume at byte {offset}: {bytes_per_sector} bytes a sector")
        self.total_sectors = total16 or total32
        self.fat_sectors = fat16_sectors or fat32_sectors
        self.root_sectors = root_entries * DIRECTORY_ENTRY // SECTOR
        self.root_start = (self.reserved_sectors + self.fat_count * self.fat_sectors) * SECTOR
        self.data_start = self.root_start + self.root_sectors * SECTOR
        self.cluster_bytes = self.sectors_per_cluster * SECTOR
        self.cluster_count = (self.total_sectors - self.data_start // SECTOR) // self.sectors_per_cluster
        self.bits = 12 if self.cluster_count < 4085 else 16 if self.cluster_count < 65525 else 32
        self.root_cluster = struct.unpack_from("<I", boot, 44)[0] if self.bits == 32 else 0
        self._end_mark = {12: 0xff8, 16: 0xfff8, 32: 0xffffff8}[self.bits]
        self.fat = bytearray(self.read(self.reserved_sectors * SECTOR, self.fat_sectors * SECTOR))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def read(self, position, length):
        self._file.seek(self.offset + position)
        return self._file.read(length)

    def write(self, position, data):
        self._file.seek(self.offset + position)
        self._file.write(data)

    # ---- the table

    def next_cluster(self, cluster):
        if self.bits == 12:
            value = struct.unpack_from("<H", self.fat, cluster * 3 // 2)[0]
            return value >> 4 if cluster & 1 else value & 0xfff
        if self.bits == 16:
            return struct.unpack_from("<H", self.fat, cluster * 2)[0]
        return struct.unpack_from("<I", self.fat, cluster * 4)[0] & 0xfffffff

    def set_next_cluster(self, cluster, value):
        if self.bits == 12:
            position = cluster * 3 // 2
            old = struct.unpack_from("<H", self.fat, position)[0]
            new = (old & 0x00f) | value << 4 if cluster & 1 else (old & 0xf000) | value
            struct.pack_into("<H", self.fat, position, new)
        elif self.bits == 16:
            struct.pack_into("<H", self.fat, cluster * 2, value)
        else:
            old = struct.unpack_from("<I", self.fat, cluster * 4)[0]
            struct.pack_into("<I", self.fat, cluster * 4, (old & 0xf0000000) | value)

    def write_tables(self):
        for copy in range(self.fat_count):
            self.write((self.reserved_sectors + copy * self.fat_sectors) * SECTOR, self.fat)

    def chain(self, cluster):
        result = []
        while 2 <= cluster < self.cluster_count + 2:
            result.append(cluster)
            if len(result) > self.cluster_count:
                raise Failure(f"the cluster chain from {result[0]} never ends")
            cluster = self.next_cluster(cluster)
        if result and cluster < self._end_mark:
            raise Failure(f"the cluster chain from {result[0]} leaves the volume at {cluster}")
        return result

    def cluster_position(self, cluster):
        """Bytes from the start of the volume."""
        return self.data_start + (cluster - 2) * self.cluster_bytes

    def cluster_lba(self, cluster):
        """Its first sector, counted from the start of the disk."""
        return (self.offset + self.cluster_position(cluster)) // SECTOR

    # ---- files

    def _directory_pieces(self, cluster):
        if cluster == 0 and self.bits != 32:
            return [(self.root_start, self.root_sectors * SECTOR)]
        return [(self.cluster_position(each), self.cluster_bytes) for each in self.chain(cluster or self.root_cluster)]

    def entries(self, cluster=0):
        """The entries of a directory, by its first cluster (0: the root)."""
        result, long_parts = [], {}
        for position, length in self._directory_pieces(cluster):
            data = self.read(position, length)
            for start in range(0, length, DIRECTORY_ENTRY):
                raw = data[start:start + DIRECTORY_ENTRY]
                if raw[0] == 0:
                    return result
                if raw[0] == DELETED:
                    long_parts = {}
                elif raw[11] == ATTRIBUTE_LONG_NAME:
                    long_parts[raw[0] & 0x1f] = raw[1:11] + raw[14:26] + raw[28:32]
                else:
                    if not raw[11] & ATTRIBUTE_VOLUME:
                        low, size = struct.unpack_from("<HI", raw, 26)
                        high = struct.unpack_from("<H", raw, 20)[0] if self.bits == 32 else 0
                        name = self._name(raw, long_parts)
                        result.append(Entry(position + start, name, raw[11], high << 16 | low, size))
                    long_parts = {}
        return result

    @staticmethod
    def _name(raw, long_parts):
        if long_parts:
            text = b"".join(long_parts[number] for number in sorted(long_parts)).decode("utf-16-le", errors="replace")
            return text.split("\0")[0]
        stem, extension = raw[:8].decode("cp437").rstrip(), raw[8:11].decode("cp437").rstrip()
        return stem + ("." + extension if extension else "")

    def find(self, path):
        """The Entry of a path such as "boot/KERNEL.ELF"; case does not count."""
        cluster, found = 0, None
        for name in path.strip("/").split("/"):
            found = next((entry for entry in self.entries(cluster) if entry.name.lower() == name.lower()), None)
            if found is None:
                raise Failure(f"the volume has no {path}")
            cluster = found.cluster
        return found

    def clusters(self, path):
        return self.chain(self.find(path).cluster)

    def extents(self, path):
        """How many contiguous pieces the file lies in."""
        clusters = self.clusters(path)
        return sum(1 for index, cluster in enumerate(clusters) if index == 0 or cluster != clusters[index - 1] + 1)

    def contents(self, path):
        entry = self.find(path)
        pieces = [self.read(self.cluster_position(each), self.cluster_bytes) for each in self.chain(entry.cluster)]
        return b"".join(pieces)[:entry.size]

    def set_first_cluster(self, entry, cluster):
        self.write(entry.offset + 26, struct.pack("<H", cluster & 0xffff))
        if self.bits == 32:
            self.write(entry.offset + 20, struct.pack("<H", cluster >> 16))

    def set_size(self, entry, size):
        self.write(entry.offset + 28, struct.pack("<I", size))

    def move_file(self, path, clusters):
        """Puts the file into these clusters, in this order; each must be free or the file's own."""
        entry = self.find(path)
        old = self.chain(entry.cluster)
        own = set(old)
        taken = [each for each in clusters if each not in own and self.next_cluster(each) != 0]
        if len(clusters) != len(old) or taken:
            raise Failure(f"cannot move {path}: {len(clusters)} clusters for {len(old)}, taken: {taken[:5]}")
        data = [self.read(self.cluster_position(each), self.cluster_bytes) for each in old]
        for each in old:
            self.set_next_cluster(each, 0)
        for index, each in enumerate(clusters):
            self.write(self.cluster_position(each), data[index])
            self.set_next_cluster(each, clusters[index + 1] if index + 1 < len(clusters) else self._end_mark | 7)
        self.write_tables()
        self.set_first_cluster(entry, clusters[0])

    def free_clusters(self):
        return [each for each in range(2, self.cluster_count + 2) if self.next_cluster(each) == 0]

    def scatter(self, path, seed=1):
        """Breaks the file into runs of one to five clusters in an order that goes up and down; the number of pieces."""
        clusters = self.clusters(path)
        own = set(clusters)
        spare = []
        for each in self.free_clusters():
            spare.append(each)
            if len(spare) == len(clusters):
                break
        pool = sorted(own | set(spare))
        state = seed
        runs, index = [], 0
        while index < len(pool):
            state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
            length = 1 + (state >> 33) % 5
            runs.append(pool[index:index + length])
            index += length
        # Every second run, first the odd ones, then back through the even ones.
        order = runs[1::2] + runs[0::2][::-1]
        scattered = [each for run in order for each in run][:len(clusters)]
        if scattered == list(range(scattered[0], scattered[0] + len(scattered))):
            scattered.reverse()  # a file of few clusters can fall into one run
        self.move_file(path, scattered)
        return self.extents(path)
