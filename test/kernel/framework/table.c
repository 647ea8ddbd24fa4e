// SPDX-License-Identifier: MIT
// The section .tests as an array, and the choice among its entries. Called by the run; knows nothing of results.
#include "table.h"
#include <lib/panic.h>
#include <lib/string.h>

extern const struct test tests_start[]; // tests.ld
extern const struct test tests_end[];

static uintptr_t section_size(void)
{
    return (uintptr_t)tests_end - (uintptr_t)tests_start;
}

void table_check(void)
{
    if ((uintptr_t)tests_start % TEST_ENTRY_SIZE != 0 || section_size() % TEST_ENTRY_SIZE != 0)
        panic("the section .tests begins at %p and has %zu bytes: no array of entries of %zu bytes",
              (const void *)tests_start, (size_t)section_size(), TEST_ENTRY_SIZE);
    for (unsigned i = 0; i < table_count(); i++) {
        if (tests_start[i].magic != TEST_ENTRY_MAGIC)
            panic("entry %u of the section .tests is no test", i);
    }
}

unsigned table_count(void)
{
    return (unsigned)(section_size() / TEST_ENTRY_SIZE);
}

const struct test *table_at(unsigned index)
{
    ASSERT(index < table_count());
    return &tests_start[index];
}

// The full name of a test, a letter at a time, so that no name is too long for a buffer.
static char letter_at(const struct test *test, size_t position)
{
    size_t suite_length = strlen(test->suite);
    if (position < suite_length)
        return test->suite[position];
    if (position == suite_length)
        return '.';
    position -= suite_length + 1;
    return position < strlen(test->name) ? test->name[position] : '\0';
}

static bool letter_matches(char wanted, char letter)
{
    return wanted == letter || (wanted == '?' && letter != '\0') || (wanted == '/' && letter == '.');
}

// When something does not fit, the last star takes one letter more; earlier stars need no second try.
static bool glob_matches(const struct test *test, const char *pattern)
{
    const char *after_star = nullptr;
    size_t star_position = 0;
    size_t position = 0;
    while (true) {
        if (*pattern == '*') {
            after_star = ++pattern;
            star_position = position;
        } else if (letter_matches(*pattern, letter_at(test, position))) {
            if (*pattern == '\0')
                return true;
            pattern++;
            position++;
        } else if (after_star != nullptr && letter_at(test, star_position) != '\0') {
            pattern = after_star;
            position = ++star_position;
        } else {
            return false;
        }
    }
}

bool table_matches(const struct test *test, const char *pattern)
{
    bool is_hidden = strcmp(test->suite, "selftest") == 0;
    if (is_hidden && (strchr(pattern, '*') != nullptr || strchr(pattern, '?') != nullptr))
        return false;
    return glob_matches(test, pattern);
}
