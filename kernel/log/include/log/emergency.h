// SPDX-License-Identifier: MIT
// The way out for text when nothing can be trusted any more: no lock, no ring, no allocation, straight to the sinks'
// emergency functions. Used by panic() and by the exception reporter; works from any context, inside a fault of the log
// or of a sink too, and before any sink is there (then on COM1, if one answers). Exported names start with log_.
#pragma once
#include <stdarg.h>

// Writes a report with log_emergency(). IS_NESTED: another report was under way and evidently failed, so one sentence
// of numbers will do.
typedef void log_fatal_writer_fn(void *context, bool is_nested);

// The end of the kernel: close interrupts, run WRITE once for each sink (serial is registered first, so that its text
// is out before the screen is touched), each time followed by the last line of the test protocol; then the emulator's
// exit with "failed", then halt. The third report within another ends without words, because printing evidently kills.
[[noreturn]] void log_fatal_report(log_fatal_writer_fn *write, void *context);

// Write FORMAT (lib/format.h) as it stands, without time, level or added line feed: to the sink whose turn it is in a
// fatal report, otherwise to all. A sink in whose emergency function the CPU faulted is left out.
__attribute__((format(printf, 1, 2))) void log_emergency(const char *format, ...);
__attribute__((format(printf, 1, 0))) void log_emergency_list(const char *format, va_list arguments);
