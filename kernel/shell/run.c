// SPDX-License-Identifier: MIT
// From a line to what it does: words, a command, its arguments, a task in which it runs. Called by the session and by
// commands that run others; knows no editor.
#include "run.h"
#include "pager.h"
#include "table.h"
#include <console/console.h>
#include <lib/format.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <syntax/arguments.h>
#include <syntax/words.h>
#include <task/task.h>
#include <tty/tty.h>

constexpr uint32_t STACK_BYTES = 32 * 1024;
constexpr unsigned DEPTH_LIMIT = 8; // of commands that run commands: about a kilobyte of stack each
constexpr unsigned STATUS_UNKNOWN_COMMAND = 127;

// The line that runs.
static struct {
    const char *line;
    struct words words;
    struct task *task;
    struct pager pager;
    unsigned depth;
    unsigned last_status; // what $? stands for: that of the last command, across lines
    bool is_interrupted;  // by Ctrl-C
    bool is_left;         // by q in the pager: the command is to end, the line goes on
} run;

// ---- what a command may do

static void write_text(struct command_call *, const char *text, size_t length)
{
    if (run.is_interrupted || run.is_left)
        return;
    if (!pager_write(&run.pager, text, length))
        run.is_left = true;
    if (length != 0 && text[length - 1] == '\n')
        task_yield();
}

static bool goes_on(struct command_call *)
{
    task_yield();
    return !run.is_interrupted && !run.is_left;
}

static const struct command_host host = {.write = write_text, .goes_on = goes_on};

// ---- one command

static enum status refuse(struct command_call *call, const char *problem)
{
    char usage[ARGUMENTS_USAGE_LIMIT];
    return command_fail(call, STATUS_INVALID, "%s. Usage: %s", problem, arguments_usage(call->command, usage));
}

// Returns the status, as $? has it.
static unsigned run_words(const char *const *words, size_t count)
{
    struct command_call call = {.command = command_table_find(words[0]), .host = &host};
    if (call.command == nullptr) {
        console_print("%s: there is no such command; \"help\" lists them\n", words[0]);
        return STATUS_UNKNOWN_COMMAND;
    }
    char problem[ARGUMENTS_PROBLEM_LIMIT];
    enum status status = arguments_bind(&call, words + 1, count - 1, problem) == STATUS_OK ? call.command->run(&call)
                                                                                           : refuse(&call, problem);
    return (unsigned)-(int)status;
}

enum status run_nested(struct command_call *call, size_t first)
{
    const char *words[WORDS_LIMIT];
    size_t count = call->argument_count - first;
    ASSERT(count > 0);
    for (size_t i = 0; i < count; i++)
        words[i] = call->arguments[first + i].text;
    if (run.depth == DEPTH_LIMIT)
        return command_fail(call, STATUS_RANGE, "more than %u commands within each other", DEPTH_LIMIT);
    run.depth++;
    run.last_status = run_words(words, count);
    run.depth--;
    return run.is_interrupted ? STATUS_CANCELLED : (enum status) - (int)run.last_status;
}

void run_page(void)
{
    pager_start(&run.pager);
}

// ---- one line

// Nothing of a line is run that makes no sense as a whole.
static bool makes_sense(const char *line)
{
    const char *problem = nullptr;
    enum status status;
    while ((status = words_read(&line, "0", &run.words, &problem)) == STATUS_OK)
        ;
    if (status == STATUS_INVALID)
        console_print("%s\n", problem);
    return status != STATUS_INVALID;
}

static void run_commands(void *)
{
    const char *line = run.line;
    const char *problem = nullptr;
    char last_status[12];
    while (!run.is_interrupted) {
        format_string(last_status, sizeof last_status, "%u", run.last_status);
        enum status status = words_read(&line, last_status, &run.words, &problem);
        if (status == STATUS_INVALID)
            console_print("%s\n", problem);
        if (status != STATUS_OK)
            return;
        if (run.words.count == 0)
            continue;
        pager_stop(&run.pager);
        run.is_left = false;
        run.last_status = run_words(run.words.word, run.words.count);
        if (run.is_left)
            run.last_status = 0; // who has seen enough calls it no failure
    }
}

// In a listener's task.
static void interrupt(void *)
{
    run.is_interrupted = true;
    task_cancel(run.task);
}

void run_line(const char *line)
{
    run.line = line;
    run.is_interrupted = false;
    if (!makes_sense(line)) {
        run.last_status = (unsigned)-STATUS_INVALID;
        return;
    }
    struct task_options options = {
        .name = "command", .run = run_commands, .class = TASK_NORMAL, .stack_bytes = STACK_BYTES};
    if (task_spawn(&options, &run.task) != STATUS_OK) {
        console_print("no memory for the task that would run this\n");
        run.last_status = (unsigned)-STATUS_NO_MEMORY;
        return;
    }
    (void)tty_set_interrupt((struct tty_interrupt){interrupt, nullptr});
    enum status status = task_join(run.task);
    ASSERT(status == STATUS_OK); // nobody cancels the shell
    (void)tty_set_interrupt((struct tty_interrupt){});
    if (run.is_interrupted) {
        console_print("\033[m^C\n");
        run.last_status = (unsigned)-STATUS_CANCELLED;
    }
}
