// SPDX-License-Identifier: MIT
// The shell's own commands: those that speak of commands or run others.
#include "run.h"
#include "table.h"
#include <arch/tsc.h>
#include <lib/command.h>
#include <lib/command_list.h>
#include <lib/format.h>
#include <syntax/arguments.h>
#include <time/time.h>

typedef unsigned long long printable_t;

// ---- help

static void explain_parameter(struct command_call *call, const struct command_parameter *parameter)
{
    if (parameter->choice == nullptr || parameter->is_open || parameter->kind != COMMAND_WORD)
        return;
    char title[40];
    size_t length = format_string(title, sizeof title, "  %s:", parameter->name);
    struct command_list list = command_list_begin(call, (unsigned)length + 1, title);
    const char *word;
    for (size_t i = 0; (word = parameter->choice(i)) != nullptr; i++)
        command_list_add(&list, "%s", word);
    command_list_end(&list, "");
}

static void explain(struct command_call *call, const struct command *command)
{
    char usage[ARGUMENTS_USAGE_LIMIT];
    command_print(call, "%s\n  %s\n", arguments_usage(command, usage), command->summary);
    for (size_t i = 0; i < COMMAND_PARAMETER_LIMIT && command->parameters[i].kind != COMMAND_END; i++)
        explain_parameter(call, &command->parameters[i]);
    if (command->details != nullptr)
        command_print(call, "%s", command->details);
}

static enum status run_help(struct command_call *call)
{
    if (call->argument_count == 1) {
        explain(call, command_table_find(call->arguments[0].text));
        return STATUS_OK;
    }
    for (size_t i = 0; i < command_table_count(); i++)
        command_print(call, "%-10s %s\n", command_table_at(i)->name, command_table_at(i)->summary);
    command_print(call, "\"help <command>\" says more. Tab completes, Ctrl-C ends what runs,\n"
                        "Shift+PageUp looks back.\n");
    return STATUS_OK;
}

COMMAND(help, .summary = "list the commands, or say how one is used", .run = run_help,
        .parameters = {{"command", command_table_name, COMMAND_WORD, .is_optional = true}});

// ---- echo

static enum status run_echo(struct command_call *call)
{
    for (size_t i = 0; i < call->argument_count; i++)
        command_print(call, "%s%s", i == 0 ? "" : " ", call->arguments[i].text);
    command_print(call, "\n");
    return STATUS_OK;
}

COMMAND(echo, .summary = "say its arguments", .run = run_echo,
        .details = "$? stands for the status of the last command: 0, or why it failed.\n",
        .parameters = {{"word", .kind = COMMAND_REST}});

// ---- commands that run others

static enum status run_time(struct command_call *call)
{
    uint64_t start_ns = time_now_ns(), start_ticks = tsc_read();
    enum status status = run_nested(call, 0);
    uint64_t ticks = tsc_read() - start_ticks, duration_us = (time_now_ns() - start_ns) / 1000;
    command_print(call, "%llu.%03llu ms, %llu ticks of the TSC\n", (printable_t)(duration_us / 1000),
                  (printable_t)(duration_us % 1000), (printable_t)ticks);
    return status;
}

COMMAND(time, .summary = "run a command and say how long it took", .run = run_time,
        .parameters = {{"command", .kind = COMMAND_LINE}});

static enum status run_repeat(struct command_call *call)
{
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < call->arguments[0].number && status == STATUS_OK; i++)
        status = command_goes_on(call) ? run_nested(call, 1) : STATUS_CANCELLED;
    return status;
}

COMMAND(repeat, .summary = "run a command several times, until it fails", .run = run_repeat,
        .parameters = {{"count", .kind = COMMAND_NUMBER}, {"command", .kind = COMMAND_LINE}});

static enum status run_pages(struct command_call *call)
{
    run_page();
    return run_nested(call, 0);
}

COMMAND(page, .summary = "run a command and show its text a screen at a time", .run = run_pages,
        .parameters = {{"command", .kind = COMMAND_LINE}});
