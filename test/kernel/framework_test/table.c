// SPDX-License-Identifier: MIT
// The framework's own promises that a test can see from within, and names for test/kernel/harness.py to select.
#include <framework/table.h>
#include <framework/test.h>

TEST(framework, table_is_whole)
{
    table_check();
    CHECK(table_count() > 1);
    CHECK_EQUAL((uintptr_t)table_at(1) - (uintptr_t)table_at(0), sizeof(struct test));
}

TEST(framework, glob_a)
{
    CHECK(true);
}

TEST(framework, glob_b)
{
    CHECK(true);
}

TEST(framework, glob_ab)
{
    CHECK(true);
}

TEST(framework, table_keeps_the_order_of_the_source)
{
    unsigned first = 0;
    while (first < table_count() && !table_matches(table_at(first), "framework.glob_a"))
        first++;
    CHECK(first + 2 < table_count());
    CHECK_STRING(table_at(first + 1)->name, "glob_b");
    CHECK_STRING(table_at(first + 2)->name, "glob_ab");
}
