// SPDX-License-Identifier: MIT
// kernel/line_editor: after every key, the line is the model's (support/line_model.h), and three terminals show it with
// the cursor in its place: libvterm of the width that the editor knows, a wider one, and the kernel's own. Then
// history, search, completion and pastes, by name.
#include <line_editor/line_editor.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/line_model.h>
#include <support/mirror_surface.h>
#include <support/random.h>
#include <support/unit.h>
#include <terminal/terminal.h>
#include <vterm.h>

constexpr unsigned COLUMNS = 40, FAR_COLUMNS = 70, ROWS = 12;
constexpr size_t LINE_BYTES = 150, HISTORY_BYTES = 1000;
constexpr size_t OUTPUT_LIMIT = LINE_EDITOR_OUTPUT_LIMIT(LINE_BYTES);
static const char prompt[] = "hewn> ";

static struct line_editor editor;
static char *memory; // exactly as large as it has to be, so that the sanitizer sees the first byte beyond
static VTerm *near_terminal, *far_terminal;
static struct mirror_surface mirror;
static surface_cell_t cells[TERMINAL_CELLS(COLUMNS, ROWS + 100)];
static struct terminal own;
static char said[OUTPUT_LIMIT + 1]; // since somebody set the length to 0
static size_t said_length;

// ---- the terminals

static void feed(VTerm *vterm, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            vterm_input_write(vterm, "\r", 1);
        vterm_input_write(vterm, text + i, 1);
    }
}

static void write_text(void *, const char *text, size_t length)
{
    assert_true(length > 0);
    if (said_length + length > OUTPUT_LIMIT)
        fail_msg("one byte makes the editor say more than %zu bytes", OUTPUT_LIMIT);
    memcpy(said + said_length, text, length);
    said[said_length += length] = '\0';
    feed(near_terminal, text, length);
    feed(far_terminal, text, length);
    terminal_write(&own, text, length);
}

static VTerm *start_vterm(unsigned columns)
{
    VTerm *vterm = vterm_new((int)ROWS, (int)columns);
    assert_non_null(vterm);
    vterm_set_utf8(vterm, 1);
    vterm_screen_reset(vterm_obtain_screen(vterm), 1);
    return vterm;
}

static uint32_t vterm_character(VTerm *vterm, unsigned row, unsigned column)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(vterm_obtain_screen(vterm), (VTermPos){.row = (int)row, .col = (int)column}, &cell);
    return cell.chars[0] == 0 ? ' ' : cell.chars[0] == UINT32_MAX ? 0 : cell.chars[0];
}

static struct line_place vterm_cursor(VTerm *vterm)
{
    VTermPos position;
    vterm_state_get_cursorpos(vterm_obtain_state(vterm), &position);
    return (struct line_place){(unsigned)position.row, (unsigned)position.col};
}

// ---- a line that is being edited

static void start_line(void)
{
    said_length = 0;
    line_editor_start(&editor, prompt, COLUMNS, ROWS);
}

static void start(size_t line_bytes, size_t history_bytes, line_complete_fn *complete)
{
    near_terminal = start_vterm(COLUMNS);
    far_terminal = start_vterm(FAR_COLUMNS);
    mirror_surface_init(&mirror, COLUMNS, ROWS);
    assert_int_equal(terminal_init(&own, &mirror.surface, cells, sizeof cells / sizeof *cells, true), STATUS_OK);
    memory = malloc(LINE_EDITOR_MEMORY(line_bytes, history_bytes));
    assert_non_null(memory);
    struct line_editor_options options = {.write = write_text,
                                          .complete = complete,
                                          .memory = memory,
                                          .line_bytes = line_bytes,
                                          .history_bytes = history_bytes};
    line_editor_init(&editor, &options);
    start_line();
}

static void stop(void)
{
    free(memory);
    vterm_free(near_terminal);
    vterm_free(far_terminal);
}

static enum line_event push(const char *bytes)
{
    enum line_event event = LINE_GOES_ON;
    for (; *bytes != '\0'; bytes++) {
        assert_int_equal(event, LINE_GOES_ON);
        said_length = 0;
        said[0] = '\0';
        event = line_editor_push(&editor, (uint8_t)*bytes);
    }
    return event;
}

static void type(const char *bytes)
{
    assert_int_equal(push(bytes), LINE_GOES_ON);
}

