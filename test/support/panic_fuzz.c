// SPDX-License-Identifier: MIT
// panic() of the fuzzers, linked into each of them by hewn_fuzz_test(): a panic is a finding, so the message goes out
// and abort() lets libFuzzer save the input.
#include <lib/panic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("panic: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}
