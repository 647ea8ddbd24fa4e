// SPDX-License-Identifier: MIT
// shell/syntax/arguments.c: numbers, usage lines, and words bound to parameters, right and wrong.
#include <stdio.h>
#include <support/unit.h>
#include <syntax/arguments.h>

static const char *colour(size_t index)
{
    static const char *const names[] = {"red", "green"};
    return index < 2 ? names[index] : nullptr;
}

static const struct command plain = {.name = "plain"};
static const struct command dump = {
    .name = "dump",
    .parameters = {{"address", .kind = COMMAND_NUMBER}, {"length", .kind = COMMAND_NUMBER, .is_optional = true}}};
static const struct command paint = {.name = "paint", .parameters = {{"colour", colour, .kind = COMMAND_WORD}}};
static const struct command repeat = {
    .name = "repeat", .parameters = {{"count", .kind = COMMAND_NUMBER}, {"command", .kind = COMMAND_REST}}};
static const struct command timed = {.name = "timed", .parameters = {{"command", .kind = COMMAND_LINE}}};
static const struct command full = {.name = "full",
                                    .parameters = {{"a", .kind = COMMAND_WORD},
                                                   {"b", .kind = COMMAND_WORD},
                                                   {"c", .kind = COMMAND_WORD},
                                                   {"d", .kind = COMMAND_WORD}}};

static void numbers_are_decimal_or_hexadecimal_with_a_unit(void **)
{
    static const struct {
        const char *text;
        enum status status;
        uint64_t number;
    } ROWS[] = {
        {"0", STATUS_OK, 0},
        {"42", STATUS_OK, 42},
        {"007", STATUS_OK, 7},
        {"0x1f", STATUS_OK, 0x1f},
        {"0XaB", STATUS_OK, 0xab},
        {"4K", STATUS_OK, 4096},
        {"0x10M", STATUS_OK, 16 << 20},
        {"1G", STATUS_OK, 1 << 30},
        {"18446744073709551615", STATUS_OK, UINT64_MAX},
        {"0xffffffffffffffff", STATUS_OK, UINT64_MAX},
        {"18446744073709551616", STATUS_RANGE, 99},
        {"0x10000000000000000", STATUS_RANGE, 99},
        {"18014398509481984K", STATUS_RANGE, 99},
        {"17179869183G", STATUS_OK, 17179869183ull << 30},
        {"99999999999999999999999999K", STATUS_RANGE, 99},
        {"", STATUS_INVALID, 99},
        {"0x", STATUS_INVALID, 99},
        {"0xK", STATUS_INVALID, 99},
        {"K", STATUS_INVALID, 99},
        {"12a", STATUS_INVALID, 99},
        {"1KK", STATUS_INVALID, 99},
        {"1k", STATUS_INVALID, 99},
        {"-1", STATUS_INVALID, 99},
        {"+1", STATUS_INVALID, 99},
        {" 1", STATUS_INVALID, 99},
        {"0xg", STATUS_INVALID, 99},
        {"99999999999999999999x", STATUS_INVALID, 99},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        uint64_t number = 99;
        enum status status = arguments_number(ROWS[i].text, &number);
        if (status != ROWS[i].status || number != ROWS[i].number)
            fail_msg("<%s> gives %d and %llu", ROWS[i].text, status, (unsigned long long)number);
    }
}

