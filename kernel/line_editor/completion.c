// SPDX-License-Identifier: MIT
// Completion: what all candidates have in common, and a list of them. Called by the editor; knows no command.
#include "completion.h"
#include "display.h"
#include "edit.h"
#include <lib/format.h>
#include <lib/string.h>

constexpr size_t LISTED_LIMIT = 100;
constexpr size_t CANDIDATE_LIMIT = 60; // bytes that are shown of one

// The candidates that begin with what stands before the cursor, one after the other.
struct candidates {
    struct line_editor *editor;
    size_t index, typed_length;
};

static const char *next_candidate(struct candidates *candidates)
{
    struct line_editor *editor = candidates->editor;
    while (true) {
        size_t start = editor->cursor;
        const char *word = editor->options.complete(editor->options.context, editor->line, editor->cursor,
                                                    candidates->index++, &start);
        if (word == nullptr)
            return nullptr;
        candidates->typed_length = editor->cursor - start;
        if (strncmp(word, editor->line + start, candidates->typed_length) == 0)
            return word;
    }
}

struct match {
    size_t count, longest;
    const char *first;
    size_t common; // bytes that all have in common
    size_t typed_length;
};

static struct match match_all(struct line_editor *editor)
{
    struct candidates candidates = {.editor = editor};
    struct match match = {};
    const char *word;
    while ((word = next_candidate(&candidates)) != nullptr) {
        size_t length = strlen(word);
        if (match.count++ == 0) {
            match.first = word;
            match.common = length;
        }
        size_t common = 0;
        while (common < match.common && word[common] == match.first[common])
            common++;
        match.common = common;
        match.longest = length > match.longest ? length : match.longest;
        match.typed_length = candidates.typed_length;
    }
    return match;
}

static void say_padded(struct line_editor *editor, const char *word, size_t width)
{
    char cell[CANDIDATE_LIMIT + 4];
    size_t length = format_string(cell, sizeof cell, "%-*.*s", (int)width, (int)CANDIDATE_LIMIT, word);
    display_say(editor, cell, length);
}

static void list(struct line_editor *editor, const struct match *match)
{
    size_t cursor = editor->cursor;
    size_t width = (match->longest < CANDIDATE_LIMIT ? match->longest : CANDIDATE_LIMIT) + 2;
    size_t columns = editor->display.columns / width;
    columns = columns == 0 ? 1 : columns;
    struct candidates candidates = {.editor = editor};
    display_leave(editor, "");
    editor->cursor = cursor; // next_candidate() looks at what stands before it
    const char *word;
    size_t count = 0;
    for (; count < LISTED_LIMIT && (word = next_candidate(&candidates)) != nullptr; count++) {
        bool ends_row = (count + 1) % columns == 0 || count + 1 == match->count;
        say_padded(editor, word, ends_row ? 0 : width);
        display_say(editor, "\n", ends_row ? 1 : 0);
    }
    if (count < match->count) {
        char more[40];
        size_t length = format_string(more, sizeof more, "%s... %zu more\n", count % columns == 0 ? "" : "\n",
                                      match->count - count);
        display_say(editor, more, length);
    }
    display_begin(editor);
}

void completion_run(struct line_editor *editor, bool is_second)
{
    struct match match = {};
    if (editor->options.complete != nullptr)
        match = match_all(editor);
    if (match.count == 1) {
        if (edit_insert(editor, match.first + match.typed_length, match.common - match.typed_length))
            edit_insert(editor, " ", 1);
    } else if (match.count != 0 && match.common > match.typed_length) {
        edit_insert(editor, match.first + match.typed_length, match.common - match.typed_length);
    } else if (match.count != 0 && is_second) {
        list(editor, &match);
    } else {
        edit_bell(editor);
    }
}
