// SPDX-License-Identifier: MIT
// The search: a pattern that grows, and the newest line that has it. Called by the editor while it is on.
#include "search.h"
#include "display.h"
#include "edit.h"
#include "history.h"
#include "text.h"
#include <lib/format.h>
#include <lib/string.h>

// Where PATTERN of LENGTH bytes begins in LINE; its length: nowhere.
static size_t find(const char *line, const char *pattern, size_t length)
{
    size_t line_length = strlen(line);
    for (size_t at = 0; at + length <= line_length; at++) {
        if (memcmp(line + at, pattern, length) == 0)
            return at;
    }
    return line_length;
}

// Shows the search with LINE in the place of the line, the cursor at byte CURSOR.
static void show(struct line_editor *editor, const char *line, size_t cursor)
{
    format_string(editor->search.prompt, sizeof editor->search.prompt,
                  "%s\"%.*s\": ", editor->search.has_failed ? "not found " : "search ", (int)editor->search.length,
                  editor->search.pattern);
    edit_replace(editor, line, cursor);
}

// Looks from the line AGO on, older or newer; what is shown stays when there is none.
static void look(struct line_editor *editor, size_t ago, bool is_newer)
{
    const char *pattern = editor->search.pattern;
    size_t length = editor->search.length;
    const char *line;
    for (; (line = history_line(editor, ago)) != nullptr; ago = is_newer ? ago - 1 : ago + 1) {
        size_t at = find(line, pattern, length);
        if (at + length > strlen(line))
            continue;
        editor->search.has_failed = false;
        editor->history.shown = ago;
        show(editor, line, at);
        return;
    }
    editor->search.has_failed = true;
    edit_bell(editor);
    show(editor, editor->line, editor->cursor);
}

static void end(struct line_editor *editor)
{
    editor->search.is_on = false;
    editor->display.prompt = editor->search.outer_prompt;
    display_redraw(editor);
}

static void give_up(struct line_editor *editor)
{
    editor->search.is_on = false;
    editor->display.prompt = editor->search.outer_prompt;
    editor->history.shown = 0;
    edit_replace(editor, editor->aside, editor->aside_length);
}

static void lengthen(struct line_editor *editor, uint32_t codepoint)
{
    char bytes[4];
    size_t length = text_encode(codepoint, bytes);
    if (length > sizeof editor->search.pattern - editor->search.length) {
        edit_bell(editor);
        return;
    }
    memcpy(editor->search.pattern + editor->search.length, bytes, length);
    editor->search.length += length;
    look(editor, editor->history.shown == 0 ? 1 : editor->history.shown, false);
}

static void shorten(struct line_editor *editor)
{
    if (editor->search.length == 0) {
        edit_bell(editor);
        return;
    }
    editor->search.length = text_before(editor->search.pattern, editor->search.length);
    look(editor, 1, false);
}

void search_start(struct line_editor *editor)
{
    if (editor->history.shown == 0) {
        editor->aside_length = editor->length;
        memcpy(editor->aside, editor->line, editor->length + 1);
    }
    editor->search.is_on = true;
    editor->search.has_failed = false;
    editor->search.length = 0;
    editor->search.outer_prompt = editor->display.prompt;
    editor->display.prompt = editor->search.prompt;
    show(editor, editor->line, editor->cursor);
}

bool search_take(struct line_editor *editor, struct typed_key key)
{
    size_t shown = editor->history.shown;
    if (key.kind == TYPED_CHARACTER) {
        lengthen(editor, key.codepoint);
    } else if (key.kind == TYPED_BACKSPACE) {
        shorten(editor);
    } else if (key.kind == TYPED_CONTROL && key.codepoint == 'R') {
        look(editor, shown + 1, false);
    } else if (key.kind == TYPED_CONTROL && key.codepoint == 'S') {
        look(editor, shown == 0 ? 0 : shown - 1, true);
    } else if (key.kind == TYPED_CONTROL && (key.codepoint == 'G' || key.codepoint == 'C')) {
        give_up(editor);
        return key.codepoint == 'G';
    } else {
        end(editor);
        return false;
    }
    return true;
}
