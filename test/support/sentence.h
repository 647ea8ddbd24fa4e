// SPDX-License-Identifier: MIT
// Compares what a parser's problem reads like with what it should. Include after support/unit.h.
#pragma once
#include <lib/problem.h>
#include <stdio.h>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
static inline void assert_sentence(const struct problem *problem, const char *wanted)
{
    char sentence[160];
    assert_non_null(problem->format);
    snprintf(sentence, sizeof(sentence), problem->format, problem->values[0], problem->values[1]);
    assert_string_equal(sentence, wanted);
}
#pragma clang diagnostic pop
