// SPDX-License-Identifier: MIT
// A fixed number of bytes full of lines. Called by the editor; must not know how they are shown.
#include "history.h"
#include <lib/panic.h>
#include <lib/string.h>

static bool is_blank(const char *line)
{
    while (*line == ' ' || *line == '\t')
        line++;
    return *line == '\0';
}

const char *history_line(const struct line_editor *editor, size_t ago)
{
    if (ago == 0 || ago > editor->history.count)
        return nullptr;
    const char *lines = editor->history.lines;
    size_t at = editor->history.used;
    for (; ago > 0; ago--) {
        at--; // the terminator
        while (at > 0 && lines[at - 1] != '\0')
            at--;
    }
    return lines + at;
}

static void drop_oldest(struct line_editor *editor)
{
    size_t size = strlen(editor->history.lines) + 1;
    editor->history.used -= size;
    editor->history.count--;
    memmove(editor->history.lines, editor->history.lines + size, editor->history.used);
}

void history_add(struct line_editor *editor)
{
    size_t size = editor->length + 1;
    const char *last = history_line(editor, 1);
    if (is_blank(editor->line) || size > editor->options.history_bytes ||
        (last != nullptr && strcmp(last, editor->line) == 0))
        return;
    ASSERT(editor->history.lines != nullptr);
    while (editor->options.history_bytes - editor->history.used < size)
        drop_oldest(editor);
    memcpy(editor->history.lines + editor->history.used, editor->line, size);
    editor->history.used += size;
    editor->history.count++;
}
