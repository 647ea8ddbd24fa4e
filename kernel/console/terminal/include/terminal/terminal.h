// SPDX-License-Identifier: MIT
// A terminal: bytes become a grid of cells, which it shows on a text surface, and lines that leave at the top are kept
// for looking back. It understands UTF-8, the control characters, and that part of VT100, VT102 and ECMA-48 which line
// editors and full-screen programs use; docs/terminal.md has the table. Owns the grid and what the sequences have set;
// knows no card, no log and no keyboard. Exported names start with terminal_.
//
// Pure: it touches the memory that it was given, the surface and the answer function, nothing else. Any bytes are
// allowed. Each costs at most what clearing and moving one screen costs. One writer at a time, except that any function
// may be interrupted by a writer that never returns to it (the emergency path: terminal_repair()).
#pragma once
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>
#include <surface/surface.h>

constexpr unsigned TERMINAL_MAX_COLUMNS = 512; // what a wider surface has beyond them stays unused
constexpr unsigned TERMINAL_MAX_ROWS = 512;
constexpr unsigned TERMINAL_MAX_PARAMETERS = 16;

// The cells of memory that LINES lines of COLUMNS columns take, screen and scrollback together.
constexpr unsigned TERMINAL_LINE_CELLS = 2; // that a line has besides its columns, which are filled up to eights
#define TERMINAL_CELLS(columns, lines) ((size_t)(lines) * (((columns) + 7u) / 8 * 8 + TERMINAL_LINE_CELLS))

// Takes what the terminal answers to a question in the text: LENGTH bytes, not terminated and not its to keep. It must
// not write to the terminal.
typedef void terminal_answer_fn(void *context, const char *text, size_t length);

// What of characters that follow is set by SGR: colours of surface_colour, before bold and reverse change them.
struct terminal_pen {
    uint8_t foreground, background;
    bool is_bold, is_reverse;
};

// What DECSC saves. COLUMN == the number of columns: the last column has been written, and the next character wraps.
struct terminal_cursor {
    unsigned row, column;
    struct terminal_pen pen;
    bool is_origin;       // rows count from the top of the scroll region, and the cursor stays in that
    bool has_graphics[2]; // the character sets G0 and G1: DEC's line drawing, or ASCII
    bool is_shifted;      // G1 is in use
};

// To be initialised by terminal_init(); the fields are the terminal's own, but for the two of the answer.
struct terminal {
    terminal_answer_fn *answer; // may be null
    void *answer_context;

    // Set once.
    struct surface *surface;
    surface_cell_t *cells;
    unsigned columns, rows;
    unsigned line_count; // that CELLS has room for
    unsigned line_cells; // from one line to the next
    unsigned end_at;     // the cell behind the last line
    bool does_line_feed_return;

    // Everything from here on may be wrong when a write was interrupted; terminal_repair() makes it right.
    unsigned first_at;      // the cell where the screen's first line begins, in the ring of lines
    unsigned history_count; // lines before it that are worth seeing
    unsigned view_distance; // lines that the surface shows further up than the screen
    unsigned top, bottom;   // the scroll region: rows TOP to BOTTOM - 1
    struct terminal_cursor cursor, saved;
    bool is_inserting;         // IRM
    bool is_new_line_mode;     // LNM
    bool has_autowrap;         // DECAWM
    bool is_cursor_visible;    // DECTCEM
    struct terminal_pen usual; // what SGR 0 selects
    bool is_plain;             // nothing of that keeps ASCII from going to its cells just so
    surface_cell_t colours;    // of the next character
    surface_cell_t blank;      // what erasing leaves
    uint32_t last_character;   // for REP
    uint64_t tab_stops[TERMINAL_MAX_COLUMNS / 64];

    // What the surface has not been told yet; see grid.c.
    unsigned advanced;                   // lines that the screen went on in the ring
    unsigned touched_first, touched_end; // rows that may have changed columns, plus what ADVANCED was then
    struct {
        unsigned top, bottom;
        int lines;
    } moved;

    // The sequence at hand.
    uint8_t state;
    uint8_t prefix;       // one of < = > ? at the beginning of a control sequence; 0: none
    uint8_t intermediate; // a character from space to slash before the final one; 0: none
    uint8_t parameter_count;
    uint8_t string_kind; // of a control string: what came after ESC
    uint16_t parameters[TERMINAL_MAX_PARAMETERS];
    uint16_t sub_parameters;           // one bit a parameter: a colon is before it, not a semicolon
    uint16_t string_left;              // bytes of a control string that are still swallowed
    uint8_t utf8_left;                 // bytes that the character lacks
    uint8_t utf8_lowest, utf8_highest; // what the next one may be
    uint32_t code_point;
};

// A blank screen as large as SURFACE allows, with the cursor at its top left; shown at once. CELLS is for the life of
// the terminal: CELL_COUNT of them, see TERMINAL_CELLS(). Those beyond the screen hold the scrollback, none being
// enough; where there is no room for all rows of the surface, the first ones are used. DOES_LINE_FEED_RETURN: a line
// feed starts a new line, as the "\n" of a log wants it, whatever LNM says. STATUS_NO_MEMORY when not one row has room,
// STATUS_INVALID when the surface has none: TERMINAL is of no use then. O(cell_count).
[[nodiscard]] enum status terminal_init(struct terminal *terminal, struct surface *surface, surface_cell_t *cells,
                                        size_t cell_count, bool does_line_feed_return);

// Take LENGTH bytes, and show what they made of the screen once they are all taken: at most one scroll() of the
// surface, one draw() and one fill() a row that changed, one move_cursor() and one flush(), however much scrolled by. A
// sequence may end in a later write. When lines of before are in view, the screen comes back first (as xterm does it).
void terminal_write(struct terminal *terminal, const char *bytes, size_t length);

// From here on SGR 0, 39 and 49, and what resets the colours, select FOREGROUND and BACKGROUND, and so does this. Cells
// stay as they are. terminal_repair() takes it back.
void terminal_set_usual_colours(struct terminal *terminal, enum surface_colour foreground,
                                enum surface_colour background);

// Look LINES further up, or down where that is negative, as far as there are lines. The cursor is shown as long as its
// row is. O(cells of a screen).
void terminal_view(struct terminal *terminal, int lines);

// Make a terminal usable whose write was interrupted anywhere: cells stay as they are and the cursor stays when it is
// inside the screen; half a sequence, the colours, the modes and the scroll region are forgotten. The next write shows
// the whole screen again. O(lines). For the emergency path: once, before the first emergency text.
void terminal_repair(struct terminal *terminal);
