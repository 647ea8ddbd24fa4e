// SPDX-License-Identifier: MIT
// Formatted output without floating point: the subset of C23's printf (7.23.6.1) that a kernel needs.
//   flags        '-' '0' '+' ' ' '#'
//   numbers      width and precision, as digits or '*', up to INT_MAX
//   lengths      hh h l ll z t j, for d i u o x X
//   conversions  d i u o x X c s p %
// Where C leaves it open: %p prints 0x and all digits of a pointer (8 or 16), a null pointer's too; a null %s is
// "(null)", cut to the precision like any other string, and a string with a precision needs no terminator; an unknown
// conversion is printed as it stands and takes no argument, so that the mistake is seen. There are no wide characters
// and no %n. Allocates nothing and calls nothing but the sink: any context. About 200 bytes of stack.
#pragma once
#include <stdarg.h>
#include <stddef.h>

// Takes LENGTH bytes of text, at least 1, that are not terminated and not the sink's to keep.
typedef void format_sink_fn(void *context, const char *text, size_t length);

// Both return the number of bytes given to the sink.
__attribute__((format(printf, 3, 4))) size_t format_to(format_sink_fn *sink, void *context, const char *format, ...);
__attribute__((format(printf, 3, 0))) size_t format_to_list(format_sink_fn *sink, void *context, const char *format,
                                                            va_list arguments);

// As snprintf: writes at most SIZE_BYTES including the terminator, returns the length that was wanted. With a
// SIZE_BYTES of 0, BUFFER may be null.
__attribute__((format(printf, 3, 4))) size_t format_string(char *buffer, size_t size_bytes, const char *format, ...);
__attribute__((format(printf, 3, 0))) size_t format_string_list(char *buffer, size_t size_bytes, const char *format,
                                                                va_list arguments);
