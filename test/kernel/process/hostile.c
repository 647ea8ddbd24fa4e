// SPDX-License-Identifier: MIT
// What programs must not do, done: each act ends the program that does it, with a signal, and nobody else; or the
// kernel refuses.
#include "run_program.h"
#include <lib/format.h>
#include <lib/string.h>
#include <memory/layout.h>
#include <process/parts.h>

constexpr uint8_t BY_SIGNAL = 128;
constexpr uint8_t BY_ILLEGAL = BY_SIGNAL + 4, BY_TRAP = BY_SIGNAL + 5, BY_ARITHMETIC = BY_SIGNAL + 8,
                  BY_SEGMENT = BY_SIGNAL + 11;

static void check_act(const char *act, const char *argument, uint8_t status)
{
    const struct run *run = run_program("/bin/hostile", nullptr, act, argument, nullptr);
    CHECK_EQUAL(run->start_status, STATUS_OK);
    if (run->exit_status != status)
        FAIL("%s %s ends with %u, not %u, and writes \"%s\"", act, argument != nullptr ? argument : "",
             run->exit_status, status, run->output);
    CHECK_STRING(run->output, status == 0 ? "came back\n" : "");
}

static void check_acts(const char *const *acts, unsigned count, uint8_t status)
{
    for (unsigned i = 0; i < count; i++)
        check_act(acts[i], nullptr, status);
}
#define CHECK_ACTS(acts, status) check_acts(acts, sizeof(acts) / sizeof *(acts), status)

TEST(hostile, instructions_of_ring_0_end_it)
{
    static const char *const acts[] = {
        "hlt",       "cli",      "sti",       "in",       "out",      "ins",       "lgdt",      "lidt",     "lldt",
        "ltr",       "read_cr0", "write_cr0", "read_cr2", "read_cr3", "write_cr3", "write_cr4", "read_cr8", "read_dr7",
        "write_dr7", "clts",     "lmsw",      "invlpg",   "invd",     "wbinvd",    "rdmsr",     "wrmsr",    "sysret",
    };
    CHECK_ACTS(acts, BY_SEGMENT);
}

// Some CPUs call these illegal, some forbidden.
TEST(hostile, instructions_that_may_be_missing_end_it)
{
    static const char *const acts[] = {"swapgs", "xsetbv", "vmcall", "monitor", "sysenter"};
    for (unsigned i = 0; i < sizeof acts / sizeof *acts; i++) {
        const struct run *run = run_program("/bin/hostile", nullptr, acts[i], nullptr, nullptr);
        if (run->exit_status != BY_SEGMENT && run->exit_status != BY_ILLEGAL)
            FAIL("%s ends with %u", acts[i], run->exit_status);
    }
}

TEST(hostile, mistakes_end_it_with_their_signals)
{
    check_act("ud2", nullptr, BY_ILLEGAL);
    check_act("divide", nullptr, BY_ARITHMETIC);
}

TEST(hostile, addresses_that_are_not_its_own_end_it)
{
    static const char *const addresses[] = {
        "0",
        "8",
        "0xfff",
        "0x7fffffffffff",
        "0x800000000000",
        "0xffff7fffffffffff",
        "0xffff800000000000",
        "0xffff800000001000",
        "0xffffc00000000000",
        "0xffffd00000000000",
        "0xffffe000fee00000",
        "0xffffffff80000000",
        "0xffffffffffffffff",
        "0x123456789000",
    };
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        check_act("read", addresses[i], BY_SEGMENT);
        check_act("write", addresses[i], BY_SEGMENT);
        check_act("jump", addresses[i], BY_SEGMENT);
    }
}

TEST(hostile, memory_keeps_its_rights)
{
    static const char *const acts[] = {"write_code",      "write_constant", "use_after_unmap",
                                       "write_protected", "read_protected", "overflow"};
    CHECK_ACTS(acts, BY_SEGMENT);
}

// On a CPU that can tell.
TEST(hostile, data_is_not_executed)
{
    uint8_t status = memory_page_tables()->has_no_execute ? BY_SEGMENT : 0;
    check_act("execute_data", nullptr, status);
    check_act("execute_stack", nullptr, status);
}

TEST(hostile, selectors_and_returns_end_it)
{
    static const char *const acts[] = {
        "load_kernel_data",
        "load_kernel_code",
        "load_nobodys",
        "load_stack",
        "far_return_to_kernel",
        "far_return_to_32_bit",
        "interrupt_return_to_kernel",
        "return_to_non_canonical",
        "stack_in_kernel",
        "stack_non_canonical",
    };
    CHECK_ACTS(acts, BY_SEGMENT);
}

