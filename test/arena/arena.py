# SPDX-License-Identifier: MIT
"""The arena (arena/README.md): designs hold on made-up traces, mistakes are found, what is wrong is said, and the
numbers are those of what was run. With HEWN_TRACES, label nightly: what the default heap is held to on recorded traces.
"""
import json
import math
import os
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.failure import Skip, check, check_equal

LABELS = ("arena",)
DESIGNS = ("bump", "linked_list", "fixed_block", "buddy", "tlsf", "default")
KINDS = ("kmix", "random", "larson", "comb")
RECORD = struct.Struct("<BBHIQ")
ALLOCATE, FREE, REALLOCATE = 1, 2, 3
ZEROED = 1
UNITS = {"time": "ns/operation", "instructions": "instructions/operation", "worst": "instructions",
         "overhead": "region/peak", "verify": "verified operations"}


def run(program, *arguments, environment=None):
    command = [str(program), *map(str, arguments)]
    print("+", " ".join(command))
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(environment or {})})
    print(result.stdout + result.stderr, end="")
    return result


def arena(context, *arguments, environment=None):
    return run(context.build / "host" / "arena", *arguments, environment=environment)


def measured(context, mode, allocators, *traces):
    """{(trace, allocator): value}"""
    result = arena(context, "--json", "--mode", mode, "--allocator", allocators, *traces)
    check(result.returncode in (0, 1), f"the arena ended with status {result.returncode}")
    entries = [json.loads(line) for line in result.stdout.splitlines()]
    return {(entry["trace"], entry["allocator"]): entry["value"] for entry in entries}


def made(context, kind, operations=20_000, seed=1, name=None):
    path = context.work / f"{name or kind}.trace"
    result = run(context.build / "host" / "generate-trace", "--operations", operations, "--seed", seed, kind, path)
    check_equal(result.returncode, 0, "status of generate-trace")
    return path


def written(context, name, records, cut=0):
    path = context.work / name
    data = b"".join(RECORD.pack(*record) for record in records)
    path.write_bytes(data[:len(data) - cut])
    return path


def records_of(path):
    return list(RECORD.iter_unpack(path.read_bytes()))


def need_valgrind():
    if shutil.which("valgrind") is None:
        raise Skip("there is no valgrind (Debian: valgrind)")


# ---- the designs on what is made up; every byte is looked at

def verify(context, design):
    traces = [made(context, kind, 10_000 if design == "linked_list" else 40_000) for kind in KINDS]
    factor = 200 if design == "bump" else 4  # which frees all or nothing
    result = arena(context, "--mode", "verify", "--allocator", design, "--region-factor", factor, *traces)
    check_equal(result.returncode, 0, "status")


for each in DESIGNS:
    add_case(f"{each}_keeps_every_byte", lambda context, design=each: verify(context, design), labels=LABELS)


@case(labels=LABELS)
def zeroed_and_aligned_memory_is_verified(context):
    source = random.Random(1)
    records = []
    for slot in range(300):
        records.append((ALLOCATE, source.choice((0, 3, 4, 6, 12)), source.choice((0, ZEROED)), slot,
                        source.randrange(3000)))
    for slot in range(0, 300, 2):
        records.append((FREE, 0, 0, slot, 0))
    for slot in range(1, 300, 2):
        records.append((REALLOCATE, 0, 0, slot, source.randrange(6000)))
    for slot in range(298, -1, -2):
        records.append((ALLOCATE, 0, ZEROED, slot, source.randrange(3000)))
    path = written(context, "mixed.trace", records)
    everybody = ",".join((*DESIGNS, "glibc"))
    result = arena(context, "--mode", "verify", "--allocator", everybody, "--region-factor", 50, path)
    check_equal(result.returncode, 0, "status")


# ---- mistakes are found

MISTAKES = {
    "overlap": "the contents of a live block have changed",
    "scribbling": "the contents of a live block have changed",
    "forgetful": "the contents of a live block have changed",
    "misaligned": "the block is not aligned",
    "small": "usable size is less",
    "dirty": "asked for zeroed is not zero",
    "out_of_memory": "it has no memory for operation",
}


def mistake_is_found(context, name):
    records = [(ALLOCATE, 0, ZEROED * (slot % 2), slot, 100) for slot in range(400)]
    records += [(FREE, 0, 0, slot, 0) for slot in range(0, 400, 3)]
    records += [(REALLOCATE, 0, 0, slot, 300) for slot in range(1, 400, 3)]
    path = written(context, "plain.trace", records)
    environment = {"LD_PRELOAD": str(context.build / "host" / "broken-malloc.so")}
    arguments = ("--mode", "verify", "--allocator", "glibc", path)
    check_equal(arena(context, *arguments, environment=environment).returncode, 0, "status without a mistake")
    result = arena(context, *arguments, environment={**environment, "HEWN_BROKEN_MALLOC": name})
    check_equal(result.returncode, 1, "status")
    check(MISTAKES[name] in result.stderr, f"nothing is said of: {MISTAKES[name]}")


