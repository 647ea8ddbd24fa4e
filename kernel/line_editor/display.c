// SPDX-License-Identifier: MIT
// Draws as little of a line as has changed. Called by the editor; must not know why something changed.
//
// Where a character is, is a row and a column that count from the prompt's first cell. Rows end with a line feed, which
// is sent when the first character of the next row comes, or the end of the line: until then the terminal may think of
// the cursor as on the last cell or beyond it, and either is fine.
#include "display.h"
#include "text.h"
#include <lib/format.h>
#include <lib/string.h>

// ---- what is said

void display_flush(struct line_editor *editor)
{
    if (editor->output_length != 0)
        editor->options.write(editor->options.context, editor->output, editor->output_length);
    editor->output_length = 0;
}

void display_say(struct line_editor *editor, const char *text, size_t length)
{
    while (length != 0) {
        size_t room = sizeof editor->output - editor->output_length;
        size_t part = length < room ? length : room;
        memcpy(editor->output + editor->output_length, text, part);
        editor->output_length += part;
        text += part;
        length -= part;
        if (editor->output_length == sizeof editor->output)
            display_flush(editor);
    }
}

static void say(struct line_editor *editor, const char *text)
{
    display_say(editor, text, strlen(text));
}

static void say_sequence(struct line_editor *editor, unsigned number, char final)
{
    char sequence[16];
    size_t length = format_string(sequence, sizeof sequence, "\033[%u%c", number, final);
    display_say(editor, sequence, length);
}

// ---- where things are

static struct line_place behind(struct line_place place, unsigned cells, unsigned columns)
{
#if HEWN_BREAK_LINE_EDITOR_EARLY_WRAP
    columns--;
#endif
    bool wraps = cells != 0 && place.column + cells > columns;
    return wraps ? (struct line_place){place.row + 1, cells} : (struct line_place){place.row, place.column + cells};
}

// Cells of the prompt: control sequences take none.
static unsigned prompt_cells(const char *prompt)
{
    unsigned cells = 0;
    bool is_in_sequence = false;
    for (size_t at = 0; prompt[at] != '\0';) {
        struct text_character character = text_character(prompt, at);
        if (prompt[at] == '\033')
            is_in_sequence = true;
        else if (is_in_sequence)
            is_in_sequence = prompt[at] == '[' || prompt[at] < '@';
        else
            cells += character.cells;
        at += character.bytes;
    }
    return cells;
}

// Goes through the line: the place of each character, and where it begins.
struct walk {
    struct line_place place; // behind the character before AT
    size_t at;
    bool is_plain; // each character before AT, in AT's row, takes one cell
    size_t row_start;
};

static struct walk start_walk(const struct line_editor *editor)
{
    return (struct walk){.place = {0, prompt_cells(editor->display.prompt)}, .is_plain = true};
}

// Moves on behind one character, which is not the end.
static void step(const struct line_editor *editor, struct walk *walk)
{
    struct text_character character = text_character(editor->line, walk->at);
    unsigned row = walk->place.row;
    walk->place = behind(walk->place, character.cells, editor->display.columns);
    if (walk->place.row != row) {
        walk->is_plain = true;
        walk->row_start = walk->at;
    }
    if (character.cells != 1 || character.is_alone)
        walk->is_plain = false;
    walk->at += character.bytes;
}

// The row ends before what comes next, if that takes CELLS.
static void settle(const struct line_editor *editor, struct walk *walk, unsigned cells)
{
    struct line_place next = behind(walk->place, cells, editor->display.columns);
    if (next.row == walk->place.row)
        return;
    walk->place = (struct line_place){next.row, 0};
    walk->is_plain = true;
    walk->row_start = walk->at;
}

static struct walk walk_to(const struct line_editor *editor, size_t offset)
{
    struct walk walk = start_walk(editor);
    while (walk.at < offset)
        step(editor, &walk);
    return walk;
}

