// SPDX-License-Identifier: MIT
// The emergency path. Called by debug, possibly in the middle of any function of this folder or of a sink; so it reads
// the list of sinks and the ring, which are whole at any instant, and trusts nothing else.
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

void log_emergency_tail(unsigned line_count)
{
    uint64_t position = 0;
    struct record record;
    unsigned total = 0;
    while (record_ring_read(&log_state.ring, &position, &record))
        total++;
    position = 0;
    for (unsigned i = 0; record_ring_read(&log_state.ring, &position, &record); i++) {
        char line[LOG_LINE_LIMIT];
        if (i + line_count >= total)
            log_emergency(" %.*s", (int)log_render_line(line, &record), line);
    }
}

void log_set_epilogue(log_epilogue_fn *epilogue)
{
    log_state.epilogue = epilogue;
}

static bool end_report(const struct log_death *death)
{
    if (log_state.epilogue == nullptr || log_state.is_in_epilogue) {
        log_emergency("# hewn: end fail 0 tests\n");
        return false;
    }
    log_state.is_in_epilogue = true;
    bool is_wanted = log_state.epilogue(death);
    log_state.is_in_epilogue = false;
    return is_wanted && !death->is_nested;
}

static bool report_to(struct log_sink *sink, const struct log_death *death, log_fatal_writer_fn *write, void *context)
{
    log_state.turn = sink;
    if (sink->is_mid_line)
        output_to(sink, "\n", 1); // whatever was being printed ends here
    write(context, &(struct log_fatal_turn){.is_nested = death->is_nested, .is_brief = sink->is_brief});
    return end_report(death);
}

void log_fatal_report(const struct log_death *death, log_fatal_writer_fn *write, void *context)
{
    (void)cpu_interrupts_disable();
    unsigned depth = log_state.fatal_count++;
    if (depth > 1)
        emulator_exit(false);
    struct log_death own = *death;
    own.is_nested = depth > 0;
    struct log_sink *sink = first_working(log_state.first_sink);
    if (sink == nullptr)
        sink = &last_resort;
    bool passed = true;
    for (; sink != nullptr; sink = first_working(sink->next))
        passed = report_to(sink, &own, write, context) && passed;
    emulator_exit(passed);
}
