// SPDX-License-Identifier: MIT
// The run: which tests, in which order, with which verdict. For the framework alone.
#pragma once
#include <stdint.h>

// Run what COMMAND_LINE asks for with test=<glob>, everything without it, and end the emulator with the verdict.
[[noreturn]] void run_tests(const char *command_line);

// How many tests PATTERN means: run_matching() of none fails.
unsigned run_count(const char *pattern);

// Run those and return. On the boot stack, outside of tasks; any number of times.
void run_matching(const char *pattern);
