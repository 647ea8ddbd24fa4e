// SPDX-License-Identifier: MIT
// Finds the parameter that a word would stand for. Called by the shell when somebody presses Tab.
#include <lib/string.h>
#include <syntax/arguments.h>
#include <syntax/completion.h>

static bool separates(char character)
{
    return character == ' ' || character == '\t' || character == ';';
}

// The words of the last command in the line. False: the line makes no sense so far.
static bool read_last_command(struct completion *completion)
{
    const char *at = completion->line, *problem = nullptr;
    while (*at != '\0') {
        enum status status = words_read(&at, "0", &completion->words, &problem);
        if (status == STATUS_NOT_FOUND || at[-1] == ';')
            completion->words.count = 0;
        if (status == STATUS_INVALID)
            return false;
    }
    return true;
}

// What may be the word at INDEX of WORDS, of which the ones before it have been typed.
static command_choice_fn *choice_at(const char *const *words, size_t index, command_choice_fn *names,
                                    completion_find_fn *find)
{
    while (index > 0) {
        const struct command *command = find(words[0]);
        const struct command_parameter *parameter =
            command != nullptr ? arguments_parameter(command, index - 1) : nullptr;
        if (parameter == nullptr || parameter->kind != COMMAND_LINE)
            return parameter != nullptr ? parameter->choice : nullptr;
        size_t skipped = 1 + (size_t)(parameter - command->parameters);
        words += skipped;
        index -= skipped;
    }
    return names;
}

command_choice_fn *completion_choice(struct completion *completion, const char *line, size_t length,
                                     command_choice_fn *names, completion_find_fn *find, size_t *start)
{
    memcpy(completion->line, line, length);
    completion->line[length] = '\0';
    completion->words.count = 0;
    if (!read_last_command(completion))
        return nullptr;
    size_t word_start = length;
    while (word_start > 0 && !separates(line[word_start - 1]))
        word_start--;
    const struct words *words = &completion->words;
    size_t index = words->count;
    if (word_start != length) {
        // Quotes and comments make other words than what stands there.
        if (index == 0 || strcmp(words->word[index - 1], completion->line + word_start) != 0)
            return nullptr;
        index--;
    }
    *start = word_start;
    return choice_at(words->word, index, names, find);
}
