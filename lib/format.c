// SPDX-License-Identifier: MIT
// The printf of lib/format.h. Called by the kernel's log and console, by panics, and by stage 2, whose image pays for
// every byte of it: all conversions take one path, and digits come by division, not from tables.
#include <lib/format.h>
#include <lib/string.h>
#include <stdint.h>

#ifndef HEWN_SIZE_FIRST // a test sets it, to run i386's paths on the host
#define HEWN_SIZE_FIRST (sizeof(void *) == 4)
#endif
constexpr bool IS_SIZE_FIRST = HEWN_SIZE_FIRST;

constexpr size_t DIGITS_MAX = 22; // of a uint64_t in octal

// One call's state, all in one place: helpers that take little but a pointer to it, and are not inlined, make the
// smallest code on i386, where a frame of many locals costs more.
struct output {
    format_sink_fn *sink;
    void *context;
    size_t length;  // bytes given to the sink so far
    const char *at; // what of the format comes next
    va_list arguments;

    // The conversion at hand: what stood behind '%' ...
    unsigned flags;
    unsigned width;
    int precision;       // negative: none
    unsigned size_bytes; // of an integer argument
    char letter;
    union {
        uint64_t value; // of a number
        uint16_t value_limbs[4];
    };

    // ... and what it prints: prefix, zeros, text.
    char prefix[2]; // a sign, or 0x
    size_t prefix_length;
    size_t zero_count;
    const char *text;
    size_t text_length;
    char digits[DIGITS_MAX];
};

// The flag characters lie between ' ' and '?', so that each has a bit of its own.
#define FLAG(character) (1u << ((character) - ' '))
constexpr unsigned FLAG_LEFT = FLAG('-'), FLAG_PLUS = FLAG('+'), FLAG_SPACE = FLAG(' '), FLAG_ALTERNATE = FLAG('#'),
                   FLAG_ZERO = FLAG('0');
constexpr unsigned ALL_FLAGS = FLAG_LEFT | FLAG_PLUS | FLAG_SPACE | FLAG_ALTERNATE | FLAG_ZERO;
constexpr unsigned FLAG_POINTER = 1u << 31; // 0x, even before zero

[[gnu::noinline]] static void emit(struct output *output, const char *text, size_t length)
{
    if (length == 0)
        return;
    output->length += length;
    output->sink(output->context, text, length);
}

[[gnu::noinline]] static void pad(struct output *output, char character, size_t count)
{
    char run[IS_SIZE_FIRST ? 1 : 16];
    for (size_t index = 0; index < sizeof(run); index++)
        run[index] = character;
    while (count > 0) {
        size_t length = count < sizeof(run) ? count : sizeof(run);
        emit(output, run, length);
        count -= length;
    }
}

[[gnu::noinline]] static void emit_field(struct output *output)
{
    size_t used = output->prefix_length + output->zero_count + output->text_length;
    size_t blanks = output->width > used ? output->width - used : 0;
    size_t blanks_before = output->flags & FLAG_LEFT ? 0 : blanks;
    pad(output, ' ', blanks_before);
    emit(output, output->prefix, output->prefix_length);
    pad(output, '0', output->zero_count);
    emit(output, output->text, output->text_length);
    pad(output, ' ', blanks - blanks_before);
}

// Divides the value at hand and returns the remainder. i386 has no 64-bit division, and no library here to bring one:
// long division by hand, in limbs of 16 bits so that a remainder and the next limb fit a register.
static unsigned divide_value(struct output *output, unsigned divisor)
{
    uint32_t remainder = 0;
    if (IS_SIZE_FIRST) {
        for (int index = 3; index >= 0; index--) {
            remainder = remainder << 16 | output->value_limbs[index];
            output->value_limbs[index] = (uint16_t)(remainder / divisor);
            remainder %= divisor;
        }
    } else {
        remainder = (uint32_t)(output->value % divisor);
        output->value /= divisor;
    }
    return remainder;
}

// The next argument of 1, 2, 4 or 8 bytes, extended to 8.
static uint64_t next_integer(struct output *output, bool is_signed)
{
    if (output->size_bytes == sizeof(uint64_t))
        return va_arg(output->arguments, uint64_t);
    unsigned unused_bits = 32 - 8 * output->size_bytes;
    uint32_t value = va_arg(output->arguments, uint32_t) << unused_bits;
    return is_signed ? (uint64_t)((int32_t)value >> unused_bits) : value >> unused_bits;
}

[[gnu::noinline]] static void make_number(struct output *output, unsigned base)
{
    unsigned flags = output->flags;
    bool is_signed = base == 10 && output->letter != 'u';
    uint64_t value = next_integer(output, is_signed);
    if (is_signed) {
        char sign = '\0';
        if ((int64_t)value < 0) {
            value = -value;
            sign = '-';
        } else if (flags & FLAG_PLUS) {
            sign = '+';
        } else if (flags & FLAG_SPACE) {
            sign = ' ';
        }
        output->prefix[0] = sign;
        output->prefix_length = sign != '\0';
    } else if ((flags & FLAG_POINTER) || (base == 16 && (flags & FLAG_ALTERNATE) && value != 0)) {
        output->prefix[0] = '0';
        output->prefix[1] = output->letter;
        output->prefix_length = 2;
    }

    char *end = output->digits + DIGITS_MAX, *first = end;
    output->value = value;
    while (output->value != 0) {
        char digit = (char)divide_value(output, base);
        *--first = (char)(digit + (digit < 10 ? '0' : output->letter - 'x' + 'a' - 10));
    }
    output->text = first;
    output->text_length = (size_t)(end - first);

    // Zero has no digits yet: the least count, which is 1 unless a precision says 0, makes up for it.
    size_t least = 1;
    if (output->precision >= 0)
        least = (unsigned)output->precision;
    else if ((flags & (FLAG_ZERO | FLAG_LEFT)) == FLAG_ZERO && output->width > output->prefix_length)
        least = output->width - output->prefix_length;
    if (least > output->text_length)
        output->zero_count = least - output->text_length;
    else if (base == 8 && (flags & FLAG_ALTERNATE))
        output->zero_count = 1;
}

