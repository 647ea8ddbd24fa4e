// SPDX-License-Identifier: MIT
// lib/format.c against the host's snprintf, over a table of edges and a seeded generator; then what C leaves open and
// the contract of the sink.
#include <lib/format.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/format_case.h>
#include <support/random.h>
#include <support/unit.h>

// Both print; libc says what is right.
#define ASSERT_LIKE_LIBC(...)                                                                                          \
    do {                                                                                                               \
        char expected[256], actual[256];                                                                               \
        int length = snprintf(expected, sizeof(expected), __VA_ARGS__);                                                \
        assert_int_equal(format_string(actual, sizeof(actual), __VA_ARGS__), length);                                  \
        assert_string_equal(actual, expected);                                                                         \
    } while (false)

// What C leaves undefined or the compiler warns about is tested, too.
#pragma clang diagnostic ignored "-Wformat"
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"

#define ASSERT_PRINTS(expected, ...)                                                                                   \
    do {                                                                                                               \
        char actual[256];                                                                                              \
        assert_int_equal(format_string(actual, sizeof(actual), __VA_ARGS__), strlen(expected));                        \
        assert_string_equal(actual, expected);                                                                         \
    } while (false)

static void text_without_conversions_passes_through(void **)
{
    ASSERT_LIKE_LIBC("%s", "");
    ASSERT_PRINTS("", "");
    ASSERT_LIKE_LIBC("plain text, \xc3\xa4\n");
    ASSERT_LIKE_LIBC("100%%");
    ASSERT_LIKE_LIBC("%%%%d");
}

static void extreme_integers_are_right(void **)
{
    ASSERT_LIKE_LIBC("%d %d %d %d", 0, INT_MAX, INT_MIN, -1);
    ASSERT_LIKE_LIBC("%lld %lld", LLONG_MAX, LLONG_MIN);
    ASSERT_LIKE_LIBC("%jd %jd", INTMAX_MAX, INTMAX_MIN);
    ASSERT_LIKE_LIBC("%u %x %X %o", UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX);
    ASSERT_LIKE_LIBC("%llu %llx %llX %llo", ULLONG_MAX, ULLONG_MAX, ULLONG_MAX, ULLONG_MAX);
    ASSERT_LIKE_LIBC("%hhd %hhd %hhu %hhx", (char)-128, (char)127, (unsigned char)255, (unsigned char)255);
    ASSERT_LIKE_LIBC("%hd %hd %hu %hx", SHRT_MIN, SHRT_MAX, USHRT_MAX, USHRT_MAX);
    ASSERT_LIKE_LIBC("%zu %zd %td", SIZE_MAX, (ptrdiff_t)-1, PTRDIFF_MIN);
    ASSERT_LIKE_LIBC("%lu %ld", ULONG_MAX, LONG_MIN);
}

static void zero_takes_precision_zero(void **)
{
    ASSERT_LIKE_LIBC("<%.0d> <%.0u> <%.0x> <%#.0x> <%.0o> <%#.0o>", 0, 0, 0, 0, 0, 0);
    ASSERT_LIKE_LIBC("<%5.0d> <%-5.0d> <%+.0d> <% .0d> <%.d> <%.0d>", 0, 0, 0, 0, 0, 1);
    ASSERT_LIKE_LIBC("<%#x> <%#X> <%#o> <%0d> <%-0d>", 0, 0, 0, 0, 0);
}

static void width_precision_and_flags_combine(void **)
{
    ASSERT_LIKE_LIBC("<%8d> <%-8d> <%08d> <%+8d> <% 8d> <%+08d> <% 08d>", 42, 42, 42, 42, 42, 42, 42);
    ASSERT_LIKE_LIBC("<%8d> <%-8d> <%08d> <%+8d> <%+08d>", -42, -42, -42, -42, -42);
    ASSERT_LIKE_LIBC("<%8.4d> <%-8.4d> <%+8.4d> <%.4d>", -42, -42, 42, -42);
    ASSERT_LIKE_LIBC("<%#8x> <%#08x> <%-#8x> <%#.4x> <%#12.8X>", 0xbeef, 0xbeef, 0xbeef, 0xbe, 0xbeef);
    ASSERT_LIKE_LIBC("<%#8o> <%#08o> <%#.1o> <%#.5o>", 8, 8, 8, 8);
    ASSERT_LIKE_LIBC("<%1d> <%3d> <%02d> <%01d>", 1234, 1234, 1234, -1);
    ASSERT_LIKE_LIBC("<%100d> <%-100d>", 1, 1);
    ASSERT_LIKE_LIBC("<%0100d>", -1);
    ASSERT_LIKE_LIBC("<%.100x>", 1u);
    ASSERT_LIKE_LIBC("<%16d> <%17d> <%32d> <%33d>", 1, 1, 1, 1);
}

static void stars_take_arguments(void **)
{
    ASSERT_LIKE_LIBC("<%*d> <%*d> <%.*d> <%.*d>", 6, 1, -6, 1, 3, 1, -3, 1);
    ASSERT_LIKE_LIBC("<%*.*d> <%*.*s>", 8, 3, 7, -8, 2, "text");
    ASSERT_LIKE_LIBC("<%*d> <%.*d>", 0, 5, 0, 0);
    ASSERT_LIKE_LIBC("<%.*s>", INT_MIN, "text");
}

