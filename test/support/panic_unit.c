// SPDX-License-Identifier: MIT
// panic() of the unit tests, linked into each of them by hewn_host_test(): the test at hand fails with the message, or
// passes on when it asked for that with cmocka's expect_assert_failure().
#include <lib/panic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/unit.h>

void panic(const char *format, ...)
{
    static char message[512]; // cmocka keeps the pointer (get_last_assert_failure)
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    mock_assert(false, message, "panic", 0);
    abort();
}
