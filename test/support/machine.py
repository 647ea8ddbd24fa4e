# SPDX-License-Identifier: MIT
"""One QEMU virtual machine a test: what it is made of, what it said, how it ended.

    with context.machine(drive="ahci", memory="16M", cmdline="exit=pass") as machine:
        machine.expect(r"CPU: .*")
        machine.require_pass()

Verdicts follow the test protocol: a pass is exit code 33 (0x10 written to port 0xf4) and the last serial line
`# hewn: end pass <n> tests`; a reset or a power-off never is one. The guest's reset leaves the machine standing still,
so that its screen and registers can be reported. Every wait is bounded by `time_limit`, counted from the start.
"""
import os
import re
import shlex
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from support.failure import Failure, Skip
from support.gdb_stub import GdbStub
from support.qmp import Qmp

QEMU = os.environ.get("HEWN_QEMU", "qemu-system-x86_64")
DEBUG_EXIT_PASS = 33
DEBUG_EXIT_FAIL = 35
END_LINE = re.compile(r"# hewn: end (pass|fail)(?: (\d+) tests)?")

TEXT_SCREEN = 0xb8000
TEXT_CELLS = 0x4000  # of two bytes; the screen goes on at the first one
TEXT_COLUMNS = 80
CRTC_INDEX, CRTC_DATA = 0x3d4, 0x3d5
CRTC_CELL_HEIGHT, CRTC_START_HIGH, CRTC_CURSOR_HIGH = 0x09, 0x0c, 0x0e
TEXT_LINES = 400  # of a screen

MICROVM_FIRMWARE = Path("/usr/share/seabios/bios-microvm.bin")  # QEMU's own for this machine boots no disk

# Each kind of drive: the devices that carry the disk "disk0".
AHCI = ("ahci,id=ahci", "ide-hd,drive=disk0,bus=ahci.0")
DRIVES = {
    # For those who do not mind: where the machine has a PCI bus, what SeaBIOS reads by DMA. The same boot from "ide",
    # word by word through a port, takes more than twice the CPU time.
    "any": {"pc": AHCI, "q35": AHCI, "isapc": ("ide-hd,drive=disk0,bus=ide.0",)},
    "ide": {"pc": ("ide-hd,drive=disk0,bus=ide.0",),
            "isapc": ("ide-hd,drive=disk0,bus=ide.0",),
            "q35": ("piix4-ide,id=legacy", "ide-hd,drive=disk0,bus=legacy.0")},
    "ahci": AHCI,
    "virtio-blk": ("virtio-blk-pci,drive=disk0",),
    "virtio-mmio": ("virtio-blk-device,drive=disk0",),  # of machine "microvm", which has nothing else
    "virtio-scsi": ("virtio-scsi-pci", "scsi-hd,drive=disk0"),
    "nvme": ("nvme,drive=disk0,serial=hewn",),
    "usb-xhci": ("qemu-xhci", "usb-storage,drive=disk0"),
    "usb-ehci": ("usb-ehci", "usb-storage,drive=disk0"),
    "usb-uhci": ("piix3-usb-uhci", "usb-storage,drive=disk0"),
    "floppy": {"pc": ("floppy,drive=disk0",),
               "q35": ("isa-fdc,id=diskette", "floppy,drive=disk0,bus=diskette.0")},
    "cd": ("ide-cd,drive=disk0",),  # El Torito hard-disk emulation; the image is wrapped by make_cd()
}


@dataclass
class ReadError:
    """Reads that include this sector fail with EIO: the first one only, or for ever."""
    lba: int
    once: bool = False


@dataclass
class Outcome:
    """kind: 'exit' (code is QEMU's), 'reset', 'power-off'."""
    kind: str
    code: int = 0

    def __str__(self):
        if self.kind == "exit":
            meaning = {DEBUG_EXIT_PASS: ", the guest's pass", DEBUG_EXIT_FAIL: ", the guest's fail"}.get(self.code, "")
            return f"QEMU ended with exit code {self.code}{meaning}"
        return "the guest reset itself (or died of a triple fault)" if self.kind == "reset" else "the guest powered off"


def _escape(value):
    """QEMU splits options at commas; a doubled one is a comma."""
    return str(value).replace(",", ",,")


def _bytes_of(size):
    unit = {"K": 10, "M": 20, "G": 30, "T": 40}.get(size[-1].upper())
    return int(size) << 20 if unit is None else int(size[:-1]) << unit


