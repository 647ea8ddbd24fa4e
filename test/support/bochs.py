# SPDX-License-Identifier: MIT
"""One Bochs run a test: the second implementation of a PC, stricter than QEMU's TCG in places.

Bochs has neither a debug-exit port nor fw_cfg: the command line has to be in the image's HEWN.CFG, and the serial log
alone gives the verdict. Its built-in VNC server needs neither a screen nor a terminal, but a fixed port, so two
runs at once collide: such a case carries lock="bochs". It has no more than 8 bits a pixel, either; where a case wants
more, Bochs opens a window on an X server that has no screen. Without a sound card its sound thread dies of a buffer
overflow now and then, so it has no sound.
"""
import contextlib
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

from support.failure import Failure, Skip
from support.machine import END_LINE

BIOS = "/usr/share/bochs/BIOS-bochs-latest"
VIDEO_BIOS = ("/usr/share/bochs/VGABIOS-lgpl-latest", "/usr/share/vgabios/vgabios.bin")
VNC = 'rfb, options="timeout=0"'
WINDOW = "x"
WINDOW_PLUGIN = "libbx_x_gui.so"
X_SCREEN = "1280x1024x24"  # Bochs offers no mode that is larger
XWD_COLOUR_SIZE = 12  # of the X window dump format, whose header has 25 words and more, the first one its size
PICTURE_FILE = "Xvfb_screen0"
SECTOR = 512
HEADS = 16
SECTORS_PER_TRACK = 63

SETTINGS = """\
config_interface: textconfig
display_library: {display}
romimage: file={bios}
vgaromimage: file={video_bios}
megs: {megabytes}
cpu: model={cpu}, count=1, ips=50000000, reset_on_triple_fault=0
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path="{image}", mode=flat, cylinders={cylinders}, heads={heads}, spt={sectors}
boot: disk
sound: driver=dummy
com1: enabled=1, mode=file, dev="{serial}"
log: "{log}"
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
"""


@contextlib.contextmanager
def x_server(folder):
    """An X server without a screen, which keeps its picture in `folder`; the environment of its clients."""
    if shutil.which("Xvfb") is None or not any(Path("/usr/lib").glob(f"*/bochs/plugins/{WINDOW_PLUGIN}")):
        raise Skip("Bochs has no window here (Debian: bochs-x xvfb)")
    reader, writer = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", X_SCREEN, "-nolisten", "tcp",
                               "-fbdir", folder],
                              pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as numbers:
            number = numbers.readline().strip()
        if not number:
            raise Failure("Xvfb did not start")
        yield {**os.environ, "DISPLAY": f":{number}"}
    finally:
        server.terminate()
        server.wait()


class Bochs:
    """run() boots `image` (written to: give it a copy) until the end line, or the time limit."""

    def __init__(self, image, work, cpu="corei7_haswell_4770", megabytes=64, time_limit=50, has_window=False):
        self._image = Path(image)
        self._work = Path(work)
        self._cpu = cpu
        self._megabytes = megabytes
        self._time_limit = time_limit
        self._has_window = has_window
        self._serial_path = self._work / "serial.log"

    def _write_settings(self):
        video_bios = next((path for path in VIDEO_BIOS if Path(path).exists()), None)
        if shutil.which("bochs") is None or not Path(BIOS).exists() or video_bios is None:
            raise Skip("Bochs or its firmware is not installed (Debian: bochs bochsbios vgabios)")
        cylinder = HEADS * SECTORS_PER_TRACK * SECTOR
        size = self._image.stat().st_size
        if size % cylinder:
            raise Failure(f"{self._image.name} has {size} bytes, not a whole number of cylinders of {cylinder}")
        self._work.mkdir(parents=True, exist_ok=True)
        (self._work / "bochsrc").write_text(SETTINGS.format(
            display=WINDOW if self._has_window else VNC, bios=BIOS, video_bios=video_bios,
            megabytes=self._megabytes, cpu=self._cpu, image=self._image, cylinders=size // cylinder, heads=HEADS,
            sectors=SECTORS_PER_TRACK, serial=self._serial_path, log=self._work / "bochs.log"))
        # Debian's build has the debugger in it, which waits for a command.
        (self._work / "debugger").write_text("c\n")

    @property
    def serial(self):
        if not self._serial_path.exists():
            return ""
        return self._serial_path.read_bytes().decode("utf-8", errors="replace").replace("\r", "")

    def _last_line(self):
        lines = [line for line in self.serial.split("\n") if line.strip()]
        return lines[-1] if lines else ""

    def window_pixels(self):
        """(width, height, bytes): what is on the X server, three bytes a pixel, red first. While Bochs runs."""
        data = (self._work / PICTURE_FILE).read_bytes()
        header = struct.unpack_from(">25I", data)
        width, height, pitch, colours = header[4], header[5], header[12], header[19]
        start = header[0] + colours * XWD_COLOUR_SIZE
        rows = [data[start + y * pitch:start + y * pitch + 4 * width] for y in range(height)]
        pixels = bytearray(3 * width * height)
        for part in range(3):
            pixels[part::3] = b"".join(row[2 - part::4] for row in rows)
        return width, height, bytes(pixels)

    def run(self, until=None, look=None):
        """Ends at the end line, or when `until` (a compiled expression) is in the serial output and look(), if there is
        one, has returned."""
        self._write_settings()
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            environment = stack.enter_context(x_server(self._work)) if self._has_window else None
            output = stack.enter_context(open(self._work / "bochs.out", "wb"))
            process = subprocess.Popen(["bochs", "-q", "-f", "bochsrc", "-rc", "debugger"], cwd=self._work,
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                       env=environment)
            try:
                while time.monotonic() - started < self._time_limit:
                    ended = process.poll() is not None
                    is_whole = self.serial.endswith("\n")  # the end line, too, is written bit by bit
                    if until and until.search(self.serial):
                        if look:
                            look()
                        return
                    if is_whole and END_LINE.fullmatch(self._last_line()):
                        return
                    if ended:
                        raise Failure(f"Bochs ended by itself with {process.returncode}")
                    time.sleep(0.1)
                raise Failure(f"no end line within {self._time_limit} s")
            finally:
                process.kill()
                process.wait()
                Path(f"{self._image}.lock").unlink(missing_ok=True)

    def require_pass(self):
        try:
            self.run()
        except Failure as failure:
            raise Failure(f"{failure}\n{self.report()}") from failure
        match = END_LINE.fullmatch(self._last_line())
        if match[1] != "pass" or match[2] is None:
            raise Failure(f"the last serial line is {self._last_line()!r}\n{self.report()}")

    def require_power_off(self):
        """The guest switches the machine off, which ends Bochs in the middle of the run."""
        try:
            self.run()
        except Failure as failure:
            if "ACPI control: soft power off" in (self._work / "bochs.log").read_text(errors="replace"):
                return
            raise Failure(f"{failure}\n{self.report()}") from failure
        raise Failure(f"the guest has not switched the machine off\n{self.report()}")

    def report(self):
        log = self._work / "bochs.log"
        tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        output = (self._work / "bochs.out").read_text(errors="replace")[-1000:]
        return f"--- serial\n{self.serial[-4000:]}\n--- Bochs log\n{tail}\n--- Bochs said\n{output}"
