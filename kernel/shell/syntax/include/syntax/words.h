// SPDX-License-Identifier: MIT
// From a line to commands and their words. Words are separated by blanks, commands by ';'. A '#' where a word could
// begin makes the rest of the line a comment. Within '...' every character stands for itself; within "..." a backslash
// makes '"' and '\' ordinary, outside of quotes any character. $? stands for the status of the last command, except
// within '...'. Pure; any context. Exported names start with words_.
#pragma once
#include <lib/command.h>
#include <lib/status.h>
#include <stddef.h>

constexpr size_t WORDS_LINE_LIMIT = 4096;                  // bytes of a line, its terminator included
constexpr size_t WORDS_LIMIT = COMMAND_ARGUMENT_LIMIT + 1; // the command's name and its arguments

struct words {
    size_t count;
    const char *word[WORDS_LIMIT]; // terminated, in STORAGE
    char storage[WORDS_LINE_LIMIT + WORDS_LIMIT];
};

// Read the words of the command at *LINE, which is shorter than WORDS_LINE_LIMIT, and move *LINE behind it. LAST_STATUS
// is what $? stands for: a text. STATUS_NOT_FOUND at the end of the line: there is no command any more. STATUS_INVALID:
// *PROBLEM, a constant sentence, says why the line makes no sense, and nothing of it is to be run. A command between
// two semicolons may have no words. O(length).
[[nodiscard]] enum status words_read(const char **line, const char *last_status, struct words *words,
                                     const char **problem);
