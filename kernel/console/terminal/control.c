// SPDX-License-Identifier: MIT
// What characters and control functions do. Called by the parser; must not know how bytes make a function (parser.c).
//
// Each function has its abbreviation, and where it is defined: "ECMA" is ECMA-48 5th edition, "VT100" the VT100 user
// guide, chapter 3, "VT510" the VT510 reference, chapter 5, "xterm" its control sequences document.
#include "control.h"
#include "cursor.h"
#include "parser.h"
#include "rendition.h"
#include <lib/format.h>

constexpr unsigned TAB_WIDTH = 8;

// ---- the cursor

static unsigned least(unsigned one, unsigned other)
{
    return one < other ? one : other;
}

static void move_to_column(struct terminal *terminal, unsigned column)
{
    terminal->cursor.column = HEWN_BREAK_TERMINAL_UNCLAMPED ? column : least(column, terminal->columns - 1);
}

// ROW counts from the scroll region in origin mode (DECOM).
static void move_to_row(struct terminal *terminal, unsigned row)
{
    if (terminal->cursor.is_origin)
        terminal->cursor.row = least(terminal->top + row, terminal->bottom - 1);
    else
        terminal->cursor.row = least(row, terminal->rows - 1);
}

// The row that move_to_row() would take for the one where the cursor is.
static unsigned reported_row(const struct terminal *terminal)
{
    return terminal->cursor.row - (terminal->cursor.is_origin ? terminal->top : 0);
}

static void move_home(struct terminal *terminal)
{
    move_to_row(terminal, 0);
    move_to_column(terminal, 0);
}

// The edge of the scroll region stops who comes from inside.
static void move_up(struct terminal *terminal, unsigned count)
{
    unsigned limit = terminal->cursor.row >= terminal->top ? terminal->top : 0;
    terminal->cursor.row -= least(count, terminal->cursor.row - limit);
}

static void move_down(struct terminal *terminal, unsigned count)
{
    unsigned limit = terminal->cursor.row < terminal->bottom ? terminal->bottom : terminal->rows;
    terminal->cursor.row += least(count, limit - 1 - terminal->cursor.row);
}

static void move_left(struct terminal *terminal, unsigned count)
{
    terminal->cursor.column -= least(count, terminal->cursor.column);
}

// RI: ECMA 8.3.104.
static void index_up(struct terminal *terminal)
{
    if (terminal->cursor.row == terminal->top)
        grid_scroll_down(terminal, terminal->top, terminal->bottom, 1);
    else
        move_up(terminal, 1);
}

static bool has_graphics(const struct terminal *terminal)
{
    return terminal->cursor.has_graphics[terminal->cursor.is_shifted];
}

// After each change of what it depends on.
static void update_plain(struct terminal *terminal)
{
    terminal->is_plain = terminal->has_autowrap && !terminal->is_inserting && !has_graphics(terminal);
}

static void save_cursor(struct terminal *terminal)
{
    terminal->saved = terminal->cursor;
}

static void restore_cursor(struct terminal *terminal)
{
    terminal->cursor = terminal->saved;
    if (terminal->cursor.is_origin && terminal->cursor.row < terminal->top)
        terminal->cursor.row = terminal->top;
    if (terminal->cursor.is_origin && terminal->cursor.row >= terminal->bottom)
        terminal->cursor.row = terminal->bottom - 1;
    update_plain(terminal);
    rendition_apply(terminal);
}

// ---- tab stops

static bool is_tab_stop(const struct terminal *terminal, unsigned column)
{
    return terminal->tab_stops[column / 64] >> column % 64 & 1;
}

static void set_tab_stop(struct terminal *terminal, unsigned column)
{
    terminal->tab_stops[column / 64] |= UINT64_C(1) << column % 64;
}

static void clear_tab_stop(struct terminal *terminal, unsigned column)
{
    terminal->tab_stops[column / 64] &= ~(UINT64_C(1) << column % 64);
}

static void clear_tab_stops(struct terminal *terminal)
{
    for (unsigned column = 0; column < TERMINAL_MAX_COLUMNS; column++)
        clear_tab_stop(terminal, column);
}