static void strings_and_characters_fit_their_field(void **)
{
    ASSERT_LIKE_LIBC("<%s> <%8s> <%-8s> <%2s>", "text", "text", "text", "text");
    ASSERT_LIKE_LIBC("<%.2s> <%.0s> <%.9s> <%8.2s> <%-8.2s>", "text", "text", "text", "text", "text");
    ASSERT_LIKE_LIBC("<%c> <%4c> <%-4c>", 'x', 'x', 'x');
}

static void a_zero_character_is_a_character(void **)
{
    char buffer[8];
    memset(buffer, '#', sizeof(buffer));
    assert_int_equal(format_string(buffer, sizeof(buffer), "a%cb", 0), 3);
    assert_memory_equal(buffer, "a\0b\0####", sizeof(buffer));
}

static void a_string_with_precision_needs_no_terminator(void **)
{
    char *text = malloc(4); // the sanitizer stands behind it
    assert_non_null(text);
    memcpy(text, "text", 4);
    ASSERT_LIKE_LIBC("<%.4s> <%.*s>", text, 3, text);
    free(text);
}

static uint32_t next_random(void *context, uint32_t limit)
{
    return random_below(context, limit);
}

static void random_conversions_match_libc(void **)
{
    uint64_t seed = 1;
    const struct choices choices = {.next = next_random, .context = &seed};
    for (unsigned round = 0; round < 300'000; round++) {
        const char *difference = format_case_difference(&choices);
        if (difference)
            fail_msg("round %u: %s", round, difference);
    }
}

static void pointers_show_all_their_digits(void **)
{
    ASSERT_PRINTS("0x0000000000000000", "%p", (void *)0);
    ASSERT_PRINTS("0xffffffff80001234", "%p", (void *)0xffff'ffff'8000'1234);
    ASSERT_PRINTS("  0x0000000000000abc|", "%20p|", (void *)0xabc);
    ASSERT_PRINTS("0x0000000000000abc  |", "%-20p|", (void *)0xabc);
}

static void null_strings_say_so(void **)
{
    ASSERT_PRINTS("<(null)>", "<%s>", (char *)nullptr);
    ASSERT_PRINTS("<  (null)>", "<%8s>", (char *)nullptr);
    ASSERT_PRINTS("<(nu>", "<%.3s>", (char *)nullptr);
}

static void unknown_conversions_are_printed_as_they_stand(void **)
{
    ASSERT_PRINTS("<%y>", "<%y>");
    ASSERT_PRINTS("<%-08.3lly>", "<%-08.3lly>");
    ASSERT_PRINTS("<%f> 7", "<%f> %d", 7); // takes no argument
    ASSERT_PRINTS("<%20y>", "<%20y>");     // not padded either
    ASSERT_PRINTS("%n", "%n");
    ASSERT_PRINTS("<%\xe4>", "<%\xe4>");
}

static void a_format_may_end_inside_a_conversion(void **)
{
    ASSERT_PRINTS("%", "%");
    ASSERT_PRINTS("100%", "100%");
    ASSERT_PRINTS("%-08.3ll", "%-08.3ll");
    ASSERT_PRINTS("%.", "%.");
}

static void short_buffers_are_terminated_and_not_overrun(void **)
{
    for (size_t size_bytes = 0; size_bytes < 16; size_bytes++) {
        char expected[24], actual[24];
        memset(expected, '#', sizeof(expected));
        memset(actual, '#', sizeof(actual));
        int length = snprintf(expected, size_bytes, "%s=%05d!", "key", -42);
        assert_int_equal(format_string(actual, size_bytes, "%s=%05d!", "key", -42), length);
        assert_memory_equal(actual, expected, sizeof(actual));
    }
    assert_int_equal(format_string(nullptr, 0, "%d", 12345), 5);
}

struct recording {
    char text[128];
    size_t length;
    bool has_empty_piece;
};

static void record(void *context, const char *text, size_t length)
{
    struct recording *recording = context;
    if (length == 0)
        recording->has_empty_piece = true;
    assert_true(length <= sizeof(recording->text) - recording->length);
    memcpy(recording->text + recording->length, text, length);
    recording->length += length;
}

static void the_sink_gets_everything_in_order_and_never_nothing(void **)
{
    struct recording recording = {};
    size_t length = format_to(record, &recording, "%s%s|%5d|%-5d|%#x|%c|%.0d", "", "text", 42, 42, 42, 'c', 0);
    assert_int_equal(length, recording.length);
    assert_int_equal(length, strlen("text|   42|42   |0x2a|c|"));
    assert_memory_equal(recording.text, "text|   42|42   |0x2a|c|", length);
    assert_false(recording.has_empty_piece);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(text_without_conversions_passes_through),
        cmocka_unit_test(extreme_integers_are_right),
        cmocka_unit_test(zero_takes_precision_zero),
        cmocka_unit_test(width_precision_and_flags_combine),
        cmocka_unit_test(stars_take_arguments),
        cmocka_unit_test(strings_and_characters_fit_their_field),
        cmocka_unit_test(a_zero_character_is_a_character),
        cmocka_unit_test(a_string_with_precision_needs_no_terminator),
        cmocka_unit_test(random_conversions_match_libc),
        cmocka_unit_test(pointers_show_all_their_digits),
        cmocka_unit_test(null_strings_say_so),
        cmocka_unit_test(unknown_conversions_are_printed_as_they_stand),
        cmocka_unit_test(a_format_may_end_inside_a_conversion),
        cmocka_unit_test(short_buffers_are_terminated_and_not_overrun),
        cmocka_unit_test(the_sink_gets_everything_in_order_and_never_nothing),
    };
    return cmocka_run_group_tests_name("lib/format", TESTS, nullptr, nullptr);
}
