// SPDX-License-Identifier: MIT
// shell/syntax/words.c: lines and their words in a table, the sentences about lines that make no sense, the limits.
#include <stdio.h>
#include <support/unit.h>
#include <syntax/words.h>

// Each word in <>, a | behind each command, a sentence where the line ends with it.
static void show(const char *line, const char *last_status, char *shown, size_t size)
{
    struct words words;
    const char *problem = nullptr;
    size_t length = 0;
    enum status status;
    shown[0] = '\0';
    while ((status = words_read(&line, last_status, &words, &problem)) == STATUS_OK) {
        for (size_t i = 0; i < words.count; i++)
            length += (size_t)snprintf(shown + length, size - length, "<%s>", words.word[i]);
        length += (size_t)snprintf(shown + length, size - length, "|");
    }
    if (status == STATUS_INVALID)
        snprintf(shown + length, size - length, "%s", problem);
    else
        assert_int_equal(status, STATUS_NOT_FOUND);
}

struct row {
    const char *line, *shown;
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char shown[256];
        show(rows[i].line, "7", shown, sizeof shown);
        if (strcmp(shown, rows[i].shown) != 0)
            fail_msg("line <%s> is read as %s instead of %s", rows[i].line, shown, rows[i].shown);
    }
}
#define ASSERT_ROWS(...)                                                                                               \
    do {                                                                                                               \
        static const struct row ROWS[] = {__VA_ARGS__};                                                                \
        assert_rows(ROWS, sizeof ROWS / sizeof *ROWS);                                                                 \
    } while (false)

static void words_are_separated_by_blanks(void **)
{
    ASSERT_ROWS({"", ""}, {"  \t ", ""}, {"a", "<a>|"}, {" a  b\tc ", "<a><b><c>|"}, {"größe €", "<größe><€>|"});
}

static void semicolons_separate_commands(void **)
{
    ASSERT_ROWS({"a;b", "<a>|<b>|"}, {"a ; b;", "<a>|<b>|"}, {";", "|"}, {"a;;b", "<a>||<b>|"}, {"a; # b", "<a>|"});
}

static void quotes_keep_what_is_in_them(void **)
{
    ASSERT_ROWS({"'a  b'", "<a  b>|"}, {"\"a ; b\"", "<a ; b>|"}, {"a'b'\"c\"d", "<abcd>|"}, {"'' \"\"", "<><>|"},
                {"'\\'", "<\\>|"}, {"\"\\\"\\\\\\n\"", "<\"\\\\n>|"}, {"'\"' \"'\"", "<\"><'>|"});
}

static void backslashes_make_characters_ordinary(void **)
{
    ASSERT_ROWS({"a\\ b", "<a b>|"}, {"a\\;b", "<a;b>|"}, {"\\#a", "<#a>|"}, {"\\\\", "<\\>|"}, {"\\$?", "<$?>|"});
}

static void comments_begin_where_a_word_could(void **)
{
    ASSERT_ROWS({"# a", ""}, {"a #b", "<a>|"}, {"a#b", "<a#b>|"}, {"'#'", "<#>|"}, {"a;#b;c", "<a>|"});
}

static void last_status_is_replaced(void **)
{
    ASSERT_ROWS({"$?", "<7>|"}, {"a$?b", "<a7b>|"}, {"\"$?\"", "<7>|"}, {"'$?'", "<$?>|"}, {"$", "<$>|"},
                {"$a", "<$a>|"}, {"$?$?", "<77>|"});
}

static void nonsense_is_told_in_a_sentence(void **)
{
    ASSERT_ROWS({"'a", "a ' is never closed"}, {"a \"b\\\"", "a \" is never closed"},
                {"a; \"", "<a>|a \" is never closed"}, {"a\\", "the line ends with a backslash"});
}

static void thirty_two_arguments_fit(void **)
{
    char line[2 * WORDS_LIMIT + 4];
    for (size_t count = WORDS_LIMIT; count <= WORDS_LIMIT + 1; count++) {
        for (size_t i = 0; i < count; i++)
            memcpy(line + 2 * i, "x ", 3);
        const char *at = line, *problem = nullptr;
        struct words words;
        enum status status = words_read(&at, "0", &words, &problem);
        if (count == WORDS_LIMIT) {
            assert_int_equal(status, STATUS_OK);
            assert_int_equal(words.count, WORDS_LIMIT);
        } else {
            assert_int_equal(status, STATUS_INVALID);
            assert_string_equal(problem, "a command has more than 32 arguments");
        }
    }
}

static void longest_line_fits(void **)
{
    static char line[WORDS_LINE_LIMIT];
    memset(line, 'x', sizeof line - 1);
    const char *at = line, *problem = nullptr;
    static struct words words;
    assert_int_equal(words_read(&at, "0", &words, &problem), STATUS_OK);
    assert_int_equal(strlen(words.word[0]), sizeof line - 1);
    assert_string_equal(words.word[0], line);
}

static void line_that_grows_beyond_its_room_is_told(void **)
{
    static char line[WORDS_LINE_LIMIT];
    for (size_t i = 0; i + 2 < sizeof line; i += 2)
        memcpy(line + i, "$?", 3);
    const char *at = line, *problem = nullptr;
    static struct words words;
    assert_int_equal(words_read(&at, "127", &words, &problem), STATUS_INVALID);
    assert_string_equal(problem, "the line is too long once $? is replaced");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_separated_by_blanks),
        cmocka_unit_test(semicolons_separate_commands),
        cmocka_unit_test(quotes_keep_what_is_in_them),
        cmocka_unit_test(backslashes_make_characters_ordinary),
        cmocka_unit_test(comments_begin_where_a_word_could),
        cmocka_unit_test(last_status_is_replaced),
        cmocka_unit_test(nonsense_is_told_in_a_sentence),
        cmocka_unit_test(thirty_two_arguments_fit),
        cmocka_unit_test(longest_line_fits),
        cmocka_unit_test(line_that_grows_beyond_its_room_is_told),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