// HT, CHT: ECMA 8.3.60, 8.3.10. Nothing is erased on the way, and who waits behind the last column stays there.
static void tab_forward(struct terminal *terminal, unsigned count)
{
    unsigned column = terminal->cursor.column;
    for (; count > 0 && column < terminal->columns - 1; count--) {
        do
            column++;
        while (column < terminal->columns - 1 && !is_tab_stop(terminal, column));
    }
    terminal->cursor.column = column;
}

// CBT: ECMA 8.3.7.
static void tab_back(struct terminal *terminal, unsigned count)
{
    unsigned column = terminal->cursor.column;
    for (; count > 0 && column > 0; count--) {
        do
            column--;
        while (column > 0 && !is_tab_stop(terminal, column));
    }
    terminal->cursor.column = column;
}

// ---- text

// VT100, table 3-9: special graphics, from underscore to tilde.
static uint32_t graphic(uint32_t code_point)
{
    static const uint16_t graphics[] = u" ◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·";
    static_assert(sizeof graphics / sizeof *graphics == '~' - '_' + 2);
    return code_point >= '_' && code_point <= '~' ? graphics[code_point - '_'] : code_point;
}

// CODE_POINT as often as COUNT says, at most a row of them. Insert mode makes room for all that go to a row at once.
static void put_cells(struct terminal *terminal, uint32_t code_point, unsigned count)
{
    while (count > 0) {
        cursor_make_room(terminal);
        unsigned row = terminal->cursor.row, column = terminal->cursor.column;
        unsigned run = least(count, terminal->columns - column);
        if (terminal->is_inserting)
            grid_insert(terminal, row, column, run);
        struct grid_line *line = grid_line(terminal, row);
        for (unsigned i = 0; i < run; i++)
            line->cells[column + i] = terminal->colours | code_point;
        grid_change(terminal, row, line, column, column + run);
        terminal->cursor.column = column + run;
        count -= run;
    }
    if (!terminal->has_autowrap)
        cursor_leave_margin(terminal);
}

void control_put(struct terminal *terminal, uint32_t code_point)
{
    if (has_graphics(terminal))
        code_point = graphic(code_point);
    put_cells(terminal, code_point, 1);
    terminal->last_character = code_point;
}

// REP: ECMA 8.3.103. A row of them is all that makes sense.
static void repeat(struct terminal *terminal, unsigned count)
{
    if (terminal->last_character != 0)
        put_cells(terminal, terminal->last_character, least(count, terminal->columns));
}

// ---- erasing

// EL: ECMA 8.3.41.
static void erase_in_line(struct terminal *terminal, unsigned what)
{
    unsigned row = terminal->cursor.row, column = terminal->cursor.column;
    if (what == 0)
        grid_erase(terminal, row, column, terminal->columns);
    else if (what == 1)
        grid_erase(terminal, row, 0, column + 1);
    else if (what == 2)
        grid_erase(terminal, row, 0, terminal->columns);
}

// ED: ECMA 8.3.39; 3 is xterm's, and forgets the scrollback.
static void erase_in_display(struct terminal *terminal, unsigned what)
{
    unsigned row = terminal->cursor.row;
    if (what == 0) {
        erase_in_line(terminal, 0);
        grid_erase_rows(terminal, row + 1, terminal->rows);
    } else if (what == 1) {
        grid_erase_rows(terminal, 0, row);
        erase_in_line(terminal, 1);
    } else if (what == 2) {
        grid_erase_rows(terminal, 0, terminal->rows);
    } else if (what == 3) {
        terminal->history_count = 0;
    }
}

// IL: ECMA 8.3.67. Nothing outside the scroll region.
static void insert_lines(struct terminal *terminal, unsigned count)
{
    unsigned row = terminal->cursor.row;
    if (row < terminal->top || row >= terminal->bottom)
        return;
    grid_scroll_down(terminal, row, terminal->bottom, least(count, terminal->bottom - row));
    terminal->cursor.column = 0;
}

