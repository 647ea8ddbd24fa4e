// SPDX-License-Identifier: MIT
// See format_case.h. Only combinations with a meaning in C23 7.23.6.1 are built, because libc's answer is compared.
#include <lib/format.h>
#include <stdio.h>
#include <string.h>
#include <support/format_case.h>

#pragma clang diagnostic ignored "-Wformat-nonliteral"

constexpr size_t BUFFER_BYTES = 256;

struct conversion {
    char letter;
    const char *flags; // those that have a meaning for it
    bool has_precision;
};

static const struct conversion CONVERSIONS[] = {
    {'d', "-+ 0", true}, {'i', "-+ 0", true}, {'u', "-0", true}, {'o', "-0#", true}, {'x', "-0#", true},
    {'X', "-0#", true},  {'s', "-", true},    {'c', "-", false}, {'%', "", false},
};

enum length {
    LENGTH_NONE,
    LENGTH_HH,
    LENGTH_H,
    LENGTH_L,
    LENGTH_LL,
    LENGTH_Z,
    LENGTH_T,
    LENGTH_J,
    LENGTH_COUNT
};
static const char *const LENGTH_NAMES[LENGTH_COUNT] = {"", "hh", "h", "l", "ll", "z", "t", "j"};

struct format_case {
    char format[128];
    int stars[2]; // width and precision given as arguments
    size_t star_count;
    enum length length;
    char letter;
    uint64_t value;
    char text[24]; // fills the array without a terminator when its precision allows that
    size_t size_bytes;
};

static uint32_t choose(const struct choices *choices, uint32_t limit)
{
    return choices->next(choices->context, limit);
}

static void append(struct format_case *test, const char *text)
{
    size_t length = strlen(test->format);
    snprintf(test->format + length, sizeof(test->format) - length, "%s", text);
}

// The same conversion again, which must not see anything of the first.
static void append_once_more(struct format_case *test)
{
    char format[sizeof test->format];
    memcpy(format, test->format, sizeof format);
    append(test, format);
}

// A number in the format, or an asterisk and an argument, which may be negative.
static int append_number(const struct choices *choices, struct format_case *test, uint32_t limit)
{
    int number = (int)choose(choices, limit);
    char digits[16] = "*";
    if (choose(choices, 2)) {
        if (choose(choices, 4) == 0)
            number = -number - 1;
        test->stars[test->star_count++] = number;
    } else {
        snprintf(digits, sizeof(digits), "%d", number);
    }
    append(test, digits);
    return number;
}

// Every magnitude alike: small numbers, and those around each power of two, are where the mistakes are.
static uint64_t choose_value(const struct choices *choices)
{
    uint64_t value = (uint64_t)choose(choices, UINT32_MAX) << 32 | choose(choices, UINT32_MAX);
    switch (choose(choices, 4)) {
    case 0:
        return (uint64_t)1 << choose(choices, 64);
    case 1:
        return ((uint64_t)1 << choose(choices, 64)) - 1;
    case 2:
        return -((uint64_t)1 << choose(choices, 64));
    default:
        return value >> choose(choices, 64);
    }
}

