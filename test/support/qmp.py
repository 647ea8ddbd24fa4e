# SPDX-License-Identifier: MIT
"""QEMU's control channel (QMP) over a connected socket. Owned by a Machine; a thread reads replies and events."""
import json
import threading

from support.failure import Failure


class Qmp:
    def __init__(self, connection, on_change):
        self._connection = connection
        self._on_change = on_change
        self._lock = threading.Condition()
        self._replies = []
        self._closed = False
        self.events = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.command("qmp_capabilities")

    def _read(self):
        stream = self._connection.makefile("rb")
        while True:
            try:
                line = stream.readline()
            except OSError:
                line = b""
            with self._lock:
                if not line:
                    self._closed = True
                else:
                    message = json.loads(line)
                    if "event" in message:
                        self.events.append(message)
                    elif "QMP" not in message:
                        self._replies.append(message)
                self._lock.notify_all()
            self._on_change()
            if not line:
                return

    def command(self, name, timeout=10, **arguments):
        """The command's return value; Failure when QEMU refuses it or is gone."""
        message = {"execute": name}
        if arguments:
            message["arguments"] = {key.replace("_", "-"): value for key, value in arguments.items()}
        with self._lock:
            self._replies.clear()
            try:
                self._connection.sendall(json.dumps(message).encode() + b"\n")
            except OSError as error:
                raise Failure(f"QEMU was gone when it was asked {name}") from error
            if not self._lock.wait_for(lambda: self._replies or self._closed, timeout):
                raise Failure(f"QEMU did not answer {name} within {timeout} s")
            if not self._replies:
                raise Failure(f"QEMU ended before it answered {name}")
            reply = self._replies.pop(0)
        if "error" in reply:
            raise Failure(f"QEMU refused {name}: {reply['error'].get('desc')}")
        return reply["return"]

    def monitor(self, line):
        """The text that the human monitor prints for a line, such as `info registers`."""
        return self.command("human-monitor-command", command_line=line).replace("\r", "")

    def close(self):
        self._connection.close()
