# SPDX-License-Identifier: MIT
"""Programs from the prompt: ls, cat, run, ps and kill, with busybox and Lua as Debian has them, on boot-programs.img."""
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import case, run_cases
from support.failure import check, check_equal
from support.kernel_tests import test_image
from support.session import Session

SCRIPT = Path(__file__).resolve().parents[1] / "programs" / "script.lua"
MOTD = ["one line", "and a second one", "the end"]
BUSYBOX = "run /bin/busybox"


def machine_with_programs(context):
    return context.machine(test_image(context, "boot-programs.img"), cmdline="shell", memory="128M")


@case()
def files_are_listed_and_shown(context):
    with machine_with_programs(context) as machine:
        session = Session(machine)
        check_equal(session.run("ls"), [f"drwxr-xr-x          0  {name}" for name in ("bin", "etc", "deep")], "the root")
        size = Path(shutil.which("busybox")).stat().st_size
        check_equal(session.run("ls bin")[0], f"-rwxr-xr-x {size:10}  busybox", "a file of a folder")
        check_equal(session.run("ls /bin/sh"), session.run("ls /bin/busybox"), "a link leads to its file")
        check("lrwxrwxrwx          7  sh -> busybox" in session.run("ls /bin"), "a link in a folder")
        check_equal(session.run("cat /etc/motd etc/link"), MOTD + MOTD, "a file and a link to it")
        session.require_failure("ls /nowhere", "ls: /nowhere: there is no such file")
        session.require_failure("ls /etc/motd/x", "ls: /etc/motd/x: a part of the path is no directory")
        session.require_failure("cat /etc/loop", "cat: /etc/loop: too many symbolic links")
        session.require_failure("cat /etc", "cat: /etc: it is a directory")
        session.require_usage("ls", "ls [path]", (("a b", '"b" is one argument too many'),))
        session.require_usage("cat", "cat <file> [file ...]", (("", "<file> is missing"),))


@case()
def busybox_says_what_it_says_on_this_machine(context):
    with machine_with_programs(context) as machine:
        session = Session(machine)
        digest = hashlib.sha256(Path(shutil.which("busybox")).read_bytes()).hexdigest()
        check_equal(session.run(f"{BUSYBOX} sha256sum /bin/busybox"), [f"{digest}  /bin/busybox"], "the sum of itself")
        for arguments, said in (
                ("echo a 'b  c'", ["a b  c"]),
                ("cat /etc/motd", MOTD),
                ("seq 8 11", ["8", "9", "10", "11"]),
                ("sort /etc/motd", sorted(MOTD)),
                ("awk 'BEGIN{printf \"%.3f \",2/3;print 7/8}'", ["0.667 0.875"]),
                ("false", []), ("true", [])):
            check_equal(session.run(f"{BUSYBOX} {arguments}"), said, f"what busybox {arguments} says")
        listed = session.run(f"{BUSYBOX} ls -l /bin")
        check(re.fullmatch(r"-rwxr-xr-x +1 0 +0 +\d+ .* busybox", listed[1]), f"ls -l says {listed}")
        check_equal(session.run(f"{BUSYBOX} false; echo $?"), ["1"], "the status of false")


@case()
def lua_says_what_it_says_on_this_machine(context):
    host = context.build / "test" / "programs" / "lua"
    wanted = subprocess.run([host, SCRIPT.name], cwd=SCRIPT.parent, stdout=subprocess.PIPE, text=True, check=False)
    with machine_with_programs(context) as machine:
        said = Session(machine).run("run /bin/lua /etc/script.lua")
        print("\n".join(said))
        check(len(said) >= 4, "the script says little")
        different = [line for line in wanted.stdout.splitlines() if line not in said]
        check_equal(len(different), 2, f"lines that are others here, where /etc/motd and the folder are: {different}")


@case()
def terminal_is_a_line_at_a_time_until_a_program_wants_bytes(context):
    with machine_with_programs(context) as machine:
        session = Session(machine)
        machine.send(f"{BUSYBOX} cat\r")
        machine.expect("cat\n")
        machine.send("onx\x7fe\r")
        machine.expect("^one$")
        machine.send("\x04")
        machine.expect("hewn> $")
        check_equal(session.run("echo $?"), ["0"], "the status at the end of the input")
        machine.send(f"{BUSYBOX} sleep 1000\r")
        machine.expect("1000\n")
        machine.send("\x03")
        machine.expect(r"\^C\n(?:.*\n)*hewn> $")
        check_equal(session.run("echo $?"), ["130"], "the status of what Ctrl-C has ended")


@case()
def programs_in_the_background_are_listed_and_ended(context):
    with machine_with_programs(context) as machine:
        session = Session(machine)
        number = re.fullmatch(r"program (\d+) runs", session.run(f"{BUSYBOX} sleep 1000 &")[0])[1]
        head, row, total = session.run("ps")
        check_equal(row.split()[:3], [number, "busybox", "runs"], "the row of the program")
        check(re.fullmatch(r"1 programs; \d+ calls since the boot that there are not", total), f"ps ends with {total!r}")
        check_equal(len(head), len(row), "the width of head and row")
        session.require_failure(f"kill {number} 99", "kill: there is no signal 99")
        machine.send(f"kill {number}\r")
        machine.expect(rf"run: program {number} has ended with status {128 + 15}\n")
        check_equal(len(session.run("ps")), 2, "rows of ps when no program is there")
        session.require_failure(f"kill {number}", f'kill: there is no program {number}; "ps" lists them')
        session.require_usage("kill", "kill <id> [signal]", (("", "<id> is missing"),
                                                             ("me", '"me" is no number, wanted for <id>')))
        session.require_usage("ps", "ps", (("x", '"x" is one argument too many'),))


@case()
def what_cannot_be_run_is_told(context):
    with machine_with_programs(context) as machine:
        session = Session(machine)
        session.require_usage("run", "run <file> [argument ...]", (("", "<file> is missing"),))
        session.require_failure("run /bin/nothing", "run: /bin/nothing: not there")
        session.require_failure("run /bin", "run: /bin: a directory, not a program")
        session.require_failure("run /etc/motd", re.compile("run: /etc/motd: .*"))
        check_equal(session.run("echo still here"), ["still here"], "what comes after")


run_cases()
