// SPDX-License-Identifier: MIT
// kernel/task/ready_queue by one caller: in which order entries come out, and that no class starves. The way there may
// be a push, an addition or the quick way; the order is the same.
#include <ready_queue/ready_queue.h>
#include <support/random.h>
#include <support/unit.h>

constexpr unsigned ENTRY_COUNT = 64;

static struct ready_queue queue;
static struct ready_entry entries[ENTRY_COUNT];

static int start_empty(void **)
{
    queue = (struct ready_queue)READY_QUEUE_INIT(queue);
    for (unsigned i = 0; i < ENTRY_COUNT; i++)
        entries[i] = (struct ready_entry){.class = (uint8_t)(i % READY_CLASS_COUNT)};
    return 0;
}

static void push(unsigned index)
{
    assert_true(ready_queue_push(&queue, &entries[index]));
}

static void assert_pops(unsigned index)
{
    assert_ptr_equal(ready_queue_pop(&queue), &entries[index]);
}

static void assert_empty(void)
{
    assert_true(ready_queue_is_empty(&queue));
    assert_null(ready_queue_pop(&queue));
}

static void an_empty_queue_gives_nothing(void **)
{
    assert_empty();
}

static void what_is_pushed_comes_out_once(void **)
{
    push(0);
    assert_false(ready_queue_is_empty(&queue));
    assert_pops(0);
    assert_empty();
    push(0);
    assert_pops(0);
    assert_empty();
}

static void what_is_queued_is_not_queued_again(void **)
{
    push(0);
    assert_false(ready_queue_push(&queue, &entries[0])); // in the inbox
    ready_queue_add(&queue, &entries[0]);
    push(3);
    assert_pops(0);
    assert_false(ready_queue_push(&queue, &entries[3])); // in its class
    ready_queue_add(&queue, &entries[3]);
    assert_pops(3);
    assert_empty();
}

static void a_class_keeps_the_order(void **)
{
    for (unsigned i = 0; i < 7; i++) {
        if (i % 3 == 1)
            ready_queue_add(&queue, &entries[3 * i]);
        else
            push(3 * i);
    }
    for (unsigned i = 0; i < 7; i++)
        assert_pops(3 * i);
    assert_empty();
}

static void lower_classes_come_first(void **)
{
    push(2);
    push(5);
    push(1);
    push(0);
    push(4);
    push(3);
    static const unsigned order[] = {0, 3, 1, 4, 2, 5};
    for (unsigned i = 0; i < 6; i++)
        assert_pops(order[i]);
    assert_empty();
}

static void the_quick_way_is_for_one_class_alone(void **)
{
    push(0);
    assert_pops(0);
    assert_null(ready_queue_pass(&queue, &entries[0])); // nothing else is there
    push(3);
    assert_null(ready_queue_pass(&queue, &entries[0])); // somebody has pushed
    ready_queue_add(&queue, &entries[0]);
    assert_pops(3);
    assert_ptr_equal(ready_queue_pass(&queue, &entries[3]), &entries[0]);
    assert_ptr_equal(ready_queue_pass(&queue, &entries[0]), &entries[3]);
    ready_queue_add(&queue, &entries[1]);
    assert_null(ready_queue_pass(&queue, &entries[3])); // two classes
    assert_pops(0);
    assert_pops(1);
    assert_empty();
}

static void who_was_pushed_meanwhile_does_not_pass(void **)
{
    push(0);
    push(3);
    assert_pops(0);
    push(0);
    assert_null(ready_queue_pass(&queue, &entries[0]));
    assert_pops(3);
    assert_pops(0);
    assert_empty();
}

// ---- fairness

static void nobody_waits_for_longer_than_is_promised(void **)
{
    push(1);
    push(2);
    unsigned since[READY_CLASS_COUNT] = {}, most[READY_CLASS_COUNT] = {};
    push(0);
    for (unsigned i = 0; i < 1000; i++) {
        struct ready_entry *entry = ready_queue_pop(&queue);
        for (unsigned class = 0; class < READY_CLASS_COUNT; class ++) {
            since[class] = class == entry->class ? 0 : since[class] + 1;
            most[class] = since[class] > most[class] ? since[class] : most[class];
        }
        assert_true(ready_queue_push(&queue, entry)); // each class always has one
    }
    assert_int_equal(most[2], READY_PATIENCE);
    assert_int_equal(most[1], READY_PATIENCE + 1);
    assert_in_range(most[0], 1, READY_CLASS_COUNT - 1);
}

