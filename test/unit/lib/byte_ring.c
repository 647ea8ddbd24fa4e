// SPDX-License-Identifier: MIT
// lib/byte_ring.c: every byte that found room comes back once, in order, whoever interrupts whom. Built twice: as it
// is, and with ThreadSanitizer (unit-byte_ring_races), for which the order of memory is what C says, not what a PC
// does.
#include <lib/byte_ring.h>
#include <pthread.h>
#include <sched.h>
#include <support/unit.h>

constexpr uint32_t SIZE = 8;

static uint8_t storage[SIZE];
static struct byte_ring ring;

static int empty_ring(void **)
{
    ring = (struct byte_ring)BYTE_RING_INIT(storage);
    return 0;
}

// Both counters as after COUNT bytes that came and went.
static void start_at(uint32_t count)
{
    atomic_store(&ring.written, count);
    atomic_store(&ring.taken, count);
}

static void assert_pops(uint8_t expected)
{
    uint8_t byte = (uint8_t)~expected;
    assert_true(byte_ring_pop(&ring, &byte));
    assert_int_equal(byte, expected);
}

static void assert_empty(void)
{
    uint8_t byte = 0x5a;
    assert_false(byte_ring_pop(&ring, &byte));
    assert_int_equal(byte, 0x5a);
}

static void an_empty_ring_gives_nothing(void **)
{
    assert_int_equal(ring.size_bytes, SIZE);
    assert_empty();
}

static void bytes_come_back_in_order(void **)
{
    for (unsigned i = 0; i < 5; i++)
        assert_true(byte_ring_push(&ring, (uint8_t)(0xf0 + i)));
    for (unsigned i = 0; i < 5; i++)
        assert_pops((uint8_t)(0xf0 + i));
    assert_empty();
}

static void every_place_is_used_and_what_finds_no_room_is_counted(void **)
{
    for (unsigned i = 0; i < SIZE; i++)
        assert_true(byte_ring_push(&ring, (uint8_t)i));
    assert_int_equal(ring.lost, 0);
    assert_false(byte_ring_push(&ring, 0xee));
    assert_false(byte_ring_push(&ring, 0xee));
    assert_int_equal(ring.lost, 2);
    assert_pops(0); // the old bytes are kept, the new ones dropped
    assert_true(byte_ring_push(&ring, SIZE));
    for (unsigned i = 1; i <= SIZE; i++)
        assert_pops((uint8_t)i);
    assert_empty();
    assert_int_equal(ring.lost, 2);
}

static void bytes_cross_the_end_at_every_fill(void **)
{
    uint8_t in = 0;
    uint8_t out = 0;
    for (unsigned fill = 1; fill <= SIZE; fill++) {
        for (unsigned round = 0; round < 2 * SIZE + 1; round++) {
            for (unsigned i = 0; i < fill; i++)
                assert_true(byte_ring_push(&ring, in++));
            for (unsigned i = 0; i < fill; i++)
                assert_pops(out++);
            assert_empty();
        }
    }
    assert_int_equal(ring.lost, 0);
}

static void counters_wrap_unnoticed(void **)
{
    start_at(UINT32_MAX - 3);
    for (unsigned i = 0; i < SIZE; i++)
        assert_true(byte_ring_push(&ring, (uint8_t)i));
    assert_int_equal(ring.written, SIZE - 4);
    assert_false(byte_ring_push(&ring, 0xee));
    for (unsigned i = 0; i < SIZE; i++)
        assert_pops((uint8_t)i);
    assert_empty();
}

static void a_ring_of_one_byte_works(void **)
{
    uint8_t single[1];
    ring = (struct byte_ring)BYTE_RING_INIT(single);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(byte_ring_push(&ring, (uint8_t)i));
        assert_false(byte_ring_push(&ring, 0xee));
        assert_pops((uint8_t)i);
        assert_empty();
    }
}

// ---- two threads

constexpr uint32_t THREAD_BYTES = 1'000'000;

// A sequence in which neighbours differ and that does not fall in step with the size of the ring.
static uint8_t nth_byte(uint32_t n)
{
    return (uint8_t)(n * 2654435761u >> 13);
}

static void *produce(void *)
{
    for (uint32_t n = 0; n < THREAD_BYTES;) {
        if (byte_ring_push(&ring, nth_byte(n)))
            n++;
        else
            sched_yield();
    }
    return nullptr;
}

static void two_threads_pass_every_byte_in_order(void **)
{
    start_at(UINT32_MAX - THREAD_BYTES / 2);
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, nullptr, produce, nullptr), 0);
    uint32_t wrong = 0;
    for (uint32_t n = 0; n < THREAD_BYTES;) {
        uint8_t byte;
        if (!byte_ring_pop(&ring, &byte)) {
            sched_yield();
            continue;
        }
        wrong += byte != nth_byte(n);
        n++;
    }
    assert_int_equal(pthread_join(producer, nullptr), 0);
    assert_int_equal(wrong, 0);
    assert_empty();
}

// A producer that never waits, as an interrupt handler is: every byte either arrives or is counted.
static void *produce_without_waiting(void *)
{
    for (uint32_t n = 0; n < THREAD_BYTES; n++)
        (void)byte_ring_push(&ring, (uint8_t)n);
    return nullptr;
}

static void two_threads_account_for_every_byte(void **)
{
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, nullptr, produce_without_waiting, nullptr), 0);
    uint32_t received = 0;
    uint8_t byte;
    while (received + atomic_load(&ring.lost) < THREAD_BYTES)
        received += byte_ring_pop(&ring, &byte);
    assert_int_equal(pthread_join(producer, nullptr), 0);
    assert_int_equal(received + ring.lost, THREAD_BYTES);
    assert_empty();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_ring_gives_nothing, empty_ring),
        cmocka_unit_test_setup(bytes_come_back_in_order, empty_ring),
        cmocka_unit_test_setup(every_place_is_used_and_what_finds_no_room_is_counted, empty_ring),
        cmocka_unit_test_setup(bytes_cross_the_end_at_every_fill, empty_ring),
        cmocka_unit_test_setup(counters_wrap_unnoticed, empty_ring),
        cmocka_unit_test_setup(a_ring_of_one_byte_works, empty_ring),
        cmocka_unit_test_setup(two_threads_pass_every_byte_in_order, empty_ring),
        cmocka_unit_test_setup(two_threads_account_for_every_byte, empty_ring),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
