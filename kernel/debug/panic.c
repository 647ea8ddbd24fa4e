// SPDX-License-Identifier: MIT
// The kernel's panic() (lib/panic.h): why, who called, what was logged, then the end. Called from anywhere. The message
// is made before the report begins, so that a fault in its arguments gets a full report of its own.
#include "parts.h"
#include <lib/format.h>
#include <lib/panic.h>
#include <stdarg.h>

constexpr size_t MESSAGE_LIMIT = 400; // longer ones are cut; 6 rows of a screen

struct panic {
    const char *message;
    const void *frame_pointer;
};

static void write_panic(void *context, const struct log_fatal_turn *turn)
{
    const struct panic *panic = context;
    const char *circumstance = turn->is_nested ? " while another fatal error was being reported" : "";
    log_emergency("PANIC%s: %s\n", circumstance, panic->message);
    if (turn->is_nested) {
        first_death_write();
        return;
    }
    backtrace_write_caller(panic->frame_pointer, turn);
    if (!turn->is_brief) {
        log_emergency("log:\n");
        log_emergency_tail(LOG_LINES);
    }
}

void debug_end(const char *message, const void *frame_pointer)
{
    struct log_death death = {.vector = LOG_DEATH_PANIC, .message = message};
    struct panic panic = {message, frame_pointer};
    first_death_keep_panic(message);
    log_fatal_report(&death, write_panic, &panic);
}

void panic(const char *format, ...)
{
    char message[MESSAGE_LIMIT];
    va_list arguments;
    va_start(arguments, format);
    format_string_list(message, sizeof message, format, arguments);
    va_end(arguments);
    debug_end(message, __builtin_frame_address(0));
}
