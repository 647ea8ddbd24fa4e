// SPDX-License-Identifier: MIT
// What each key does. Called by whoever owns the line; knows neither where bytes come from nor who shows them.
#include "completion.h"
#include "display.h"
#include "edit.h"
#include "history.h"
#include "search.h"
#include "text.h"
#include <lib/panic.h>
#include <lib/string.h>

// ---- the history

static void show_history(struct line_editor *editor, size_t ago)
{
    const char *line = ago == 0 ? editor->aside : history_line(editor, ago);
    if (line == nullptr) {
        edit_bell(editor);
        return;
    }
    if (editor->history.shown == 0 && !HEWN_BREAK_LINE_EDITOR_LOST_LINE) {
        editor->aside_length = editor->length;
        memcpy(editor->aside, editor->line, editor->length + 1);
    }
    editor->history.shown = ago;
    edit_replace(editor, line, strlen(line));
}

static void go_back(struct line_editor *editor)
{
    show_history(editor, editor->history.shown + 1);
}

static void go_forth(struct line_editor *editor)
{
    if (editor->history.shown == 0)
        edit_bell(editor);
    else
        show_history(editor, editor->history.shown - 1);
}

// ---- moving and removing

static void move_left(struct line_editor *editor)
{
    if (editor->cursor == 0)
        edit_bell(editor);
    else
        edit_move(editor, text_before(editor->line, editor->cursor));
}

static void move_right(struct line_editor *editor)
{
    if (editor->cursor == editor->length)
        edit_bell(editor);
    else
        edit_move(editor, text_behind(editor->line, editor->length, editor->cursor));
}

static void move_word_left(struct line_editor *editor)
{
    edit_move(editor, text_word_start(editor->line, editor->cursor));
}

static void move_word_right(struct line_editor *editor)
{
    edit_move(editor, text_word_end(editor->line, editor->length, editor->cursor));
}

static void remove_before(struct line_editor *editor)
{
    size_t start = editor->cursor == 0 ? 0 : text_before(editor->line, editor->cursor);
    edit_remove(editor, start, editor->cursor, false);
}

static void remove_behind(struct line_editor *editor)
{
    size_t at = editor->cursor;
    size_t end = at == editor->length ? at : text_behind(editor->line, editor->length, at);
    edit_remove(editor, at, end, false);
}

// Back to the last blank, as the terminal drivers of Unix do.
static void kill_to_blank(struct line_editor *editor)
{
    size_t start = editor->cursor;
    while (start > 0 && editor->line[start - 1] == ' ')
        start--;
    while (start > 0 && editor->line[start - 1] != ' ')
        start--;
    edit_remove(editor, start, editor->cursor, true);
}

static void yank(struct line_editor *editor)
{
    edit_insert(editor, editor->killed, editor->killed_length);
}

// ---- the end of a line

static enum line_event finish(struct line_editor *editor)
{
    display_leave(editor, "");
    history_add(editor);
    return LINE_IS_FINISHED;
}

static enum line_event interrupt(struct line_editor *editor)
{
    display_leave(editor, "^C");
    return LINE_IS_INTERRUPTED;
}

static enum line_event delete_or_end(struct line_editor *editor)
{
    if (editor->length != 0) {
        remove_behind(editor);
        return LINE_GOES_ON;
    }
    display_leave(editor, "");
    return LINE_INPUT_ENDS;
}

// ---- keys

static void insert(struct line_editor *editor, uint32_t codepoint)
{
    char bytes[4];
    edit_insert(editor, bytes, text_encode(codepoint, bytes));
}

static enum line_event take_control(struct line_editor *editor, uint32_t letter)
{
    switch (letter) {
    case 'A':
        edit_move(editor, 0);
        break;
    case 'B':
        move_left(editor);
        break;
    case 'C':
        return interrupt(editor);
    case 'D':
        return delete_or_end(editor);
    case 'E':
        edit_move(editor, editor->length);
        break;
    case 'F':
        move_right(editor);
        break;
    case 'K':
        edit_remove(editor, editor->cursor, editor->length, true);
        break;
    case 'L':
        display_clear_screen(editor);
        break;
    case 'N':
        go_forth(editor);
        break;
    case 'P':
        go_back(editor);
        break;
    case 'R':
        search_start(editor);
        break;
    case 'T':
        edit_transpose(editor);
        break;
    case 'U':
        edit_remove(editor, 0, editor->cursor, true);
        break;
    case 'W':
        kill_to_blank(editor);
        break;
    case 'Y':
        yank(editor);
        break;
    default:
        edit_bell(editor);
        break;
    }
    return LINE_GOES_ON;
}