// Where the editor's cursor is: on the character behind it.
static struct walk walk_to_cursor(const struct line_editor *editor)
{
    struct walk walk = walk_to(editor, editor->cursor);
    settle(editor, &walk, walk.at < editor->length ? text_character(editor->line, walk.at).cells : 1);
    return walk;
}

// Where what changed from OFFSET on is to be drawn: a row that the terminal has already, and the character before too,
// where that may have got or lost a mark.
static struct walk walk_to_change(const struct line_editor *editor, size_t offset)
{
    bool is_mark = offset < editor->length && text_character(editor->line, offset).cells == 0;
    if (offset > 0 && (is_mark || editor->display.has_marks))
        offset = text_before(editor->line, offset);
    struct walk walk = walk_to(editor, offset);
    settle(editor, &walk, 1);
    return walk;
}

// ---- movement

static void say_character(struct line_editor *editor, size_t at, struct text_character character)
{
    if (character.cells != 1 || character.is_alone)
        editor->display.is_lost = true;
    if (character.cells == 0)
        editor->display.has_marks = true;
    if (character.is_alone)
        say(editor, "\u25cc");
    if (character.is_control)
        display_say(editor, (char[]){'^', (char)(editor->line[at] ^ 0x40)}, 2);
    else
        display_say(editor, editor->line + at, character.bytes);
}

// From anywhere in WALK's row. Where a terminal may count cells otherwise, the text itself leads to the place.
static void move_in_row(struct line_editor *editor, const struct walk *walk)
{
    say(editor, "\r");
    editor->display.is_lost = false;
    if (walk->is_plain) {
        if (walk->place.column != 0)
            say_sequence(editor, walk->place.column, 'C');
        return;
    }
    if (walk->place.row == 0)
        say(editor, editor->display.prompt);
    for (size_t at = walk->row_start; at < walk->at;) {
        struct text_character character = text_character(editor->line, at);
        say_character(editor, at, character);
        at += character.bytes;
    }
}

static bool is_same(struct line_place one, struct line_place other)
{
    return one.row == other.row && one.column == other.column;
}

// Whether the row of OFFSET has a character, anywhere, that does not take one cell.
static bool row_is_plain(const struct line_editor *editor, const struct walk *walk)
{
    struct walk rest = *walk;
    while (rest.at < editor->length && rest.is_plain && rest.place.row == walk->place.row)
        step(editor, &rest);
    return rest.is_plain && walk->is_plain;
}

static void move_to(struct line_editor *editor, const struct walk *walk)
{
    struct line_place from = editor->display.cursor, to = walk->place;
    if (is_same(from, to))
        return;
    if (to.row < from.row)
        say_sequence(editor, from.row - to.row, 'A');
    if (to.row > from.row)
        say_sequence(editor, to.row - from.row, 'B');
    if (to.row == from.row && !editor->display.is_lost && row_is_plain(editor, walk)) {
        if (to.column + 1 == from.column)
            say(editor, "\b");
        else if (to.column < from.column)
            say_sequence(editor, from.column - to.column, 'D');
        else
            say_sequence(editor, to.column - from.column, 'C');
    } else {
        move_in_row(editor, walk);
    }
    editor->display.cursor = to;
}

// ---- drawing

static unsigned row_limit(const struct line_editor *editor)
{
    return editor->display.first_row + editor->display.rows;
}

// From WALK, where the cursor is, to the end of the line or of the screen.
static void draw(struct line_editor *editor, struct walk walk)
{
    struct line_place *end = &editor->display.end, before = *end;
    *end = walk.place;
    while (walk.at < editor->length) {
        size_t at = walk.at;
        struct line_place place = walk.place;
        step(editor, &walk);
        if (walk.place.row != place.row) {
            if (walk.place.row >= row_limit(editor))
                break;
            say(editor, place.column < editor->display.columns ? "\033[K\n" : "\n");
            editor->display.is_lost = false;
        }
        say_character(editor, at, text_character(editor->line, at));
        *end = walk.place;
    }
    bool is_whole = walk.at == editor->length;
    if (is_whole)
        settle(editor, &walk, 1);
    if (is_whole && walk.place.row != end->row && walk.place.row < row_limit(editor)) {
        say(editor, "\n");
        editor->display.is_lost = false;
        *end = walk.place;
    }
    editor->display.cursor = *end;
    if (end->row < before.row || (end->row == before.row && end->column < before.column))
        say(editor, "\033[J");
    if (end->column == editor->display.columns) { // of the last row of the screen: on its last cell, or beyond it
        say(editor, "\r");
        editor->display.cursor.column = 0;
    }
}