def make_cd(image, iso):
    """Wraps a hard-disk image for El Torito hard-disk emulation."""
    folder = iso.parent / (iso.name + ".tree")
    folder.mkdir()
    try:
        os.symlink(Path(image).resolve(), folder / "hd.img")
        result = subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-follow-links", "-o", iso, "-b", "hd.img",
                                 "-c", "boot.cat", "-hard-disk-boot", folder],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    finally:
        (folder / "hd.img").unlink(missing_ok=True)
        folder.rmdir()
    if result.returncode != 0:
        raise Failure(f"xorriso could not make {iso}:\n{result.stdout}")


def stream_pair():
    """Two connected ends that hold tens of thousands of bytes written one by one. A Unix socket takes some 280 such: then
    a UART that nobody happens to read from looks stuck, and the guest's bounded wait gives it up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, peer = server.accept()
    if peer != ours.getsockname():
        raise Failure(f"somebody else connected to the serial channel: {peer}")
    return ours, theirs


class Machine:
    """A context manager; the machine runs inside the `with` block.

    image         raw disk image; never written to, except with read_errors, when `image` itself is opened for writing
    work          folder for logs; made when missing
    machine       "pc", "q35", "isapc" or "microvm", with options if wanted ("pc,i8042=off")
    drive         a key of DRIVES, or None for a machine without a disk
    read_errors   list of ReadError
    memory        "64M"; above 2 GiB it is mapped without being reserved on the host
    memory_fill   byte value that all RAM holds before the firmware runs (through a file as large as the RAM)
    cpu, smp      as for QEMU
    cmdline       the kernel's command line, through fw_cfg; None: the image's own
    icount        one instruction = 1 ns: TSC differences of CPU work become exact
    gdb           stand still before the first instruction and offer .gdb
    firmware_log  keep SeaBIOS's own log in firmware.log
    extra         more arguments for QEMU
    time_limit    seconds from start to the end of every wait
    """

    def __init__(self, image, work, machine="pc", drive="any", read_errors=(), memory="64M", memory_fill=None,
                 cpu="qemu64", smp=1, cmdline=None, icount=False, gdb=False, firmware_log=False, extra=(),
                 time_limit=50):
        self.work = Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.image = Path(image)
        self._machine_type = machine
        self._drive = drive
        self._read_errors = tuple(read_errors)
        self._memory = memory
        self._memory_fill = memory_fill
        self._cpu = cpu
        self._smp = smp
        self._cmdline = cmdline
        self._icount = icount
        self._use_gdb = gdb
        self._firmware_log = firmware_log
        self._extra = list(extra)
        self._time_limit = time_limit

        self._large_files = []
        self._changed = threading.Condition()
        self._serial = bytearray()
        self._scanned = 0
        self._returncode = None
        self._process = None
        self._connections = []
        self._command = []
        self._screen_at_end = None
        self._registers_at_end = None
        self._duration = 0.0
        self.qmp = None
        self.gdb = None

    # ---- the command line

    def _large(self, name):
        path = self.work / name
        self._large_files.append(path)
        return path

    def _memory_arguments(self):
        size = _bytes_of(self._memory)
        if self._memory_fill is not None:
            path = self._large("memory.bin")
            block = bytes([self._memory_fill]) * (1 << 20)
            with open(path, "wb") as file:
                for _ in range(size >> 20):
                    file.write(block)
            backend = f"memory-backend-file,id=ram,size={size},mem-path={_escape(path)},share=off"
        elif size > 2 << 30:
            backend = f"memory-backend-ram,id=ram,size={size},reserve=off"
        else:
            return ["-machine", self._machine_type, "-m", self._memory]
        return ["-machine", self._machine_type + ",memory-backend=ram", "-object", backend, "-m", self._memory]

    def _firmware_arguments(self):
        if self._machine_type.split(",")[0] != "microvm":
            return []
        if not MICROVM_FIRMWARE.exists():
            raise Skip(f"{MICROVM_FIRMWARE} is not installed (Debian: seabios)")
        return ["-bios", str(MICROVM_FIRMWARE)]

    def _drive_arguments(self):
        if self._drive is None:
            return []
        image, options = self.image, "format=raw,if=none,id=disk0,snapshot=on"
        if self._drive == "cd":
            image = self._large("disk.iso")
            make_cd(self.image, image)
            options = "format=raw,if=none,id=disk0,media=cdrom,readonly=on"
        if self._read_errors:
            arguments = ["-blockdev", f"driver=file,node-name=file0,filename={_escape(image)}"]
            debug = "driver=blkdebug,node-name=debug0,image=file0"
            for number, error in enumerate(self._read_errors):
                prefix = f"inject-error.{number}"
                debug += (f",{prefix}.event=read_aio,{prefix}.sector={error.lba},{prefix}.errno=5"
                          f",{prefix}.once={'on' if error.once else 'off'}")
            arguments += ["-blockdev", debug, "-blockdev", "driver=raw,node-name=disk0,file=debug0"]
        else:
            arguments = ["-drive", f"file={_escape(image)},{options}"]
        devices = DRIVES[self._drive]
        if isinstance(devices, dict):
            devices = devices[self._machine_type.split(",")[0]]
        for device in devices:
            arguments += ["-device", device]
        return arguments

    def _arguments(self):
        arguments = [QEMU, "-accel", "tcg", "-cpu", self._cpu, "-smp", str(self._smp)]
        arguments += self._memory_arguments()
        arguments += self._firmware_arguments()
        arguments += ["-display", "none", "-net", "none", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        # A reset or power-off stops the machine instead of ending QEMU: the verdict comes from QMP's SHUTDOWN event.
        arguments += ["-action", "reboot=shutdown,shutdown=pause"]
        arguments += self._drive_arguments()
        if self._cmdline is not None:
            # An empty string= QEMU refuses; an empty file it takes.
            content = f"string={_escape(self._cmdline)}" if self._cmdline else "file=/dev/null"
            arguments += ["-fw_cfg", f"name=opt/hewn/cmdline,{content}"]
        if self._icount:
            arguments += ["-icount", "shift=0,sleep=off"]
        if self._firmware_log:
            arguments += ["-chardev", f"file,id=firmware,path={_escape(self.work / 'firmware.log')}",
                          "-device", "isa-debugcon,iobase=0x402,chardev=firmware"]
        return arguments + self._extra

    # ---- life

    def _channel(self, name, pair=socket.socketpair):
        ours, theirs = pair()
        self._connections.append((ours, theirs))
        return ours, theirs, ["-chardev", f"socket,id={name},fd={theirs.fileno()}"]

    def __enter__(self):
        self._command = self._arguments()
        (self.work / "command.txt").write_text(shlex.join(self._command + ["-serial", "stdio"]) + "\n")
        serial, serial_fd, serial_chardev = self._channel("serial0", stream_pair)
        control, control_fd, control_chardev = self._channel("control")
        passed = [serial_fd, control_fd]
        arguments = [*self._command, *serial_chardev, "-serial", "chardev:serial0",
                     *control_chardev, "-mon", "chardev=control,mode=control",
                     "-S"]  # QEMU tells nobody of a reset that comes before we listen
        if self._use_gdb:
            debugger, debugger_fd, debugger_chardev = self._channel("debugger")
            passed.append(debugger_fd)
            arguments += [*debugger_chardev, "-gdb", "chardev:debugger"]
        self._started = time.monotonic()
        try:
            with open(self.work / "qemu.log", "wb") as log:
                self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                 pass_fds=[fd.fileno() for fd in passed])
        except FileNotFoundError as error:
            raise Failure(f"{QEMU} is not installed") from error
        for fd in passed:
            fd.close()
        self._serial_connection = serial
        self._serial_thread = threading.Thread(target=self._read_serial, daemon=True)
        self._serial_thread.start()
        threading.Thread(target=self._wait_for_process, daemon=True).start()
        try:
            self.qmp = Qmp(control, self._notify)
            if self._use_gdb:
                self.gdb = GdbStub(debugger, self._time_limit)
            else:
                self.qmp.command("cont")
        except Failure:
            self._explain_refusal()
            raise
        return self

    def _explain_refusal(self):
        self._kill()
        output = (self.work / "qemu.log").read_text(errors="replace").strip()
        if "cannot set up guest memory" in output or "cannot allocate memory" in output.lower():
            raise Skip(f"this host does not give a guest {self._memory} of memory: {output}")
        if self._returncode is not None and self._returncode > 0:
            raise Failure(f"QEMU refused to start: {output}")

    def __exit__(self, kind, value, trace):
        if kind is not None and self._returncode is None and self.qmp is not None:
            try:
                self._screen_at_end = self.screen()
                self._registers_at_end = self.qmp.monitor("info registers")
                self.screenshot(self.work / "screen.png")
            except Failure:
                pass
        self._kill()
        self._duration = time.monotonic() - self._started
        for ours, _ in self._connections:
            ours.close()
        return False

    def _kill(self):
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        with self._changed:
            self._changed.wait_for(lambda: self._returncode is not None, 10)
        self._serial_thread.join(10)

    def delete_large_files(self):
        for path in self._large_files:
            path.unlink(missing_ok=True)

    def _notify(self):
        with self._changed:
            self._changed.notify_all()

    def _wait_for_process(self):
        code = self._process.wait()
        with self._changed:
            self._returncode = code
            self._changed.notify_all()

    def _read_serial(self):
        with open(self.work / "serial.log", "wb") as log:
            while True:
                try:
                    data = self._serial_connection.recv(65536)
                except OSError:
                    data = b""
                if not data:
                    return
                log.write(data)
                log.flush()
                with self._changed:
                    self._serial += data
                    self._changed.notify_all()

    # ---- what it said

    @property
    def serial(self):
        """All serial output up to now, with plain line ends."""
        with self._changed:
            return self._serial.decode("utf-8", errors="replace").replace("\r", "")

    def send(self, text):
        """Types into the serial port."""
        self._serial_connection.sendall(text.encode())

    def send_bytes(self, data):
        """The same for what is no text."""
        self._serial_connection.sendall(data)

    def _remaining(self, timeout):
        left = self._started + self._time_limit - time.monotonic()
        return max(0.0, left if timeout is None else min(left, timeout))

    def _outcome(self):
        if self._returncode is not None:
            return Outcome("exit", self._returncode)
        for event in self.qmp.events if self.qmp else ():
            if event["event"] == "SHUTDOWN":
                reason = event["data"]["reason"]
                return Outcome("reset" if "reset" in reason else "power-off")
        return None

    def expect(self, pattern, timeout=None):
        """Waits for serial output that matches, after what the last expect() matched; the match object."""
        expression = re.compile(pattern, re.MULTILINE)
        limit = time.monotonic() + self._remaining(timeout)
        while True:
            with self._changed:
                ended = self._outcome()
                seen = len(self._serial)
            if ended:
                self._settle(ended)
            text = self.serial
            match = expression.search(text, self._scanned)
            if match:
                self._scanned = match.end()
                return match
            if ended:
                raise Failure(f"serial output without {pattern!r}: {ended}")
            with self._changed:
                if not self._changed.wait_for(lambda: len(self._serial) != seen or self._outcome(),
                                              max(0.0, limit - time.monotonic())):
                    raise Failure(f"serial output without {pattern!r} within the time limit")

    def _settle(self, ended):
        """Reads to its end what the guest said last: QEMU tells of a reset on another channel."""
        if ended.kind == "exit":
            self._serial_thread.join(10)
            return
        with self._changed:
            seen = None
            while seen != len(self._serial):
                seen = len(self._serial)
                self._changed.wait_for(lambda: len(self._serial) != seen, 0.1)

    def wait(self, timeout=None):
        """Waits until the guest ends itself; the Outcome. Failure when it does not."""
        with self._changed:
            if not self._changed.wait_for(self._outcome, self._remaining(timeout)):
                raise Failure(f"the guest did not end within {self._time_limit} s")
            outcome = self._outcome()
        self._settle(outcome)
        return outcome

    # ---- verdicts

    def last_line(self):
        lines = [line for line in self.serial.split("\n") if line.strip()]
        return lines[-1] if lines else ""

    def require_end(self, verdict, code):
        """Both halves of the protocol; the number of tests that the last line names."""
        outcome = self.wait()
        last = self.last_line()
        if outcome != Outcome("exit", code):
            raise Failure(f"no {verdict}: {outcome}; last serial line {last!r}")
        match = END_LINE.fullmatch(last)
        if not match or match[1] != verdict:
            raise Failure(f"exit code {code}, but the last serial line is {last!r}")
        if verdict == "pass" and match[2] is None:
            raise Failure(f"the last serial line names no number of tests: {last!r}")
        return int(match[2] or 0)

    def require_pass(self):
        return self.require_end("pass", DEBUG_EXIT_PASS)

    def require_fail(self):
        return self.require_end("fail", DEBUG_EXIT_FAIL)

    def require_stop(self, sentence, on_screen=True):
        """The guest says `sentence` (plain text) on serial and on screen, then stands still: no reset, no exit."""
        self.expect(re.escape(sentence))
        self.wait_halted()
        if on_screen:
            # A long line goes on in the next row, so white space does not count.
            screen = "".join(self.screen().split())
            if "".join(sentence.split()) not in screen:
                raise Failure(f"on serial, but not on screen: {sentence!r}")

    def wait_halted(self, timeout=None):
        """Waits until every CPU is in HLT."""
        limit = time.monotonic() + self._remaining(timeout)
        while True:
            outcome = self._outcome()
            if outcome:
                raise Failure(f"the guest was to stand still, but {outcome}")
            halted = re.findall(r"\bHLT=(\d)", self.qmp.monitor("info registers -a"))
            if halted and all(flag == "1" for flag in halted):
                return
            if time.monotonic() > limit:
                raise Failure("the guest was to stand still in HLT, but it runs on")
            time.sleep(0.05)

    # ---- a look inside; only while QEMU runs

    def physical_memory(self, address, length):
        path = self.work / "memory.part"
        self.qmp.command("pmemsave", val=address, size=length, filename=str(path))
        data = path.read_bytes()
        path.unlink()
        return data

    def _crtc_register(self, index):
        self.qmp.monitor(f"o /b {CRTC_INDEX:#x} {index:#x}")
        return int(self.qmp.monitor(f"i /b {CRTC_DATA:#x}").split("=")[1], 16)

    def _crtc_cell(self, index):
        return self._crtc_register(index) << 8 | self._crtc_register(index + 1)

    def text_rows(self):
        """How many rows of text the card shows."""
        return TEXT_LINES // ((self._crtc_register(CRTC_CELL_HEIGHT) & 0x1f) + 1)

    def text_cursor(self):
        """(row, column) of the cursor; a hidden one is on no row of the screen."""
        return divmod(self._crtc_cell(CRTC_CURSOR_HIGH) - self._crtc_cell(CRTC_START_HIGH), TEXT_COLUMNS)

    def screen_cells(self):
        """What the card shows in text mode: character and colours of each cell, from where its registers say."""
        start = self._crtc_cell(CRTC_START_HIGH) % TEXT_CELLS * 2
        memory = self.physical_memory(TEXT_SCREEN, TEXT_CELLS * 2)
        return (memory[start:] + memory[:start])[:TEXT_COLUMNS * self.text_rows() * 2]

    def screen(self):
        """The text screen, one line a row, trailing blanks removed."""
        text = self.screen_cells()[::2].replace(b"\0", b" ").decode("cp437")
        lines = [text[start:start + TEXT_COLUMNS].rstrip() for start in range(0, len(text), TEXT_COLUMNS)]
        return "\n".join(lines).rstrip()

    def expect_screen(self, pattern, timeout=None):
        """Waits until the screen matches; for what is on the screen alone."""
        limit = time.monotonic() + self._remaining(timeout)
        while True:
            match = re.search(pattern, self.screen(), re.MULTILINE)
            if match:
                return match
            if self._outcome():
                raise Failure(f"screen without {pattern!r}: {self._outcome()}")
            if time.monotonic() > limit:
                raise Failure(f"screen without {pattern!r} within the time limit")
            time.sleep(0.05)

    def screenshot(self, path):
        """A picture of the screen (PNG)."""
        self.qmp.command("screendump", filename=str(path), format="png")

    def screen_pixels(self):
        """(width, height, bytes): what the card shows, three bytes a pixel, red first."""
        path = self.work / "screen.part"
        self.qmp.command("screendump", filename=str(path), format="ppm")
        data = path.read_bytes()
        path.unlink()
        header = re.match(rb"P6\n(\d+) (\d+)\n255\n", data)
        return int(header[1]), int(header[2]), data[header.end():]

    def screen_size(self):
        return self.screen_pixels()[:2]

    def disk_writes(self):
        """How many writes the boot drive has seen."""
        statistics = self.qmp.command("query-blockstats")
        return sum(entry["stats"]["wr_operations"] for entry in statistics)

    # ---- reports

    def summary(self):
        lines = len(self.serial.splitlines())
        return f"{self._duration:.2f} s, {lines} serial lines, last: {self.last_line()!r}"

    def report(self):
        """For a failed test: how to start it by hand, and what it said last."""
        def block(title, text):
            return f"\n--- {title}\n{text.rstrip()}"
        parts = []
        command = self.work / "command.txt"
        if command.exists():
            parts.append(block("by hand", command.read_text()))
        log = self.work / "qemu.log"
        if log.exists() and log.stat().st_size:
            parts.append(block("QEMU said", log.read_text(errors="replace")[-2000:]))
        parts.append(block(f"serial, {self._duration:.1f} s, last 60 lines", "\n".join(self.serial.split("\n")[-61:])))
        if self._screen_at_end is not None:
            parts.append(block("screen", self._screen_at_end))
        if self._registers_at_end is not None:
            parts.append(block("registers", self._registers_at_end[:3000]))
        return "\n".join(parts)