static void usage_shows_what_may_be_left_out(void **)
{
    static const struct {
        const struct command *command;
        const char *usage;
    } ROWS[] = {
        {&plain, "plain"},
        {&dump, "dump <address> [length]"},
        {&repeat, "repeat <count> [command ...]"},
        {&timed, "timed <command ...>"},
        {&full, "full <a> <b> <c> <d>"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        char usage[ARGUMENTS_USAGE_LIMIT];
        assert_string_equal(arguments_usage(ROWS[i].command, usage), ROWS[i].usage);
    }
}

// Binds WORDS, which end with a nullptr.
static enum status bind(struct command_call *call, const struct command *command, char *problem,
                        const char *const *words)
{
    *call = (struct command_call){.command = command};
    size_t count = 0;
    while (words[count] != nullptr)
        count++;
    problem[0] = '\0';
    return arguments_bind(call, words, count, problem);
}
#define BIND(call, command, problem, ...) bind(call, command, problem, (const char *const[]){__VA_ARGS__, nullptr})

static void arguments_take_the_kinds_of_their_parameters(void **)
{
    struct command_call call;
    char problem[ARGUMENTS_PROBLEM_LIMIT];
    assert_int_equal(BIND(&call, &dump, problem, "0x10", "2"), STATUS_OK);
    assert_int_equal(call.argument_count, 2);
    assert_int_equal(call.arguments[0].number, 16);
    assert_string_equal(call.arguments[0].text, "0x10");
    assert_int_equal(call.arguments[1].number, 2);
    assert_int_equal(BIND(&call, &dump, problem, "1"), STATUS_OK);
    assert_int_equal(call.argument_count, 1);
    assert_int_equal(BIND(&call, &paint, problem, "green"), STATUS_OK);
    assert_int_equal(BIND(&call, &full, problem, "1", "2", "3", "4"), STATUS_OK);
    assert_int_equal(BIND(&call, &repeat, problem, "1"), STATUS_OK);
    assert_int_equal(BIND(&call, &repeat, problem, "1", "dump", "x", "y"), STATUS_OK);
    assert_int_equal(call.argument_count, 4);
    assert_string_equal(call.arguments[3].text, "y");
    assert_int_equal(BIND(&call, &timed, problem, "dump", "1"), STATUS_OK);
    assert_int_equal(call.argument_count, 2);
    assert_int_equal(bind(&call, &plain, problem, (const char *const[]){nullptr}), STATUS_OK);
}

static void wrong_arguments_are_told_in_a_sentence(void **)
{
    static const struct {
        const struct command *command;
        const char *words[6];
        const char *problem;
    } ROWS[] = {
        {&plain, {"x"}, "\"x\" is one argument too many"},
        {&dump, {nullptr}, "<address> is missing"},
        {&dump, {"x"}, "\"x\" is no number, wanted for <address>"},
        {&dump, {""}, "\"\" is no number, wanted for <address>"},
        {&dump, {"1", "99999999999999999999"}, "\"99999999999999999999\" is more than 64 bits, wanted for <length>"},
        {&dump, {"1", "2", "3"}, "\"3\" is one argument too many"},
        {&paint, {"blue"}, "\"blue\" is no colour; known: red green"},
        {&paint, {nullptr}, "<colour> is missing"},
        {&full, {"1", "2", "3"}, "<d> is missing"},
        {&full, {"1", "2", "3", "4", "5"}, "\"5\" is one argument too many"},
        {&repeat, {nullptr}, "<count> is missing"},
        {&timed, {nullptr}, "<command> is missing"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct command_call call;
        char problem[ARGUMENTS_PROBLEM_LIMIT];
        assert_int_equal(bind(&call, ROWS[i].command, problem, ROWS[i].words), STATUS_INVALID);
        assert_string_equal(problem, ROWS[i].problem);
    }
}

static void no_more_arguments_than_a_call_holds(void **)
{
    const char *words[COMMAND_ARGUMENT_LIMIT + 1];
    for (size_t i = 0; i <= COMMAND_ARGUMENT_LIMIT; i++)
        words[i] = "1";
    struct command_call call = {.command = &repeat};
    char problem[ARGUMENTS_PROBLEM_LIMIT];
    assert_int_equal(arguments_bind(&call, words, COMMAND_ARGUMENT_LIMIT, problem), STATUS_OK);
    assert_int_equal(arguments_bind(&call, words, COMMAND_ARGUMENT_LIMIT + 1, problem), STATUS_INVALID);
}

static void long_words_are_cut_in_a_problem(void **)
{
    static char word[1000];
    memset(word, 'x', sizeof word - 1);
    struct command_call call;
    char problem[ARGUMENTS_PROBLEM_LIMIT];
    assert_int_equal(BIND(&call, &dump, problem, word), STATUS_INVALID);
    assert_non_null(strstr(problem, "xxx\" is no number, wanted for <address>"));
    assert_int_equal(BIND(&call, &paint, problem, word), STATUS_INVALID);
    word[60] = '\0';
    char wanted[ARGUMENTS_PROBLEM_LIMIT];
    snprintf(wanted, sizeof wanted, "\"%s\" is no colour; known: red green", word);
    assert_string_equal(problem, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_decimal_or_hexadecimal_with_a_unit),
        cmocka_unit_test(usage_shows_what_may_be_left_out),
        cmocka_unit_test(arguments_take_the_kinds_of_their_parameters),
        cmocka_unit_test(wrong_arguments_are_told_in_a_sentence),
        cmocka_unit_test(no_more_arguments_than_a_call_holds),
        cmocka_unit_test(long_words_are_cut_in_a_problem),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
