// SPDX-License-Identifier: MIT
// The kernel's panic() (lib/panic.h): one line that says why, then the end. Called from anywhere. The message is made
// before the report begins, so that a fault in its arguments gets a full report of its own.
#include <lib/format.h>
#include <lib/panic.h>
#include <log/emergency.h>
#include <stdarg.h>

constexpr size_t MESSAGE_LIMIT = 400; // longer ones are cut

static void write_panic(void *message, bool is_nested)
{
    const char *circumstance = is_nested ? " while another fatal error was being reported" : "";
    log_emergency("PANIC%s: %s\n", circumstance, (const char *)message);
}

void panic(const char *format, ...)
{
    char message[MESSAGE_LIMIT];
    va_list arguments;
    va_start(arguments, format);
    format_string_list(message, sizeof message, format, arguments);
    va_end(arguments);
    log_fatal_report(write_panic, message);
}