// Bytes in pieces of lines: each line that ends is compared with the next of WANTED, which end with a nullptr.
static void type_lines(const char *bytes, const char *const *wanted)
{
    for (; *bytes != '\0'; bytes++) {
        said_length = 0;
        if (line_editor_push(&editor, (uint8_t)*bytes) != LINE_IS_FINISHED)
            continue;
        assert_non_null(*wanted);
        assert_string_equal(editor.line, *wanted++);
        start_line();
    }
    assert_null(*wanted);
}

static void assert_line(const char *line, size_t cursor)
{
    assert_string_equal(editor.line, line);
    assert_int_equal(editor.length, strlen(line));
    assert_int_equal(editor.cursor, cursor);
}

// ---- what is seen

typedef uint32_t read_cell_fn(unsigned row, unsigned column);

static uint32_t near_cell(unsigned row, unsigned column)
{
    return vterm_character(near_terminal, row, column);
}

static uint32_t far_cell(unsigned row, unsigned column)
{
    return vterm_character(far_terminal, row, column);
}

static uint32_t own_cell(unsigned row, unsigned column)
{
    return surface_code_point(mirror_surface_cell(&mirror, row, column));
}

// Of a line with more rows than the screen, as many as there are around the cursor.
static void require_screen(const char *name, const struct model_screen *wanted, struct line_place cursor,
                           unsigned columns, read_cell_fn *read)
{
    if (cursor.column != wanted->cursor_column)
        fail_msg("%s: the cursor is in column %u instead of %zu", name, cursor.column, wanted->cursor_column);
    for (unsigned row = 0; row < ROWS; row++) {
        size_t line_row = row + wanted->cursor_row - cursor.row;
        if (row + wanted->cursor_row < cursor.row)
            continue; // above the prompt
        for (unsigned column = 0; column < columns; column++) {
            uint32_t is = read(row, column);
            uint32_t ought = line_row < wanted->row_count && column < COLUMNS ? wanted->cells[line_row][column] : ' ';
            if (is != ought)
                fail_msg("%s: row %zu, column %u shows U+%04X instead of U+%04X", name, line_row, column, (unsigned)is,
                         (unsigned)ought);
        }
    }
}

// The kernel's terminal gives a mark a cell of its own.
static void require_shown(const struct line_model *model, bool has_marks)
{
    struct model_screen wanted;
    model_draw(model, prompt, COLUMNS, &wanted);
    require_screen("libvterm", &wanted, vterm_cursor(near_terminal), COLUMNS, near_cell);
    require_screen("libvterm, wider", &wanted, vterm_cursor(far_terminal), FAR_COLUMNS, far_cell);
    if (wanted.is_plain && !has_marks)
        require_screen("terminal", &wanted, (struct line_place){mirror.cursor_row, mirror.cursor_column}, COLUMNS,
                       own_cell);
}

static void require_same(const struct line_model *model, bool has_marks)
{
    char text[4 * MODEL_LINE_LIMIT + 1];
    model_utf8(model, text);
    if (strcmp(editor.line, text) != 0)
        fail_msg("the line is <%s> instead of <%s>", editor.line, text);
    require_shown(model, has_marks);
}

static void press(struct line_model *model, unsigned key, bool has_marks)
{
    enum line_event event = push(model_key_bytes(key));
    model_press(model, key);
    assert_int_equal(event, model_key_is_enter(key) ? LINE_IS_FINISHED : LINE_GOES_ON);
    if (event == LINE_IS_FINISHED)
        start_line();
    require_same(model, has_marks);
}

// ---- random keys

// libvterm 0.1.4 does not put a mark on a character in the last column, so lines with marks stay short. The history
// keeps MODEL_HISTORY lines in the model, and bytes in the editor: lines of one length make that the same.
static void random_keys(uint64_t seed, unsigned count, size_t line_bytes, bool has_history)
{
    bool has_marks = seed % 2 == 0;
    line_bytes = has_marks && line_bytes > 30 ? 30 : line_bytes;
    start(line_bytes, has_history ? HISTORY_BYTES : 0, nullptr);
    unsigned key_count = has_marks ? model_key_count : model_key_count - 1;
    struct line_model model;
    model_init(&model, line_bytes);
    for (unsigned i = 0; i < count; i++) {
        // Typing more often than all the rest together, so that lines grow.
        unsigned key =
            random_below(&seed, 2) == 0 ? key_count - 1 - random_below(&seed, 9) : random_below(&seed, key_count);
        bool is_enter = model_key_is_enter(key);
        if (is_enter && (!has_history || model.history_count == MODEL_HISTORY - 1))
            continue;
        if (!has_history && key < 4)
            continue;
        press(&model, key, has_marks);
    }
    stop();
}