// The cursor is in the first column of the first row that is drawn.
static void draw_all(struct line_editor *editor)
{
    editor->display.end = (struct line_place){};
    editor->display.is_lost = editor->display.has_marks = false;
    struct walk walk = start_walk(editor);
    if (editor->display.first_row == 0) {
        say(editor, editor->display.prompt);
    } else {
        struct walk next = walk;
        while (next.place.row < editor->display.first_row) {
            walk = next;
            step(editor, &next);
        }
        walk.place = (struct line_place){editor->display.first_row, 0};
        walk.row_start = walk.at;
        walk.is_plain = true;
    }
    draw(editor, walk);
}

// Moves the window so that the cursor is in it. Returns whether it had to be moved.
static bool move_window(struct line_editor *editor, unsigned row)
{
    unsigned first_row = editor->display.first_row;
    if (row < first_row)
        editor->display.first_row = row;
    if (row >= row_limit(editor))
        editor->display.first_row = row - editor->display.rows + 1;
    return editor->display.first_row != first_row;
}

static void go_to_first_row(struct line_editor *editor)
{
    unsigned rows = editor->display.cursor.row - editor->display.first_row;
    if (rows != 0)
        say_sequence(editor, rows, 'A');
    say(editor, "\r");
}

void display_redraw(struct line_editor *editor)
{
    go_to_first_row(editor);
    say(editor, "\033[J");
    struct walk cursor = walk_to_cursor(editor);
    editor->display.first_row = 0;
    move_window(editor, cursor.place.row);
    draw_all(editor);
    move_to(editor, &cursor);
}

// Typing at the end of a line is what people do most.
static bool append(struct line_editor *editor, size_t from)
{
    struct line_place *cursor = &editor->display.cursor;
    if (from + 1 != editor->length || editor->cursor != editor->length || !is_same(*cursor, editor->display.end) ||
        cursor->column + 1 >= editor->display.columns || (unsigned char)editor->line[from] >= 0x7f ||
        editor->line[from] < ' ')
        return false;
    display_say(editor, editor->line + from, 1);
    cursor->column++;
    editor->display.end = *cursor;
    return true;
}

void display_move(struct line_editor *editor)
{
    struct walk cursor = walk_to_cursor(editor);
    unsigned first_row = editor->display.first_row;
    if (move_window(editor, cursor.place.row)) {
        editor->display.first_row = first_row;
        display_redraw(editor);
    } else {
        move_to(editor, &cursor);
    }
}

void display_update(struct line_editor *editor, size_t from)
{
    if (append(editor, from))
        return;
    struct walk changed = walk_to_change(editor, from);
    if (changed.place.row < editor->display.first_row || changed.place.row >= row_limit(editor)) {
        display_redraw(editor);
        return;
    }
    move_to(editor, &changed);
    draw(editor, changed);
    display_move(editor);
}

void display_begin(struct line_editor *editor)
{
    editor->display.first_row = 0;
    editor->display.cursor = (struct line_place){};
    struct walk cursor = walk_to_cursor(editor);
    move_window(editor, cursor.place.row);
    draw_all(editor);
    move_to(editor, &cursor);
}

void display_clear_screen(struct line_editor *editor)
{
    say(editor, "\033[H\033[2J");
    display_begin(editor);
}

void display_leave(struct line_editor *editor, const char *text)
{
    editor->cursor = editor->length;
    display_move(editor);
    say(editor, text);
    bool is_below = editor->display.cursor.column == 0 && editor->display.cursor.row != 0 && text[0] == '\0';
    say(editor, is_below ? "" : "\n");
}
