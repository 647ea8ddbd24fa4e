// SPDX-License-Identifier: MIT
// shell/syntax/completion.c: which words could stand where a line ends.
#include <support/unit.h>
#include <syntax/completion.h>

static const char *name(size_t index)
{
    static const char *const names[] = {"dump", "layout", "repeat", "time"};
    return index < 4 ? names[index] : nullptr;
}

static const char *layout(size_t index)
{
    return index == 0 ? "us" : nullptr;
}

static const struct command commands[] = {
    {.name = "dump", .parameters = {{"address", .kind = COMMAND_NUMBER}}},
    {.name = "layout", .parameters = {{"name", layout, .kind = COMMAND_WORD}}},
    {.name = "repeat", .parameters = {{"count", .kind = COMMAND_NUMBER}, {"command", .kind = COMMAND_LINE}}},
    {.name = "time", .parameters = {{"command", .kind = COMMAND_LINE}}},
};

static const struct command *find(const char *wanted)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, wanted) == 0)
            return &commands[i];
    }
    return nullptr;
}

static void words_are_told_by_their_place(void **)
{
    static const struct {
        const char *line;
        command_choice_fn *choice;
        size_t start;
    } ROWS[] = {
        {"", name, 0},
        {"la", name, 0},
        {"  la", name, 2},
        {"dump 1;", name, 7},
        {"dump 1; la", name, 8},
        {"dump 1;la", name, 7},
        {"layout ", layout, 7},
        {"layout u", layout, 7},
        {"dump 1; layout u", layout, 15},
        {"time ", name, 5},
        {"time la", name, 5},
        {"time layout ", layout, 12},
        {"time repeat 3 layout u", layout, 21},
        {"repeat 3 ", name, 9},
        {"echo; la", name, 6},
        {"'dump' ", nullptr, 0},
        // Anything may stand there, or nothing.
        {"dump ", nullptr, 0},
        {"repeat ", nullptr, 0},
        {"layout us ", nullptr, 0},
        {"nonsense ", nullptr, 0},
        {"time nonsense ", nullptr, 0},
        // Quotes and comments.
        {"layout 'u", nullptr, 0},
        {"layout 'u'", nullptr, 0},
        {"layout \\u", nullptr, 0},
        {"# la", nullptr, 0},
        {"layout # u", nullptr, 0},
    };
    static struct completion completion;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        size_t start = 0;
        command_choice_fn *choice =
            completion_choice(&completion, ROWS[i].line, strlen(ROWS[i].line), name, find, &start);
        if (choice != ROWS[i].choice || (choice != nullptr && start != ROWS[i].start))
            fail_msg("<%s>: another choice, or from %zu on", ROWS[i].line, start);
    }
}

static void only_what_stands_before_the_cursor_counts(void **)
{
    static struct completion completion;
    size_t start;
    assert_ptr_equal(completion_choice(&completion, "layout us", 3, name, find, &start), name);
    assert_int_equal(start, 0);
}

static void longest_line_is_read(void **)
{
    static struct completion completion;
    static char line[WORDS_LINE_LIMIT];
    memset(line, ' ', sizeof line - 1);
    size_t start;
    assert_ptr_equal(completion_choice(&completion, line, sizeof line - 1, name, find, &start), name);
    assert_int_equal(start, sizeof line - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_told_by_their_place),
        cmocka_unit_test(only_what_stands_before_the_cursor_counts),
        cmocka_unit_test(longest_line_is_read),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
