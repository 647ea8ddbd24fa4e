// SPDX-License-Identifier: MIT
// lib/command_line.c: what a person may type, in a table; then the edges of the buffer.
#include <lib/command_line.h>
#include <stdio.h>
#include <string.h>
#include <support/unit.h>

struct lookup {
    const char *line;
    const char *key;
    const char *value; // null: the key is not there
};

static void assert_lookups(const struct lookup *lookups, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        const struct lookup *lookup = &lookups[index];
        char value[64] = "untouched";
        bool is_found = command_line_find(lookup->line, lookup->key, value, sizeof(value));
        const char *expected = lookup->value ? lookup->value : "untouched";
        if (is_found != (lookup->value != nullptr) || strcmp(value, expected) != 0)
            fail_msg("key <%s> in <%s>: found %d, value <%s>", lookup->key, lookup->line, is_found, value);
    }
}
#define ASSERT_LOOKUPS(...)                                                                                            \
    do {                                                                                                               \
        static const struct lookup LOOKUPS[] = {__VA_ARGS__};                                                          \
        assert_lookups(LOOKUPS, sizeof(LOOKUPS) / sizeof(LOOKUPS[0]));                                                 \
    } while (false)

static void values_are_found_anywhere_in_the_line(void **)
{
    ASSERT_LOOKUPS({"exit=pass", "exit", "pass"}, {"a=1 exit=pass", "exit", "pass"}, {"exit=pass b=2", "exit", "pass"},
                   {"  \t exit=pass \t ", "exit", "pass"}, {"a=1\texit=pass\tb", "exit", "pass"},
                   {"a=1\r\nexit=pass\r\n", "exit", "pass"}, {"path=a=b", "path", "a=b"},
                   {"x=\xc3\xa4", "x", "\xc3\xa4"});
}

static void numbers_are_digits_and_nothing_else(void **)
{
    static const struct {
        const char *line;
        enum status status;
        uint64_t number;
    } LOOKUPS[] = {
        {"n=0", STATUS_OK, 0},
        {"n=7", STATUS_OK, 7},
        {"n=0012", STATUS_OK, 12},
        {"n=\"34\"", STATUS_OK, 34},
        {"n=1 n=2", STATUS_OK, 2},
        {"n=18446744073709551615", STATUS_OK, UINT64_MAX},
        {"n=18446744073709551616", STATUS_INVALID, 99},
        {"n=99999999999999999999", STATUS_INVALID, 99},
        {"n=111111111111111111111111111111111111", STATUS_INVALID, 99},
        {"n=000000000000000000000000000000000001", STATUS_INVALID, 99},
        {"n=", STATUS_INVALID, 99},
        {"n", STATUS_INVALID, 99},
        {"n=-1", STATUS_INVALID, 99},
        {"n=+1", STATUS_INVALID, 99},
        {"n=0x10", STATUS_INVALID, 99},
        {"n=1k", STATUS_INVALID, 99},
        {"n=\" 1\"", STATUS_INVALID, 99},
        {"m=1", STATUS_NOT_FOUND, 99},
        {nullptr, STATUS_NOT_FOUND, 99},
    };
    for (size_t index = 0; index < sizeof(LOOKUPS) / sizeof(LOOKUPS[0]); index++) {
        uint64_t number = 99;
        enum status status = command_line_find_number(LOOKUPS[index].line, "n", &number);
        if (status != LOOKUPS[index].status || number != LOOKUPS[index].number)
            fail_msg("<%s>: status %d, number %llu", LOOKUPS[index].line, (int)status, (unsigned long long)number);
    }
}

static void bare_keys_have_the_empty_value(void **)
{
    ASSERT_LOOKUPS({"quiet", "quiet", ""}, {"a quiet b", "quiet", ""}, {"quiet= b", "quiet", ""},
                   {"quiet=", "quiet", ""});
}

