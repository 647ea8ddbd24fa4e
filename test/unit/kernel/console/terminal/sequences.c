// SPDX-License-Identifier: MIT
// kernel/console/terminal: each control function that it knows, once at least. The table of docs/terminal.md lists the
// same ones, and the last test holds it to that.
#include "sequences.h"
#include <stdio.h>
#include <support/mirror_surface.h>
#include <support/terminal_check.h>
#include <support/unit.h>
#include <terminal/terminal.h>

constexpr unsigned COLUMNS = SEQUENCE_COLUMNS;
constexpr unsigned ROWS = SEQUENCE_ROWS;

static struct mirror_surface mirror;
static surface_cell_t cells[TERMINAL_CELLS(COLUMNS, ROWS + 3)];
static struct terminal terminal;
static char answers[64];

static void take_answer(void *, const char *text, size_t length)
{
    strncat(answers, text, length);
}

static void append_utf8(char *text, uint32_t code_point)
{
    char bytes[4] = {(char)code_point};
    if (code_point >= 0x800) {
        bytes[0] = (char)(0xe0 | code_point >> 12);
        bytes[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code_point & 0x3f));
    } else if (code_point >= 0x80) {
        bytes[0] = (char)(0xc0 | code_point >> 6);
        bytes[1] = (char)(0x80 | (code_point & 0x3f));
    }
    strcat(text, bytes);
}

// What the surface shows, as struct sequence writes it.
static const char *shown(void)
{
    static char text[ROWS * (COLUMNS * 3 + 1) + 1];
    text[0] = '\0';
    size_t used = 0;
    for (unsigned row = 0; row < ROWS; row++) {
        if (row > 0)
            strcat(text, "/");
        size_t row_used = strlen(text);
        for (unsigned column = 0; column < COLUMNS; column++) {
            uint32_t code_point = surface_code_point(mirror_surface_cell(&mirror, row, column));
            append_utf8(text, code_point);
            if (code_point != ' ')
                row_used = used = strlen(text);
        }
        text[row_used] = '\0';
    }
    text[used] = '\0';
    return text;
}

static void sequence_does_what_it_should(void **state)
{
    const struct sequence *sequence = *state;
    mirror_surface_init(&mirror, COLUMNS, ROWS);
    assert_int_equal(terminal_init(&terminal, &mirror.surface, cells, sizeof cells / sizeof *cells, false), STATUS_OK);
    terminal.answer = take_answer;
    answers[0] = '\0';
    terminal_write(&terminal, sequence->input, strlen(sequence->input));

    const char *problem = terminal_check(&terminal, &mirror);
    if (problem != nullptr)
        fail_msg("%s", problem);
    assert_string_equal(shown(), sequence->screen);
    char cursor[32] = "";
    if (mirror.is_cursor_visible)
        snprintf(cursor, sizeof cursor, "%u;%u", mirror.cursor_row + 1, mirror.cursor_column + 1);
    assert_string_equal(cursor, sequence->cursor);
    assert_string_equal(answers, sequence->answer ? sequence->answer : "");
    char colours[3];
    snprintf(colours, sizeof colours, "%x%x", surface_foreground(mirror.cells[0]), surface_background(mirror.cells[0]));
    if (sequence->screen[0] != '/')
        assert_string_equal(colours, sequence->colours ? sequence->colours : "70");
}

// ---- the page

static bool is_known(const char *name, const char *form)
{
    for (size_t i = 0; i < SEQUENCE_COUNT; i++) {
        if (strcmp(sequences[i].name, name) == 0 && strcmp(sequences[i].form, form) == 0)
            return true;
    }
    return false;
}

// Rows of the page's table begin with a name and a form: | BS | `08` |
static void the_page_lists_the_same_sequences(void **)
{
    FILE *page = fopen(TERMINAL_PAGE, "r");
    assert_non_null(page);
    static char text[256 * 1024];
    text[fread(text, 1, sizeof text - 1, page)] = '\0';
    fclose(page);
    for (size_t i = 0; i < SEQUENCE_COUNT; i++) {
        char row[64];
        snprintf(row, sizeof row, "\n| %s | `%s` |", sequences[i].name, sequences[i].form);
        if (strstr(text, row) == nullptr)
            fail_msg("the page does not have the row%s", row);
    }
    unsigned count = 0;
    for (const char *line = text; (line = strstr(line, "\n| ")) != nullptr; line++) {
        char name[16], form[48];
        if (sscanf(line, "\n| %15[A-Z] | `%47[^`\n]` |", name, form) == 2) {
            count++;
            if (!is_known(name, form))
                fail_msg("%s, %s is in the page, and has no test", name, form);
        }
    }
    assert_true(count > 60);
}

int main(void)
{
    static struct CMUnitTest tests[SEQUENCE_COUNT + 1];
    static char names[SEQUENCE_COUNT][64];
    for (size_t i = 0; i < SEQUENCE_COUNT; i++) {
        snprintf(names[i], sizeof names[i], "%s (%s), %zu", sequences[i].name, sequences[i].form, i);
        tests[i] = (struct CMUnitTest){
            .name = names[i],
            .test_func = sequence_does_what_it_should,
            .initial_state = (void *)(uintptr_t)&sequences[i],
        };
    }
    tests[SEQUENCE_COUNT] = (struct CMUnitTest)cmocka_unit_test(the_page_lists_the_same_sequences);
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