for each in MISTAKES:
    add_case(f"verify_finds_{each}", lambda context, name=each: mistake_is_found(context, name), labels=LABELS)


@case(labels=LABELS)
def who_does_not_complete_is_told_and_the_others_go_on(context):
    path = made(context, "larson", 100_000)
    result = arena(context, "--json", "--allocator", "bump,tlsf", path)
    check_equal(result.returncode, 1, "status")
    values = {entry["allocator"]: entry["value"] for entry in map(json.loads, result.stdout.splitlines())}
    check(values["bump"] is None and values["tlsf"] > 0, f"the values are {values}")
    check("larson, time, bump: it has no memory for operation" in result.stderr, "no note says why")


# ---- what is wrong is said

LIVE = (ALLOCATE, 0, 0, 0, 64)
BAD_TRACES = {
    "cut": ([LIVE, LIVE], 5, "no whole number of records"),
    "empty": ([], 0, "no whole number of records"),
    "unknown_operation": ([LIVE, (4, 0, 0, 0, 0)], 0, "operation 1 has an unknown operation"),
    "freed_twice": ([LIVE, (FREE, 0, 0, 0, 0), (FREE, 0, 0, 0, 0)], 0, "operation 2 frees a slot that is free"),
    "taken_twice": ([LIVE, LIVE], 0, "operation 1 allocates a slot that is taken"),
    "reallocated_while_free": ([(REALLOCATE, 0, 0, 0, 5)], 0, "operation 0 reallocates a slot that is free"),
    "slots_with_gaps": ([LIVE, (ALLOCATE, 0, 0, 1 << 31, 8)], 0, "operation 1 names a slot that is higher"),
    "huge_size": ([(ALLOCATE, 0, 0, 0, 1 << 63)], 0, "a size of more than 2^40"),
    "huge_alignment": ([(ALLOCATE, 63, 0, 0, 8)], 0, "an alignment of more than 2^30"),
    "unknown_flags": ([(ALLOCATE, 0, 8, 0, 8)], 0, "unknown flags"),
}


@case(labels=LABELS)
def a_bad_trace_is_refused_with_its_reason(context):
    for name, (records, cut, sentence) in BAD_TRACES.items():
        result = arena(context, "--allocator", "tlsf", written(context, f"{name}.trace", records, cut))
        check_equal(result.returncode, 2, f"status for {name}")
        check(sentence in result.stderr, f"{name}: nothing says '{sentence}'")


