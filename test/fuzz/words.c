// SPDX-License-Identifier: MIT
// shell/syntax on any line: what is read, quoted anew, is read the same again; every word can be bound and read as a
// number without harm.
#include <lib/panic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syntax/arguments.h>
#include <syntax/words.h>

static const char *yes(size_t index)
{
    return index == 0 ? "yes" : nullptr;
}

static const struct command command = {
    .name = "fuzz",
    .parameters = {{"a", .kind = COMMAND_NUMBER}, {"b", yes, .kind = COMMAND_WORD}, {"c", .kind = COMMAND_REST}}};

// Every character behind a backslash: another spelling of the same words.
static char *quote(const struct words *words)
{
    char *line = malloc(2 * sizeof words->storage + 4 * WORDS_LIMIT), *at = line;
    if (!line)
        abort();
    for (size_t i = 0; i < words->count; i++) {
        if (words->word[i][0] == '\0')
            at = (char *)memcpy(at, "''", 2) + 2;
        for (const char *character = words->word[i]; *character; character++) {
            *at++ = '\\';
            *at++ = *character;
        }
        *at++ = ' ';
    }
    *at = '\0';
    return line;
}

static void require_same(const struct words *words)
{
    static struct words again;
    char *line = quote(words);
    const char *at = line, *problem = nullptr;
    if (strlen(line) < WORDS_LINE_LIMIT) {
        enum status status = words_read(&at, "0", &again, &problem);
        if (status != (words->count != 0 ? STATUS_OK : STATUS_NOT_FOUND) || *at != '\0' || again.count != words->count)
            panic("%zu words are read as %zu, status %d, from <%s>", words->count, again.count, status, line);
        for (size_t i = 0; i < words->count; i++) {
            if (strcmp(words->word[i], again.word[i]) != 0)
                panic("word %zu, <%s>, is read as <%s>", i, words->word[i], again.word[i]);
        }
    }
    free(line);
}

static void bind(const struct words *words)
{
    struct command_call call = {.command = &command};
    char problem[ARGUMENTS_PROBLEM_LIMIT] = "";
    enum status status = arguments_bind(&call, words->word + 1, words->count - 1, problem);
    if (status != STATUS_OK && (problem[0] == '\0' || strlen(problem) >= sizeof problem))
        panic("a wrong argument without a sentence");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct words words;
    char *line = malloc(size + 1);
    if (!line)
        abort();
    memcpy(line, data, size);
    line[size] = '\0';
    const char *at = line, *problem = nullptr;
    enum status status = STATUS_OK;
    while (strlen(line) < WORDS_LINE_LIMIT && (status = words_read(&at, "127", &words, &problem)) == STATUS_OK) {
        require_same(&words);
        if (words.count != 0)
            bind(&words);
    }
    if (status == STATUS_INVALID && problem == nullptr)
        panic("a line that makes no sense, without a sentence");
    free(line);
    return 0;
}