static void missing_keys_leave_the_value_alone(void **)
{
    ASSERT_LOOKUPS({"", "key", nullptr}, {"   ", "key", nullptr}, {"other=key", "key", nullptr},
                   {"other=\"a key=1 b\"", "key", nullptr}, {nullptr, "key", nullptr}, {"Key=1", "key", nullptr});
}

static void prefixes_are_no_match(void **)
{
    ASSERT_LOOKUPS({"loglevel=3", "log", nullptr}, {"log=3", "loglevel", nullptr}, {"mylog=3", "log", nullptr},
                   {"log", "loglevel", nullptr}, {"loglevel", "log", nullptr}, {"loglevel=3 log=4", "log", "4"});
}

static void the_last_word_with_a_key_wins(void **)
{
    ASSERT_LOOKUPS({"a=1 a=2", "a", "2"}, {"a=1 b a=2 c", "a", "2"}, {"a=1 a", "a", ""}, {"a a=1", "a", "1"},
                   {"a=long a=s", "a", "s"});
}

static void quotes_keep_blanks_and_vanish(void **)
{
    ASSERT_LOOKUPS({"init=\"a b  c\" d", "init", "a b  c"}, {"init=\"a b\" d", "d", ""}, {"init=\"\"", "init", ""},
                   {"init=a\" \"b c", "init", "a b"}, {"init=\"a=b c\" b=1", "b", "1"},
                   {"init=\"a\tb\"", "init", "a\tb"});
}

static void an_open_quote_reaches_to_the_end(void **)
{
    ASSERT_LOOKUPS({"init=\"a b", "init", "a b"}, {"init=\"a b=1", "b", nullptr}, {"init=\"", "init", ""},
                   {"init=a\" b", "init", "a b"});
}

static void quotes_outside_a_value_are_ordinary(void **)
{
    ASSERT_LOOKUPS({"\"a b\"", "\"a", ""}, {"\"a b\"", "b\"", ""}, {"a\"b c=1", "c", "1"});
}

static void keys_may_be_odd(void **)
{
    ASSERT_LOOKUPS({"=1", "", "1"}, {"a=1", "", nullptr}, {"", "", nullptr}, {"a b", "a b", nullptr},
                   {"a b=1", "a b", nullptr});
}

static void values_are_cut_to_fit(void **)
{
    for (size_t size_bytes = 0; size_bytes < 12; size_bytes++) {
        char value[16], expected[16];
        memset(value, '#', sizeof(value));
        memset(expected, '#', sizeof(expected));
        if (size_bytes > 0)
            snprintf(expected, size_bytes, "%s", "12 45678");
        assert_true(command_line_find("a=1 key=12\" \"45678 b=2", "key", value, size_bytes));
        assert_memory_equal(value, expected, sizeof(value));
    }
}

static void presence_alone_can_be_asked_for(void **)
{
    assert_true(command_line_find("quiet", "quiet", nullptr, 0));
    assert_false(command_line_find("quiet", "loud", nullptr, 0));
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(values_are_found_anywhere_in_the_line),
        cmocka_unit_test(numbers_are_digits_and_nothing_else),
        cmocka_unit_test(bare_keys_have_the_empty_value),
        cmocka_unit_test(missing_keys_leave_the_value_alone),
        cmocka_unit_test(prefixes_are_no_match),
        cmocka_unit_test(the_last_word_with_a_key_wins),
        cmocka_unit_test(quotes_keep_blanks_and_vanish),
        cmocka_unit_test(an_open_quote_reaches_to_the_end),
        cmocka_unit_test(quotes_outside_a_value_are_ordinary),
        cmocka_unit_test(keys_may_be_odd),
        cmocka_unit_test(values_are_cut_to_fit),
        cmocka_unit_test(presence_alone_can_be_asked_for),
    };
    return cmocka_run_group_tests_name("lib/command_line", TESTS, nullptr, nullptr);
}
