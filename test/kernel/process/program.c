// SPDX-License-Identifier: MIT
// What programs do that behave, and that they can.
#include "run_program.h"
#include <lib/string.h>

TEST(program, hello_is_written)
{
    run_check(run_program("/bin/hello", nullptr, "one", "two words", nullptr), 7,
              "hello from ring 3\n1: one\n2: two words\n");
}

// What printf(3) of another machine with the same library writes.
TEST(program, numbers_with_a_point_are_written)
{
    run_check(run_program("/bin/numbers", nullptr, nullptr, nullptr, nullptr), 0,
              "3.1415926536 1.000000e-300 1.23457e+08 0x1.999999999999ap-4\n"
              "2.2250738585072014e-308 1.414 1.500000\n"
              "0.841471 2.718282 1.414214\n");
}

TEST(program, blocks_of_malloc_stay_whole)
{
    run_check(run_program("/bin/memory", nullptr, nullptr, nullptr, nullptr), 0, "all blocks whole\n");
}

TEST(program, files_are_read_and_nothing_else)
{
    run_check(run_program("/bin/files", nullptr, nullptr, nullptr, nullptr), 0,
              "in /\n"
              "read one line\nread and a second one\nread the end\n"
              "end e end\n"
              "pieces 7 one| lin\n"
              "at 4 3 lin\n"
              "shared position 20 7\n"
              ". .. motd link loop in /etc\n"
              ". .. file in /deep/er/still\n"
              "/etc/motd: 100755 34 1700000000\n"
              "/etc/link: -> motd, 100755 34 1700000000\n"
              "/etc/loop: Symbolic link loop\n"
              "/deep/up/etc/motd: 100755 34 1700000000\n"
              "mapped Xne , behind its end 0\n"
              "the file has o\n"
              "shared: Permission denied\n"
              "write: Read-only file system\n"
              "create: Read-only file system\n"
              "missing: No such file or directory\n"
              "through a file: Not a directory\n"
              "closed: Bad file descriptor\n"
              "directory: Is a directory\n"
              "access: done\n"
              "access to write: Read-only file system\n"
              "number too high: Bad file descriptor\n");
}

TEST(program, terminal_is_read_to_its_end)
{
    struct run *run = run_program("/bin/terminal", "first\n\nlast", nullptr, nullptr, nullptr);
    run_check(run, 0, "terminal 1, 132 by 43, canonical 1, then 0\n[first]\n[]\n[last]\nend\n");
    CHECK(run->is_raw);
}

TEST(program, sleep_lasts_as_long_as_was_asked_for)
{
    run_check(run_program("/bin/sleep", nullptr, "60", nullptr, nullptr), 0, "slept, after 2023, agreed\n");
}

TEST(program, end_has_the_status_that_it_said)
{
    run_check(run_program("/bin/ends", nullptr, "exit", nullptr, nullptr), 300 % 256, "");
    run_check(run_program("/bin/ends", nullptr, "abort", nullptr, nullptr), 128 + 6, "");
    run_check(run_program("/bin/ends", nullptr, "", nullptr, nullptr), 128 + 10, "");
    run_check(run_program("/bin/ends", nullptr, "handled", nullptr, nullptr), 128 + 10, "");
    run_check(run_program("/bin/ends", nullptr, "ignored", nullptr, nullptr), 0, "alive\nstill alive\n");
    run_check(run_program("/bin/ends", nullptr, "blocked", nullptr, nullptr), 128 + 10, "alive\n");
}

