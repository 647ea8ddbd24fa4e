// SPDX-License-Identifier: MIT
// kernel/vga/text_screen: what the card shows after a text, and that it is written no more than that takes.
#include <stdlib.h>
#include <support/unit.h>
#include <text_screen/text_screen.h>

constexpr unsigned COLUMNS = 40;
constexpr unsigned ROWS = 5;
constexpr unsigned STRIDE = 44;
constexpr uint16_t BLANK = 0x0720;

static alignas(8) uint16_t card[ROWS * STRIDE];
static struct text_screen screen;

static int blank_screen(void **)
{
    for (unsigned i = 0; i < ROWS * STRIDE; i++)
        card[i] = BLANK;
    return text_screen_adopt(&screen, card, COLUMNS, ROWS, STRIDE, 0, 0);
}

static void write(const char *text)
{
    text_screen_write(&screen, text, strlen(text));
}

static void assert_row(unsigned row, const char *expected)
{
    char shown[COLUMNS + 1] = "";
    unsigned used = 0;
    for (unsigned column = 0; column < COLUMNS; column++) {
        uint8_t character = (uint8_t)card[row * STRIDE + column];
        shown[column] = character == TEXT_SCREEN_SQUARE ? '#' : (char)character;
        if (character != ' ')
            used = column + 1;
    }
    shown[used] = '\0';
    assert_string_equal(shown, expected);
}

static void lines_follow_each_other(void **)
{
    write("one\ntwo");
    write(" and\nthree");
    assert_row(0, "one");
    assert_row(1, "two and");
    assert_row(2, "three");
    assert_int_equal(screen.row, 2);
    assert_int_equal(screen.column, 5);
}

static void a_full_screen_scrolls(void **)
{
    write("1\n22\n333\n4444\n55555\n666666\n");
    assert_row(0, "333");
    assert_row(1, "4444");
    assert_row(2, "55555");
    assert_row(3, "666666");
    assert_row(4, "");
    assert_int_equal(screen.row, ROWS - 1);
}

static void the_last_column_wraps_only_for_another_character(void **)
{
    char line[COLUMNS + 1];
    memset(line, 'x', COLUMNS);
    line[COLUMNS] = '\0';
    write(line);
    write("\nnext");
    assert_row(1, "next");
    write("\n");
    write(line);
    write("y");
    assert_row(2, line);
    assert_row(3, "y");
}

static void control_characters_move(void **)
{
    write("ab\tc\td\n");
    assert_row(0, "ab      c       d");
    write("12345\rab\n");
    assert_row(1, "ab345");
    write("\b\babc\b\bX");
    assert_row(2, "aXc");
    write("\n\x1b\x7f\x01.");
    assert_row(3, "###.");
}

static void a_tab_stays_in_the_line(void **)
{
    write("1234567890123456789012345678901234567\t\tx");
    assert_row(0, "1234567890123456789012345678901234567");
    assert_row(1, "x");
}

static void a_utf8_sequence_is_one_square(void **)
{
    write("a\u00e9z \u20ac \U0001f600!\n");
    assert_row(0, "a#z # #!");
    write("\xe2\x82"); // cut, then split between two writes
    write("x\xe2");
    write("\x82\xac.\n");
    assert_row(1, "#x#.");
    write("\x80\xff\xc3\xc3\xa9.");
    assert_row(2, "####.");
}

static void the_attribute_goes_with_the_character(void **)
{
    text_screen_set_attribute(&screen, 0x1c);
    write("a");
    assert_int_equal(card[0], 0x1c61);
    assert_int_equal(card[1], BLANK);
}

static void what_the_card_shows_is_taken_over(void **)
{
    card[0] = 0x0741;
    card[STRIDE] = 0x0742;
    assert_int_equal(text_screen_adopt(&screen, card, COLUMNS, ROWS, STRIDE, 1, 1), STATUS_OK);
    write("c\nd\ne\n");
    assert_row(0, "B");
    assert_row(1, "c");
    assert_row(3, "e");
}

