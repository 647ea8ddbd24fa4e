// SPDX-License-Identifier: MIT
// Looks keys up in the kernel's command line (lib/command_line.h). Called by whoever has an option, at any time: the
// line is read afresh each time, nothing is kept.
#include <lib/command_line.h>
#include <lib/string.h>
#include <stdckdint.h>

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

// The end of the word at TEXT. Blanks count for nothing between quotes, and quotes only behind the equals sign.
static const char *word_end(const char *text)
{
    bool has_value = false, is_quoted = false;
    while (true) {
        while (*text > '=') // letters, which are most of it, and mean nothing here
            text++;
        if (!*text || (!is_quoted && is_blank(*text)))
            return text;
        if (*text == '=')
            has_value = true;
        else if (*text == '"' && has_value)
            is_quoted = !is_quoted;
        text++;
    }
}

// What follows KEY at the beginning of TEXT, or nullptr when that begins otherwise.
static const char *skip_key(const char *text, const char *key)
{
    for (; *key; key++, text++) {
        if (*text != *key)
            return nullptr;
    }
    return text;
}

static void copy_unquoted(const char *from, const char *end, char *value, size_t size_bytes)
{
    if (size_bytes == 0)
        return;
    for (; from < end && size_bytes > 1; from++) {
        if (*from == '"')
            continue;
        *value++ = *from;
        size_bytes--;
    }
    *value = '\0';
}

bool command_line_find(const char *line, const char *key, char *value, size_t size_bytes)
{
    if (!line)
        return false;
    bool is_found = false;
    while (*line) {
        if (is_blank(*line)) {
            line++;
            continue;
        }
        const char *end = word_end(line);
        const char *rest = skip_key(line, key);
        if (rest && rest <= end && (rest == end || *rest == '=')) {
            copy_unquoted(rest == end ? end : rest + 1, end, value, size_bytes);
            is_found = true;
        }
        line = end;
    }
    return is_found;
}

enum status command_line_find_number(const char *line, const char *key, uint64_t *number)
{
    char digits[24]; // more than 64 bits need, so what fills it may have been cut
    if (!command_line_find(line, key, digits, sizeof digits))
        return STATUS_NOT_FOUND;
    if (strlen(digits) == sizeof digits - 1)
        return STATUS_INVALID;
    uint64_t value = 0;
    const char *digit = digits;
    do {
        if (*digit < '0' || *digit > '9' || ckd_mul(&value, value, 10) || ckd_add(&value, value, *digit - '0'))
            return STATUS_INVALID;
    } while (*++digit);
    *number = value;
    return STATUS_OK;
}
