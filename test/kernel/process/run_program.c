// SPDX-License-Identifier: MIT
// Starts programs and keeps what they write. Used by the tests of process.
#include "run_program.h"
#include <lib/string.h>

static enum status read_input(void *context, uint8_t *bytes, size_t size_bytes, size_t *count)
{
    struct run *run = context;
    size_t left = run->input != nullptr ? strlen(run->input) : 0;
    *count = left < size_bytes ? left : size_bytes;
    if (*count > 0)
        memcpy(bytes, run->input, *count);
    if (run->input != nullptr)
        run->input += *count;
    return STATUS_OK;
}

static enum status keep_output(void *context, const uint8_t *bytes, size_t size_bytes)
{
    struct run *run = context;
    size_t room = RUN_OUTPUT_BYTES - run->length;
    size_t count = size_bytes < room ? size_bytes : room;
    memcpy(run->output + run->length, bytes, count);
    run->length += count;
    run->output[run->length] = '\0';
    return STATUS_OK;
}

static void tell_window(void *, uint16_t *columns, uint16_t *rows)
{
    *columns = 132;
    *rows = 43;
}

static void keep_mode(void *context, const struct program_terminal_mode *mode)
{
    ((struct run *)context)->is_raw = !mode->is_canonical && !mode->echoes;
}

static void wait_for_end(void *context)
{
    struct run *run = context;
    if (run->start_status == STATUS_OK)
        run->wait_status = program_wait(run->program, &run->exit_status);
}

void run_await(struct run *run)
{
    run->wait_status = STATUS_INVALID;
    start(sequential(wait_for_end, run));
}

void run_begin(struct run *run)
{
    static const char *const environment[] = {"PATH=/bin", "HOME=/", nullptr};
    run->terminal = (struct program_terminal){read_input, keep_output, tell_window, keep_mode, run};
    struct program_options options = {
        .path = run->arguments[0],
        .arguments = run->arguments,
        .environment = environment,
        .terminal = &run->terminal,
    };
    run->start_status = program_start(&options, &run->program, &run->problem);
}

void run_start(struct run *run)
{
    run_await(run);
    run_begin(run);
}

struct run *run_program(const char *path, const char *input, const char *first, const char *second, const char *third)
{
    static struct run run;
    run = (struct run){.arguments = {path, first, second, third}, .input = input};
    run_start(&run);
    task_run();
    return &run;
}

void run_check(const struct run *run, uint8_t status, const char *output)
{
    if (run->start_status != STATUS_OK)
        FAIL("%s cannot be started: %s", run->arguments[0], run->problem.format);
    CHECK_EQUAL(run->wait_status, STATUS_OK);
    CHECK_EQUAL(run->exit_status, status);
    CHECK_STRING(run->output, output);
}