static void patience_begins_when_there_is_somebody_to_have_it(void **)
{
    push(2);
    for (unsigned i = 0; i < READY_PATIENCE; i++) {
        push(0);
        assert_pops(0);
    }
    assert_pops(2);
    push(0);
    push(2); // has not waited for anybody yet
    assert_pops(0);
    assert_pops(2);
    assert_empty();
}

// ---- a model: a list a class

static struct {
    unsigned items[READY_CLASS_COUNT][ENTRY_COUNT], counts[READY_CLASS_COUNT], passed_over[READY_CLASS_COUNT];
} model;

static void model_add(unsigned index)
{
    unsigned class = entries[index].class;
    model.items[class][model.counts[class]++] = index;
}

// What has to come out next; ENTRY_COUNT: nothing.
static unsigned model_pop(void)
{
    unsigned chosen = READY_CLASS_COUNT;
    for (unsigned class = 0; class < READY_CLASS_COUNT; class ++) {
        if (model.counts[class] == 0)
            continue;
        if (chosen == READY_CLASS_COUNT || model.passed_over[class] >= READY_PATIENCE)
            chosen = class;
    }
    if (chosen == READY_CLASS_COUNT)
        return ENTRY_COUNT;
    bool is_lower = true; // than the first one that has an entry: that one is never made to wait for its turn
    for (unsigned class = 0; class < READY_CLASS_COUNT; class ++) {
        if (model.counts[class] == 0)
            continue;
        if (!is_lower)
            model.passed_over[class]++;
        is_lower = false;
    }
    model.passed_over[chosen] = 0;
    unsigned index = model.items[chosen][0];
    memmove(&model.items[chosen][0], &model.items[chosen][1], --model.counts[chosen] * sizeof index);
    return index;
}

static void random_operations_agree_with_a_model(void **state)
{
    uint64_t random = 1;
    for (unsigned round = 0; round < 50; round++) {
        start_empty(state);
        memset(&model, 0, sizeof model);
        unsigned last = ENTRY_COUNT, limit = 1 + random_below(&random, ENTRY_COUNT);
        for (unsigned i = 0; i < 5000; i++) {
            unsigned index = random_below(&random, limit), operation = random_below(&random, 5);
            bool is_queued = atomic_load(&entries[index].is_queued) != 0;
            if (operation < 2) {
                if (operation == 0)
                    assert_int_equal(ready_queue_push(&queue, &entries[index]), !is_queued);
                else
                    ready_queue_add(&queue, &entries[index]);
                if (!is_queued)
                    model_add(index);
                continue;
            }
            struct ready_entry *popped = nullptr;
            if (operation == 2 && last < ENTRY_COUNT && !atomic_load(&entries[last].is_queued)) {
                popped = ready_queue_pass(&queue, &entries[last]);
                if (popped == nullptr)
                    ready_queue_add(&queue, &entries[last]);
                model_add(last);
            }
            if (popped == nullptr)
                popped = ready_queue_pop(&queue);
            last = model_pop();
            assert_int_equal(popped != nullptr ? popped - entries : (ptrdiff_t)ENTRY_COUNT, last);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_queue_gives_nothing, start_empty),
        cmocka_unit_test_setup(what_is_pushed_comes_out_once, start_empty),
        cmocka_unit_test_setup(what_is_queued_is_not_queued_again, start_empty),
        cmocka_unit_test_setup(a_class_keeps_the_order, start_empty),
        cmocka_unit_test_setup(lower_classes_come_first, start_empty),
        cmocka_unit_test_setup(the_quick_way_is_for_one_class_alone, start_empty),
        cmocka_unit_test_setup(who_was_pushed_meanwhile_does_not_pass, start_empty),
        cmocka_unit_test_setup(nobody_waits_for_longer_than_is_promised, start_empty),
        cmocka_unit_test_setup(patience_begins_when_there_is_somebody_to_have_it, start_empty),
        cmocka_unit_test_setup(random_operations_agree_with_a_model, start_empty),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
