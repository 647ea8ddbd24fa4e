// SPDX-License-Identifier: MIT
// The ordinary path of the log: format, keep, deliver. Called by every module above arch; must not know what a sink
// does with a line.
#include "log_state.h"
#include <arch/cpu.h>
#include <arch/tsc.h>
#include <lib/format.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <log/log.h>
#include <stdarg.h>

enum log_clock : uint8_t {
    LOG_CLOCK_TSC,
    LOG_CLOCK_NANOSECONDS
};

static_assert(LOG_TEXT_LIMIT <= RECORD_TEXT_LIMIT);

struct log_state log_state;

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

void log_init(uint64_t tsc_origin)
{
    log_state.tsc_origin = tsc_origin;
}

void log_set_clock(log_clock_fn *now_ns)
{
    log_state.now_ns = now_ns;
}

static size_t render_time(char *buffer, size_t size_bytes, const struct record *record)
{
    unsigned long long thousands = record->time / 1000;
    if (record->clock == LOG_CLOCK_NANOSECONDS)
        return format_string(buffer, size_bytes, "[%2llu.%06llu] ", thousands / 1'000'000, thousands % 1'000'000);
    return format_string(buffer, size_bytes, "[%4llu.%03lluM] ", thousands / 1000, thousands % 1000);
}

size_t log_render_line(char line[static LOG_LINE_LIMIT], const struct record *record)
{
    size_t length = render_time(line, LOG_LINE_LIMIT, record);
    memcpy(line + length, record->text, record->length);
    length += record->length;
    line[length++] = '\n';
    return length;
}

static void write_to(struct log_sink *sink, const struct record *record, const char *line, size_t length)
{
    if (record->level > sink->level)
        return;
    sink->is_mid_line = true; // should the sink fault, the report of that begins a new line
    sink->write(record->level, line, length);
    sink->is_mid_line = false;
}

static void deliver(const struct record *record)
{
    char line[LOG_LINE_LIMIT];
    size_t length = log_render_line(line, record);
    for (struct log_sink *sink = log_state.first_sink; sink != nullptr; sink = sink->next)
        write_to(sink, record, line, length);
}

// A level other than info is part of the text, so that it survives on a terminal without colours.
__attribute__((format(printf, 4, 0))) static size_t render_text(char *buffer, enum log_level level, const char *module,
                                                                const char *format, va_list arguments)
{
    const char *level_name = level == LOG_LEVEL_INFO ? "" : level_names[level];
    const char *separator = level == LOG_LEVEL_INFO ? "" : ": ";
    size_t length = format_string(buffer, LOG_TEXT_LIMIT, "%s%s%s: ", level_name, separator, module);
    if (length < LOG_TEXT_LIMIT)
        length += format_string_list(buffer + length, LOG_TEXT_LIMIT - length, format, arguments);
    if (length < LOG_TEXT_LIMIT)
        return length;
    memcpy(buffer + LOG_TEXT_LIMIT - 3, "...", 3);
    return LOG_TEXT_LIMIT;
}

__attribute__((format(printf, 3, 0))) static void write_line(enum log_level level, const char *module,
                                                             const char *format, va_list arguments)
{
    char text[LOG_TEXT_LIMIT];
    struct record record = {
        .level = level,
        .clock = log_state.now_ns != nullptr ? LOG_CLOCK_NANOSECONDS : LOG_CLOCK_TSC,
        .time = log_state.now_ns != nullptr ? log_state.now_ns() : tsc_read() - log_state.tsc_origin,
        .length = (uint16_t)render_text(text, level, module, format, arguments),
        .text = text,
    };
    record_ring_append(&log_state.ring, &record);
    log_state.written_count++;
    deliver(&record);
}

__attribute__((format(printf, 3, 4))) static void write_own_line(enum log_level level, const char *module,
                                                                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(level, module, format, arguments);
    va_end(arguments);
}

static void report_lost_lines(void)
{
    if (log_state.lost_count == 0)
        return;
    uint32_t lost_count = log_state.lost_count;
    log_state.lost_count = 0;
    write_own_line(LOG_LEVEL_WARNING, "log", "%u lines were lost: they came while another was being written",
                   lost_count);
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
    uint64_t flags = cpu_interrupts_disable();
    if (log_state.is_busy) {
        log_state.lost_count++;
        log_state.lost_total++;
    } else {
        log_state.is_busy = true;
        report_lost_lines();
        va_list arguments;
        va_start(arguments, format);
        write_line(level, module, format, arguments);
        va_end(arguments);
        log_state.is_busy = false;
    }
    cpu_interrupts_restore(flags);
}

static void append_sink(struct log_sink *sink)
{
    struct log_sink **link = &log_state.first_sink;
    while (*link != nullptr)
        link = &(*link)->next;
    sink->next = nullptr;
    *link = sink;
}

void log_sink_register(struct log_sink *sink)
{
    ASSERT(sink->write != nullptr && sink->write_emergency != nullptr);
    uint64_t flags = cpu_interrupts_disable();
    append_sink(sink); // before the replay: should the replay fault, the emergency path can use the others and this one
    log_state.is_busy = true;
    uint64_t position = 0;
    struct record record;
    char line[LOG_LINE_LIMIT];
    while (record_ring_read(&log_state.ring, &position, &record))
        write_to(sink, &record, line, log_render_line(line, &record));
    log_state.is_busy = false;
    cpu_interrupts_restore(flags);
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

enum status log_level_parse(const char *name, enum log_level *level)
{
    for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}
