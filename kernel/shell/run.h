// SPDX-License-Identifier: MIT
// Runs lines. For the shell alone; one line at a time.
#pragma once
#include <lib/command.h>
#include <lib/status.h>
#include <stdint.h>

// Run the commands of LINE, which is shorter than WORDS_LINE_LIMIT, in a task of their own, and await their end; Ctrl-C
// ends them early. Says what cannot be run. For a task.
void run_line(const char *line);

// Run the words of CALL from argument FIRST on as a command, in the place of CALL's own.
enum status run_nested(struct command_call *call, size_t first);

// From here to the end of the command that runs, a screen of text at a time.
void run_page(void);
