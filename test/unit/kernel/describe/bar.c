// SPDX-License-Identifier: MIT
// kernel/describe/bar.c: what a cell shows of the parts that it covers.
#include <describe/bar.h>
#include <support/unit.h>

constexpr uint64_t MEBIBYTE = 1 << 20;

enum kind : unsigned {
    USABLE = 1,
    RESERVED,
    KERNEL
};

struct parts {
    const struct bar_part *first;
    unsigned count;
};

static bool next_part(void *context, unsigned index, struct bar_part *part)
{
    const struct parts *parts = context;
    if (index < parts->count)
        *part = parts->first[index];
    return index < parts->count;
}

static unsigned cell_of(const struct bar_part *parts, unsigned part_count, uint64_t end, unsigned cell, unsigned count)
{
    struct parts all = {parts, part_count};
    return bar_cell(next_part, &all, end, cell, count);
}

static void a_cell_is_what_most_of_it_is(void **)
{
    static const struct bar_part parts[] = {{0, 3 * MEBIBYTE, USABLE, false},
                                            {3 * MEBIBYTE, MEBIBYTE, RESERVED, false}};
    assert_int_equal(cell_of(parts, 2, 4 * MEBIBYTE, 0, 1), USABLE);
    for (unsigned cell = 0; cell < 4; cell++)
        assert_int_equal(cell_of(parts, 2, 4 * MEBIBYTE, cell, 4), cell < 3 ? USABLE : RESERVED);
}

static void what_no_part_covers_is_nothing(void **)
{
    static const struct bar_part parts[] = {{MEBIBYTE, MEBIBYTE, USABLE, false}};
    assert_int_equal(cell_of(parts, 1, 4 * MEBIBYTE, 0, 4), BAR_NOTHING);
    assert_int_equal(cell_of(parts, 1, 4 * MEBIBYTE, 1, 4), USABLE);
    assert_int_equal(cell_of(parts, 1, 4 * MEBIBYTE, 2, 4), BAR_NOTHING);
    assert_int_equal(cell_of(nullptr, 0, 4 * MEBIBYTE, 0, 4), BAR_NOTHING);
}

static void shares_of_one_kind_add_up(void **)
{
    static const struct bar_part parts[] = {{0, 3, USABLE, false}, {3, 4, RESERVED, false}, {7, 3, USABLE, false}};
    assert_int_equal(cell_of(parts, 3, 10, 0, 1), USABLE);
}

static void a_part_that_is_always_shown_needs_a_byte_only(void **)
{
    static const struct bar_part parts[] = {{0, 100, USABLE, false}, {100, 1, KERNEL, true}, {101, 99, USABLE, false}};
    assert_int_equal(cell_of(parts, 3, 200, 0, 2), USABLE);
    assert_int_equal(cell_of(parts, 3, 200, 1, 2), KERNEL);
    assert_int_equal(cell_of(parts, 3, 200, 0, 1), KERNEL);
}

// The cells of a length that they do not divide have no gap between them, and end at its end.
static void cells_cover_everything_once(void **)
{
    constexpr unsigned COUNT = 7;
    constexpr uint64_t ENDS[] = {100, 4096, 0x7f'dfff, 1ull << 52};
    for (unsigned i = 0; i < sizeof ENDS / sizeof *ENDS; i++) {
        const struct bar_part last = {ENDS[i] - 1, 1, KERNEL, true}, first = {0, 1, KERNEL, true};
        for (unsigned cell = 0; cell < COUNT; cell++) {
            assert_int_equal(cell_of(&last, 1, ENDS[i], cell, COUNT), cell == COUNT - 1 ? KERNEL : BAR_NOTHING);
            assert_int_equal(cell_of(&first, 1, ENDS[i], cell, COUNT), cell == 0 ? KERNEL : BAR_NOTHING);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_is_what_most_of_it_is), cmocka_unit_test(what_no_part_covers_is_nothing),
        cmocka_unit_test(shares_of_one_kind_add_up),    cmocka_unit_test(a_part_that_is_always_shown_needs_a_byte_only),
        cmocka_unit_test(cells_cover_everything_once),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