static void random_keys_give_the_line_and_the_screen_of_the_model(void **)
{
    for (uint64_t seed = 1; seed <= 40; seed++)
        random_keys(seed, 600, 100, false);
}

static void random_keys_with_a_history_do_too(void **)
{
    for (uint64_t seed = 101; seed <= 120; seed++)
        random_keys(seed, 600, 100, true);
}

static void full_line_rings_the_bell_and_keeps_what_it_has(void **)
{
    for (uint64_t seed = 201; seed <= 210; seed++)
        random_keys(seed, 400, 12, false);
    start(4, 0, nullptr);
    type("abcd");
    assert_line("abc", 3);
    assert_string_equal(said, "\a");
    type("\177\u00e4"); // two bytes, and room for one
    assert_line("ab", 2);
    type("x");
    assert_line("abx", 3);
    stop();
}

// Each row of keys with the line that it leaves, | standing for the cursor.
static void keys_do_what_their_table_says(void **)
{
    static const struct {
        const char *keys, *line;
    } ROWS_OF_KEYS[] = {
        {"abc\033[D\033[Dx", "ax|bc"},
        {"abc\002\002\006x", "abx|c"},
        {"abc\001x\005y", "xabcy|"},
        {"abc\033[Hx\033[Fy", "xabcy|"},
        {"one two\033bx", "one x|two"},
        {"one two  \033[1;5Dx", "one x|two  "},
        {"one two\001\033fx", "onex| two"},
        {"one two\001\033[1;5C\033[1;5Cx", "one twox|"},
        {"abc\b\177", "a|"},
        {"abc\002\002\033[3~", "a|c"},
        {"abc\001\004", "|bc"},
        {"abc\002\013", "ab|"},
        {"abc\002\013\001\031", "c|ab"},
        {"abc\002\025", "|c"},
        {"one two\027", "one |"},
        {"one two  \027", "one |"},
        {"one two\027\031\031", "one twotwo|"},
        {"one two\001\033d", "| two"},
        {"one two\033\177", "one |"},
        {"one,two\027", "|"},
        {"one,two\033\177", "one,|"},
        {"ab\024", "ba|"},
        {"abc\002\024", "acb|"},
        {"a\024", "a|"},
        {"a\u00e4\024", "\u00e4a|"},
        {"\u00e4\u4e16\u20ac\002\024", "\u00e4\u20ac\u4e16|"},
        {"a\u0301b\033[D\033[Dx", "x|a\u0301b"},
        {"a\u0301\177", "|"},
        {"\u4e16\u20ac\u00e4\177", "\u4e16\u20ac|"},
        {"a\034b", "ab|"}, // keys that mean nothing
        {"a\033xb", "ab|"},
        {"a\033[5~b", "ab|"},
    };
    for (size_t i = 0; i < sizeof ROWS_OF_KEYS / sizeof *ROWS_OF_KEYS; i++) {
        start(LINE_BYTES, 0, nullptr);
        type(ROWS_OF_KEYS[i].keys);
        char shown[LINE_BYTES + 2];
        snprintf(shown, sizeof shown, "%.*s|%s", (int)editor.cursor, editor.line, editor.line + editor.cursor);
        if (strcmp(shown, ROWS_OF_KEYS[i].line) != 0)
            fail_msg("row %zu gives <%s> instead of <%s>", i, shown, ROWS_OF_KEYS[i].line);
        stop();
    }
}

// ---- little is said

static void character_at_the_end_is_all_that_is_said(void **)
{
    start(LINE_BYTES, 0, nullptr);
    for (const char *text = "echo one two three"; *text != '\0'; text++) {
        type((char[]){*text, '\0'});
        assert_string_equal(said, ((char[]){*text, '\0'}));
    }
    type("\177");
    assert_string_equal(said, "\b\033[J");
    type("\033[D");
    assert_string_equal(said, "\b");
    stop();
}

