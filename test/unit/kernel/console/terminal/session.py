# SPDX-License-Identifier: MIT
"""Recorded sessions of programs that know terminals, 80 x 25: what they wrote must leave the same screen on Hewn's
terminal as on the reference (reference.c), after each byte of it.

A session is typed at a terminal of our own, key by key, each when the screen has come to rest; script(1) records what
the program writes. The recordings, keys and screens are in <build>/test/session/<case>/."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))
from support.case import case, run_cases
from support.failure import Failure, check

ROWS, COLUMNS = 25, 80
FIRST_WAIT, REST = 0.2, 0.01  # seconds: for a key's first echo, which may never come, and for the last
LIMIT = 60                    # for all of a session

UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = (f"\x1b[{key}" for key in ("A", "B", "C", "D", "1~", "4~", "3~"))


def control(letter):
    return chr(ord(letter) & 0x1f)


class Session:
    """A program under script(1), and a person who types."""

    def __init__(self, context, command, term):
        self.recording = context.work / "typescript"
        self.keys = open(context.work / "keys", "wb")
        home = context.work / "home"
        home.mkdir()
        for name in ("letter-one.txt", "letter-two.txt", "list.c"):
            (home / name).write_text(f"{name}\n")
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": term, "LC_ALL": "C.UTF-8",
                       "SHELL": "/bin/bash", "INPUTRC": "/dev/null", "PYTHONDONTWRITEBYTECODE": "1"}
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.process = subprocess.Popen(["script", "--quiet", "--flush", "--command", command, str(self.recording)],
                                        stdin=slave, stdout=slave, stderr=slave, cwd=home, env=environment,
                                        start_new_session=True)
        os.close(slave)
        self.end = time.monotonic() + LIMIT
        self.seen = b""

    def rest(self, first_wait=FIRST_WAIT):
        """Read what the program writes until it pauses."""
        wait = first_wait
        while select.select([self.master], [], [], wait)[0]:
            check(time.monotonic() < self.end, f"the session took more than {LIMIT} seconds")
            try:
                piece = os.read(self.master, 4096)
            except OSError:  # Linux's way to say that the other side has gone
                piece = b""
            if not piece:
                return
            self.seen += piece
            wait = REST

    def expect(self, text):
        while text.encode() not in self.seen:
            before = len(self.seen)
            self.rest(5)
            check(len(self.seen) > before, f"{text!r} was not written, only {self.seen[-400:]!r}")
        self.rest(REST)
        self.seen = b""

    def type(self, *texts):
        """Each character, and each sequence of a function key, is a key; it is pressed when the screen rests."""
        for text in texts:
            for key in re.findall(r"\x1b\[\d*[A-D~]|\x1b.|.", text, re.DOTALL):
                self.keys.write(key.encode())
                os.write(self.master, key.encode())
                self.rest()

    def close(self):
        self.rest(5)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
            raise Failure(f"the program did not end after its last key; it wrote {self.seen[-400:]!r}")
        finally:
            os.close(self.master)
            self.keys.close()

    def written(self):
        """What script recorded, without its own first and last line."""
        data = self.recording.read_bytes()
        data = re.sub(rb"\AScript started on [^\n]*\n", b"", data)
        return re.sub(rb"\n?Script done on [^\n]*\n\Z", b"", data)


def compare(context, session, least):
    """The two terminals on what the session wrote, which must be LEAST bytes at least."""
    data = session.written()
    check(len(data) >= least, f"only {len(data)} bytes were recorded")
    path = context.work / "written"
    path.write_bytes(data)
    result = subprocess.run([context.build / "host" / "unit-terminal_reference", path], capture_output=True, text=True,
                            timeout=context.timeout - 5)
    (context.work / "screen.txt").write_text(result.stdout)
    print(result.stdout)
    check(result.returncode == 0, f"the screens differ: {result.stderr}")
    return result.stdout


def edit_lines(session):
    """What readline can be made to redraw: in the middle of lines, of lines that wrap, of the history, of a search."""
    session.expect("hewn$ ")
    session.type("echo one two three\r")
    session.expect("one two three")
    session.type("echo ", "insert", LEFT * 3, "XY", HOME, RIGHT * 2, DELETE * 2, control("E"), " end", "\x1bb\x1bb",
                 control("T"), "\x1bu", control("K"), control("Y"), control("Y"), control("A"), control("D"),
                 control("U"), "echo ok\r")
    session.expect("ok")
    long_line = "echo " + " ".join(f"word{number}" for number in range(22))
    session.type(long_line, HOME, "\x1bf\x1bf", "inserted ", DELETE, "\x7f\x7f", control("E"), "\x1b\x7f\x1b\x7f", LEFT * 5,
                 "more", control("K"), "\x1b<", "\x1b>", "\r")
    session.expect("word19")
    session.type(UP, UP, UP, DOWN, " again", control("A"), "\x1bd", "printf ' %s\\n'", "\r")
    session.type("cat let\t", "\t\t", "one\t", "\r")
    session.expect("letter-one.txt")
    session.type(control("R"), "thr", "\x1b[D", control("R"), control("G"), control("R"), "long", control("G"))
    session.type("# äöü ─┼─ é", LEFT * 4, "€", control("T"), control("E"), control("U"))
    session.type("seq 1 40\r")
    session.expect("40\r\n")
    session.type("for i in 1 2; do\r", "echo line $i\r", "done\r")
    session.type("echo " + "x" * 200, HOME, RIGHT * 90, "yyy", control("W"), control("L"), "\x7f" * 4, control("C"))
    session.expect("hewn$ ")
    session.type("printf '\\e[1;31mred \\e[7mreverse\\e[m \\e[44mblue\\e[K\\e[m\\n'\r")
    session.type("printf '%s' aaaa", "\r", "echo bbb\r", control("L"), "echo after clear", control("A"), "\x1bt", "\r")
    session.type("exit\r")


CURSES = '''
import curses, locale
locale.setlocale(locale.LC_ALL, "")

def main(screen):
    screen.scrollok(True)
    screen.idlok(True)
    screen.idcok(True)
    colours = curses.has_colors()
    if colours:
        for number in range(1, 8):
            curses.init_pair(number, number, (number + 3) % 8)
    def style(number):
        return curses.color_pair(number) if colours else (curses.A_REVERSE, curses.A_BOLD, 0)[number % 3]
    def wait():
        screen.refresh()
        screen.getch()
    for row in range(24):
        screen.addstr(row, 0, f"row {row} " + "abcdefghij" * (row % 7), style(row % 8))
    wait()
    screen.border()
    box = curses.newwin(9, 40, 5, 20)
    box.bkgd(" ", style(4))
    box.box()
    box.addstr(1, 2, "A window", curses.A_BOLD | curses.A_REVERSE)
    wait(); box.refresh(); wait()
    box.scrollok(True); box.idlok(True)
    box.setscrreg(2, 7)
    for number in range(12):
        box.addstr(7, 1, f"scrolled {number}"); box.scroll(1)
    box.refresh(); wait()
    screen.touchwin()
    screen.move(3, 0); screen.insertln(); wait()
    screen.insdelln(3); wait()
    screen.move(8, 0); screen.deleteln(); wait()
    screen.insdelln(-4); wait()
    screen.scroll(5); wait()
    screen.scroll(-3); wait()
    for column in range(0, 60, 7):
        screen.move(10, column); screen.insch("#"); wait()
    for column in range(0, 60, 9):
        screen.move(11, column); screen.delch(); wait()
    screen.move(12, 5); screen.insstr("inserted text"); wait()
    screen.hline(14, 3, curses.ACS_HLINE, 70); screen.vline(2, 40, curses.ACS_VLINE, 20); wait()
    screen.addstr(15, 10, "-" * 60, style(3)); wait()
    screen.move(15, 30); screen.clrtoeol(); wait()
    screen.move(18, 30); screen.clrtobot(); wait()
    screen.addstr(23, 0, "x" * 79); screen.insch(23, 0, "y"); wait()
    screen.addstr(0, 70, "x" * 30); wait()
    screen.erase(); screen.addstr(12, 30, "the end", curses.A_BOLD); wait()
    screen.clear(); screen.addstr(1, 1, "cleared"); wait()

curses.wrapper(main)
'''


def bash_session(context, term, least):
    rc = context.work / "bashrc"
    rc.write_text("PS1='hewn$ '\n")
    session = Session(context, f"bash --noprofile --rcfile {rc} -i", term)
    edit_lines(session)
    session.close()
    screen = compare(context, session, least)
    check("exit" in screen, "the last screen does not show the last command")


def curses_session(context, term, least):
    program = context.work / "program.py"
    program.write_text(CURSES)
    session = Session(context, f"{sys.executable} {program}", term)
    session.rest(5)
    while session.process.poll() is None:
        check(time.monotonic() < session.end, "the program did not end")
        session.type(" ")
    session.close()
    check(session.process.returncode == 0 and b"Traceback" not in session.written(),
          f"the program failed: {session.written()[-600:].decode(errors='replace')}")
    compare(context, session, least)


@case(labels=("unit",), timeout=90)
def bash_in_a_vt100(context):
    bash_session(context, "vt100", 4000)


@case(labels=("unit",), timeout=90)
def bash_on_linux(context):
    bash_session(context, "linux", 4000)


@case(labels=("unit",), timeout=90)
def curses_in_a_vt100(context):
    curses_session(context, "vt100", 4000)


@case(labels=("unit",), timeout=90)
def curses_on_linux(context):
    curses_session(context, "linux", 4000)


run_cases()
