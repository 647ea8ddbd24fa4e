// SPDX-License-Identifier: MIT
// tty/canonical: keys in a line, what is shown of them, and what a program gets.
#include <canonical/canonical.h>
#include <support/unit.h>

static struct canonical line;
static char shown[4 * CANONICAL_LIMIT];

static int fresh(void **)
{
    line = (struct canonical){};
    shown[0] = '\0';
    return 0;
}

static void show(void *context, const char *text, size_t length)
{
    assert_ptr_equal(context, &line);
    assert_true(length > 0);
    strncat(shown, text, length);
}

// All of TEXT; only the last byte finishes a line.
static void push(const char *text)
{
    for (; *text != '\0'; text++) {
        assert_false(line.is_finished);
        canonical_push(&line, (uint8_t)*text, show, &line);
    }
}

static void assert_taken(const char *text)
{
    uint8_t bytes[CANONICAL_LIMIT];
    assert_true(line.is_finished);
    size_t count = canonical_take(&line, bytes, sizeof bytes);
    assert_int_equal(count, strlen(text));
    assert_memory_equal(bytes, text, count);
    assert_false(line.is_finished);
}

static void line_is_given_with_its_line_feed(void **)
{
    push("abc\r");
    assert_taken("abc\n");
    push("d\n");
    assert_taken("d\n");
    assert_string_equal(shown, "abc\nd\n");
}

static void keys_change_a_line_before_it_is_finished(void **)
{
    push("abx\177c\b\bd\r");
    assert_taken("ad\n");
    assert_string_equal(shown, "abx\b \bc\b \b\b \bd\n");
}

static void whole_characters_are_removed(void **)
{
    push("a\u00e4\u20ac\177\177b\r");
    assert_taken("ab\n");
    push("\001\177\r"); // shown as two characters
    assert_taken("\n");
    assert_string_equal(shown, "a\u00e4\u20ac\b \b\b \bb\n^A\b\b  \b\b\n");
}

static void line_can_be_begun_anew(void **)
{
    push("abc\025d\r");
    assert_taken("d\n");
    push("\025\177\r"); // nothing is there to be removed
    assert_taken("\n");
}

static void control_d_gives_what_there_is(void **)
{
    push("ab\004");
    assert_taken("ab");
    push("\004");
    assert_taken("");
    push("c\r");
    assert_taken("c\n");
}

static void line_is_given_in_pieces(void **)
{
    uint8_t bytes[3];
    push("abcd\r");
    assert_int_equal(canonical_take(&line, bytes, 3), 3);
    assert_memory_equal(bytes, "abc", 3);
    assert_true(line.is_finished);
    assert_taken("d\n");
}

static void what_does_not_fit_rings_the_bell(void **)
{
    for (size_t i = 0; i < CANONICAL_LIMIT + 10; i++)
        push("x");
    assert_string_equal(shown + CANONICAL_LIMIT - 1, "\a\a\a\a\a\a\a\a\a\a\a");
    push("\r");
    assert_int_equal(line.length, CANONICAL_LIMIT);
    assert_int_equal(line.bytes[CANONICAL_LIMIT - 1], '\n');
}

static void nothing_is_shown_to_nobody(void **)
{
    assert_true(canonical_push(&line, '\r', nullptr, nullptr));
    assert_taken("\n");
    assert_string_equal(shown, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(line_is_given_with_its_line_feed, fresh),
        cmocka_unit_test_setup(keys_change_a_line_before_it_is_finished, fresh),
        cmocka_unit_test_setup(whole_characters_are_removed, fresh),
        cmocka_unit_test_setup(line_can_be_begun_anew, fresh),
        cmocka_unit_test_setup(control_d_gives_what_there_is, fresh),
        cmocka_unit_test_setup(line_is_given_in_pieces, fresh),
        cmocka_unit_test_setup(what_does_not_fit_rings_the_bell, fresh),
        cmocka_unit_test_setup(nothing_is_shown_to_nobody, fresh),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
