// SPDX-License-Identifier: MIT
// lib/command_line.c on any line and any key: the input is the size of the buffer, the key, a newline, the line. Keys
// and values are compared with a second reading of the grammar, which splits the line into words first.
#include <lib/command_line.h>
#include <lib/panic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char character)
{
    return character && strchr(" \t\r\n", character);
}

// Copies the next word of *LINE without the quotes of its value; returns whether there was one.
static bool next_word(const char **line, char *word)
{
    const char *at = *line;
    while (is_blank(*at))
        at++;
    bool is_there = *at != '\0', is_quoted = false, is_value = false;
    for (; *at && (is_quoted || !is_blank(*at)); at++) {
        if (is_value && *at == '"') {
            is_quoted = !is_quoted;
            continue;
        }
        if (*at == '=')
            is_value = true;
        *word++ = *at;
    }
    *word = '\0';
    *line = at;
    return is_there;
}

static const char *expected_value(const char *line, const char *key, char *word, char *value)
{
    const char *found = nullptr;
    while (next_word(&line, word)) {
        char *equals = strchr(word, '=');
        if (equals)
            *equals = '\0';
        if (strcmp(word, key) == 0)
            found = strcpy(value, equals ? equals + 1 : "");
    }
    return found;
}

static char *copy_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

static void check(const char *line, const char *key, size_t size_bytes)
{
    char *word = malloc(strlen(line) + 1), *expected_text = malloc(strlen(line) + 1);
    char *value = malloc(size_bytes); // exactly as large, so that the sanitizer sees the first byte beyond
    if (!word || !expected_text || (!value && size_bytes > 0))
        abort();
    const char *expected = expected_value(line, key, word, expected_text);
    if (command_line_find(line, key, value, size_bytes) != (expected != nullptr))
        panic("key <%s> in <%s>: wrong about its presence", key, line);
    if (expected && size_bytes > 0) {
        size_t length = strlen(expected);
        if (length > size_bytes - 1)
            length = size_bytes - 1;
        if (memcmp(value, expected, length) != 0 || value[length] != '\0')
            panic("key <%s> in <%s>: <%s> instead of <%s>", key, line, value, expected);
    }
    free(value);
    free(expected_text);
    free(word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t size_bytes = data[0] % 32;
    data++;
    size--;
    const uint8_t *newline = memchr(data, '\n', size);
    size_t key_length = newline ? (size_t)(newline - data) : size;
    char *key = copy_text(data, key_length);
    char *line = newline ? copy_text(newline + 1, size - key_length - 1) : nullptr;
    // A key with a blank or an equals sign is against the contract.
    if (!line && command_line_find(nullptr, key, nullptr, 0))
        panic("a null line has the key <%s>", key);
    if (line && !strpbrk(key, " \t\r="))
        check(line, key, size_bytes);
    free(line);
    free(key);
    return 0;
}