// A number in the format, or the argument that an asterisk stands for.
static int parse_number(struct output *output)
{
    if (*output->at == '*') {
        output->at++;
        return va_arg(output->arguments, int);
    }
    unsigned number = 0;
    for (;; output->at++) {
        unsigned digit = (unsigned)(*output->at - '0');
        if (digit >= 10)
            return (int)number;
        number = number * 10 + digit;
    }
}

// Parses what follows '%', letter included.
[[gnu::noinline]] static void parse_conversion(struct output *output)
{
    output->flags = 0;
    for (;; output->at++) {
        unsigned index = (unsigned)(*output->at - ' ');
        if (index >= 32 || !(ALL_FLAGS >> index & 1))
            break;
        output->flags |= 1u << index;
    }
    int width = parse_number(output);
    output->width = (unsigned)width;
    if (width < 0) {
        output->flags |= FLAG_LEFT;
        output->width = -output->width;
    }
    output->precision = -1;
    if (*output->at == '.') {
        output->at++;
        output->precision = parse_number(output);
    }
    output->size_bytes = sizeof(int);
    for (;;) {
        char letter = *output->at++;
        output->letter = letter;
        if (letter == 'h')
            output->size_bytes = output->at[-2] == 'h' ? sizeof(char) : sizeof(short);
        else if (letter == 'l')
            output->size_bytes = output->at[-2] == 'l' ? sizeof(long long) : sizeof(long);
        else if (letter == 'j')
            output->size_bytes = sizeof(intmax_t);
        else if (letter == 'z' || letter == 't')
            output->size_bytes = sizeof(size_t);
        else
            break;
    }
}

static unsigned base_of(char letter)
{
    if (letter == 'd' || letter == 'i' || letter == 'u')
        return 10;
    if (letter == 'x' || letter == 'X')
        return 16;
    return letter == 'o' ? 8 : 0;
}

// Prints the conversion whose '%' comes next.
static void emit_conversion(struct output *output)
{
    const char *start = output->at++;
    parse_conversion(output);
    output->prefix_length = 0;
    output->zero_count = 0;
    output->text = output->digits;
    output->text_length = 1;

    if (output->letter == 'p') {
        output->letter = 'x';
        output->flags |= FLAG_POINTER;
        output->size_bytes = sizeof(void *);
        output->precision = 2 * sizeof(void *);
    }
    unsigned base = base_of(output->letter);
    if (base != 0) {
        make_number(output, base);
    } else if (output->letter == 's') {
        output->text = va_arg(output->arguments, const char *);
        if (!output->text)
            output->text = "(null)";
        output->text_length = strnlen(output->text, (size_t)output->precision); // a negative one is no limit
    } else if (output->letter == 'c') {
        output->digits[0] = (char)va_arg(output->arguments, int);
    } else if (output->letter == '%') {
        output->text = start;
    } else {
        if (output->letter == '\0')
            output->at--;
        output->width = 0;
        output->text = start;
        output->text_length = (size_t)(output->at - start);
    }
    emit_field(output);
}

size_t format_to_list(format_sink_fn *sink, void *context, const char *format, va_list arguments)
{
    struct output output;
    output.sink = sink;
    output.context = context;
    output.length = 0;
    output.at = format;
    va_copy(output.arguments, arguments);
    while (*output.at) {
        if (*output.at == '%') {
            emit_conversion(&output);
            continue;
        }
        const char *start = output.at;
        while (*output.at && *output.at != '%')
            output.at++;
        emit(&output, start, (size_t)(output.at - start));
    }
    va_end(output.arguments);
    return output.length;
}

size_t format_to(format_sink_fn *sink, void *context, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_to_list(sink, context, format, arguments);
    va_end(arguments);
    return length;
}

struct buffer {
    char *end;
    size_t free_bytes; // without the terminator
};

static void buffer_append(void *context, const char *text, size_t length)
{
    struct buffer *buffer = context;
    if (length > buffer->free_bytes)
        length = buffer->free_bytes;
    memcpy(buffer->end, text, length);
    buffer->end += length;
    buffer->free_bytes -= length;
}

size_t format_string_list(char *buffer, size_t size_bytes, const char *format, va_list arguments)
{
    char nowhere;
    if (size_bytes == 0) {
        buffer = &nowhere;
        size_bytes = sizeof(nowhere);
    }
    struct buffer destination = {buffer, size_bytes - 1};
    size_t length = format_to_list(buffer_append, &destination, format, arguments);
    *destination.end = '\0';
    return length;
}

size_t format_string(char *buffer, size_t size_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_string_list(buffer, size_bytes, format, arguments);
    va_end(arguments);
    return length;
}