static void take_meta(struct line_editor *editor, uint32_t character)
{
    size_t cursor = editor->cursor;
    switch (character) {
    case 'b':
        move_word_left(editor);
        break;
    case 'f':
        move_word_right(editor);
        break;
    case 'd':
        edit_remove(editor, cursor, text_word_end(editor->line, editor->length, cursor), true);
        break;
    case 0x7f:
        edit_remove(editor, text_word_start(editor->line, cursor), cursor, true);
        break;
    default:
        edit_bell(editor);
        break;
    }
}

static enum line_event take_typed(struct line_editor *editor, struct typed_key key)
{
    switch (key.kind) {
    case TYPED_CHARACTER:
        insert(editor, key.codepoint);
        break;
    case TYPED_CONTROL:
        return take_control(editor, key.codepoint);
    case TYPED_META:
        take_meta(editor, key.codepoint);
        break;
    case TYPED_ENTER:
        return finish(editor);
    case TYPED_TAB:
        completion_run(editor, editor->has_tabbed);
        break;
    case TYPED_BACKSPACE:
        remove_before(editor);
        break;
    case TYPED_DELETE:
        remove_behind(editor);
        break;
    case TYPED_UP:
        go_back(editor);
        break;
    case TYPED_DOWN:
        go_forth(editor);
        break;
    case TYPED_LEFT:
        move_left(editor);
        break;
    case TYPED_RIGHT:
        move_right(editor);
        break;
    case TYPED_WORD_LEFT:
        move_word_left(editor);
        break;
    case TYPED_WORD_RIGHT:
        move_word_right(editor);
        break;
    case TYPED_HOME:
        edit_move(editor, 0);
        break;
    case TYPED_END:
        edit_move(editor, editor->length);
        break;
    case TYPED_PASTE_BEGIN:
        editor->is_pasting = true;
        break;
    case TYPED_PASTE_END:
        break;
    }
    return LINE_GOES_ON;
}

// What is pasted is text: no key but the end of a line, and Ctrl-C, because the end of the paste may have been lost.
static enum line_event take_pasted(struct line_editor *editor, struct typed_key key)
{
    bool is_interrupt = key.kind == TYPED_CONTROL && key.codepoint == 'C';
    if (key.kind == TYPED_PASTE_END || is_interrupt)
        editor->is_pasting = false;
    if (key.kind == TYPED_TAB)
        insert(editor, '\t');
    else if (key.kind == TYPED_CHARACTER)
        insert(editor, key.codepoint);
    else if (key.kind == TYPED_ENTER || is_interrupt)
        return take_typed(editor, key);
    else if (key.kind == TYPED_CONTROL && key.codepoint != '@') // a line has no byte 0
        insert(editor, key.codepoint ^ 0x40);
    return LINE_GOES_ON;
}

static enum line_event take(struct line_editor *editor, struct typed_key key)
{
    if (editor->search.is_on && search_take(editor, key))
        return LINE_GOES_ON;
    enum line_event event = editor->is_pasting ? take_pasted(editor, key) : take_typed(editor, key);
    editor->has_tabbed = key.kind == TYPED_TAB;
    return event;
}

enum line_event line_editor_push(struct line_editor *editor, uint8_t byte)
{
    struct typed_key keys[KEY_DECODER_LIMIT];
    size_t count = key_decoder_push(&editor->decoder, byte, keys);
    enum line_event event = LINE_GOES_ON;
    for (size_t i = 0; i < count; i++)
        event = take(editor, keys[i]); // none but the last ends a line: what comes before it is a broken character
    display_flush(editor);
    return event;
}

// ---- the rest of the interface

void line_editor_init(struct line_editor *editor, const struct line_editor_options *options)
{
    ASSERT(options->line_bytes >= 2);
    *editor = (struct line_editor){.options = *options};
    editor->line = options->memory;
    editor->killed = editor->line + options->line_bytes;
    editor->aside = editor->killed + options->line_bytes;
    editor->history.lines = editor->aside + options->line_bytes;
}

void line_editor_start(struct line_editor *editor, const char *prompt, unsigned columns, unsigned rows)
{
    editor->length = editor->cursor = 0;
    editor->line[0] = '\0';
    editor->is_cut = false;
    editor->history.shown = 0;
    editor->has_tabbed = false;
    editor->display.prompt = prompt;
    editor->display.columns = columns < LINE_COLUMNS_LEAST ? LINE_COLUMNS_LEAST : columns;
    editor->display.rows = rows == 0 ? 1 : rows;
    display_begin(editor);
    display_flush(editor);
}

bool line_editor_is_waiting(const struct line_editor *editor)
{
    return key_decoder_is_waiting(&editor->decoder);
}

void line_editor_pause(struct line_editor *editor)
{
    key_decoder_forget(&editor->decoder);
}

void line_editor_show(struct line_editor *editor)
{
    display_begin(editor);
    display_flush(editor);
}
