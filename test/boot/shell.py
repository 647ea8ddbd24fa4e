# SPDX-License-Identifier: MIT
"""The shell: what lines mean, and the commands that speak of commands or run others."""
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import case, run_cases
from support.failure import Skip, check, check_equal
from support.kernel_tests import test_image
from support.keys import Typist
from support.session import Session, without_sequences

ROOT = Path(__file__).resolve().parents[2]


@case()
def lines_are_read_as_documented(context):
    rows = (
        ("echo a  b", ["a b"]),
        ("echo 'a  b' \"c  d\" e\\ f", ["a  b c  d e f"]),
        ("echo \"\\\"\\\\\\n\" '\\\"'", ["\"\\\\n \\\""]),
        ("echo a # b", ["a"]),
        ("echo a#b '#' \\#", ["a#b # #"]),
        ("# nothing", []),
        ("", []),
        (" ; ;; ", []),
        ("echo a;echo b ; echo c", ["a", "b", "c"]),
        ("echo 'a;b' c\\;d", ["a;b c;d"]),
        ("echo $? '$?' \"$?\"", ["0 $? 0"]),
        ("nonsense; echo $?; echo $?", ["nonsense: there is no such command; \"help\" lists them", "127", "0"]),
        ("echo a; echo 'b", ["a ' is never closed"]),
        ("echo a; echo \"b", ["a \" is never closed"]),
        ("echo a\\", ["the line ends with a backslash"]),
        ("echo " + "x " * 32, [" ".join("x" * 32)]),
        ("echo " + "x " * 33, ["a command has more than 32 arguments"]),
        ("echo größe €", ["größe €"]),
    )
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        for line, said in rows:
            check_equal(session.run(line), said, f"what {line!r} says")


TIME = re.compile(r"\d+\.\d{3} ms, \d+ ticks of the TSC")


