# SPDX-License-Identifier: MIT
"""The two checksums of the boot chain as the build's tools write them, against the definition written out: stage 2's sums
that the boot sector verifies, and the kernel's note that stage 2 verifies. What the machine makes of them is tested by
test/boot."""
import random
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).parents[3] / "cmake" / "tools"
sys.path.insert(0, str(TOOLS))
import stage2_image  # noqa: E402


def boot_sector_accepts(image):
    """What bootsector/boot.asm computes: 16-bit registers BX = 1 and DX = 0 over all words, both must end as zero."""
    bx, dx = 1, 0
    for i in range(0, len(image), 2):
        bx = (bx + image[i] + (image[i + 1] << 8)) % 65536
        dx = (dx + bx) % 65536
    return bx == 0 and dx == 0


class Stage2(unittest.TestCase):
    def build(self, body):
        with tempfile.TemporaryDirectory() as folder:
            flat, image, include = (Path(folder) / name for name in ("flat", "image", "include"))
            flat.write_bytes(stage2_image.MAGIC + struct.pack("<H", stage2_image.VERSION) + bytes(10) + body)
            stage2_image.main(flat, image, include)
            return image.read_bytes(), include.read_text()

    def test_images_of_all_sizes_are_accepted(self):
        for size in (0, 1, 2, 495, 496, 497, 5000, 127 * 512 - 16):
            image, include = self.build(random.Random(size).randbytes(size))
            self.assertEqual(len(image) % 512, 0)
            self.assertEqual(include, f"STAGE2_SECTORS equ {len(image) // 512}\n")
            self.assertTrue(boot_sector_accepts(image))

    def test_a_changed_byte_is_noticed_wherever_it_is(self):
        image, _ = self.build(random.Random(1).randbytes(3000))
        for position in range(len(image)):
            damaged = bytearray(image)
            damaged[position] ^= 1 << position % 8
            self.assertFalse(boot_sector_accepts(damaged), f"byte {position}")

    def test_swapped_sectors_are_noticed(self):
        image, _ = self.build(random.Random(2).randbytes(3000))
        self.assertFalse(boot_sector_accepts(image[:512] + image[1024:1536] + image[512:1024] + image[1536:]))

    def test_zeros_and_an_erased_flash_are_no_stage_2(self):
        self.assertFalse(boot_sector_accepts(bytes(20 * 512)))
        self.assertFalse(boot_sector_accepts(b"\xff" * 20 * 512))

    def test_one_byte_too_many_stops_the_build(self):
        with self.assertRaisesRegex(SystemExit, "stage 2: 1 bytes over"):
            self.build(bytes(127 * 512 - 16 + 1))


class KernelNote(unittest.TestCase):
    SEGMENTS = (bytes(range(100)), b"", b"\xff" * 4096, b"abc")
    NOTE = struct.pack("<III8s", 5, 16, 1, b"Hewn")

    def elf(self, note):
        """An ELF64 file of nothing but program headers, segments and a note; returns the note's descriptor's offset."""
        offset = 64 + 56 * (len(self.SEGMENTS) + 1)
        headers = body = b""
        for segment in self.SEGMENTS:
            headers += struct.pack("<IIQQQQQQ", 1, 4, offset + len(body), 0, 0, len(segment), len(segment), 4096)
            body += segment
        headers += struct.pack("<IIQQQQQQ", 4, 4, offset + len(body), 0, 0, len(note) + 16, len(note) + 16, 4)
        header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56,
                                                                  len(self.SEGMENTS) + 1, 0, 0, 0)
        return header + headers + body + note + bytes(16), offset + len(body) + len(note)

    def run_tool(self, data):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "kernel.elf"
            path.write_bytes(data)
            done = subprocess.run([sys.executable, TOOLS / "kernel_checksum.py", path], capture_output=True, text=True)
            return done, path.read_bytes()

    def test_the_note_holds_both_sums(self):
        data, at = self.elf(self.NOTE)
        done, sealed = self.run_tool(data)
        self.assertEqual(done.returncode, 0, done.stderr)
        first = second = 0
        for segment in self.SEGMENTS:
            padded = segment + bytes(-len(segment) % 8)
            for i in range(0, len(padded), 8):
                first = (first + int.from_bytes(padded[i:i + 8], "little")) % 2 ** 64
                second = (second + first) % 2 ** 64
        self.assertEqual(struct.unpack_from("<QQ", sealed, at), (first, second))
        self.assertEqual(sealed[:at], data[:at])

    def test_a_kernel_without_a_note_is_refused_and_left_alone(self):
        data, _ = self.elf(b"\0" * 20)
        done, after = self.run_tool(data)
        self.assertIn("has no checksum note", done.stderr)
        self.assertEqual(after, data)


if __name__ == "__main__":
    unittest.main()
