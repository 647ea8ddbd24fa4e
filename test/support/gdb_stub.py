# SPDX-License-Identifier: MIT
"""A minimal client of QEMU's gdb stub, for tests that change what the guest sees: a CPUID flag, a stuck A20 line.

A Machine started with gdb=True stands still before the firmware's first instruction and has one of these as `.gdb`.
Addresses are linear: in real mode segment * 16 + offset. Use hardware breakpoints only (the loader overwrites others).
The protocol is described in "Debugging with GDB", appendix E.
"""
import socket

from support.failure import Failure

GENERAL = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
           "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip")
OTHERS = ("eflags", "cs", "ss", "ds", "es", "fs", "gs")
REGISTERS = {name: number for number, name in enumerate(GENERAL + OTHERS)}
HARDWARE_BREAKPOINT = 1
WRITE_WATCHPOINT = 2


class GdbStub:
    def __init__(self, connection, timeout):
        self._connection = connection
        self._connection.settimeout(timeout)
        self._buffer = b""
        # QEMU gives single registers only to a client that has asked for their description.
        self.request("qSupported:xmlRegisters=i386")
        self.request("qXfer:features:read:target.xml:0,ffb")
        self.request("?")

    def _byte(self):
        if not self._buffer:
            try:
                self._buffer = self._connection.recv(4096)
            except socket.timeout as error:
                raise Failure("the gdb stub did not answer in time: the breakpoint was not reached") from error
            if not self._buffer:
                raise Failure("QEMU ended while the gdb stub was waited for")
        byte, self._buffer = self._buffer[:1], self._buffer[1:]
        return byte

    def _receive(self):
        while self._byte() != b"$":
            pass
        packet = b""
        while (byte := self._byte()) != b"#":
            packet += byte
        self._byte(), self._byte()
        self._connection.sendall(b"+")
        return self._expand(packet).decode("latin-1")

    @staticmethod
    def _expand(packet):
        # Run-length encoding: "x*c" is x and (c - 29) more of it.
        result = bytearray()
        index = 0
        while index < len(packet):
            if packet[index] == ord("*"):
                result += result[-1:] * (packet[index + 1] - 29)
                index += 2
            else:
                result.append(packet[index])
                index += 1
        return bytes(result)

    def _send(self, text):
        self._connection.sendall(f"${text}#{sum(text.encode()) & 0xff:02x}".encode())

    def request(self, text):
        self._send(text)
        reply = self._receive()
        if reply.startswith("E") and len(reply) == 3:
            raise Failure(f"the gdb stub refused {text!r}: {reply}")
        return reply

    def _set(self, text):
        if self.request(text) != "OK":
            raise Failure(f"the gdb stub does not know {text!r}")

    def register(self, name):
        reply = self.request(f"p{REGISTERS[name]:x}")
        if not reply:
            raise Failure(f"the gdb stub does not say what {name} holds")
        return int.from_bytes(bytes.fromhex(reply), "little")

    def set_register(self, name, value):
        width = 8 if name in GENERAL else 4
        self._set(f"P{REGISTERS[name]:x}={value.to_bytes(width, 'little').hex()}")

    def memory(self, address, length):
        return bytes.fromhex(self.request(f"m{address:x},{length:x}"))

    def set_memory(self, address, data):
        self._set(f"M{address:x},{len(data):x}:{data.hex()}")

    def set_breakpoint(self, address):
        self._set(f"Z{HARDWARE_BREAKPOINT},{address:x},1")

    def clear_breakpoint(self, address):
        self._set(f"z{HARDWARE_BREAKPOINT},{address:x},1")

    def watch_writes(self, address, length):
        self._set(f"Z{WRITE_WATCHPOINT},{address:x},{length:x}")

    def unwatch_writes(self, address, length):
        self._set(f"z{WRITE_WATCHPOINT},{address:x},{length:x}")

    def run_to_stop(self):
        """Lets the guest run until a breakpoint, a watchpoint or its end; the stop reply."""
        return self.request("c")

    def resume(self):
        """Lets the guest run; interrupt() ends it."""
        self._send("c")

    def interrupt(self):
        """Stops a guest that resume() let go; the stop reply."""
        self._connection.sendall(b"\x03")
        return self._receive()

    def run_to(self, address):
        """Lets the guest run to an instruction, once."""
        self.set_breakpoint(address)
        self.run_to_stop()
        self.clear_breakpoint(address)

    def step(self):
        self.request("s")

    def detach(self):
        """Lets the guest run on its own from here. The guest may end QEMU before the stub has answered, so an answer that
        does not come is no failure: a guest that was not let go misses the test's time limit."""
        try:
            self._set("D")
        except (OSError, Failure):
            pass