TEST(program, what_is_none_is_refused_with_a_reason)
{
    static const struct {
        const char *path, *reason;
    } rows[] = {
        {"/bin/nothing", "not there"},
        {"/bin", "a directory, not a program"},
        {"/etc/motd", "truncated: it needs %llu bytes and has %llu"},
        {"/etc/loop", "not there"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct run *run = run_program(rows[i].path, nullptr, nullptr, nullptr, nullptr);
        CHECK(run->start_status != STATUS_OK);
        CHECK_STRING(run->problem.format, rows[i].reason);
    }
}

// ---- several at once

constexpr unsigned SEVERAL = 4;

static struct run several[SEVERAL];

static void run_several(const char *path, const char *const numbers[SEVERAL], const char *second)
{
    for (unsigned i = 0; i < SEVERAL; i++) {
        several[i] = (struct run){.arguments = {path, numbers[i], second}};
        run_start(&several[i]);
    }
    task_run();
}

static void check_several(const char *output)
{
    for (unsigned i = 0; i < SEVERAL; i++)
        run_check(&several[i], 0, output);
}

TEST(program, address_spaces_are_apart)
{
    run_several("/bin/apart", (const char *const[]){"1000000", "2000000", "3000000", "4000000"}, nullptr);
    check_several("apart\n");
}

// Each looks for more than a slice.
TEST(program, registers_of_sse_survive_preemption)
{
    run_several("/bin/vectors", (const char *const[]){"1", "2", "3", "4"}, "500");
    check_several("whole\n");
}

static volatile unsigned turn_count;
static volatile bool is_stopped;

static void count_turns(void *)
{
    while (!is_stopped) {
        turn_count = turn_count + 1;
        task_yield();
    }
}

static void stop_spinning(void *context)
{
    (void)task_sleep_ns(100'000'000);
    (void)program_kill(program_id(((struct run *)context)->program), SIGNAL_TERMINATE);
    is_stopped = true;
}

TEST(program, kernel_goes_on_beside_one_that_never_waits)
{
    struct run *run = &several[0];
    *run = (struct run){.arguments = {"/bin/spin", "spin"}};
    turn_count = 0;
    is_stopped = false;
    run_start(run);
    start(sequential(count_turns, nullptr));
    start(sequential(stop_spinning, run));
    task_run();
    run_check(run, 128 + SIGNAL_TERMINATE, "");
    CHECK(turn_count >= 3); // one a slice
}

TEST(program, sleeper_is_woken_by_its_end)
{
    struct run *run = &several[0];
    *run = (struct run){.arguments = {"/bin/spin", "sleep"}};
    run_start(run);
    start(sequential(stop_spinning, run));
    task_run();
    run_check(run, 128 + SIGNAL_TERMINATE, "");
}

struct list {
    char names[64];
    unsigned count, ended_count;
};

static void add_to_list(void *context, const struct program_statistics *statistics)
{
    struct list *list = context;
    size_t length = strlen(list->names);
    (void)string_copy(list->names + length, statistics->name, sizeof list->names - length);
    list->count++;
    list->ended_count += statistics->has_ended;
}

static struct list listed;

static void list_and_kill(void *)
{
    (void)task_sleep_ns(20'000'000);
    program_for_each(add_to_list, &listed);
    for (unsigned i = 0; i < 2; i++)
        (void)program_kill(program_id(several[i].program), SIGNAL_KILL);
}

TEST(program, those_that_run_are_listed)
{
    static const char *const ways[] = {"spin", "sleep"};
    listed = (struct list){};
    for (unsigned i = 0; i < 2; i++) {
        several[i] = (struct run){.arguments = {"/bin/spin", ways[i]}};
        run_start(&several[i]);
    }
    start(sequential(list_and_kill, nullptr));
    task_run();
    CHECK_EQUAL(listed.count, 2);
    CHECK_EQUAL(listed.ended_count, 0);
    CHECK_STRING(listed.names, "spinspin");
    for (unsigned i = 0; i < 2; i++)
        run_check(&several[i], 128 + SIGNAL_KILL, "");
}

// ---- what is given back

static void check_all_ends(unsigned rounds)
{
    static const char *const ways[][3] = {
        {"/bin/hello", nullptr, nullptr}, {"/bin/hostile", "hlt", nullptr}, {"/bin/hostile", "overflow", nullptr},
        {"/bin/ends", "abort", nullptr},  {"/bin/spin", "spin", nullptr},
    };
    constexpr unsigned WAYS = sizeof ways / sizeof *ways;
    for (unsigned i = 0; i < rounds; i++) {
        struct run *run = &several[i % SEVERAL];
        *run = (struct run){.arguments = {ways[i % WAYS][0], ways[i % WAYS][1]}};
        run_start(run);
        CHECK_EQUAL(run->start_status, STATUS_OK);
        if (i % WAYS == WAYS - 1)
            CHECK_EQUAL(program_kill(program_id(run->program), SIGNAL_KILL), STATUS_OK);
        if (i % SEVERAL == SEVERAL - 1)
            task_run();
    }
    task_run();
}

// Once before, for what happens only the first time: the log and the heap grow.
static void check_memory(unsigned rounds)
{
    check_all_ends(20);
    struct holdings before = read_holdings();
    check_all_ends(rounds);
    if (strcmp(kernel_heap_design_name(), "bump") == 0)
        check_blocks(before); // this design keeps the frames that it has
    else
        check_holdings(before);
}

TEST(program, memory_is_given_back_however_they_end)
{
    check_memory(40);
}

// ---- killed wherever they are

// A program and who kills it, after a while that nobody can foresee: turns of the executor, or time.
struct victim {
    struct run *run;
    uint32_t id, turns, ms;
    bool was_killed;
};

static void kill_after_a_while(void *context)
{
    struct victim *victim = context;
    for (uint32_t i = 0; i < victim->turns; i++)
        task_yield();
    if (task_sleep_ns(victim->ms * 1'000'000ull) == STATUS_OK)
        victim->was_killed = program_kill(victim->id, SIGNAL_KILL) == STATUS_OK;
}

static uint32_t random_below(uint32_t limit)
{
    static uint64_t state = 0x9e37'79b9'7f4a'7c15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) * limit >> 32);
}

// Returns how many were killed before they ended.
static unsigned kill_at_random(unsigned rounds)
{
    static const char *const ways[][2] = {
        {"/bin/hello"},         {"/bin/memory"},        {"/bin/files"},
        {"/bin/sleep", "1000"}, {"/bin/spin", "sleep"}, {"/bin/spin", "spin"},
    };
    static struct victim victims[SEVERAL];
    unsigned killed_count = 0;
    for (unsigned i = 0; i < rounds; i++) {
        struct victim *victim = &victims[i % SEVERAL];
        const char *const *way = ways[random_below(sizeof ways / sizeof *ways)];
        several[i % SEVERAL] = (struct run){.arguments = {way[0], way[1]}};
        *victim = (struct victim){&several[i % SEVERAL], .turns = random_below(6)};
        victim->ms = random_below(4) == 0 ? random_below(30) : 0;
        run_start(victim->run);
        CHECK_EQUAL(victim->run->start_status, STATUS_OK);
        victim->id = program_id(victim->run->program);
        start(sequential(kill_after_a_while, victim));
        if (i % SEVERAL != SEVERAL - 1)
            continue;
        task_run();
        for (unsigned k = 0; k < SEVERAL; k++) {
            bool died = victims[k].run->exit_status == 128 + SIGNAL_KILL;
            CHECK(!died || victims[k].was_killed); // one that has just ended by itself may be killed all the same
            killed_count += died;
        }
    }
    return killed_count;
}

// Once before, for what happens only the first time: the log and the heap grow. Some end before they are killed, or the
// moments would not be random.
static void check_killed(unsigned rounds)
{
    (void)kill_at_random(40);
    struct holdings before = read_holdings();
    unsigned killed_count = kill_at_random(rounds);
    test_note("%u of %u were killed", killed_count, rounds);
    CHECK(killed_count > rounds / 3);
    CHECK(killed_count < rounds);
    if (strcmp(kernel_heap_design_name(), "bump") == 0)
        check_blocks(before); // this design keeps the frames that it has
    else
        check_holdings(before);
}

TEST(program, those_killed_at_random_points_give_all_memory_back)
{
    check_killed(60);
}

// Somebody has chosen a machine for it.
TEST(program, thousand_killed_at_random_points_give_all_memory_back)
{
    NEEDS_DRIVER();
    check_killed(1000);
}

// Somebody has chosen a machine for it.
TEST(program, thousand_of_them_give_all_memory_back)
{
    NEEDS_DRIVER();
    check_memory(1000);
}

// Let the NUMBERth allocation fail while a program is started and run. Returns whether none did: there were fewer.
static bool run_while_failing(bool fails_frames, uint64_t number)
{
    struct run *run = &several[0];
    *run = (struct run){.arguments = {"/bin/hello"}};
    struct holdings before = read_holdings();
    run_await(run);
    if (fails_frames)
        frame_fail_at(memory_frames(), number);
    else
        kernel_heap_fail_at(number);
    run_begin(run);
    task_run();
    bool is_whole = run->start_status == STATUS_OK && run->exit_status == 7;
    CHECK(is_whole || run->start_status == STATUS_NO_MEMORY || run->exit_status == 128 + SIGNAL_KILL);
    frame_fail_at(memory_frames(), 0);
    kernel_heap_fail_at(0);
    check_blocks(before);
    return is_whole;
}

static void check_failing(bool fails_frames)
{
    constexpr unsigned LIMIT = 200;
    unsigned number = 1;
    while (number < LIMIT && !run_while_failing(fails_frames, number))
        number++;
    CHECK(number > 3);
    CHECK(number < LIMIT);
}

TEST(program, frame_that_cannot_be_had_ends_it_or_its_start)
{
    check_failing(true);
}

TEST(program, block_that_cannot_be_had_ends_its_start)
{
    check_failing(false);
}

TEST(program, kill_of_nobody_is_told)
{
    CHECK_EQUAL(program_kill(0, SIGNAL_KILL), STATUS_NOT_FOUND);
    CHECK_EQUAL(program_kill(UINT32_MAX, SIGNAL_KILL), STATUS_NOT_FOUND);
}
