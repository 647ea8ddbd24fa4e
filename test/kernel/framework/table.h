// SPDX-License-Identifier: MIT
// The table of tests that the linker collected, and which of them are wanted. For the framework alone.
#pragma once
#include <framework/test.h>

// Panics when the section is not what it should be: a foreign object in it, or a gap.
void table_check(void);

unsigned table_count(void);
const struct test *table_at(unsigned index);

// Whether TEST is meant by PATTERN: "suite.name" or "suite/name", where * stands for any run of letters and ? for one.
// A test of the suite "selftest" is meant by its full name alone.
bool table_matches(const struct test *test, const char *pattern);
