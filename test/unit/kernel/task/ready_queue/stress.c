// SPDX-License-Identifier: MIT
// kernel/task/ready_queue with several threads that push and one that pops: nothing is lost, nothing comes out twice,
// and who was told of something before a push that did nothing sees it after the pop. `stress [name of a test]`.
//
// Nothing here measures time: a wake-up counts as lost when the owner has looked a great many times and found nothing.
#include <pthread.h>
#include <ready_queue/ready_queue.h>
#include <sched.h>
#include <support/random.h>
#include <support/unit.h>

constexpr unsigned PUSHER_COUNT = 3;
constexpr unsigned ENTRY_COUNT = 4; // of each pusher

#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
constexpr uint64_t ROUND_COUNT = 20'000;
#else
constexpr uint64_t ROUND_COUNT = 50'000;
#endif

constexpr uint64_t LOOK_LIMIT = 20'000'000; // of the owner, until something is lost

// As a task is: something to be queued, and something to look at when its turn comes. Each in a line of its own, so
// that a CPU can have the one and wait for the other.
struct item {
    alignas(64) struct ready_entry entry;
    alignas(64) _Atomic uint64_t told; // by its pusher
    alignas(64) _Atomic uint64_t seen; // by the owner
};

static struct ready_queue queue = READY_QUEUE_INIT(queue);
static struct item items[PUSHER_COUNT][ENTRY_COUNT];
static _Atomic uint64_t look_count; // of the owner
static _Atomic unsigned running_count;
static uint64_t round_count;
static _Atomic bool has_lost;

static int start_empty(void **)
{
    queue = (struct ready_queue)READY_QUEUE_INIT(queue);
    memset(items, 0, sizeof items);
    for (unsigned i = 0; i < PUSHER_COUNT; i++) {
        for (unsigned k = 0; k < ENTRY_COUNT; k++)
            items[i][k].entry.class = (uint8_t)(k % READY_CLASS_COUNT);
    }
    atomic_store(&look_count, 0);
    atomic_store(&has_lost, false);
    return 0;
}

static void tell(struct item *item, uint64_t number)
{
    atomic_store_explicit(&item->told, number, memory_order_relaxed);
    (void)ready_queue_push(&queue, &item->entry);
}

// Until the owner has seen NUMBER. False when it has looked and looked and has not.
static bool wait_until_seen(struct item *item, uint64_t number)
{
    uint64_t start = atomic_load(&look_count), spins = 0;
    while (atomic_load_explicit(&item->seen, memory_order_relaxed) < number) {
        if (atomic_load(&has_lost) || atomic_load(&look_count) - start > LOOK_LIMIT)
            return false;
        if (++spins % 256 == 0)
            sched_yield(); // there may be fewer CPUs than threads
    }
    return true;
}

// Pushed, and told of something a moment later, so that this falls where the owner pops for the push; and then nobody
// pushes any more until it has been seen. The owner knows what the item was told before, and need not ask another CPU.
static void *push_and_tell(void *context)
{
    struct item *own = context;
    uint64_t random = (uintptr_t)own | 1, number = 0;
    for (uint64_t round = 0; round < round_count && !atomic_load(&has_lost); round++) {
        struct item *item = &own[round % ENTRY_COUNT];
        (void)ready_queue_push(&queue, &item->entry);
        for (volatile unsigned pause = random_below(&random, 8u << random_below(&random, 8)); pause > 0;
             pause = pause - 1)
            continue;
        tell(item, ++number);
        if (!wait_until_seen(item, number))
            atomic_store(&has_lost, true);
    }
    atomic_fetch_sub(&running_count, 1);
    return nullptr;
}

static void look(struct ready_entry *entry)
{
    struct item *item = (struct item *)(uintptr_t)entry;
    uint64_t told = atomic_load_explicit(&item->told, memory_order_relaxed);
    atomic_store_explicit(&item->seen, told, memory_order_relaxed);
}

