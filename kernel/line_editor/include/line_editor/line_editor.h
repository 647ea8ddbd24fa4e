// SPDX-License-Identifier: MIT
// A line that a person edits: bytes of a terminal in, text for a terminal out, in the end a line. Insert anywhere, move
// by characters and words, kill and yank, a history with search, completion; docs/line-editor.md has the keys. Pure;
// one caller an editor. Exported names start with line_editor_.
//
// The terminal is any that knows the cursor's movements of a VT100, with at least as many columns as it is said to
// have. Rows are broken by line feeds, so it may be wider, and how it wraps does not matter. Characters of East Asia
// count as two cells and combining marks as none; a terminal that thinks otherwise shows other row ends, and the cursor
// is still right.
//
// Nothing that is typed makes an editor wait, loop, or write more than LINE_EDITOR_OUTPUT_LIMIT() bytes.
#pragma once
#include <line_editor/key_decoder.h>
#include <stddef.h>
#include <stdint.h>

// Takes LENGTH bytes, at least 1, that are not the receiver's to keep. A line feed begins a new line.
typedef void line_write_fn(void *context, const char *text, size_t length);

// The word at INDEX that could stand where LINE ends after LENGTH bytes; nullptr behind the last one. *START is where
// the word begins that is to be completed. Words that begin otherwise are passed over.
typedef const char *line_complete_fn(void *context, const char *line, size_t length, size_t index, size_t *start);

struct line_editor_options {
    line_write_fn *write;
    line_complete_fn *complete; // nullptr: Tab does nothing
    void *context;              // for both
    char *memory;               // LINE_EDITOR_MEMORY() bytes, the editor's as long as it is used
    size_t line_bytes;          // the longest line, with its terminator; at least 2
    size_t history_bytes;       // of lines kept, each with its terminator; 0: none
};
#define LINE_EDITOR_MEMORY(line_bytes, history_bytes) (3 * (size_t)(line_bytes) + (history_bytes))

// Of one byte: the whole line drawn anew at its worst, with a row of completions below.
#define LINE_EDITOR_OUTPUT_LIMIT(line_bytes) (8 * (size_t)(line_bytes) + 16'384)

enum line_event : uint8_t {
    LINE_GOES_ON,
    LINE_IS_FINISHED,    // Enter: .line has it, until line_editor_start()
    LINE_IS_INTERRUPTED, // Ctrl-C
    LINE_INPUT_ENDS,     // Ctrl-D on an empty line
};

constexpr size_t LINE_PATTERN_LIMIT = 24;
constexpr size_t LINE_OUTPUT_BUFFER = 256;
constexpr unsigned LINE_COLUMNS_LEAST = 40;

struct line_place {
    unsigned row, column;
};

// .line and .is_cut are the caller's to read; the other fields are the editor's own.
struct line_editor {
    struct line_editor_options options;
    char *line;  // terminated UTF-8
    bool is_cut; // something that was typed found no room
    size_t length, cursor;
    char *killed; // by Ctrl-K and its like, for Ctrl-Y
    size_t killed_length;
    char *aside; // the line that was being typed when somebody went to the history
    size_t aside_length;
    struct {
        char *lines; // terminated, one behind the other, the newest last
        size_t used, count;
        size_t shown; // 0: the line being typed; else the shown-th newest
    } history;
    struct {
        bool is_on, has_failed;
        char pattern[LINE_PATTERN_LIMIT];
        size_t length;
        char prompt[LINE_PATTERN_LIMIT + 24];
        const char *outer_prompt;
    } search;
    struct {
        const char *prompt;
        unsigned columns, rows;
        struct line_place cursor, end; // of the terminal, and behind the last character drawn
        bool is_lost;                  // the terminal may have its cursor in another column
        bool has_marks;                // that combine
        unsigned first_row;            // that is drawn: 0, but for lines of more rows than the screen has
    } display;
    struct key_decoder decoder;
    bool is_pasting, has_tabbed;
    char output[LINE_OUTPUT_BUFFER];
    size_t output_length;
};

void line_editor_init(struct line_editor *editor, const struct line_editor_options *options);

// Begin a line: show PROMPT, which stays the caller's and outlives the line; it may have control sequences, and less
// than LINE_COLUMNS_LEAST characters. The terminal has COLUMNS x ROWS cells, or more, and its cursor in the first
// column.
void line_editor_start(struct line_editor *editor, const char *prompt, unsigned columns, unsigned rows);

// Take the next byte. After anything but LINE_GOES_ON the cursor is at the beginning of a row below, and
// line_editor_start() comes first. O(line_bytes), and of completion and search what they look through.
[[nodiscard]] enum line_event line_editor_push(struct line_editor *editor, uint8_t byte);

// Whether a sequence has begun that line_editor_pause() would give up: nothing came for a while.
[[nodiscard]] bool line_editor_is_waiting(const struct line_editor *editor);
void line_editor_pause(struct line_editor *editor);

// Somebody else has written whole lines where the cursor was: show prompt and line again below.
void line_editor_show(struct line_editor *editor);