static void finished_line_ends_with_one_line_feed(void **)
{
    start(LINE_BYTES, HISTORY_BYTES, nullptr);
    assert_int_equal(push("abc\r"), LINE_IS_FINISHED);
    assert_string_equal(said, "\n");
    start_line();
    // A full row: the terminal is in the next one already.
    type("01234567890123456789012345678901234567"
         "\177\177\177\177");
    assert_int_equal(push("\r"), LINE_IS_FINISHED);
    assert_string_equal(said, "");
    stop();
}

// ---- the ends

static void ends_are_told(void **)
{
    start(LINE_BYTES, HISTORY_BYTES, nullptr);
    assert_int_equal(push("\004"), LINE_INPUT_ENDS);
    start_line();
    assert_int_equal(push("abc\001\003"), LINE_IS_INTERRUPTED);
    assert_string_equal(said, "\033[3C^C\n");
    start_line();
    assert_line("", 0);
    assert_int_equal(push("\r"), LINE_IS_FINISHED);
    assert_line("", 0);
    start_line();
    type("\033[A"); // neither was kept
    assert_line("", 0);
    stop();
}

// ---- history

static void history_keeps_what_is_neither_blank_nor_the_same_again(void **)
{
    start(LINE_BYTES, HISTORY_BYTES, nullptr);
    type_lines("one\rtwo\rtwo\r\r  \rthree\r", (const char *const[]){"one", "two", "two", "", "  ", "three", nullptr});
    type("new\033[A");
    assert_line("three", 5);
    type("\033[A\033[A\033[A");
    assert_line("one", 3);
    assert_string_equal(said, "\a");
    type("x\033[B\033[B\033[B");
    assert_line("new", 3);
    type("\033[B");
    assert_line("new", 3);
    stop();
}

static void oldest_lines_make_room(void **)
{
    start(LINE_BYTES, 12, nullptr);
    type_lines("one\rtwo\rsix\r", (const char *const[]){"one", "two", "six", nullptr}); // four bytes each
    type("\020\020\020");
    assert_line("one", 3);
    start_line();
    type_lines("five\r", (const char *const[]){"five", nullptr});
    type("\020\020\020\020");
    assert_line("six", 3);
    start_line();
    type_lines("a line that has no room\r", (const char *const[]){"a line that has no room", nullptr});
    type("\020\020\020");
    assert_line("six", 3);
    stop();
}

// ---- search

static bool screen_says(const char *text)
{
    char row_text[4 * COLUMNS + 1];
    for (unsigned row = 0; row < ROWS; row++) {
        for (unsigned column = 0; column < COLUMNS; column++)
            row_text[column] = (char)near_cell(row, column);
        row_text[COLUMNS] = '\0';
        if (strstr(row_text, text) != nullptr)
            return true;
    }
    return false;
}

static void start_with_history(void)
{
    start(LINE_BYTES, HISTORY_BYTES, nullptr);
    type_lines("echo one\rfoo\recho two\rbar one\r",
               (const char *const[]){"echo one", "foo", "echo two", "bar one", nullptr});
}

static void search_finds_the_newest_line_and_older_ones(void **)
{
    start_with_history();
    type("mine\022ec");
    assert_true(screen_says("search \"ec\": echo two"));
    type("\022");
    assert_true(screen_says("search \"ec\": echo one"));
    type("\022");
    assert_true(screen_says("not found \"ec\": echo one"));
    type("\023");
    assert_true(screen_says("search \"ec\": echo two"));
    assert_int_equal(push("\r"), LINE_IS_FINISHED);
    assert_string_equal(editor.line, "echo two");
    stop();
}

static void search_can_be_given_up_or_gone_on_from(void **)
{
    start_with_history();
    type("mine\022one\007");
    assert_line("mine", 4);
    assert_true(screen_says("hewn> mine "));
    type("\022one\033[H");
    assert_line("bar one", 0);
    assert_true(screen_says("hewn> bar one "));
    type("x");
    assert_line("xbar one", 1);
    assert_int_equal(push("\022one\003"), LINE_IS_INTERRUPTED);
    stop();
}