static void build(const struct choices *choices, struct format_case *test)
{
    const struct conversion *conversion = &CONVERSIONS[choose(choices, sizeof(CONVERSIONS) / sizeof(CONVERSIONS[0]))];
    *test = (struct format_case){.letter = conversion->letter};
    if (choose(choices, 4) == 0)
        append(test, "before 100%% ");
    append(test, "%");
    int precision = -1;
    if (conversion->letter != '%') {
        for (const char *flag = conversion->flags; *flag; flag++) {
            if (choose(choices, 3) == 0)
                append(test, (char[]){*flag, '\0'});
        }
        if (choose(choices, 2))
            append_number(choices, test, 40);
        if (conversion->has_precision && choose(choices, 2)) {
            append(test, ".");
            precision = choose(choices, 5) == 0 ? 0 : append_number(choices, test, 40);
        }
    }
    if (!strchr("sc%", conversion->letter)) {
        test->length = (enum length)choose(choices, LENGTH_COUNT);
        append(test, LENGTH_NAMES[test->length]);
    }
    append(test, (char[]){conversion->letter, '\0'});
    if (choose(choices, 4) == 0)
        append(test, " after");

    test->value = choose_value(choices);
    size_t length = choose(choices, sizeof(test->text) + 1);
    for (size_t index = 0; index < sizeof(test->text); index++)
        test->text[index] = index < length ? (char)(1 + choose(choices, 255)) : '\0';
    if (precision < 0 || (size_t)precision > sizeof(test->text))
        test->text[sizeof(test->text) - 1] = '\0';
    test->size_bytes = choose(choices, 3) ? BUFFER_BYTES : choose(choices, 48);
    if (choose(choices, 2))
        append_once_more(test);
}

// The same call for both, with the types that the format asks for, and all of it twice, which one conversion ignores.
#define PRINT_TWICE(function, buffer, test, ...)                                                                       \
    (size_t)function(buffer, (test)->size_bytes, (test)->format, __VA_ARGS__, __VA_ARGS__)
#define PRINT(function, buffer, test, ...)                                                                             \
    ((test)->star_count == 0   ? PRINT_TWICE(function, buffer, test, __VA_ARGS__)                                      \
     : (test)->star_count == 1 ? PRINT_TWICE(function, buffer, test, (test)->stars[0], __VA_ARGS__)                    \
                               : PRINT_TWICE(function, buffer, test, (test)->stars[0], (test)->stars[1], __VA_ARGS__))
#define PRINT_BOTH(...)                                                                                                \
    do {                                                                                                               \
        *expected_length = PRINT(snprintf, expected, test, __VA_ARGS__);                                               \
        *actual_length = PRINT(format_string, actual, test, __VA_ARGS__);                                              \
    } while (false)

static void print_both(const struct format_case *test, char *expected, size_t *expected_length, char *actual,
                       size_t *actual_length)
{
    if (test->letter == 's') {
        PRINT_BOTH(test->text);
        return;
    }
    switch (test->length) {
    case LENGTH_NONE:
    case LENGTH_HH: // promoted to int; what does not fit must be cut by the callee
    case LENGTH_H:
        PRINT_BOTH((int)test->value);
        break;
    case LENGTH_L:
        PRINT_BOTH((long)test->value);
        break;
    case LENGTH_LL:
        PRINT_BOTH((long long)test->value);
        break;
    case LENGTH_Z:
        PRINT_BOTH((size_t)test->value);
        break;
    case LENGTH_T:
        PRINT_BOTH((ptrdiff_t)test->value);
        break;
    case LENGTH_J:
        PRINT_BOTH((intmax_t)test->value);
        break;
    case LENGTH_COUNT:
        break;
    }
}

const char *format_case_difference(const struct choices *choices)
{
    static char description[1024];
    struct format_case test;
    char expected[BUFFER_BYTES], actual[BUFFER_BYTES];
    size_t expected_length = 0, actual_length = 0;

    build(choices, &test);
    memset(expected, '#', sizeof(expected));
    memset(actual, '#', sizeof(actual));
    print_both(&test, expected, &expected_length, actual, &actual_length);
    if (expected_length == actual_length && memcmp(expected, actual, sizeof(actual)) == 0)
        return nullptr;
    snprintf(description, sizeof(description),
             "format <%s>, stars %d %d, value %#jx, text <%.24s>, buffer of %zu bytes:\n  libc %3zu <%.*s>\n  hewn "
             "%3zu <%.*s>",
             test.format, test.stars[0], test.stars[1], (uintmax_t)test.value, test.text, test.size_bytes,
             expected_length, (int)test.size_bytes, expected, actual_length, (int)test.size_bytes, actual);
    return description;
}
