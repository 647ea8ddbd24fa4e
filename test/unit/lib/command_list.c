// SPDX-License-Identifier: MIT
// lib/command_list.c: where a list is broken, and what it says of bits.
#include <lib/command_list.h>
#include <stdio.h>
#include <support/unit.h>

static char said[1000];
static size_t said_length;

static void write_text(struct command_call *, const char *text, size_t length)
{
    assert_true(said_length + length < sizeof said);
    memcpy(said + said_length, text, length);
    said_length += length;
    said[said_length] = '\0';
}

static const struct command_host host = {.write = write_text};
static struct command_call call = {.host = &host};

static struct command_list begin(unsigned indent, const char *title)
{
    said_length = 0;
    return command_list_begin(&call, indent, title);
}

static void items_stand_behind_the_title(void **)
{
    struct command_list list = begin(8, "CR0");
    command_list_add(&list, "PE protected mode");
    command_list_add(&list, "PG paging");
    command_list_end(&list, "nothing");
    assert_string_equal(said, "CR0     PE protected mode, PG paging\n");
}

static void an_empty_list_says_so(void **)
{
    struct command_list list = begin(8, "CR0");
    command_list_end(&list, "nothing");
    assert_string_equal(said, "CR0     nothing\n");
}

static void a_title_that_is_too_long_moves_the_first_item_only(void **)
{
    struct command_list list = begin(2, "registers ");
    command_list_add(&list, "one");
    command_list_end(&list, "");
    assert_string_equal(said, "registers one\n");
}

// An item and the comma behind it fill 79 columns, or begin a row of their own.
static void a_list_goes_on_where_the_row_ends(void **)
{
    static const char first[] = "0123456789012345678901234567890123456789";
    static const struct {
        const char *second;
        const char *between;
    } cases[] = {
        {"012345678901234567890123456", ", "},            // 8 + 40 + 2 + 27 + 1 = 78
        {"0123456789012345678901234567", ", "},           // 79
        {"01234567890123456789012345678", ",\n        "}, // 80
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct command_list list = begin(8, "title");
        command_list_add(&list, "%s", first);
        command_list_add(&list, "%s", cases[i].second);
        command_list_add(&list, "last of all, in a new row");
        command_list_end(&list, "");
        char wanted[200];
        bool is_broken = cases[i].between[1] == '\n';
        snprintf(wanted, sizeof wanted, "title   %s%s%s%slast of all, in a new row\n", first, cases[i].between,
                 cases[i].second, is_broken ? ", " : ",\n        ");
        assert_string_equal(said, wanted);
    }
}

static void bits_have_their_words_or_their_number(void **)
{
    static const struct command_bit bits[] = {{0, "low"}, {63, "high"}, {5, "never set"}};
    struct command_list list = begin(4, "R");
    command_list_add_bits(&list, 1ull << 63 | 1ull << 17 | 1, bits, 3);
    command_list_end(&list, "none");
    assert_string_equal(said, "R   low, bit 17, high\n");
    list = begin(4, "R");
    command_list_add_bits(&list, 0, bits, 3);
    command_list_end(&list, "none");
    assert_string_equal(said, "R   none\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_stand_behind_the_title),
        cmocka_unit_test(an_empty_list_says_so),
        cmocka_unit_test(a_title_that_is_too_long_moves_the_first_item_only),
        cmocka_unit_test(a_list_goes_on_where_the_row_ends),
        cmocka_unit_test(bits_have_their_words_or_their_number),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