// DL: ECMA 8.3.32. What is deleted is gone, not scrolled.
static void delete_lines(struct terminal *terminal, unsigned count)
{
    unsigned row = terminal->cursor.row;
    if (row < terminal->top || row >= terminal->bottom)
        return;
    grid_scroll_up(terminal, row, terminal->bottom, least(count, terminal->bottom - row), false);
    terminal->cursor.column = 0;
}

// DECALN: VT100.
static void fill_screen(struct terminal *terminal)
{
    terminal->top = 0;
    terminal->bottom = terminal->rows;
    for (unsigned row = 0; row < terminal->rows; row++) {
        struct grid_line *line = grid_line(terminal, row);
        for (unsigned column = 0; column < terminal->columns; column++)
            line->cells[column] = surface_cell('E', SURFACE_LIGHT_GREY, SURFACE_BLACK);
        grid_change(terminal, row, line, 0, terminal->columns);
    }
    move_home(terminal);
}

// ---- modes and reports

// DECSTR: VT510. The screen stays, the cursor where it is, and what is no matter of style or place.
static void soft_reset(struct terminal *terminal)
{
    terminal->top = 0;
    terminal->bottom = terminal->rows;
    terminal->saved = (struct terminal_cursor){.pen = terminal->usual};
    unsigned row = terminal->cursor.row, column = terminal->cursor.column;
    terminal->cursor = terminal->saved;
    terminal->cursor.row = row;
    terminal->cursor.column = column;
    terminal->is_inserting = false;
    terminal->has_autowrap = true;
    terminal->is_cursor_visible = true;
    update_plain(terminal);
    rendition_apply(terminal);
}

void control_reset(struct terminal *terminal)
{
    parser_reset(terminal);
    soft_reset(terminal);
    terminal->cursor.row = 0;
    terminal->cursor.column = 0;
    terminal->is_new_line_mode = false;
    terminal->last_character = 0;
    clear_tab_stops(terminal);
    for (unsigned column = TAB_WIDTH; column < TERMINAL_MAX_COLUMNS; column += TAB_WIDTH)
        set_tab_stop(terminal, column);
}

// RIS: ECMA 8.3.105. The scrollback stays.
static void reset(struct terminal *terminal)
{
    control_reset(terminal);
    grid_erase_rows(terminal, 0, terminal->rows);
}

// SM and RM: ECMA 8.3.125, 8.3.106; DECSET and DECRST with a question mark: VT100, VT510.
static void set_mode(struct terminal *terminal, unsigned mode, bool is_set)
{
    if (mode == 4)
        terminal->is_inserting = is_set;
    else if (mode == 20)
        terminal->is_new_line_mode = is_set;
}

static void set_private_mode(struct terminal *terminal, unsigned mode, bool is_set)
{
    if (mode == 6) {
        terminal->cursor.is_origin = is_set;
        move_home(terminal);
    } else if (mode == 7) {
        terminal->has_autowrap = is_set;
        if (!is_set)
            cursor_leave_margin(terminal);
    } else if (mode == 25) {
        terminal->is_cursor_visible = is_set;
    }
}

static void set_modes(struct terminal *terminal, bool is_set)
{
    for (unsigned i = 0; i < terminal->parameter_count; i++) {
        if (terminal->prefix == '?')
            set_private_mode(terminal, terminal->parameters[i], is_set);
        else
            set_mode(terminal, terminal->parameters[i], is_set);
    }
    update_plain(terminal);
}

// DECSTBM: VT100. At least two rows.
static void set_region(struct terminal *terminal, unsigned top, unsigned bottom)
{
    bottom = least(bottom + HEWN_BREAK_TERMINAL_REGION_OFF_BY_ONE, terminal->rows);
    if (bottom < top + 1)
        return;
    terminal->top = top - 1;
    terminal->bottom = bottom;
    move_home(terminal);
}

static void answer(struct terminal *terminal, const char *text, size_t length)
{
    if (terminal->answer != nullptr)
        terminal->answer(terminal->answer_context, text, length);
}

