// SPDX-License-Identifier: MIT
// Programs of the archive, run to their end, with what they have written. For the tests of process.
#pragma once
#include <framework/test.h>
#include <process/program.h>
#include <task/spawn.h>

constexpr size_t RUN_OUTPUT_BYTES = 8192;
constexpr size_t RUN_ARGUMENTS_MOST = 8;

// A run: PATH and what follows is the caller's to fill in.
struct run {
    const char *arguments[RUN_ARGUMENTS_MOST + 1]; // the first one is the path
    const char *input;                             // nullptr: none
    struct program_terminal terminal;
    struct program *program;
    struct problem problem;
    enum status start_status, wait_status;
    uint8_t exit_status;
    bool is_raw; // what the program made of its terminal
    size_t length;
    char output[RUN_OUTPUT_BYTES + 1]; // terminated; what does not fit is lost
};

// Begin; a task waits for the end. task_run() then runs it, and all others. The second is the first in two parts, for
// whoever wants to do something between them.
void run_start(struct run *run);
void run_await(struct run *run);
void run_begin(struct run *run);

// Run the program at PATH alone, with this input and up to three arguments, each of which may be nullptr.
struct run *run_program(const char *path, const char *input, const char *first, const char *second, const char *third);

// It has ended with STATUS, and has written OUTPUT.
void run_check(const struct run *run, uint8_t status, const char *output);