static void a_mad_position_is_brought_to_the_last_row(void **)
{
    assert_int_equal(text_screen_adopt(&screen, card, COLUMNS, ROWS, STRIDE, 99, 7), STATUS_OK);
    write("x");
    assert_row(ROWS - 1, "x");
    screen.row = UINT32_MAX;
    text_screen_repair(&screen);
    write("y");
    assert_row(ROWS - 1, "y");
}

static void a_grid_beyond_the_limits_is_refused(void **)
{
    static const struct {
        unsigned columns, rows, stride;
    } refused[] = {{0, 25, 80}, {80, 0, 80}, {136, 25, 136}, {80, 61, 80}, {80, 25, 76}, {81, 25, 84}, {80, 25, 81}};
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(text_screen_adopt(&screen, card, refused[i].columns, refused[i].rows, refused[i].stride, 0, 0),
                         STATUS_UNSUPPORTED);
}

// The test marks the card behind the module's back: cells that it has no reason to write keep the mark.
static void cells_that_do_not_change_are_not_written(void **)
{
    write("same\nsame\nsame\nsame\nsame");
    constexpr uint16_t MARK = 0x5a5a;
    for (unsigned row = 0; row < ROWS - 1; row++)
        card[row * STRIDE] = card[row * STRIDE + 20] = card[row * STRIDE + COLUMNS] = MARK;
    write("\n");
    for (unsigned row = 0; row < ROWS - 1; row++) {
        assert_int_equal(card[row * STRIDE], MARK);
        assert_int_equal(card[row * STRIDE + 20], MARK);
        assert_int_equal(card[row * STRIDE + COLUMNS], MARK);
    }
    assert_row(ROWS - 1, "");
}

static void any_bytes_leave_card_and_copy_the_same(void **)
{
    srand(1);
    for (unsigned i = 0; i < 200'000; i++) {
        char byte = (char)(rand() % 3 == 0 ? rand() : "\n\t\b\rabc  "[rand() % 9]);
        text_screen_set_attribute(&screen, (uint8_t)(rand() % 4 == 0 ? rand() : TEXT_SCREEN_PLAIN));
        text_screen_write(&screen, &byte, 1);
        assert_true(screen.row < ROWS && screen.column <= COLUMNS);
    }
    for (unsigned row = 0; row < ROWS; row++) {
        assert_memory_equal(screen.shadow[row].cells, card + row * STRIDE, COLUMNS * sizeof *card);
        for (unsigned column = COLUMNS; column < STRIDE; column++)
            assert_int_equal(card[row * STRIDE + column], BLANK);
        for (unsigned column = screen.used[row]; column < COLUMNS; column++)
            assert_int_equal(screen.shadow[row].cells[column], BLANK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_follow_each_other, blank_screen),
        cmocka_unit_test_setup(a_full_screen_scrolls, blank_screen),
        cmocka_unit_test_setup(the_last_column_wraps_only_for_another_character, blank_screen),
        cmocka_unit_test_setup(control_characters_move, blank_screen),
        cmocka_unit_test_setup(a_tab_stays_in_the_line, blank_screen),
        cmocka_unit_test_setup(a_utf8_sequence_is_one_square, blank_screen),
        cmocka_unit_test_setup(the_attribute_goes_with_the_character, blank_screen),
        cmocka_unit_test_setup(what_the_card_shows_is_taken_over, blank_screen),
        cmocka_unit_test_setup(a_mad_position_is_brought_to_the_last_row, blank_screen),
        cmocka_unit_test_setup(a_grid_beyond_the_limits_is_refused, blank_screen),
        cmocka_unit_test_setup(cells_that_do_not_change_are_not_written, blank_screen),
        cmocka_unit_test_setup(any_bytes_leave_card_and_copy_the_same, blank_screen),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
