// SPDX-License-Identifier: MIT
// kernel/time/timer_queue against a plain array, and what its operations cost: the source is compiled into this test so
// that its steps can be counted.
#include <stdint.h>

static uint64_t step_count;
#define TIMER_QUEUE_STEP() (step_count++)
#include <timer_queue.c>

#include <stdlib.h>
#include <support/random.h>
#include <support/unit.h>

constexpr unsigned ENTRY_LIMIT = 4096;

struct item {
    struct timer_queue_entry entry;
    uint64_t due, number; // the model
    bool is_in;
};

static struct timer_queue queue;
static struct item items[ENTRY_LIMIT];
static unsigned in_count;
static uint64_t numbers;

static int start_empty(void **)
{
    queue = (struct timer_queue){};
    memset(items, 0, sizeof items);
    in_count = 0;
    numbers = 0;
    return 0;
}

static void add(struct item *item, uint64_t due)
{
    item->due = due;
    item->number = numbers++;
    item->is_in = true;
    in_count++;
    timer_queue_add(&queue, &item->entry, due);
}

static void take_out(struct item *item)
{
    item->is_in = false;
    in_count--;
    timer_queue_remove(&queue, &item->entry);
}

static struct item *expected_first(void)
{
    struct item *first = nullptr;
    for (unsigned i = 0; i < ENTRY_LIMIT; i++) {
        struct item *item = &items[i];
        if (item->is_in &&
            (!first || item->due < first->due || (item->due == first->due && item->number < first->number)))
            first = item;
    }
    return first;
}

static struct item *first(void)
{
    return (struct item *)queue.first;
}

// Every node: earlier than its children, linked both ways, and of the rank that the bound on the cost rests on.
static unsigned checked_size(void)
{
    static struct timer_queue_entry *pending[ENTRY_LIMIT];
    unsigned depth = 0, size = 0;
    if (queue.first) {
        assert_null(queue.first->parent);
        pending[depth++] = queue.first;
    }
    while (depth > 0) {
        struct timer_queue_entry *node = pending[--depth];
        size++;
        assert_true(rank_of(node->left) >= rank_of(node->right));
        assert_int_equal(node->rank, rank_of(node->right) + 1);
        struct timer_queue_entry *children[] = {node->left, node->right};
        for (unsigned i = 0; i < 2; i++) {
            if (!children[i])
                continue;
            assert_ptr_equal(children[i]->parent, node);
            assert_true(is_earlier(node, children[i]));
            pending[depth++] = children[i];
        }
    }
    return size;
}

// Each entry that is in comes once.
static unsigned walked_size(void)
{
    static bool is_seen[ENTRY_LIMIT];
    memset(is_seen, 0, sizeof is_seen);
    unsigned size = 0;
    for (const struct timer_queue_entry *entry = queue.first; entry; entry = timer_queue_next(entry)) {
        const struct item *item = (const struct item *)entry;
        assert_true(item->is_in);
        assert_false(is_seen[item - items]);
        is_seen[item - items] = true;
        size++;
    }
    return size;
}

static unsigned log2_floor(unsigned n)
{
    return 31 - (unsigned)__builtin_clz(n);
}

static void an_empty_queue_has_no_first(void **)
{
    assert_null(queue.first);
    assert_false(timer_queue_has(&items[0].entry));
    add(&items[0], 5);
    assert_true(timer_queue_has(&items[0].entry));
    assert_ptr_equal(first(), &items[0]);
    take_out(&items[0]);
    assert_null(queue.first);
    assert_false(timer_queue_has(&items[0].entry));
}

static void equal_times_come_out_in_the_order_they_went_in(void **)
{
    for (unsigned i = 0; i < ENTRY_LIMIT; i++)
        add(&items[i], i % 3 == 0 ? 0 : UINT64_MAX);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < ENTRY_LIMIT; i++) {
            if ((i % 3 == 0) != (round == 0))
                continue;
            assert_ptr_equal(first(), &items[i]);
            take_out(first());
        }
    }
    assert_null(queue.first);
}

static void random_operations_agree_with_a_plain_array(void **)
{
    uint64_t random = 1;
    for (unsigned i = 0; i < 20'000; i++) {
        struct item *item = &items[random_below(&random, i % 4000 < 2000 ? 40 : 400)];
        if (!item->is_in)
            add(item, random_below(&random, 100));
        else if (random_below(&random, 3) == 0)
            take_out(first());
        else
            take_out(item);
        assert_ptr_equal(first(), expected_first());
        assert_int_equal(checked_size(), in_count);
        assert_int_equal(walked_size(), in_count);
    }
}

static void adding_twice_or_removing_nothing_panics(void **)
{
    add(&items[0], 1);
    ASSERT_PANICS(timer_queue_add(&queue, &items[0].entry, 2), "timer_queue_has");
    ASSERT_PANICS(timer_queue_remove(&queue, &items[1].entry), "timer_queue_has");
}

// Merging takes at most one comparison and one rank for each node on two right sides, mending ranks one more way up,
// and one step finds that it is done.
static uint64_t step_limit(unsigned size)
{
    return 5ull * (log2_floor(size + 1) + 1);
}

static uint64_t worst_share_of_limit; // in thousandths

static void check_steps(unsigned size)
{
    assert_true(step_count <= step_limit(size));
    uint64_t share = step_count * 1000 / step_limit(size);
    if (share > worst_share_of_limit)
        worst_share_of_limit = share;
}

static void counted_add(struct item *item, uint64_t due)
{
    unsigned size = in_count;
    step_count = 0;
    add(item, due);
    check_steps(size + 1);
}

static void counted_take_out(struct item *item)
{
    unsigned size = in_count;
    step_count = 0;
    take_out(item);
    check_steps(size);
}

static uint64_t due_of(unsigned order, unsigned index, uint64_t *random)
{
    switch (order) {
    case 0:
        return index; // each later than all: a right side as long as it gets
    case 1:
        return ENTRY_LIMIT - index; // each earlier than all: one long left side
    case 2:
        return index % 2 ? index : 2 * ENTRY_LIMIT - index;
    case 3:
        return 7; // all the same
    default:
        return random_next(random);
    }
}

static void no_operation_takes_more_than_logarithmic_steps(void **state)
{
    uint64_t random = 7;
    for (unsigned round = 0; round < 20; round++) {
        start_empty(state);
        for (unsigned i = 0; i < ENTRY_LIMIT; i++)
            counted_add(&items[i], due_of(round / 4, i, &random));
        for (unsigned i = 0; i < ENTRY_LIMIT; i++) {
            struct item *oldest_first = &items[i], *newest_first = &items[ENTRY_LIMIT - 1 - i];
            struct item *any = &items[random_below(&random, ENTRY_LIMIT)];
            struct item *victims[] = {oldest_first, newest_first, first(), any->is_in ? any : first()};
            counted_take_out(victims[round % 4]->is_in ? victims[round % 4] : first());
        }
        assert_null(queue.first);
    }
    print_message("worst: %u thousandths of the limit\n", (unsigned)worst_share_of_limit);
    assert_true(worst_share_of_limit > 200); // else this limit proves nothing
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_queue_has_no_first, start_empty),
        cmocka_unit_test_setup(equal_times_come_out_in_the_order_they_went_in, start_empty),
        cmocka_unit_test_setup(random_operations_agree_with_a_plain_array, start_empty),
        cmocka_unit_test_setup(adding_twice_or_removing_nothing_panics, start_empty),
        cmocka_unit_test_setup(no_operation_takes_more_than_logarithmic_steps, start_empty),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
