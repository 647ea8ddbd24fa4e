// SPDX-License-Identifier: MIT
// kernel/task/timer_wheel against a plain array: what is due comes at the first look at or after its time, once,
// however far away that was and however long nobody has looked.
#include <support/random.h>
#include <support/unit.h>
#include <timer_wheel/timer_wheel.h>

constexpr unsigned ENTRY_COUNT = 500;
constexpr uint64_t SLOT_NS = 1ull << TIMER_WHEEL_SLOT_SHIFT;

struct item {
    struct timer_wheel_entry entry;
    uint64_t due_ns; // the model
    bool is_in;
};

static struct timer_wheel wheel;
static struct item items[ENTRY_COUNT];
static uint64_t now_ns;

static int start_empty(void **)
{
    memset(&wheel, 0, sizeof wheel);
    memset(items, 0, sizeof items);
    now_ns = 0;
    return 0;
}

static void add(struct item *item, uint64_t due_ns)
{
    item->due_ns = due_ns;
    item->is_in = true;
    timer_wheel_add(&wheel, &item->entry, due_ns);
}

static void take_out(struct item *item)
{
    item->is_in = false;
    timer_wheel_remove(&wheel, &item->entry);
}

// Look at the wheel. What comes has to be all that is due, and nothing else. Returns how much that was.
static unsigned look(uint64_t at_ns)
{
    unsigned count = 0;
    now_ns = at_ns;
    for (struct timer_wheel_entry *entry = timer_wheel_take_due(&wheel, now_ns), *next; entry != nullptr;
         entry = next) {
        struct item *item = (struct item *)entry;
        next = entry->next;
        assert_true(item->is_in);
        assert_true(item->due_ns <= now_ns);
        assert_false(timer_wheel_has(entry));
        item->is_in = false;
        count++;
    }
    unsigned left = 0;
    for (unsigned i = 0; i < ENTRY_COUNT; i++) {
        if (!items[i].is_in)
            continue;
        left++;
        assert_true(items[i].due_ns > now_ns);
        assert_true(timer_wheel_has(&items[i].entry));
    }
    assert_int_equal(left, wheel.count);
    return count;
}

static void an_empty_wheel_gives_nothing(void **)
{
    assert_int_equal(look(0), 0);
    assert_int_equal(look(UINT64_MAX / 2), 0);
}

static void what_is_due_comes_and_not_early(void **)
{
    static const uint64_t distances[] = {0,
                                         1,
                                         SLOT_NS - 1,
                                         SLOT_NS,
                                         63 * SLOT_NS,
                                         64 * SLOT_NS,
                                         65 * SLOT_NS,
                                         4095 * SLOT_NS,
                                         4096 * SLOT_NS,
                                         100'000 * SLOT_NS,
                                         300'000 * SLOT_NS,
                                         SLOT_NS << 24,
                                         (SLOT_NS << 24) + 1,
                                         3 * (SLOT_NS << 24)};
    static const uint64_t starts[] = {0, 5, SLOT_NS * 62, SLOT_NS * 64, SLOT_NS * 4095 + 17, (SLOT_NS << 24) - 1};
    for (unsigned i = 0; i < sizeof starts / sizeof *starts; i++) {
        for (unsigned k = 0; k < sizeof distances / sizeof *distances; k++) {
            memset(&wheel, 0, sizeof wheel);
            assert_int_equal(look(starts[i]), 0);
            uint64_t due_ns = starts[i] + distances[k];
            add(&items[0], due_ns);
            if (distances[k] > 0) {
                assert_int_equal(look(starts[i]), 0);
                assert_int_equal(look(starts[i] + distances[k] / 2), 0);
                assert_int_equal(look(due_ns - 1), 0);
            }
            assert_int_equal(look(due_ns), 1);
        }
    }
}

static void what_is_due_in_the_past_comes_at_once(void **)
{
    assert_int_equal(look(1000 * SLOT_NS), 0);
    add(&items[0], 3);
    add(&items[1], 1000 * SLOT_NS);
    assert_int_equal(look(1000 * SLOT_NS), 2);
}

static void never_is_far_away(void **)
{
    add(&items[0], UINT64_MAX);
    for (uint64_t at_ns = 1; at_ns < 1ull << 45; at_ns *= 2)
        assert_int_equal(look(at_ns), 0);
    take_out(&items[0]);
    assert_int_equal(look(1ull << 46), 0);
}

static void what_is_taken_out_does_not_come(void **)
{
    for (unsigned i = 0; i < 10; i++)
        add(&items[i], 100 * SLOT_NS);
    for (unsigned i = 0; i < 10; i += 2)
        take_out(&items[i]);
    assert_int_equal(look(200 * SLOT_NS), 5);
}

static void random_operations_agree_with_a_plain_array(void **state)
{
    uint64_t random = 3;
    for (unsigned round = 0; round < 40; round++) {
        start_empty(state);
        unsigned limit = round % 4 == 0 ? 5 : ENTRY_COUNT, reach = 16 + random_below(&random, 24);
        (void)look(random_next(&random) >> 20);
        for (unsigned i = 0; i < 3000; i++) {
            struct item *item = &items[random_below(&random, limit)];
            unsigned operation = random_below(&random, 8);
            if (operation < 5) {
                if (!item->is_in)
                    add(item, now_ns + (random_next(&random) >> (64 - reach)));
            } else if (operation == 5 && item->is_in) {
                take_out(item);
            } else {
                (void)look(now_ns + random_below(&random, 3) * SLOT_NS + random_below(&random, 1 << 20));
            }
        }
        (void)look(now_ns + (1ull << reach));
        assert_int_equal(wheel.count, 0);
    }
}

static void adding_twice_or_removing_nothing_panics(void **)
{
    add(&items[0], 1);
    ASSERT_PANICS(timer_wheel_add(&wheel, &items[0].entry, 2), "timer_wheel_has");
    ASSERT_PANICS(timer_wheel_remove(&wheel, &items[1].entry), "timer_wheel_has");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_wheel_gives_nothing, start_empty),
        cmocka_unit_test_setup(what_is_due_comes_and_not_early, start_empty),
        cmocka_unit_test_setup(what_is_due_in_the_past_comes_at_once, start_empty),
        cmocka_unit_test_setup(never_is_far_away, start_empty),
        cmocka_unit_test_setup(what_is_taken_out_does_not_come, start_empty),
        cmocka_unit_test_setup(random_operations_agree_with_a_plain_array, start_empty),
        cmocka_unit_test_setup(adding_twice_or_removing_nothing_panics, start_empty),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
