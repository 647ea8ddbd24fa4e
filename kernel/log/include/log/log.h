// SPDX-License-Identifier: MIT
// The log: one line an event, with level, module and time. Keeps the last 64 KiB of lines whatever their level, and
// hands each to the sinks that want its level. Owns the ring, the list of sinks and the choice of clock; knows no
// device. Exported names start with log_.
//
// Usable from the first C instruction, from any context: a line that arrives while another is being delivered (from a
// sink, or from an exception in one) is dropped and counted, and the next line is preceded by that count. The only lock
// is closed interrupts, which is enough while one CPU runs. What must be seen at any price goes through
// log/emergency.h.
//
// Time is given in millions of TSC ticks since the origin of log_init(), because nobody has calibrated the counter yet:
// "[  12.345M]". Lines written after log_set_clock() carry seconds: "[ 0.123456]".
#pragma once
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

enum log_level : uint8_t {
    LOG_LEVEL_ERROR,   // something does not work
    LOG_LEVEL_WARNING, // something works worse than it should
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};
constexpr unsigned LOG_LEVEL_COUNT = LOG_LEVEL_DEBUG + 1;

// Takes a line with its line feed. Called with interrupts closed; must not wait without a bound, and must not log.
typedef void log_output_fn(enum log_level level, const char *text, size_t length);

struct log_sink {
    log_output_fn *write;
    log_output_fn *write_emergency; // takes any piece of text, from any context; returns when it has left the machine
    enum log_level level;           // the least important level that it wants
    bool is_brief;                  // a screen: a report that does not fit on it is lost
    bool is_in_emergency;           // this and what follows belongs to log
    bool is_mid_line;
    struct log_sink *next;
};

typedef uint64_t log_clock_fn(void); // nanoseconds since boot, from any context

// Count time from TSC value ORIGIN: the boot sector's stamp, or 0.
void log_init(uint64_t tsc_origin);

// From here on take time from NOW_NS.
void log_set_clock(log_clock_fn *now_ns);

// Hand SINK what the ring holds, then every new line. Sinks are served in the order of registration; SINK stays
// registered for ever.
void log_sink_register(struct log_sink *sink);

// Log one line; FORMAT as in lib/format.h, without line feed. Text of more than LOG_TEXT_LIMIT bytes ends in "...".
constexpr size_t LOG_TEXT_LIMIT = 512;
__attribute__((format(printf, 3, 4))) void log_write(enum log_level level, const char *module, const char *format, ...);

#define log_error(module, ...)   log_write(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_write(LOG_LEVEL_WARNING, module, __VA_ARGS__)
#define log_info(module, ...)    log_write(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...)   log_write(LOG_LEVEL_DEBUG, module, __VA_ARGS__)

// "error", "warning", "info", "debug".
const char *log_level_name(enum log_level level);

// Find the level called NAME. STATUS_NOT_FOUND leaves LEVEL alone.
[[nodiscard]] enum status log_level_parse(const char *name, enum log_level *level);
