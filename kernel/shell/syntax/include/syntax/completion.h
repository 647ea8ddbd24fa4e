// SPDX-License-Identifier: MIT
// What could stand at a place of a line that is being typed. Pure; any context. Exported names start with completion_.
#pragma once
#include <lib/command.h>
#include <stddef.h>
#include <syntax/words.h>

typedef const struct command *completion_find_fn(const char *name);

// Its memory; the fields are completion's own.
struct completion {
    char line[WORDS_LINE_LIMIT];
    struct words words;
};

// The words that could stand where LINE ends after LENGTH bytes, fewer than WORDS_LINE_LIMIT; *START is where in LINE
// the word begins that is to be completed. NAMES are those of all commands, and FIND looks one up. nullptr: nothing is
// known, because anything may stand there, or because quotes make it too hard to tell. O(LENGTH).
[[nodiscard]] command_choice_fn *completion_choice(struct completion *completion, const char *line, size_t length,
                                                   command_choice_fn *names, completion_find_fn *find, size_t *start);
