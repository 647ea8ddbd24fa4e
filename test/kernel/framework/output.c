// SPDX-License-Identifier: MIT
// Text of the run, past the log: TAP lines carry no time stamp and must not be lost when a level is chosen. Called by
// the run and by failing checks, possibly from within an interrupt.
#include "output.h"
#include <lib/format.h>
#include <serial/serial.h>
#include <vga/vga.h>

static void to_serial(void *, const char *text, size_t length)
{
    serial_write(text, length);
}

static void to_screen(void *, const char *text, size_t length)
{
    vga_write(text, length);
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
    vga_set_colours(VGA_LIGHT_RED, VGA_BLACK);
    format_to_list(to_screen, nullptr, format, again);
    vga_set_colours(VGA_LIGHT_GREY, VGA_BLACK);
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
    vga_set_colours(VGA_WHITE, is_pass ? VGA_GREEN : VGA_RED);
    va_list arguments;
    va_start(arguments, format);
    format_to_list(to_screen, nullptr, format, arguments);
    va_end(arguments);
    vga_set_colours(VGA_LIGHT_GREY, VGA_BLACK);
}
