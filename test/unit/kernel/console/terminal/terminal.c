// SPDX-License-Identifier: MIT
// kernel/console/terminal: what it keeps of lines that scrolled by, how little it asks of the surface, UTF-8 as it
// should not be, and writes that were interrupted. What sequences do: sequences.c.
#include <grid.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/interrupted.h>
#include <support/mirror_surface.h>
#include <support/random.h>
#include <support/terminal_check.h>
#include <support/unit.h>
#include <terminal/terminal.h>
#include <uchar.h>

constexpr unsigned COLUMNS = 80;
constexpr unsigned ROWS = 25;
constexpr unsigned HISTORY = 1000;
constexpr unsigned LINES = ROWS + HISTORY;

static struct mirror_surface mirror;
static surface_cell_t cells[TERMINAL_CELLS(COLUMNS, LINES)];
static struct terminal terminal;

// With that many rows of scrollback.
static void start(unsigned columns, unsigned rows, unsigned history)
{
    mirror_surface_init(&mirror, columns, rows);
    size_t cell_count = TERMINAL_CELLS(columns, rows + history);
    assert_true(cell_count <= sizeof cells / sizeof *cells);
    assert_int_equal(terminal_init(&terminal, &mirror.surface, cells, cell_count, true), STATUS_OK);
}

static int fresh(void **)
{
    start(COLUMNS, ROWS, HISTORY);
    return 0;
}

static void check(void)
{
    const char *problem = terminal_check(&terminal, &mirror);
    if (problem != nullptr)
        fail_msg("%s", problem);
}

static void write(const char *text)
{
    terminal_write(&terminal, text, strlen(text));
    check();
}

static void view(int lines)
{
    terminal_view(&terminal, lines);
    check();
}

// Lines "FIRST" to "END - 1", without a line feed behind the last one.
static void write_numbers(unsigned first, unsigned end)
{
    for (unsigned number = first; number < end; number++) {
        char line[16];
        snprintf(line, sizeof line, "%s%u", number == first ? "" : "\n", number);
        write(line);
    }
}

static void assert_row(unsigned row, const char *expected)
{
    char text[COLUMNS + 1] = "";
    unsigned used = 0;
    for (unsigned column = 0; column < mirror.surface.columns; column++) {
        uint32_t code_point = surface_code_point(mirror_surface_cell(&mirror, row, column));
        text[column] = code_point < 0x7f ? (char)code_point : '?';
        if (code_point != ' ')
            used = column + 1;
    }
    text[used] = '\0';
    assert_string_equal(text, expected);
}

static void forget_calls(void)
{
    mirror.draw_count = mirror.drawn_cells = mirror.scroll_count = mirror.flush_count = 0;
}

// ---- beginning

static void a_new_terminal_shows_a_blank_screen(void **)
{
    check();
    for (unsigned row = 0; row < ROWS; row++)
        assert_row(row, "");
    assert_true(mirror.is_cursor_visible);
}

static void memory_for_fewer_rows_than_the_surface_has_serves(void **)
{
    mirror_surface_init(&mirror, COLUMNS, ROWS);
    assert_int_equal(terminal_init(&terminal, &mirror.surface, cells, TERMINAL_CELLS(COLUMNS, 3), true), STATUS_OK);
    terminal_write(&terminal, "1\n2\n3\n4", 7);
    assert_row(0, "2");
    assert_row(2, "4");
    assert_int_equal(surface_code_point(mirror_surface_cell(&mirror, 3, 0)), u'▒'); // nobody was there
}

static void what_cannot_be_a_terminal_is_refused(void **)
{
    mirror_surface_init(&mirror, COLUMNS, ROWS);
    size_t too_few = TERMINAL_CELLS(COLUMNS, 1) - 1;
    assert_int_equal(terminal_init(&terminal, &mirror.surface, cells, too_few, true), STATUS_NO_MEMORY);
    mirror_surface_init(&mirror, COLUMNS, 0);
    assert_int_equal(terminal_init(&terminal, &mirror.surface, cells, too_few, true), STATUS_INVALID);
    mirror_surface_init(&mirror, 0, ROWS);
    assert_int_equal(terminal_init(&terminal, &mirror.surface, cells, too_few, true), STATUS_INVALID);
}