@case()
def commands_that_run_others_do(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        said = session.run("time echo a")
        check_equal(said[0], "a", "what the command says")
        check(len(said) == 2 and TIME.fullmatch(said[1]), f"time says {said}")
        check_equal(session.run("repeat 3 echo x"), ["x"] * 3, "what repeat says")
        check_equal(session.run("repeat 0 echo x"), [], "what repeat says of nothing")
        check_equal(session.run("repeat 2 repeat 2 echo x"), ["x"] * 4, "a repeat in a repeat")
        # The first failure ends it, and its status is the whole's.
        check_equal(session.run("repeat 5 nonsense; echo $?"),
                    ["nonsense: there is no such command; \"help\" lists them", "127"], "a repeat that fails")
        check_equal(session.run("time echo 'a  b;c'")[0], "a  b;c", "words that were quoted")
        check_equal(session.run("page echo a"), ["a"], "what page says of a short text")
        nine = "page " * 9 + "echo a"
        session.require_failure(nine, "page: more than 8 commands within each other")
        check_equal(session.run("page " * 8 + "echo a"), ["a"], "eight commands within each other")


@case()
def wrong_usage_is_told_in_a_sentence(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        session.require_usage("help", "help [command]", (("a", '"a" is no command; "help help" lists what is'),
                                                         ("echo echo", '"echo" is one argument too many')))
        for name in "time", "page":
            session.require_usage(name, f"{name} <command ...>", (("", "<command> is missing"),))
        session.require_usage("repeat", "repeat <count> <command ...>", (
            ("", "<count> is missing"), ("3", "<command> is missing"),
            ("x echo", '"x" is no number, wanted for <count>')))


@case()
def help_tells_of_every_command(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        lines = session.run("help")
        rows = [line.split(None, 1) for line in lines[:-2]]
        check_equal([row[0] for row in rows], sorted(row[0] for row in rows), "the commands, in order")
        check({"help", "echo", "time", "repeat", "page"} <= {row[0] for row in rows}, f"help lists {rows}")
        for name, summary in rows:
            said = session.run(f"help {name}")
            check(said[0].split()[0] == name, f"help {name} begins with {said[0]!r}")
            check_equal(said[1], f"  {summary}", f"the second line of help {name}")
            check(all(len(line) <= 80 for line in said), f"a line of help {name} is longer than a row")


@case()
def control_c_ends_what_runs_and_forgets_what_was_typed(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        machine.send("repeat 1000000000 echo on\r")
        machine.expect("on\non\non\n")
        machine.send("echo typed ahead\r\x03")
        machine.expect(r"\^C\n.*hewn> $")
        check_equal(session.run("echo $?"), ["11"], "the status of what was ended")
        check("typed ahead" not in machine.serial.split("^C")[1], "what was typed before Ctrl-C is run")


@case()
def text_is_paged_by_the_screen(context):
    """24 rows, as a VT100 has them: 23 of text, and one that asks."""
    with context.machine(cmdline="") as machine:
        session = Session(machine)

        def text_until_asked():
            nonlocal seen
            match = machine.expect(r"\x1b\[7m-- more: blank, Enter, q --\x1b\[m$")
            text, seen = match.string[seen:match.start()], match.end()
            return without_sequences(text)

        machine.send("page repeat 100 echo row\r")
        seen = machine.expect("echo row\n").end()
        check_equal(text_until_asked(), "row\n" * 23, "the first screen")
        machine.send(" ")
        check_equal(text_until_asked(), "row\n" * 23, "the second screen")
        machine.send("\r")
        check_equal(text_until_asked(), "row\n", "one row more")
        machine.send("\x1b[6~")  # a key of several bytes is one
        check_equal(text_until_asked(), "row\n" * 23, "the third screen")
        machine.send("q")
        machine.expect("hewn> $")
        machine.send("page repeat 100 echo row; echo after $?\r")
        text_until_asked()
        machine.send("q")
        machine.expect(r"after 0\nhewn> $")
        machine.send("page echo " + "x" * 4000 + "\r")
        said = text_until_asked()
        check(said.endswith("\n" + "x" * 23 * 80), f"a screen of one long line ends in {said[-2000:]!r}")
        machine.send("\x03")
        machine.expect(r"\^C\n.*hewn> $")
        check_equal(session.run("echo a"), ["a"], "what comes after a page that was left")


@case()
def poweroff_and_reboot_end_the_machine(context):
    for line, said, kind in (("poweroff", "switching the machine off\n", "power-off"),
                             ("reboot", "beginning again from the firmware on\n", "reset")):
        with context.machine(cmdline="") as machine:
            Session(machine)
            machine.send(line + "\r")
            machine.expect(said)
            check_equal(machine.wait().kind, kind, f"the end by {line}")


@case()
def machine_that_cannot_be_switched_off_says_so_and_goes_on(context):
    with context.machine(machine="pc,acpi=off", cmdline="") as machine:
        session = Session(machine)
        said = session.run("poweroff; echo $?")
        said[1] = said[1].partition("] ")[2]
        check_equal(said, [
            "switching the machine off",
            "error: power: the machine cannot be switched off by software: the firmware has no ACPI tables",
            "poweroff: the machine cannot be switched off by software; \"log error\" says why", "3"], "what poweroff says")


@case()
def power_commands_take_no_arguments(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        for name in "poweroff", "reboot":
            session.require_usage(name, name, (("now", '"now" is one argument too many'),))


@case()
def line_that_is_cut_is_not_run(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        machine.send("echo " + "a" * 4080 + "; echo SECOND; echo third\r")
        machine.expect(r"^A line has 4095 bytes at most\. This one is not run\.\nhewn> $")
        check("\nSECOND" not in machine.serial, "a part of the line is run")
        check_equal(session.run("echo a"), ["a"], "the next line")


@case()
def control_c_is_heard_behind_much_that_was_typed(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        machine.send("repeat 1000000000 echo on\r")
        machine.expect("on\non\n")
        machine.send("echo typed ahead\r" * 2000)
        machine.send("\x03")
        machine.expect(r"\^C\n")
        machine.expect("hewn> $")
        check_equal(session.run("echo a"), ["a"], "what comes after")
        check("typed ahead" not in machine.serial, "what was typed before Ctrl-C is run")


@case()
def line_is_shown_again_below_a_line_of_the_log(context):
    """The one that tells of a program's end."""
    with context.machine(test_image(context, "boot-programs.img"), cmdline="shell", memory="128M") as machine:
        Session(machine)
        machine.send("run /bin/busybox sleep 1 &\r")
        machine.expect("program (\\d+) runs\n(?:.*)hewn> $")
        machine.send("echo a line")
        machine.expect(r"has ended with status 0\n(?:\x1b\[m)*hewn> echo a line$")
        machine.send(" of text\r")
        machine.expect("^a line of text$")


@case()
def death_begins_a_line_of_its_own(context):
    with context.machine(cmdline="") as machine:
        Session(machine)
        machine.send("echo abc")
        machine.expect("abc$")
        machine.qmp.command("inject-nmi")
        machine.expect("^PANIC: exception 2: non-maskable interrupt")


@case()
def no_byte_of_a_pipe_is_lost(context):
    """From the first one on, which waits for the kernel in the port."""
    lines = [f"echo {number:06} abcdefghijklmnopqrstuvwxyz" for number in range(300)]
    with context.machine(cmdline="") as machine:
        machine.send("\r".join(lines) + "\rpoweroff\r")
        check_equal(machine.wait().kind, "power-off", "the end")
        said = re.findall(r"^\d{6} .*$", machine.serial, re.MULTILINE)
        check_equal(said, [line.removeprefix("echo ") for line in lines], "what the lines say")


@case(run_serial=True)
def pipe_into_scripts_run_works(context):
    """With the build that is there: the script builds nothing anew."""
    preset = context.build.name
    if context.build.resolve().parent != ROOT / "build" or preset not in ("dev", "release", "sanitize"):
        raise Skip("this is not the build folder of a preset, which the script would use")
    command = [ROOT / "scripts" / "run", "--headless", "--no-install", "--preset", preset]
    result = subprocess.run(command, input="mem\npoweroff\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=50)
    print(result.stdout)
    check_equal(result.returncode, 0, "exit status")
    check("hewn> mem\n" in result.stdout.replace("\r", ""), "the first command is not whole")
    check("Physical memory" in result.stdout and "switching the machine off" in result.stdout, "a command says nothing")


def without_numbers(text):
    """What is the same on another day: no numbers, no units of time, no bars, single blanks."""
    text = re.sub(r"\b(?:0x)?[0-9][0-9a-f.]*(?: [num]?s\b)?", "0", text)
    return re.sub(r"[ #]+", " ", text).strip()


@case()
def first_five_minutes_of_the_readme_are_true(context):
    readme = (ROOT / "README.md").read_text()
    session_text = re.search(r"^<!-- session -->\n```\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[1]
    *exchanges, last = re.findall(r"^hewn> (.*)\n((?:(?!hewn> ).*\n)*)", session_text, re.MULTILINE)
    with context.machine(memory="128M", drive="ide") as machine:
        session = Session(machine)
        for line, said in exchanges:
            check_equal([without_numbers(row) for row in session.run(line)],
                        [without_numbers(row) for row in said.split("\n")[:-1]], f"what {line!r} says")
        machine.send(last[0] + "\r")
        machine.expect(re.escape(last[1]))
        check_equal(machine.wait().kind, "power-off", "the end of the session")


# A person's session: text to type, and keys as (the keyboard's name, with what is held; what a terminal sends).
ENTER = (("ret",), "\r")
TAB = (("tab",), "\t")
LEFT, RIGHT, UP, DOWN = ((("left",), "\x1b[D"), (("right",), "\x1b[C"), (("up",), "\x1b[A"), (("down",), "\x1b[B"))
HOME, END, DELETE, BACKSPACE = (
    (("home",), "\x1b[H"), (("end",), "\x1b[F"), (("delete",), "\x1b[3~"), (("backspace",), "\x7f"))


def control(letter):
    return ("ctrl", letter), chr(ord(letter) & 0x1f)


WORD_LEFT = (("ctrl", "left"), "\x1b[1;5D")
PERSON = (
    "clear", ENTER,
    "echo helo", LEFT, "l", END, " world", ENTER,                       # hello world
    "echo two words", WORD_LEFT, WORD_LEFT, control("k"), "one", ENTER,  # echo one
    UP, UP, BACKSPACE, "t", HOME, DELETE, "e", ENTER,                   # echo hello worlt
    "rep", TAB, "2 ec", TAB, control("a"), control("e"), "twice", ENTER,
    "nonsense", control("u"), "echo $?", ENTER,
    "echo never said", control("c"),
    control("r"), "worlt", ENTER,                                       # of the history
    "echo " + "a line that is longer than the screen is wide, " * 3, LEFT, LEFT, BACKSPACE, control("w"), HOME,
    RIGHT, RIGHT, DELETE, "h", ENTER,
    DOWN, control("l"), "help echo", ENTER,
)


def play_on_serial_line(machine):
    for each in PERSON:
        machine.send(each if isinstance(each, str) else each[1])
        machine.wait_halted()


def play_on_keyboard(machine):
    typist = Typist(machine)
    for each in PERSON:
        if isinstance(each, str):
            typist.type(each)
        else:
            typist.tap(each[0][-1], each[0][:-1])
        machine.wait_halted()


@case(timeout=120)
def keyboard_and_serial_line_end_with_the_same_screen(context):
    screens, lines = [], []
    for play in play_on_serial_line, play_on_keyboard:
        with context.machine(cmdline="") as machine:
            Session(machine)
            play(machine)
            machine.expect(r"of the last command: .*\nhewn> $")
            screens.append(machine.screen())
            lines.append(without_sequences(machine.serial.split("hewn> ", 1)[1]))
    print(screens[0])
    check_equal(screens[1], screens[0], "the screen of who types at the keyboard")
    check_equal(lines[1], lines[0], "the serial line of who types at the keyboard")
    for line in "hello world", "one", "hello worlt", "twice", "0":
        check(f"\n{line}\n" in lines[0], f"the session does not say {line!r}")


run_cases()
