// SPDX-License-Identifier: MIT
// Text of the run, past the log: TAP lines carry no time stamp and must not be lost when a level is chosen. Called by
// the run and by failing checks, possibly from within an interrupt.
#include "output.h"
#include <console/console.h>
#include <lib/format.h>
#include <lib/string.h>
#include <serial/serial.h>

static const char LIGHT_RED[] = "\033[91m", WHITE_ON_GREEN[] = "\033[97;42m", WHITE_ON_RED[] = "\033[97;41m",
                  USUAL[] = "\033[m";

static void to_serial(void *, const char *text, size_t length)
{
    serial_write(text, length);
}

static void to_screen(void *, const char *text, size_t length)
{
    console_show(text, length);
}

// Between the control sequences COLOURS and that for the usual ones.
__attribute__((format(printf, 2, 0))) static void show_in(const char *colours, const char *format, va_list arguments)
{
    console_show(colours, strlen(colours));
    format_to_list(to_screen, nullptr, format, arguments);
    console_show(USUAL, strlen(USUAL));
}

void output_tap_list(const char *format, va_list arguments)
{
    format_to_list(to_serial, nullptr, format, arguments);
}

void output_tap(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    output_tap_list(format, arguments);
    va_end(arguments);
}

void output_failure_list(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    output_tap_list(format, arguments);
    show_in(LIGHT_RED, format, again);
    va_end(again);
}

void output_failure(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    output_failure_list(format, arguments);
    va_end(arguments);
}

void output_verdict(bool is_pass, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    show_in(is_pass ? WHITE_ON_GREEN : WHITE_ON_RED, format, arguments);
    va_end(arguments);
}