static void search_pattern_can_be_corrected(void **)
{
    start_with_history();
    type("\022ex");
    assert_true(screen_says("not found \"ex\": bar one"));
    type("\177c");
    assert_true(screen_says("search \"ec\": echo two"));
    type("\177\177\177");
    assert_true(screen_says("search \"\": "));
    type("this pattern is longer than there is room for it");
    assert_true(strlen(editor.search.prompt) < LINE_COLUMNS_LEAST);
    stop();
}

// ---- completion

static const char *complete_colour(void *, const char *line, size_t length, size_t index, size_t *start)
{
    static const char *const words[] = {"green", "grey", "red", "rose", "rosy", "yellow"};
    *start = length;
    while (*start > 0 && line[*start - 1] != ' ')
        (*start)--;
    return index < sizeof words / sizeof *words ? words[index] : nullptr;
}

static void tab_completes_as_far_as_it_is_certain(void **)
{
    start(LINE_BYTES, 0, complete_colour);
    type("y\t");
    assert_line("yellow ", 7);
    type("ros\t");
    assert_line("yellow ros", 10);
    assert_string_equal(said, "\a");
    type("\027g\t");
    assert_line("yellow gre", 10);
    type("\001x \033[Dr\002\002\002"); // in front of a word
    type("\005\025re\002\t");
    assert_line("re", 1);
    stop();
}

static void second_tab_lists_what_there_is(void **)
{
    start(LINE_BYTES, 0, complete_colour);
    type("x ro\t\t");
    assert_true(screen_says("hewn> x ro"));
    type("\t");
    assert_line("x ros", 5);
    assert_true(screen_says("rose  rosy"));
    assert_false(screen_says("red"));
    assert_true(screen_says("hewn> x ros"));
    type("e\t");
    assert_line("x rose ", 7);
    type("q\t\t"); // nothing begins so
    assert_line("x rose q", 8);
    assert_string_equal(said, "\a");
    stop();
}

static const char *complete_number(void *, const char *, size_t length, size_t index, size_t *start)
{
    static char words[250][8];
    *start = length;
    if (index == 250)
        return nullptr;
    snprintf(words[index], sizeof words[index], "%03zu", index);
    return words[index];
}

static void long_lists_end_with_how_many_more(void **)
{
    start(LINE_BYTES, 0, complete_number);
    type("\t\t");
    assert_true(screen_says("099"));
    assert_false(screen_says("100"));
    assert_true(screen_says("... 150 more"));
    stop();
}

// ---- pastes

static void pasted_lines_come_one_by_one(void **)
{
    start(LINE_BYTES, HISTORY_BYTES, complete_colour);
    type_lines("one\ntwo\r\nthree\rfour", (const char *const[]){"one", "two", "three", nullptr});
    assert_line("four", 4);
    stop();
}

static void bracketed_paste_is_text(void **)
{
    start(LINE_BYTES, HISTORY_BYTES, complete_colour);
    type_lines("\033[200~a\tb\001c\r\033[Ay\n\033[201~\t", (const char *const[]){"a\tb\001c", "y", nullptr});
    assert_line("", 0);
    type("\033[200~a\001\033[201~"); // a control character takes two cells
    assert_true(screen_says("hewn> a^A "));
    assert_int_equal(vterm_cursor(near_terminal).column, 9);
    // Where the end of a paste is lost, Ctrl-C leaves it.
    assert_int_equal(push("\033[200~b\003"), LINE_IS_INTERRUPTED);
    start_line();
    type("x\001");
    assert_line("x", 0);
    stop();
}

static void sixty_four_kib_are_pasted_without_loss(void **)
{
    start(LINE_BYTES, HISTORY_BYTES, nullptr);
    uint64_t seed = 3;
    size_t bytes = 0;
    while (bytes < 64 * 1024) {
        char line[LINE_BYTES];
        size_t length = random_below(&seed, LINE_BYTES - 1);
        for (size_t i = 0; i < length; i++)
            line[i] = (char)(' ' + random_below(&seed, 95));
        line[length] = '\0';
        type(line);
        assert_int_equal(push("\r"), LINE_IS_FINISHED);
        assert_string_equal(editor.line, line);
        start_line();
        bytes += length + 1;
    }
    stop();
}

// ---- the screen