static void a_wide_surface_is_used_in_part(void **)
{
    start(TERMINAL_MAX_COLUMNS + 10, 2, 0);
    char line[TERMINAL_MAX_COLUMNS + 1];
    memset(line, 'x', sizeof line);
    terminal_write(&terminal, line, sizeof line);
    assert_int_equal(surface_code_point(mirror_surface_cell(&mirror, 0, TERMINAL_MAX_COLUMNS - 1)), 'x');
    assert_int_equal(surface_code_point(mirror_surface_cell(&mirror, 0, TERMINAL_MAX_COLUMNS)), u'▒');
    assert_int_equal(surface_code_point(mirror_surface_cell(&mirror, 1, 0)), 'x');
}

static void a_screen_of_one_cell_works(void **)
{
    start(1, 1, 0);
    write("abc\x1b[2J\x1b[5@\x1b[9L\x1b[9M\x1b[9P\tz\b\x1bM\x1b[1;1r\x1b[9S\x1b[9Tq");
    assert_row(0, "q");
}

// ---- text

static void the_last_column_wraps_only_for_another_character(void **)
{
    char line[COLUMNS + 1];
    memset(line, 'x', COLUMNS);
    line[COLUMNS] = '\0';
    write(line);
    write("\x1b[31m");
    write("\nnext");
    assert_row(1, "next");
    write("\n");
    write(line);
    write("y");
    assert_row(2, line);
    assert_row(3, "y");
}

