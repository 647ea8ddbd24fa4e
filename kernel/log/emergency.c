// SPDX-License-Identifier: MIT
// The emergency path. Called by panic() and the exception reporter, possibly in the middle of any function of this
// folder or of a sink; so it reads the list of sinks, which is whole at any instant, and trusts nothing else.
#include "log_state.h"
#include <arch/cpu.h>
#include <arch/emulator_exit.h>
#include <lib/format.h>
#include <log/emergency.h>

struct emergency_line {
    size_t length;
    char text[120];
};

static void last_resort_output(enum log_level, const char *text, size_t length)
{
    last_resort_write(text, length);
}

// Takes the turn of the sinks when there is none that works.
static struct log_sink last_resort = {.write_emergency = last_resort_output};

// A sink that faults is entered again by the report of that fault; the mark keeps the second report out of it.
static void output_to(struct log_sink *sink, const char *text, size_t length)
{
    if (sink->is_in_emergency)
        return;
    sink->is_in_emergency = true;
    sink->is_mid_line = text[length - 1] != '\n';
    sink->write_emergency(LOG_LEVEL_ERROR, text, length);
    sink->is_in_emergency = false;
}

static struct log_sink *first_working(struct log_sink *sink)
{
    while (sink != nullptr && sink->is_in_emergency)
        sink = sink->next;
    return sink;
}

static void output(const char *text, size_t length)
{
    if (log_state.turn != nullptr) {
        output_to(log_state.turn, text, length);
        return;
    }
    struct log_sink *sink = first_working(log_state.first_sink);
    if (sink == nullptr)
        sink = &last_resort;
    for (; sink != nullptr; sink = first_working(sink->next))
        output_to(sink, text, length);
}

static void flush(struct emergency_line *line)
{
    if (line->length > 0)
        output(line->text, line->length);
    line->length = 0;
}

static void collect(void *context, const char *text, size_t length)
{
    struct emergency_line *line = context;
    for (size_t i = 0; i < length; i++) {
        line->text[line->length++] = text[i];
        if (line->length == sizeof line->text || text[i] == '\n')
            flush(line);
    }
}

void log_emergency_list(const char *format, va_list arguments)
{
    struct emergency_line line = {};
    format_to_list(collect, &line, format, arguments);
    flush(&line);
}

void log_emergency(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_emergency_list(format, arguments);
    va_end(arguments);
}

static void report_to(struct log_sink *sink, log_fatal_writer_fn *write, void *context, bool is_nested)
{
    log_state.turn = sink;
    if (sink->is_mid_line)
        output_to(sink, "\n", 1); // whatever was being printed ends here
    write(context, is_nested);
    log_emergency("# hewn: end fail 0 tests\n");
}

void log_fatal_report(log_fatal_writer_fn *write, void *context)
{
    (void)cpu_interrupts_disable();
    unsigned depth = log_state.fatal_count++;
    if (depth > 1)
        emulator_exit(false);
    struct log_sink *sink = first_working(log_state.first_sink);
    if (sink == nullptr)
        sink = &last_resort;
    for (; sink != nullptr; sink = first_working(sink->next))
        report_to(sink, write, context, depth > 0);
    emulator_exit(false);
}