TEST(hostile, flags_and_stacks_of_calls_are_its_own)
{
    static const char *const acts[] = {"call_with_direction", "call_with_nested_task", "call_with_alignment_check",
                                       "gate_with_nested_task", "call_without_stack"};
    CHECK_ACTS(acts, 0);
    check_act("call_with_trap", nullptr, BY_TRAP);
}

// The one-byte instruction that raises #DB, on its own stack; an emulator may not know it.
TEST(hostile, debug_exception_ends_it)
{
    const struct run *run = run_program("/bin/hostile", nullptr, "icebp", nullptr, nullptr);
    if (run->exit_status != BY_TRAP && run->exit_status != BY_ILLEGAL)
        FAIL("icebp ends with %u", run->exit_status);
}

// What the log says is read by test/kernel/run.py.
TEST(hostile, log_says_why_it_has_ended)
{
    NEEDS_DRIVER();
    check_act("read", "24", BY_SEGMENT);
    check_act("write_code", nullptr, BY_SEGMENT);
    check_act("overflow", nullptr, BY_SEGMENT);
    check_act("load_kernel_data", nullptr, BY_SEGMENT);
    check_act("divide", nullptr, BY_ARITHMETIC);
    check_act("ud2", nullptr, BY_ILLEGAL);
}

// And all of it is there again, for one that comes afterwards.
TEST(hostile, one_that_takes_all_memory_is_ended)
{
    run_check(run_program("/bin/hello", nullptr, nullptr, nullptr, nullptr), 7, "hello from ring 3\n");
    struct holdings before = read_holdings();
    run_check(run_program("/bin/spin", nullptr, "eat", nullptr, nullptr), BY_SIGNAL + SIGNAL_KILL, "");
    check_holdings(before);
    run_check(run_program("/bin/hello", nullptr, nullptr, nullptr, nullptr), 7, "hello from ring 3\n");
}

// As a CPU would have it that lets ring 3 go there before it faults.
TEST(hostile, return_to_an_address_of_the_kernel_ends_it)
{
    static const uint64_t addresses[] = {USER_END, 1ull << 63, MEMORY_KERNEL_IMAGE, UINT64_MAX};
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        static struct run run;
        run = (struct run){.arguments = {"/bin/hello"}};
        run_start(&run);
        CHECK_EQUAL(run.start_status, STATUS_OK);
        run.program->start.rip = addresses[i];
        task_run();
        run_check(&run, BY_SEGMENT, "");
    }
}

// Two of them are for programs. Somebody has chosen a machine for it.
TEST(hostile, interrupt_instructions_end_it)
{
    NEEDS_DRIVER();
    constexpr unsigned BREAKPOINT = 3, CALL = 0x80, COUNT = 256;
    for (unsigned vector = 0; vector < COUNT; vector++) {
        char text[8];
        format_string(text, sizeof text, "%u", vector);
        check_act("vector", text, vector == BREAKPOINT ? BY_TRAP : vector == CALL ? 0 : BY_SEGMENT);
    }
}

TEST(hostile, pointers_to_the_kernel_are_refused)
{
    static char input[1024]; // so that each read has something to give
    memset(input, 'x', sizeof input - 1);
    run_check(run_program("/bin/pointers", input, "addresses", nullptr, nullptr), 0, "all refused\n");
}

TEST(hostile, memory_of_the_kernel_is_not_given_away)
{
    run_check(run_program("/bin/pointers", nullptr, "leak", nullptr, nullptr), 0, "all refused\n");
}

TEST(hostile, numbers_of_files_are_unsigned)
{
    run_check(run_program("/bin/pointers", nullptr, "numbers", nullptr, nullptr), 0, "all refused\n");
}

static void check_random_calls(const char *count)
{
    static const char *const seeds[] = {"1", "2", "3", "4"};
    for (unsigned i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        const struct run *run = run_program("/bin/random_calls", nullptr, seeds[i], count, nullptr);
        if (run->exit_status != 0)
            FAIL("seed %s ends with %u", seeds[i], run->exit_status);
    }
}

TEST(hostile, random_calls_are_answered)
{
    check_random_calls("1000");
    struct holdings before = read_holdings();
    uint64_t unknown_before = process_unknown_call_count();
    check_random_calls("5000");
    check_holdings(before);
    CHECK(process_unknown_call_count() > unknown_before);
}

// Somebody has chosen a machine for it.
TEST(hostile, million_random_calls_are_answered)
{
    NEEDS_DRIVER();
    check_random_calls("250000");
}
