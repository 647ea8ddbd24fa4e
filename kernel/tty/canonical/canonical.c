// SPDX-License-Identifier: MIT
// One line of canonical input. Called by whoever is a program's terminal; knows no device.
#include <canonical/canonical.h>
#include <lib/string.h>

constexpr uint8_t CONTROL_D = 0x04, CONTROL_U = 0x15, DELETE = 0x7f;

struct echo {
    canonical_echo_fn *function;
    void *context;
};

static void show(const struct echo *echo, const char *text)
{
    if (echo->function != nullptr)
        echo->function(echo->context, text, strlen(text));
}

static bool is_control(uint8_t byte)
{
    return (byte < ' ' && byte != '\t' && byte != '\n') || byte == DELETE;
}

static void append(struct canonical *line, uint8_t byte, const struct echo *echo)
{
    if (line->length == sizeof line->bytes - 1 && byte != '\n') { // the last byte is the line feed's
        show(echo, "\a");
        return;
    }
    line->bytes[line->length++] = byte;
    if (is_control(byte))
        show(echo, (const char[]){'^', (char)(byte ^ 0x40), '\0'});
    else
        show(echo, (const char[]){(char)byte, '\0'});
}

// A character of UTF-8 goes as a whole; one of control is shown as two.
static bool remove_last(struct canonical *line, const struct echo *echo)
{
    if (line->length == 0)
        return false;
    uint8_t byte = line->bytes[--line->length];
    while ((byte & 0xc0) == 0x80 && line->length > 0)
        byte = line->bytes[--line->length];
    show(echo, is_control(byte) ? "\b\b  \b\b" : "\b \b");
    return true;
}

bool canonical_push(struct canonical *line, uint8_t byte, canonical_echo_fn *echo_function, void *context)
{
    struct echo echo = {echo_function, context};
    if (byte == '\b' || byte == DELETE) {
        (void)remove_last(line, &echo);
    } else if (byte == CONTROL_U) {
        while (remove_last(line, &echo))
            ;
    } else if (byte == CONTROL_D) {
        line->is_finished = true;
    } else {
        byte = byte == '\r' ? '\n' : byte;
        append(line, byte, &echo);
        line->is_finished = byte == '\n';
    }
    return line->is_finished;
}

size_t canonical_take(struct canonical *line, uint8_t *bytes, size_t size_bytes)
{
    size_t left = line->length - line->taken;
    size_t count = left < size_bytes ? left : size_bytes;
    if (count != 0)
        memcpy(bytes, line->bytes + line->taken, count);
    line->taken += count;
    if (line->taken == line->length) {
        line->length = line->taken = 0;
        line->is_finished = false;
    }
    return count;
}