// Every way to be ill-formed, one replacement for each maximal subpart (Unicode, 3.9, tables 3-8 to 3-11).
static void ill_formed_utf8_is_replaced_part_by_part(void **)
{
    static const struct {
        const char *bytes;
        const char16_t *characters;
    } cases[] = {
        {"\xc3\xa9\xe2\x82\xac", u"é€"},
        {"\x80\xbf.", u"\ufffd\ufffd."},
        {"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", u"\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdA"},
        {"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", u"\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdA"},
        {"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", u"\ufffd\ufffd\ufffd\ufffd\ufffdA\ufffd\ufffdB"},
        {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", u"\ufffd\ufffd\ufffd\ufffdA"},
        {"\xf5\x80.\xfe.", u"\ufffd\ufffd.\ufffd."},
        {"\xe2\x82\x1b[Cx\xe2\rX", u"X x\ufffd"}, // a control function in the middle
        {"\x1b[3\xc3\xa9x", u"éx"},               // and in the middle of one
        {"\302\2333Cx\302\205y", u"3Cxy"},        // the C1 controls are dropped
        {"\xef\xbf\xbf\xef\xbb\xbf.", u"\uffff\ufeff."},
        {"\xf0\x9f\x98\x80!", nullptr},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (unsigned piece = 1; piece <= 16; piece += 15) {
            start(COLUMNS, 2, 0);
            const char *bytes = cases[i].bytes;
            for (size_t at = 0, length = strlen(bytes); at < length; at += piece)
                terminal_write(&terminal, bytes + at, length - at < piece ? length - at : piece);
            check();
            const char16_t *characters = cases[i].characters;
            for (unsigned column = 0; characters != nullptr && characters[column] != 0; column++)
                assert_int_equal(surface_code_point(mirror.cells[column]), characters[column]);
        }
    }
    assert_int_equal(surface_code_point(mirror.cells[0]), 0x1f600);
}

static void seventeen_parameters_are_sixteen(void **)
{
    write("\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;31;7mx\x1b[m"); // the last one is dropped
    assert_int_equal(mirror.cells[0], surface_cell('x', SURFACE_LIGHT_RED, SURFACE_BLACK));
    write("\x1b[:::::::::::::::::::::::::::::::::::::::::m\x1b[;;;;;;;;;;;;;;;;;;;;;;;;;38;5m\x1b[38;5;my");
    assert_int_equal(mirror.cells[1], surface_cell('y', SURFACE_BLACK, SURFACE_BLACK));
}

static void a_string_without_an_end_hides_4096_bytes(void **)
{
    char text[4200] = "\x1b]";
    memset(text + 2, 'x', sizeof text - 3);
    strcpy(text + 2 + 4096, "seen");
    write(text);
    assert_row(0, "seen");
}

static void sequences_that_are_not_ours_leave_no_trace(void **)
{
    write("a\x1b[?1049h\x1b[?2004h\x1b[?1h\x1b[=1;2u\x1b[>c\x1b[1 q\x1b[?6n\x1b[0$p\x1b[1 !p\x1b[?1;2$y\x1b[1<5mb");
    write("\x1b%G\x1b=\x1b>\x1b#3\x1b*0\x1b .\x1b!!0\x1bo\x1b~c");
    write("\x1b(!3d\x1b_Rtext\x1b\\\x1bPP\a\x1b[1 !!pe");
    assert_row(0, "abcde");
    assert_int_equal(terminal.cursor.column, 5);
}

// As in xterm; ECMA-48 has ST alone.
static void the_bell_ends_no_string_but_that_of_osc(void **)
{
    write("a\x1bPb\ac\x1b\\d\x1bXe\af\x18g\x1b^h\ai\x1b\\j\x1b_k\al\x1b\\m\x1b]0;n\ao");
    assert_row(0, "adgjmo");
}

static void positions_beyond_the_screen_are_its_edge(void **)
{
    char first[COLUMNS + 1], last[COLUMNS + 1];
    snprintf(first, sizeof first, "%*c", COLUMNS, 'c');
    snprintf(last, sizeof last, "b%*c", COLUMNS - 1, 'a');
    write("\x1b[9999;9999Ha\x1b[H\x1b[99999999999db\x1b[H\x1b[4294967295`c");
    assert_row(0, first);
    assert_row(ROWS - 1, last);
}

static void the_scroll_region_holds_its_rows(void **)
{
    write("above\x1b[5;1Hbelow\x1b[2;4r\x1b[2;1H1\n2\n3\n4\n5");
    assert_row(0, "above");
    assert_row(1, "3");
    assert_row(3, "5");
    assert_row(4, "below");
}

// ---- scrollback

static void lines_that_leave_can_be_looked_at(void **)
{
    write_numbers(0, ROWS + HISTORY);
    assert_row(0, "1000");
    view(10);
    assert_row(0, "990");
    assert_row(ROWS - 1, "1014");
    view(100'000);
    assert_row(0, "0"); // all of HISTORY
    view(-1);
    assert_row(0, "1");
    view(-100'000);
    assert_row(0, "1000");
    assert_row(ROWS - 1, "1024");
}

static void the_oldest_line_makes_room(void **)
{
    write_numbers(0, ROWS + HISTORY + 100);
    view(INT32_MAX);
    assert_row(0, "100");
    view(INT32_MIN);
    assert_row(ROWS - 1, "1124");
}

static void output_brings_the_screen_back(void **)
{
    write_numbers(0, 100);
    view(50);
    assert_row(0, "25");
    write("!");
    assert_row(ROWS - 1, "99!");
    assert_row(0, "75");
}

static void the_cursor_is_shown_where_its_row_is(void **)
{
    write_numbers(0, 100);
    write("\x1b[3;2H");
    view(2);
    assert_true(mirror.is_cursor_visible);
    assert_int_equal(mirror.cursor_row, 4);
    view(ROWS - 4);
    assert_false(mirror.is_cursor_visible);
}

static void without_scrollback_the_screen_scrolls(void **)
{
    start(COLUMNS, ROWS, 0);
    write_numbers(0, 100);
    assert_row(0, "75");
    view(5);
    assert_row(0, "75");
}

static void only_what_scrolls_off_the_top_is_kept(void **)
{
    write_numbers(0, ROWS);
    write("\x1b[1;1H\x1b[5M");              // deleted
    write("\x1b[5;20r\x1b[5S");             // scrolled in the middle
    write("\x1b[1;1H\x1b[10L\x1bM\x1b[9T"); // scrolled away at the end
    view(1);
    assert_int_equal(terminal.view_distance, 0);
    write("\x1b[2J\x1b[Hone\ntwo\nthree\x1b[5;1Hbelow\x1b[1;3r\x1b[3;1H\n\n");
    assert_row(0, "three");
    assert_row(4, "below");
    view(2);
    assert_row(0, "one");
    assert_row(1, "two");
    assert_row(2, "three");
}

static void erased_scrollback_is_gone(void **)
{
    write_numbers(0, 100);
    write("\x1b[3J");
    view(50);
    assert_row(0, "75");
    write("\n100");
    view(50);
    assert_row(0, "75");
}

// ---- what the surface is asked for

static void a_line_at_the_bottom_takes_one_scroll_and_two_draws(void **)
{
    write_numbers(0, 3 * LINES);
    write("\n");
    forget_calls();
    write("hello, world\n");
    assert_int_equal(mirror.scroll_count, 1);
    assert_int_equal(mirror.draw_count, 2);
    assert_int_equal(mirror.drawn_cells, 12 + COLUMNS);
    assert_int_equal(mirror.flush_count, 1);
}

static void what_does_not_change_is_not_drawn(void **)
{
    write_numbers(0, ROWS);
    forget_calls();
    write("\x1b[H\x1b[31m\x1b[6n\x1b[9B\r\x1b[K");
    write("\x1b[H\x1b[20C\x1b[K\x1b[1@");
    assert_int_equal(mirror.drawn_cells, 1 + COLUMNS - 20); // the 9; then what moved right
    assert_int_equal(mirror.scroll_count, 0);
}

static void much_text_is_drawn_once(void **)
{
    constexpr size_t LENGTH = 1 << 20;
    char *text = malloc(LENGTH);
    assert_non_null(text);
    for (size_t i = 0; i < LENGTH; i++)
        text[i] = i % 61 == 60 ? '\n' : (char)('a' + i % 26);
    forget_calls();
    terminal_write(&terminal, text, LENGTH);
    free(text);
    check();
    assert_int_equal(mirror.scroll_count, 1);
    assert_true(mirror.draw_count <= 2 * ROWS);
    assert_true(mirror.drawn_cells <= ROWS * COLUMNS);
}

static void movements_of_one_part_are_one(void **)
{
    write_numbers(0, ROWS);
    write("\x1b[5;20r\x1b[20H");
    forget_calls();
    write("one\ntwo\nthree\n\x1b[5H\x1bM\x1b[20H");
    assert_int_equal(mirror.scroll_count, 1);
    assert_true(mirror.draw_count < 8);
}

// Parts of the screen that move in one write, in every order, against the same bytes one by one.
static void bytes_at_once_do_what_they_do_one_by_one(void **)
{
    static const char *const pieces[] = {
        "\n",      "\x1b[S", "\x1b[2T", "\x1b[L",   "\x1b[3M",  "\x1bM",    "\x1b[3;9r", "\x1b[1;7r", "\x1b[r", "x",
        "\x1b[5H", "\x1b[K", "\x1b[J",  "\x1b[99H", "\x1b[44m", "\x1b[49m", "word ",     "\x1b[2@",   "\x1b[P"};
    uint64_t random = 1;
    static surface_cell_t shown[ROWS * COLUMNS];
    for (unsigned round = 0; round < 3000; round++) {
        char text[512] = "";
        for (unsigned i = 2 + random_below(&random, 20); i > 0; i--)
            strcat(text, pieces[random_below(&random, sizeof pieces / sizeof *pieces)]);
        start(20, 10, 5);
        write_numbers(0, 10);
        write(text);
        memcpy(shown, mirror.cells, sizeof shown);
        start(20, 10, 5);
        write_numbers(0, 10);
        for (const char *at = text; *at; at++)
            terminal_write(&terminal, at, 1);
        assert_memory_equal(mirror.cells, shown, 20 * 10 * sizeof *shown);
    }
}

// ---- repetition

// The screen and the cursor after BEFORE and, COUNT times, TEXT.
static struct terminal_cursor shown_after(surface_cell_t *shown, const char *before, const char *text, unsigned count)
{
    start(12, 4, 3);
    write(before);
    for (unsigned i = 0; i < count; i++)
        write(text);
    memcpy(shown, mirror.cells, 12 * 4 * sizeof *shown);
    return terminal.cursor;
}

// REP does what the same character does that is typed as often.
static void repetition_is_typing(void **)
{
    static const char *const modes[] = {"", "\x1b[4h", "\x1b[?7l", "\x1b[4h\x1b[?7l", "\x1b[2;3r\x1b[4h"};
    for (unsigned round = 0; round < 12 * 12 * sizeof modes / sizeof *modes; round++) {
        static surface_cell_t repeated[12 * 4], typed[12 * 4];
        unsigned count = 1 + round % 12, column = 1 + round / 12 % 12;
        char before[64], text[16];
        snprintf(before, sizeof before, "abcdefghijklmnopqrstuvwxyz%s\x1b[3;%uHX", modes[round / 144], column);
        snprintf(text, sizeof text, "\x1b[%ub", count);
        struct terminal_cursor one = shown_after(repeated, before, text, 1);
        struct terminal_cursor other = shown_after(typed, before, "X", count);
        assert_memory_equal(repeated, typed, sizeof typed);
        assert_memory_equal(&one, &other, sizeof other);
    }
}

// ---- interruptions

static const char *interrupted_text;

static void write_interrupted_text(void *)
{
    terminal_write(&terminal, interrupted_text, strlen(interrupted_text));
}

// The power of two that the instructions of a write of TEXT do not reach, after BEFORE, on a wide and low screen.
static unsigned cost_of(const char *before, const char *text)
{
    interrupted_text = text;
    unsigned most = 64;
    for (bool is_interrupted = true; is_interrupted;) {
        most *= 2;
        start(TERMINAL_MAX_COLUMNS, 4, 0);
        write(before);
        is_interrupted = interrupted_after(most, write_interrupted_text, nullptr);
    }
    return most;
}

static void repetition_in_insert_mode_costs_no_more_than_a_screen(void **)
{
    if (!CAN_INTERRUPT)
        skip();
    assert_true(cost_of("\x1b[4hx\r", "\x1b[512b") <= cost_of("\x1b[44m", "\x1b[2J\x1b[S\x1b[T"));
}

// What a panic does: repair, then text in new rows at the bottom. It must be there.
static void assert_panic_is_shown(void)
{
    terminal_repair(&terminal);
    terminal_write(&terminal, "\x1b[99H\r\npanic\r\nhalted", 20);
    check();
    unsigned row = terminal.cursor.row;
    assert_true(row > 0);
    assert_row(row - 1, "panic");
    assert_row(row, "halted");
}

static void a_write_that_was_interrupted_anywhere_can_be_repaired(void **)
{
    if (!CAN_INTERRUPT)
        skip();
    static const char *const texts[] = {
        "some text that is long enough to wrap\nand more\n\n",
        "\x1b[2;4r\x1b[2;1H\n\n\x1b[4Hx\n\n\x1b[L\x1b[2M\x1b[?6h\x1b[2S",
        "\x1b[44m\x1b[2J\x1b[1;38;2;1;2;3mab\x1b[2@\x1b[P\x1b[K\x1b(0qq\x1b[4hq\x1b[?7l",
        "\x1b[1;3r\x1b[3H\n\n\0337\x1b[r\x1b[3J\x1b[T\0338\x1b#8\xf0\x9f\x98",
    };
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        interrupted_text = texts[i];
        bool is_interrupted = true;
        for (unsigned steps = 0; is_interrupted; steps += 17 + steps / 8) {
            start(16, 5, 3);
            write_numbers(0, 12);
            is_interrupted = interrupted_after(steps, write_interrupted_text, nullptr);
            assert_panic_is_shown();
        }
    }
}

// Worse than any interruption.
static void a_terminal_of_rubbish_can_be_repaired(void **)
{
    uint64_t random = 1;
    for (unsigned round = 0; round < 2000; round++) {
        start(16, 5, 3);
        write_numbers(0, 12);
        uint8_t *bytes = (uint8_t *)&terminal;
        for (size_t i = offsetof(struct terminal, first_at); i < sizeof terminal; i++)
            bytes[i] = (uint8_t)random_next(&random);
        for (size_t i = 0; i < TERMINAL_CELLS(16, 8); i++)
            cells[i] = (surface_cell_t)random_next(&random);
        assert_panic_is_shown();
    }
}

static void usual_colours_are_what_resets_select(void **)
{
    static const char *const resets[] = {"\x1b[m", "\x1b[39;49m", "\x1b[0m", "\x1b[!p"};
    terminal_set_usual_colours(&terminal, SURFACE_YELLOW, SURFACE_BLUE);
    for (unsigned i = 0; i < sizeof resets / sizeof *resets; i++) {
        write("\x1b[31;42m");
        write(resets[i]);
        assert_int_equal(terminal.cursor.pen.foreground, SURFACE_YELLOW);
        assert_int_equal(terminal.cursor.pen.background, SURFACE_BLUE);
        write("x");
        assert_int_equal(mirror_surface_cell(&mirror, 0, i), surface_cell('x', SURFACE_YELLOW, SURFACE_BLUE));
    }
    terminal_repair(&terminal);
    assert_int_equal(terminal.cursor.pen.foreground, SURFACE_LIGHT_GREY);
    assert_int_equal(terminal.cursor.pen.background, SURFACE_BLACK);
}

static void repair_keeps_what_is_on_the_screen(void **)
{
    write_numbers(0, 50);
    write("\x1b[31;44m\x1b[2;9r\x1b[?6h\x1b[?25l\x1b(0\x1b[4h\x1b[3;3H\x1b[");
    view(3);
    terminal_repair(&terminal);
    write("x");
    assert_row(0, "25");
    assert_row(3, "28x");
    assert_int_equal(mirror_surface_cell(&mirror, 3, 2), surface_cell('x', SURFACE_LIGHT_GREY, SURFACE_BLACK));
    view(3);
    assert_row(0, "22");
}

// With an argument, only the test of that name.
int main(int argument_count, char **arguments)
{
    if (argument_count > 1)
        cmocka_set_test_filter(arguments[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_new_terminal_shows_a_blank_screen, fresh),
        cmocka_unit_test_setup(memory_for_fewer_rows_than_the_surface_has_serves, fresh),
        cmocka_unit_test_setup(what_cannot_be_a_terminal_is_refused, fresh),
        cmocka_unit_test_setup(a_wide_surface_is_used_in_part, fresh),
        cmocka_unit_test_setup(a_screen_of_one_cell_works, fresh),
        cmocka_unit_test_setup(usual_colours_are_what_resets_select, fresh),
        cmocka_unit_test_setup(the_last_column_wraps_only_for_another_character, fresh),
        cmocka_unit_test_setup(ill_formed_utf8_is_replaced_part_by_part, fresh),
        cmocka_unit_test_setup(seventeen_parameters_are_sixteen, fresh),
        cmocka_unit_test_setup(a_string_without_an_end_hides_4096_bytes, fresh),
        cmocka_unit_test_setup(sequences_that_are_not_ours_leave_no_trace, fresh),
        cmocka_unit_test_setup(the_bell_ends_no_string_but_that_of_osc, fresh),
        cmocka_unit_test_setup(positions_beyond_the_screen_are_its_edge, fresh),
        cmocka_unit_test_setup(the_scroll_region_holds_its_rows, fresh),
        cmocka_unit_test_setup(lines_that_leave_can_be_looked_at, fresh),
        cmocka_unit_test_setup(the_oldest_line_makes_room, fresh),
        cmocka_unit_test_setup(output_brings_the_screen_back, fresh),
        cmocka_unit_test_setup(the_cursor_is_shown_where_its_row_is, fresh),
        cmocka_unit_test_setup(without_scrollback_the_screen_scrolls, fresh),
        cmocka_unit_test_setup(only_what_scrolls_off_the_top_is_kept, fresh),
        cmocka_unit_test_setup(erased_scrollback_is_gone, fresh),
        cmocka_unit_test_setup(a_line_at_the_bottom_takes_one_scroll_and_two_draws, fresh),
        cmocka_unit_test_setup(what_does_not_change_is_not_drawn, fresh),
        cmocka_unit_test_setup(much_text_is_drawn_once, fresh),
        cmocka_unit_test_setup(movements_of_one_part_are_one, fresh),
        cmocka_unit_test_setup(bytes_at_once_do_what_they_do_one_by_one, fresh),
        cmocka_unit_test_setup(repetition_is_typing, fresh),
        cmocka_unit_test_setup(repetition_in_insert_mode_costs_no_more_than_a_screen, fresh),
        cmocka_unit_test_setup(a_write_that_was_interrupted_anywhere_can_be_repaired, fresh),
        cmocka_unit_test_setup(a_terminal_of_rubbish_can_be_repaired, fresh),
        cmocka_unit_test_setup(repair_keeps_what_is_on_the_screen, fresh),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