static void run(unsigned pusher_count, void *(*push)(void *))
{
    pthread_t threads[PUSHER_COUNT];
    round_count = ROUND_COUNT * PUSHER_COUNT / pusher_count;
    atomic_store(&running_count, pusher_count);
    for (unsigned i = 0; i < pusher_count; i++)
        assert_int_equal(pthread_create(&threads[i], nullptr, push, items[i]), 0);
    for (;;) {
        bool is_last_look = atomic_load(&running_count) == 0;
        struct ready_entry *entry = ready_queue_pop(&queue);
        if (entry != nullptr)
            look(entry);
        else if (is_last_look)
            break;
        atomic_fetch_add_explicit(&look_count, 1, memory_order_relaxed);
    }
    for (unsigned i = 0; i < pusher_count; i++)
        assert_int_equal(pthread_join(threads[i], nullptr), 0);
}

static void a_wake_up_is_seen_however_close_it_comes_to_the_pop(void **)
{
    run(1, push_and_tell);
    if (atomic_load(&has_lost))
        fail_msg("a wake-up was lost: the owner has popped the entry and not seen what it was pushed for");
}

static void several_threads_lose_no_wake_up(void **)
{
    run(PUSHER_COUNT, push_and_tell);
    if (atomic_load(&has_lost))
        fail_msg("a wake-up was lost: the owner has popped the entry and not seen what it was pushed for");
}

// ---- as fast as they can, on the same entries

static _Atomic uint64_t pushed;

static void *push_anything(void *context)
{
    uint64_t random = (uintptr_t)context | 1;
    for (uint64_t round = 0; round < ROUND_COUNT; round++) {
        struct item *item = &items[random_below(&random, PUSHER_COUNT)][random_below(&random, ENTRY_COUNT)];
        atomic_fetch_add_explicit(&item->told, 1, memory_order_relaxed);
        if (ready_queue_push(&queue, &item->entry))
            atomic_fetch_add_explicit(&pushed, 1, memory_order_relaxed);
    }
    atomic_fetch_sub(&running_count, 1);
    return nullptr;
}

// What the owner does with an entry that it has popped while others push it. Returns how many came out by that.
static uint64_t queue_again(struct ready_entry *entry, uint64_t way)
{
    if (way == 1 && ready_queue_add(&queue, entry))
        atomic_fetch_add_explicit(&pushed, 1, memory_order_relaxed);
    struct ready_entry *next = way == 2 ? ready_queue_pass(&queue, entry) : nullptr;
    if (next == nullptr)
        return 0;
    atomic_fetch_add_explicit(&pushed, 1, memory_order_relaxed);
    look(next);
    return 1;
}

static void entries_pushed_by_all_come_out_as_often_as_they_went_in(void **)
{
    atomic_store(&pushed, 0);
    pthread_t threads[PUSHER_COUNT];
    atomic_store(&running_count, PUSHER_COUNT);
    for (unsigned i = 0; i < PUSHER_COUNT; i++)
        assert_int_equal(pthread_create(&threads[i], nullptr, push_anything, &items[i]), 0);
    uint64_t popped = 0, random = 1;
    for (bool is_last_look = false;;) {
        struct ready_entry *entry = ready_queue_pop(&queue);
        if (entry != nullptr) {
            popped++;
            look(entry);
        } else if (is_last_look) {
            break;
        }
        is_last_look = atomic_load(&running_count) == 0;
        if (entry != nullptr && !is_last_look)
            popped += queue_again(entry, random_below(&random, 3));
    }
    for (unsigned i = 0; i < PUSHER_COUNT; i++)
        assert_int_equal(pthread_join(threads[i], nullptr), 0);
    assert_int_equal(popped, atomic_load(&pushed));
    for (unsigned i = 0; i < PUSHER_COUNT; i++) {
        for (unsigned k = 0; k < ENTRY_COUNT; k++)
            assert_int_equal(atomic_load(&items[i][k].seen), atomic_load(&items[i][k].told));
    }
    assert_true(ready_queue_is_empty(&queue));
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_wake_up_is_seen_however_close_it_comes_to_the_pop, start_empty),
        cmocka_unit_test_setup(several_threads_lose_no_wake_up, start_empty),
        cmocka_unit_test_setup(entries_pushed_by_all_come_out_as_often_as_they_went_in, start_empty),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