static void line_longer_than_the_screen_shows_the_part_with_the_cursor(void **)
{
    static char line[4 * 1024];
    for (size_t i = 0; i + 1 < sizeof line; i++)
        line[i] = (char)('a' + i % 26);
    start(sizeof line, 0, nullptr);
    type(line);
    assert_int_equal(editor.length, sizeof line - 1);
    size_t place = sizeof prompt - 1 + sizeof line - 1;
    assert_int_equal(vterm_cursor(near_terminal).column, place % COLUMNS);
    // To the start and back, by characters: what stands before the cursor is on the screen wherever it is.
    for (size_t cursor = editor.length; cursor > 0; cursor -= 1) {
        type("\002");
        struct line_place at = vterm_cursor(near_terminal);
        assert_int_equal(at.column, (sizeof prompt - 1 + cursor - 1) % COLUMNS);
        assert_int_equal(near_cell(at.row, at.column), line[cursor - 1]);
    }
    type("\004x");
    assert_true(screen_says("hewn> xbcd"));
    type("\005y");
    assert_string_equal(said, "\a"); // full
    struct line_place end = vterm_cursor(near_terminal);
    assert_int_equal(end.column, place % COLUMNS);
    assert_int_equal(near_cell(end.row, end.column - 1), line[sizeof line - 2]);
    stop();
}

static void screen_can_be_cleared(void **)
{
    start(LINE_BYTES, 0, nullptr);
    type("abc\002\014");
    assert_int_equal(vterm_cursor(near_terminal).row, 0);
    assert_int_equal(vterm_cursor(near_terminal).column, 8);
    assert_true(screen_says("hewn> abc"));
    stop();
}

static void line_is_shown_again_below_other_text(void **)
{
    start(LINE_BYTES, 0, nullptr);
    type("a line of more than one row, as its length is 60 characters.\001");
    write_text(nullptr, "news\n", 5);
    line_editor_show(&editor);
    assert_true(screen_says("news"));
    assert_int_equal(vterm_cursor(near_terminal).column, 6);
    struct line_model model;
    model_init(&model, LINE_BYTES);
    for (size_t i = 0; i < editor.length; i++)
        model.line.characters[model.line.length++] = (uint32_t)editor.line[i];
    require_shown(&model, false);
    stop();
}

static void prompt_may_have_colours(void **)
{
    start(LINE_BYTES, 0, nullptr);
    line_editor_start(&editor, "\033[1;32mhewn\033[m> ", COLUMNS, ROWS);
    type("abc\001");
    assert_int_equal(vterm_cursor(near_terminal).column, 6 + 6); // behind the first prompt
    stop();
}

static void escape_alone_can_be_given_up(void **)
{
    start(LINE_BYTES, 0, nullptr);
    type("\033");
    assert_true(line_editor_is_waiting(&editor));
    line_editor_pause(&editor);
    type("b");
    assert_line("b", 1);
    stop();
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_do_what_their_table_says),
        cmocka_unit_test(character_at_the_end_is_all_that_is_said),
        cmocka_unit_test(finished_line_ends_with_one_line_feed),
        cmocka_unit_test(ends_are_told),
        cmocka_unit_test(history_keeps_what_is_neither_blank_nor_the_same_again),
        cmocka_unit_test(oldest_lines_make_room),
        cmocka_unit_test(search_finds_the_newest_line_and_older_ones),
        cmocka_unit_test(search_can_be_given_up_or_gone_on_from),
        cmocka_unit_test(search_pattern_can_be_corrected),
        cmocka_unit_test(tab_completes_as_far_as_it_is_certain),
        cmocka_unit_test(second_tab_lists_what_there_is),
        cmocka_unit_test(long_lists_end_with_how_many_more),
        cmocka_unit_test(pasted_lines_come_one_by_one),
        cmocka_unit_test(bracketed_paste_is_text),
        cmocka_unit_test(sixty_four_kib_are_pasted_without_loss),
        cmocka_unit_test(line_longer_than_the_screen_shows_the_part_with_the_cursor),
        cmocka_unit_test(screen_can_be_cleared),
        cmocka_unit_test(line_is_shown_again_below_other_text),
        cmocka_unit_test(prompt_may_have_colours),
        cmocka_unit_test(escape_alone_can_be_given_up),
        cmocka_unit_test(full_line_rings_the_bell_and_keeps_what_it_has),
        cmocka_unit_test(random_keys_give_the_line_and_the_screen_of_the_model),
        cmocka_unit_test(random_keys_with_a_history_do_too),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