@case(labels=LABELS)
def a_damaged_compressed_trace_is_refused(context):
    if shutil.which("zstd") is None:
        raise Skip("there is no zstd (Debian: zstd)")
    plain = made(context, "larson")
    packed = context.work / "packed.trace.zst"
    check_equal(run("zstd", "-q", plain, "-o", packed).returncode, 0, "status of zstd")
    data = packed.read_bytes()
    for name, damaged in (("short", data[:len(data) // 2]), ("header", data[:5] + b"\xff" * 8 + data[13:])):
        path = context.work / f"{name}.trace.zst"
        path.write_bytes(damaged)
        result = arena(context, "--allocator", "tlsf", path)
        check_equal(result.returncode, 2, f"status for {name}")
        check("cannot be decompressed" in result.stderr, f"{name}: nothing says that it cannot be decompressed")
    values = measured(context, "overhead", "tlsf", plain, packed)
    check_equal(values["packed", "tlsf"], values["larson", "tlsf"], "overhead of the same trace, compressed")


WRONG_USAGE = {
    (): "no trace is named",
    ("--allocator", "talc", "x.trace"): "--allocator 'talc' is not known",
    ("--allocator", "", "x.trace"): "--allocator names nobody",
    ("--mode", "speed", "x.trace"): "--mode 'speed'",
    ("--region-factor", "0", "x.trace"): "--region-factor '0'",
    ("--region-factor", "4x", "x.trace"): "--region-factor '4x'",
    ("--loud", "x.trace"): "loud",
    ("/nowhere/x.trace",): "/nowhere/x.trace cannot be opened: No such file or directory",
}


@case(labels=LABELS)
def wrong_usage_is_told(context):
    for arguments, sentence in WRONG_USAGE.items():
        result = arena(context, *arguments)
        check_equal(result.returncode, 2, f"status for {arguments}")
        check(sentence in result.stderr, f"{arguments}: nothing says '{sentence}'")


@case(labels=LABELS)
def a_missing_valgrind_is_told(context):
    path = made(context, "larson", 1000)
    result = arena(context, "--mode", "instructions", path, environment={"PATH": str(context.work)})
    check_equal(result.returncode, 2, "status")
    check("valgrind" in result.stderr, "nothing says what is missing")


# ---- numbers

@case(labels=LABELS)
def json_has_one_object_a_line(context):
    path = made(context, "larson", 2000)
    for mode, unit in UNITS.items():
        if mode == "instructions" and shutil.which("valgrind") is None:
            continue
        result = arena(context, "--json", "--mode", mode, "--allocator", "tlsf,glibc", path)
        check_equal(result.returncode, 0, f"status of {mode}")
        entries = [json.loads(line) for line in result.stdout.splitlines()]
        check_equal([entry["allocator"] for entry in entries], ["tlsf", "glibc"], "allocators")
        for entry in entries:
            check_equal(list(entry), ["trace", "allocator", "mode", "value", "unit"], "keys")
            said = (entry["trace"], entry["mode"], entry["unit"])
            check_equal(said, ("larson", mode, unit), "what it says of itself")
            check(entry["value"] > 0, f"a value of {entry['value']}")


@case(labels=LABELS)
def overhead_is_what_blocks_and_books_take(context):
    # A bump heap needs each block and little else, and never takes anything back.
    kept = written(context, "kept.trace", [(ALLOCATE, 0, 0, slot, 4096) for slot in range(1000)])
    take = [(ALLOCATE, 0, 0, slot, 65536) for slot in (0, 1)]
    give = [(FREE, 0, 0, slot, 0) for slot in (0, 1)]
    swapped = written(context, "swapped.trace", take[:1] + [take[1], give[0], take[0], give[1]] * 10)
    values = measured(context, "overhead", "bump,tlsf", kept, swapped)
    check(1 <= values["kept", "bump"] < 1.01, f"blocks in a row take {values['kept', 'bump']} of their size")
    check(values["swapped", "tlsf"] < 1.25, f"a heap that frees takes {values['swapped', 'tlsf']} for two blocks")
    check(values["swapped", "bump"] > 10, f"a heap that never takes back takes {values['swapped', 'bump']}")


@case(labels=LABELS)
def stepping_counts_each_instruction(context):
    result = run(context.build / "host" / "arena-steps")
    counts = dict(line.split() for line in result.stdout.splitlines())
    expected = {"one": "1", "five": "5", "call_of_five": "7", "loop_of_ten": "22", "three_repetitions": "6"}
    check_equal(counts, expected, "instructions counted")


@case(labels=LABELS)
def instructions_are_the_same_in_each_run(context):
    need_valgrind()
    path = made(context, "larson")
    first, second = (measured(context, "instructions", "tlsf,floor", path) for _ in range(2))
    check_equal(second, first, "instructions an operation")
    check(first["larson", "floor"] + 5 < first["larson", "tlsf"] < 1000, f"the values are {first}")


# ---- traces that are made up, and traces that are recorded

@case(labels=LABELS)
def made_traces_follow_their_seed(context):
    for kind in KINDS:
        first, again, other = (made(context, kind, 20_000, seed, f"{kind}-{name}").read_bytes()
                               for name, seed in (("first", 1), ("again", 1), ("other", 2)))
        check_equal(again, first, f"{kind} with the same seed")
        check(other != first, f"{kind} is the same with another seed")


@case(labels=LABELS)
def made_traces_are_of_their_kind(context):
    records = {kind: records_of(made(context, kind, 50_000)) for kind in KINDS}
    for kind, of_kind in records.items():
        check(45_000 < len(of_kind) <= 50_001, f"{kind} has {len(of_kind)} operations")
    check_equal({record[1] for record in records["kmix"]}, {0, 6, 12}, "alignments of kmix")
    share = sum(record[0] == REALLOCATE for record in records["random"]) / len(records["random"])
    check(0.12 < share < 0.18, f"{share:.2f} of random are reallocations")
    live = sum({ALLOCATE: 1, FREE: -1}[record[0]] for record in records["larson"])
    check(4990 <= live <= 5000, f"{live} blocks of larson are live at the end")
    check_equal(records["comb"][-1][4], 1 << 20, "size of the last block of comb")
    before = sum({ALLOCATE: 1, FREE: -1}[record[0]] for record in records["comb"][:-1])
    check_equal(before, 0, "live blocks before the last one of comb")


def record(context, *command):
    path = context.work / "recorded.trace"
    recorder = context.build / "host" / "record-trace.so"
    result = run(*command, environment={"LD_PRELOAD": str(recorder), "HEWN_RECORD": str(path)})
    check_equal(result.returncode, 0, f"status of {command[0]}")
    return path


@case(labels=LABELS)
def recorder_writes_what_a_program_does(context):
    path = record(context, context.build / "host" / "arena-recorded")
    records = records_of(path)
    begin = next(i for i, record in enumerate(records) if record[4] == 7777)
    outer = records[begin][3]
    end = next(i for i in range(begin, len(records)) if records[i][0] == FREE and records[i][3] == outer)
    names = {}
    seen = [(kind, alignment, flags, names.setdefault(slot, len(names)), size)
            for kind, alignment, flags, slot, size in records[begin:end + 1]]
    check_equal(seen, [
        (ALLOCATE, 0, 0, 0, 7777), (ALLOCATE, 0, 0, 1, 100), (ALLOCATE, 0, ZEROED, 2, 21), (ALLOCATE, 6, 0, 3, 128),
        (ALLOCATE, 12, 0, 4, 5000), (REALLOCATE, 0, 0, 1, 200_000), (FREE, 0, 0, 2, 0), (ALLOCATE, 0, 0, 2, 0),
        (REALLOCATE, 0, 0, 1, 10), (FREE, 0, 0, 3, 0), (FREE, 0, 0, 0, 0)], "what was recorded")
    sizes = [record[4] for record in records]
    check(105 in sizes, "what another thread allocates is not there")
    check(106 not in sizes, "what a child allocates is there")
    check_equal(arena(context, "--mode", "verify", "--allocator", "tlsf,glibc", path).returncode, 0, "status")


@case(labels=LABELS)
def a_recorded_program_replays(context):
    path = record(context, "ls", "-l", "/usr/bin")
    check(len(records_of(path)) > 100, "ls has hardly allocated anything")
    values = measured(context, "verify", "tlsf,linked_list,glibc", path)
    check(None not in values.values(), f"the values are {values}")


# ---- what the default heap is held to, on recorded traces

LIMITS = {"overhead": 1.155, "kmix overhead": 1.25, "worst": 200, "instructions": 85}


def recorded_traces():
    folder = os.environ.get("HEWN_TRACES")
    if not folder:
        raise Skip("HEWN_TRACES names no folder of recorded traces")
    paths = sorted(path for pattern in ("*.trace", "*.trace.zst") for path in Path(folder).glob(pattern))
    check(paths, f"HEWN_TRACES={folder} holds no *.trace and no *.trace.zst")
    return paths


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


@case(labels=("nightly", "arena"), timeout=900)
def default_overhead_on_recorded_traces(context):
    values = measured(context, "overhead", "default,fixed_block,buddy,tlsf", *recorded_traces())
    means = {}
    for design in ("default", "fixed_block", "buddy", "tlsf"):
        of_design = [value for (_, allocator), value in values.items() if allocator == design and value]
        means[design] = geomean(of_design)
    print(f"geometric means: {means}")
    check(means["default"] <= LIMITS["overhead"], f"overhead is {means['default']:.3f}, wanted {LIMITS['overhead']}")
    for design in ("fixed_block", "buddy", "tlsf"):
        check(means["default"] < means[design], f"{design} needs no more: {means[design]:.3f}")
    kmix = values.get(("kmix", "default"))
    check(kmix is None or kmix <= LIMITS["kmix overhead"], f"overhead on kmix is {kmix}")


@case(labels=("nightly", "arena"), timeout=900)
def default_worst_case_on_recorded_traces(context):
    for (trace, _), value in measured(context, "worst", "default", *recorded_traces()).items():
        is_good = value is not None and value <= LIMITS["worst"]
        check(is_good, f"{trace}: {value} instructions, wanted {LIMITS['worst']}")


@case(labels=("nightly", "arena"), timeout=300)
def default_instructions_on_recorded_traces(context):
    need_valgrind()
    paths = [path for path in recorded_traces() if path.name.split(".")[0] in ("redis", "kmix")]
    if not paths:
        raise Skip("HEWN_TRACES has neither redis nor kmix")
    for (trace, _), value in measured(context, "instructions", "default", *paths).items():
        check(value <= LIMITS["instructions"], f"{trace}: {value} an operation, wanted {LIMITS['instructions']}")


@case(labels=("nightly", "arena"), timeout=900, run_serial=True)
def default_time_on_recorded_traces(context):
    paths = recorded_traces()
    values = measured(context, "time", "default,fixed_block,buddy,tlsf,jemalloc,glibc", *paths)
    traces = list(dict.fromkeys(trace for trace, _ in values))
    for other in ("fixed_block", "buddy", "tlsf", "jemalloc", "glibc"):
        ratios = [values[trace, "default"] / values[trace, other] for trace in traces if values.get((trace, other))]
        if ratios:
            print(f"default takes {geomean(ratios):.2f} of the time of {other} on {len(ratios)} traces")
    check(None not in [values[trace, "default"] for trace in traces], "default does not complete every trace")


if __name__ == "__main__":
    run_cases()
