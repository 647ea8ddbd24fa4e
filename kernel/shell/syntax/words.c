// SPDX-License-Identifier: MIT
// Splits a line. Called by the shell for each command of a line, once to see that all of it makes sense, once to run
// it.
#include <lib/string.h>
#include <syntax/words.h>

struct reader {
    const char *at;
    const char *last_status;
    struct words *words;
    size_t used; // of the storage
    const char *problem;
};

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static bool is_end(char character)
{
    return character == '\0' || character == ';';
}

// One byte is kept for the terminator.
static void put(struct reader *reader, char character)
{
    if (reader->used + 1 >= sizeof reader->words->storage)
        reader->problem = "the line is too long once $? is replaced";
    else
        reader->words->storage[reader->used++] = character;
}

static void put_last_status(struct reader *reader)
{
    for (const char *digit = reader->last_status; *digit != '\0'; digit++)
        put(reader, *digit);
    reader->at += 2;
}

static bool is_last_status(const struct reader *reader)
{
    return reader->at[0] == '$' && reader->at[1] == '?';
}

// At the opening quote; leaves behind the closing one.
static void read_quoted(struct reader *reader)
{
    char quote = *reader->at++;
    while (*reader->at != quote && reader->problem == nullptr) {
        if (*reader->at == '\0') {
            reader->problem = quote == '"' ? "a \" is never closed" : "a ' is never closed";
        } else if (quote == '"' && is_last_status(reader)) {
            put_last_status(reader);
        } else {
            if (quote == '"' && reader->at[0] == '\\' && (reader->at[1] == '"' || reader->at[1] == '\\'))
                reader->at++;
            put(reader, *reader->at++);
        }
    }
    if (reader->problem == nullptr)
        reader->at++;
}

static void read_word(struct reader *reader)
{
    if (reader->words->count == WORDS_LIMIT) {
        reader->problem = "a command has more than 32 arguments";
        return;
    }
    reader->words->word[reader->words->count++] = reader->words->storage + reader->used;
    while (!is_blank(*reader->at) && !is_end(*reader->at) && reader->problem == nullptr) {
        if (*reader->at == '"' || *reader->at == '\'') {
            read_quoted(reader);
        } else if (is_last_status(reader)) {
            put_last_status(reader);
        } else if (reader->at[0] == '\\' && reader->at[1] == '\0') {
            reader->problem = "the line ends with a backslash";
        } else {
            reader->at += reader->at[0] == '\\';
            put(reader, *reader->at++);
        }
    }
    reader->words->storage[reader->used++] = '\0';
}
static_assert(COMMAND_ARGUMENT_LIMIT == 32, "a sentence above names the limit");

static void skip_blanks(struct reader *reader)
{
    while (is_blank(*reader->at))
        reader->at++;
    if (*reader->at == '#')
        reader->at += strlen(reader->at);
}

enum status words_read(const char **line, const char *last_status, struct words *words, const char **problem)
{
    struct reader reader = {.at = *line, .last_status = last_status, .words = words};
    words->count = 0;
    skip_blanks(&reader);
    if (*reader.at == '\0') {
        *line = reader.at;
        return STATUS_NOT_FOUND;
    }
    while (!is_end(*reader.at) && reader.problem == nullptr) {
        read_word(&reader);
        skip_blanks(&reader);
    }
    if (reader.problem != nullptr) {
        *problem = reader.problem;
        return STATUS_INVALID;
    }
    *line = reader.at + (*reader.at == ';');
    return STATUS_OK;
}
