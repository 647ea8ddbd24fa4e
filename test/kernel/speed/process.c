// SPDX-License-Identifier: MIT
// How many instructions programs wait for the kernel: their start, system calls, page faults, and switches between
// them. The driver's part is an emulator that counts one tick of the TSC for each instruction; cost.c and
// mebibyte.asm of test/programs look at it.
#include <lib/string.h>
#include <process/run_program.h>
#include <speed/cost.h>

typedef unsigned long long printable_t;

// The number that TEXT goes on with; *TEXT is behind it then.
static uint64_t read_number(const char **text)
{
    uint64_t number = 0;
    while (**text == ' ' || **text == '\n')
        (*text)++;
    for (; **text >= '0' && **text <= '9'; (*text)++)
        number = number * 10 + (uint64_t)(**text - '0');
    return number;
}

static void check_figure(const char *what, uint64_t ticks, uint64_t least, uint64_t most)
{
    test_note("measured: %s: %llu", what, (printable_t)ticks);
    CHECK(ticks >= least); // fewer cannot be: something else was measured
    CHECK(!HAS_LIMITS || ticks <= most);
}

static uint64_t cost_of_clearing(void)
{
    alignas(16) static uint8_t page[PAGE_SIZE];
    uint64_t start = tsc_read();
    memset(page, 0, sizeof page);
    return tsc_read() - start - cost_of_tsc();
}

TEST(speed, program_call_and_page_fault)
{
    NEEDS_DRIVER();
    const struct run *run = run_program("/bin/cost", nullptr, nullptr, nullptr, nullptr);
    CHECK_EQUAL(run->exit_status, 0);
    const char *text = run->output;
    uint64_t call = read_number(&text), gate = read_number(&text), fault = read_number(&text);
    check_figure("getpid by SYSCALL", call, 20, 80);
    check_figure("getpid by INT 80h", gate, 40, 150);
    check_figure("page fault, without the clearing", fault - cost_of_clearing(), 100, 300);
}

// Two programs that do nothing but yield to each other.
TEST(speed, program_switch)
{
    NEEDS_DRIVER();
    constexpr uint64_t ROUNDS = 100;
    static struct run runs[2];
    for (unsigned i = 0; i < 2; i++) {
        runs[i] = (struct run){.arguments = {"/bin/cost", "yield"}};
        run_start(&runs[i]);
    }
    task_run();
    const char *text = runs[0].output;
    check_figure("switch between programs", read_number(&text) / (2 * ROUNDS), 100, 300);
}

struct measured_run {
    struct run run;
    uint64_t start;
};

// As a shell does it: the wait is the way to the program.
static void start_and_wait(void *context)
{
    struct measured_run *self = context;
    self->start = tsc_read();
    run_begin(&self->run);
    CHECK_EQUAL(self->run.start_status, STATUS_OK);
    CHECK_EQUAL(program_wait(self->run.program, &self->run.exit_status), STATUS_OK);
}

static uint64_t ticks_to_first_instruction(void)
{
    constexpr uint8_t LAST_BYTE_OF_DATA = 90;
    static struct measured_run measured;
    measured = (struct measured_run){.run.arguments = {"/bin/mebibyte"}};
    start(sequential(start_and_wait, &measured));
    task_run();
    uint64_t first_instruction;
    CHECK_EQUAL(measured.run.length, sizeof first_instruction);
    CHECK_EQUAL(measured.run.exit_status, LAST_BYTE_OF_DATA);
    memcpy(&first_instruction, measured.run.output, sizeof first_instruction);
    return first_instruction - measured.start - cost_of_tsc();
}

// To read all of the file would take more than 100000 instructions by itself.
TEST(speed, program_start)
{
    NEEDS_DRIVER();
    check_figure("start of 1 MiB", ticks_to_first_instruction(), 5000, 50000);
    check_figure("start of 1 MiB, again", ticks_to_first_instruction(), 5000, 50000);
}