// DSR: ECMA 8.3.35; CPR: 8.3.14.
static void report(struct terminal *terminal, unsigned what)
{
    char text[32];
    size_t length = 0;
    unsigned column = least(terminal->cursor.column, terminal->columns - 1);
    if (what == 5)
        length = format_string(text, sizeof text, "\x1b[0n");
    else if (what == 6)
        length = format_string(text, sizeof text, "\x1b[%u;%uR", reported_row(terminal) + 1, column + 1);
    if (length > 0)
        answer(terminal, text, length);
}

// DA: VT100; the answer is that of a VT102, which inserts and deletes.
static void report_device(struct terminal *terminal)
{
    static const char text[] = "\x1b[?6c";
    answer(terminal, text, sizeof text - 1);
}

// TBC: ECMA 8.3.154.
static void clear_tabs(struct terminal *terminal, unsigned what)
{
    if (what == 0)
        clear_tab_stop(terminal, least(terminal->cursor.column, terminal->columns - 1));
    else if (what == 3)
        clear_tab_stops(terminal);
}

// ---- functions

void control_execute(struct terminal *terminal, uint8_t byte)
{
    switch (byte) {
    case '\b':
        cursor_leave_margin(terminal);
        move_left(terminal, 1);
        break;
    case '\t':
        tab_forward(terminal, 1);
        break;
    case '\n':
    case '\v':
    case '\f':
        cursor_line_feed(terminal);
        break;
    case '\r':
        terminal->cursor.column = 0;
        break;
    case 0x0e: // SO
    case 0x0f: // SI
        terminal->cursor.is_shifted = byte == 0x0e;
        update_plain(terminal);
        break;
    default:
        break;
    }
}

// SCS: VT100. Any set but the line drawing is ASCII.
static void designate(struct terminal *terminal, unsigned charset, uint8_t name)
{
    terminal->cursor.has_graphics[charset] = name == '0';
    update_plain(terminal);
}

static void escape_with_intermediate(struct terminal *terminal, uint8_t final)
{
    if (terminal->intermediate == '(')
        designate(terminal, 0, final);
    else if (terminal->intermediate == ')')
        designate(terminal, 1, final);
    else if (terminal->intermediate == '#' && final == '8')
        fill_screen(terminal);
}

void control_escape(struct terminal *terminal, uint8_t final)
{
    if (terminal->intermediate != 0) {
        escape_with_intermediate(terminal, final);
        return;
    }
    switch (final) {
    case '7': // DECSC: VT100
        save_cursor(terminal);
        break;
    case '8': // DECRC: VT100
        restore_cursor(terminal);
        break;
    case 'D':
        cursor_leave_margin(terminal);
        cursor_index_down(terminal);
        break;
    case 'E': // NEL: ECMA 8.3.86
        terminal->cursor.column = 0;
        cursor_index_down(terminal);
        break;
    case 'H': // HTS: ECMA 8.3.62
        set_tab_stop(terminal, least(terminal->cursor.column, terminal->columns - 1));
        break;
    case 'M':
        cursor_leave_margin(terminal);
        index_up(terminal);
        break;
    case 'Z': // DECID: VT100
        report_device(terminal);
        break;
    case 'c':
        reset(terminal);
        break;
    default:
        break;
    }
}

static unsigned parameter(const struct terminal *terminal, unsigned index)
{
    return index < terminal->parameter_count ? terminal->parameters[index] : 0;
}

// A count or a position, where 0 stands for 1.
static unsigned number(const struct terminal *terminal, unsigned index)
{
    unsigned value = parameter(terminal, index);
    return value == 0 ? 1 : value;
}

// What leaves the cursor behind the last column where it is.
static bool select_or_report(struct terminal *terminal, uint8_t final)
{
    switch (final) {
    case 'I':
        tab_forward(terminal, number(terminal, 0));
        return true;
    case 'b':
        repeat(terminal, number(terminal, 0));
        return true;
    case 'c':
        if (parameter(terminal, 0) == 0)
            report_device(terminal);
        return true;
    case 'g':
        clear_tabs(terminal, parameter(terminal, 0));
        return true;
    case 'h':
    case 'l':
        set_modes(terminal, final == 'h');
        return true;
    case 'm':
        rendition_select(terminal);
        return true;
    case 'n':
        report(terminal, parameter(terminal, 0));
        return true;
    case 's': // SCOSC: VT510
        save_cursor(terminal);
        return true;
    case 'u': // SCORC: VT510
        restore_cursor(terminal);
        return true;
    default:
        return false;
    }
}

