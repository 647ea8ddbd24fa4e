// SPDX-License-Identifier: MIT
// The way out for text when nothing can be trusted any more: no lock, no allocation, straight to the sinks' emergency
// functions. Used by debug; works from any context, inside a fault of the log or of a sink too, and before any sink is
// there (then on COM1, if one answers). Exported names start with log_.
#pragma once
#include <stdarg.h>
#include <stdint.h>

constexpr uint32_t LOG_DEATH_PANIC = UINT32_MAX;

// Why the kernel ends.
struct log_death {
    uint32_t vector;     // of the exception or interrupt; LOG_DEATH_PANIC: by panic()
    uint64_t error_code; // of the exception; 0 when it has none
    const char *message; // of the panic; nullptr for an exception
    bool is_nested;      // while another death was being reported; set by log
};

// What a writer should know of the sink whose turn it is.
struct log_fatal_turn {
    bool is_nested; // another report was under way and evidently failed, so a sentence or two will do
    bool is_brief;  // a screen: what does not fit on 25 rows of 80 columns is lost
};

// Writes a report with log_emergency().
typedef void log_fatal_writer_fn(void *context, const struct log_fatal_turn *turn);

// The end of the kernel: close interrupts, run WRITE once for each sink (serial is registered first, so that its text
// is out before the screen is touched), each time followed by the epilogue; then the emulator's exit with the verdict,
// then halt. The third report within another ends without words, because printing evidently kills.
[[noreturn]] void log_fatal_report(const struct log_death *death, log_fatal_writer_fn *write, void *context);

// Writes, with log_emergency(), what a report ends with, the last line of the test protocol included. Returns whether
// the kernel was meant to die like this: the emulator's exit says "passed" only when it returned true each time that it
// was called, once for each sink. A nested DEATH never passes, and one that comes out of an epilogue gets the default.
typedef bool log_epilogue_fn(const struct log_death *death);

// From here on end reports with EPILOGUE; nullptr: with the default, "# hewn: end fail 0 tests".
void log_set_epilogue(log_epilogue_fn *epilogue);

// Write FORMAT (lib/format.h) as it stands, without time, level or added line feed: to the sink whose turn it is in a
// fatal report, otherwise to all. A sink in whose emergency function the CPU faulted is left out.
__attribute__((format(printf, 1, 2))) void log_emergency(const char *format, ...);
__attribute__((format(printf, 1, 0))) void log_emergency_list(const char *format, va_list arguments);

// Write the last LINE_COUNT lines of the log, whatever their level, each behind a space. Reads the ring as it is: a
// line that was being added does not count. O(lines in the ring).
void log_emergency_tail(unsigned line_count);
