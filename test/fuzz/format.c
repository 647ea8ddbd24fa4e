// SPDX-License-Identifier: MIT
// lib/format.c fed twice with libFuzzer's bytes: as choices among the conversions that C defines, where libc must
// agree, and as a raw format string, where anything may stand and nothing may happen but output.
#include <lib/format.h>
#include <lib/panic.h>
#include <string.h>
#include <support/format_case.h>

#pragma clang diagnostic ignored "-Wformat-nonliteral"

struct bytes {
    const uint8_t *at;
    size_t left;
};

// When the bytes run out, everything is zero.
static uint32_t next_choice(void *context, uint32_t limit)
{
    struct bytes *bytes = context;
    uint32_t number = 0;
    for (uint32_t room = limit - 1; room > 0 && bytes->left > 0; room >>= 8) {
        number = number << 8 | *bytes->at++;
        bytes->left--;
    }
    return number % limit;
}

// Numbers of more than three digits would only be long in printing; strings and asterisks would need arguments that
// are right.
static void make_harmless(char *format)
{
    size_t digits = 0;
    for (; *format; format++) {
        bool is_digit = *format >= '0' && *format <= '9';
        digits = is_digit ? digits + 1 : 0;
        if (digits > 3 || *format == 's' || *format == '*')
            *format = 'd';
    }
}

static void count_only(void *context, const char *text, size_t length)
{
    size_t *total = context;
    for (size_t index = 0; index < length; index++) {
        volatile char seen = text[index]; // the sanitizer watches the read
        (void)seen;
    }
    *total += length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {data, size};
    const struct choices choices = {.next = next_choice, .context = &bytes};
    const char *difference = format_case_difference(&choices);
    if (difference)
        panic("%s", difference);

    char format[65];
    size_t length = size < sizeof(format) ? size : sizeof(format) - 1;
    memcpy(format, data, length);
    format[length] = '\0';
    make_harmless(format);
    // At most 32 conversions fit the format, each takes at most one argument.
    size_t total = 0;
#define EIGHT -1ll, 0ll, 1ll, INT64_MIN, INT64_MAX, 'c' + 0ll, 0x8000'0000ll, 0x1234'5678'9abc'def0ll
    size_t returned = format_to(count_only, &total, format, EIGHT, EIGHT, EIGHT, EIGHT);
    if (returned != total)
        panic("format_to returned %zu, the sink got %zu", returned, total);
    return 0;
}