static bool move(struct terminal *terminal, uint8_t final)
{
    unsigned count = number(terminal, 0);
    switch (final) {
    case 'A': // CUU: ECMA 8.3.22
        move_up(terminal, count);
        return true;
    case 'B': // CUD: ECMA 8.3.19
        move_down(terminal, count);
        return true;
    case 'C': // CUF: ECMA 8.3.20
    case 'a': // HPR: ECMA 8.3.59
        move_to_column(terminal, terminal->cursor.column + count);
        return true;
    case 'D': // CUB: ECMA 8.3.18
        move_left(terminal, count);
        return true;
    case 'E': // CNL: ECMA 8.3.12
        move_down(terminal, count);
        terminal->cursor.column = 0;
        return true;
    case 'F': // CPL: ECMA 8.3.13
        move_up(terminal, count);
        terminal->cursor.column = 0;
        return true;
    case 'G': // CHA: ECMA 8.3.9
    case '`': // HPA: ECMA 8.3.57
        move_to_column(terminal, count - 1);
        return true;
    case 'H': // CUP: ECMA 8.3.21
    case 'f': // HVP: ECMA 8.3.63
        move_to_row(terminal, count - 1);
        move_to_column(terminal, number(terminal, 1) - 1);
        return true;
    case 'Z':
        tab_back(terminal, count);
        return true;
    case 'd': // VPA: ECMA 8.3.158
        move_to_row(terminal, count - 1);
        return true;
    case 'e': // VPR: ECMA 8.3.160
        move_to_row(terminal, reported_row(terminal) + count);
        return true;
    default:
        return false;
    }
}

static void edit(struct terminal *terminal, uint8_t final)
{
    unsigned row = terminal->cursor.row, column = terminal->cursor.column;
    unsigned count = number(terminal, 0);
    unsigned height = terminal->bottom - terminal->top;
    unsigned cells = least(count, terminal->columns - column);
    switch (final) {
    case '@': // ICH: ECMA 8.3.64
        grid_insert(terminal, row, column, cells);
        break;
    case 'J':
        erase_in_display(terminal, parameter(terminal, 0));
        break;
    case 'K':
        erase_in_line(terminal, parameter(terminal, 0));
        break;
    case 'L':
        insert_lines(terminal, count);
        break;
    case 'M':
        delete_lines(terminal, count);
        break;
    case 'P': // DCH: ECMA 8.3.26
        grid_delete(terminal, row, column, cells);
        break;
    case 'S': // SU: ECMA 8.3.147
        grid_scroll_up(terminal, terminal->top, terminal->bottom, least(count, height), true);
        break;
    case 'T': // SD: ECMA 8.3.113
        grid_scroll_down(terminal, terminal->top, terminal->bottom, least(count, height));
        break;
    case 'X': // ECH: ECMA 8.3.38
        grid_erase(terminal, row, column, column + cells);
        break;
    case 'r':
        set_region(terminal, count, parameter(terminal, 1) == 0 ? terminal->rows : parameter(terminal, 1));
        break;
    default:
        break;
    }
}

void control_sequence(struct terminal *terminal, uint8_t final)
{
    if (terminal->intermediate != 0) {
        if (terminal->intermediate == '!' && final == 'p')
            soft_reset(terminal);
        return;
    }
    if (terminal->prefix != 0) {
        if (terminal->prefix == '?' && (final == 'h' || final == 'l'))
            set_modes(terminal, final == 'h');
        return;
    }
    if (select_or_report(terminal, final))
        return;
    cursor_leave_margin(terminal);
    if (!move(terminal, final))
        edit(terminal, final);
}
