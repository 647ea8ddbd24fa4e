// SPDX-License-Identifier: MIT
// What a unit test includes: cmocka after the four headers that it wants before it, and what cmocka lacks.
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// STATEMENT must panic, with a message that contains WORDS.
#define ASSERT_PANICS(statement, words)                                                                                \
    do {                                                                                                               \
        expect_assert_failure(statement);                                                                              \
        if (!strstr(global_last_failed_assert, words))                                                                 \
            fail_msg("panicked with <%s>, which does not contain <%s>", global_last_failed_assert, words);             \
    } while (false)
