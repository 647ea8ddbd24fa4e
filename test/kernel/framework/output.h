// SPDX-License-Identifier: MIT
// What the run says: TAP on the serial port, failures on the screen too. For the framework alone.
#pragma once
#include <stdarg.h>

// Write FORMAT (lib/format.h) as it stands; failures are the lines that someone without a serial cable has to see.
__attribute__((format(printf, 1, 2))) void output_tap(const char *format, ...);
__attribute__((format(printf, 1, 0))) void output_tap_list(const char *format, va_list arguments);
__attribute__((format(printf, 1, 2))) void output_failure(const char *format, ...);
__attribute__((format(printf, 1, 0))) void output_failure_list(const char *format, va_list arguments);

// One line for the screen alone, in the colours of a verdict.
__attribute__((format(printf, 2, 3))) void output_verdict(bool is_pass, const char *format, ...);
