// SPDX-License-Identifier: MIT
// The line's bytes. Called by the editor for each key that changes them; must not know which key it was.
#include "edit.h"
#include "display.h"
#include "text.h"
#include <lib/string.h>

void edit_bell(struct line_editor *editor)
{
    display_say(editor, "\a", 1);
}

bool edit_insert(struct line_editor *editor, const char *text, size_t length)
{
    if (length > editor->options.line_bytes - 1 - editor->length) {
        editor->is_cut = true;
        edit_bell(editor);
        return false;
    }
    size_t at = editor->cursor;
    memmove(editor->line + at + length, editor->line + at, editor->length - at + 1);
    memcpy(editor->line + at, text, length);
    editor->length += length;
    editor->cursor += length;
    display_update(editor, at);
    return true;
}

void edit_move(struct line_editor *editor, size_t at)
{
    editor->cursor = at;
    display_move(editor);
}

void edit_remove(struct line_editor *editor, size_t start, size_t end, bool is_killed)
{
    if (start == end) {
        edit_bell(editor);
        return;
    }
    if (is_killed) {
        editor->killed_length = end - start - HEWN_BREAK_LINE_EDITOR_LOST_BYTE;
        memcpy(editor->killed, editor->line + start, end - start);
    }
    memmove(editor->line + start, editor->line + end, editor->length - end + 1);
    editor->is_cut = false; // who removes something has seen what is there
    editor->length -= end - start;
    editor->cursor = start;
    display_update(editor, start);
}

// At the end of the line, of the last two.
void edit_transpose(struct line_editor *editor)
{
    size_t middle = editor->cursor;
    if (middle == editor->length && middle > 0)
        middle = text_before(editor->line, middle);
    if (middle == 0) {
        edit_bell(editor);
        return;
    }
    size_t start = text_before(editor->line, middle);
    size_t end = text_behind(editor->line, editor->length, middle);
    // Turn the two around, then each of them: what stood first comes last, and neither is torn.
    for (size_t turned = middle; turned < end; turned++) {
        char byte = editor->line[turned];
        memmove(editor->line + start + 1 + (turned - middle), editor->line + start + (turned - middle), middle - start);
        editor->line[start + (turned - middle)] = byte;
    }
    editor->cursor = end;
    display_update(editor, start);
}

void edit_replace(struct line_editor *editor, const char *line, size_t cursor)
{
    editor->length = strlen(line);
    memmove(editor->line, line, editor->length + 1);
    editor->cursor = cursor;
    display_redraw(editor);
}
