// SPDX-License-Identifier: MIT
// kernel/log/record_ring: whole records, oldest first, whatever their number and length.
#include <record_ring/record_ring.h>
#include <stdlib.h>
#include <support/unit.h>

static struct record_ring ring;
static char text[RECORD_TEXT_LIMIT + 100];

static int empty_ring(void **)
{
    memset(&ring, 0, sizeof ring);
    return 0;
}

// A record whose every byte follows from NUMBER, so that a reader can tell a whole one.
static void append_numbered(uint64_t number, uint16_t length)
{
    memset(text, (int)('a' + number % 26), sizeof text);
    record_ring_append(&ring, &(struct record){.time = number, .level = number % 4, .length = length, .text = text});
}

static void assert_numbered(const struct record *record)
{
    assert_int_equal(record->level, record->time % 4);
    for (unsigned i = 0; i < record->length; i++)
        assert_int_equal(record->text[i], 'a' + record->time % 26);
}

static void an_empty_ring_has_nothing_to_read(void **)
{
    uint64_t position = 0;
    struct record record;
    assert_false(record_ring_read(&ring, &position, &record));
    assert_int_equal(position, 0);
}

static void records_come_back_in_order_with_all_their_fields(void **)
{
    record_ring_append(&ring, &(struct record){.time = 7, .level = 2, .clock = 1, .length = 5, .text = "first"});
    record_ring_append(&ring, &(struct record){.time = UINT64_MAX, .level = 3, .length = 0, .text = ""});
    uint64_t position = 0;
    struct record record;
    assert_true(record_ring_read(&ring, &position, &record));
    assert_int_equal(record.time, 7);
    assert_int_equal(record.level, 2);
    assert_int_equal(record.clock, 1);
    assert_int_equal(record.length, 5);
    assert_memory_equal(record.text, "first", 5);
    assert_true(record_ring_read(&ring, &position, &record));
    assert_true(record.time == UINT64_MAX);
    assert_int_equal(record.length, 0);
    assert_false(record_ring_read(&ring, &position, &record));
}

static void a_reader_continues_where_it_was(void **)
{
    uint64_t position = 0;
    struct record record;
    for (uint64_t number = 0; number < 5000; number++) {
        append_numbered(number, 40);
        assert_true(record_ring_read(&ring, &position, &record));
        assert_int_equal(record.time, number);
        assert_false(record_ring_read(&ring, &position, &record));
    }
}

static void text_beyond_the_limit_is_cut(void **)
{
    append_numbered(3, sizeof text);
    uint64_t position = 0;
    struct record record;
    assert_true(record_ring_read(&ring, &position, &record));
    assert_int_equal(record.length, RECORD_TEXT_LIMIT);
    assert_numbered(&record);
}

// Read all and check that the records are the newest ones without a gap. Returns how many there are.
static uint64_t assert_holds_newest(uint64_t newest)
{
    uint64_t position = 0;
    uint64_t count = 0;
    uint64_t expected = 0;
    struct record record;
    while (record_ring_read(&ring, &position, &record)) {
        if (count > 0)
            assert_int_equal(record.time, expected);
        expected = record.time + 1;
        assert_numbered(&record);
        count++;
    }
    assert_int_equal(expected, newest + 1);
    return count;
}

static void the_oldest_records_give_way(void **)
{
    for (uint64_t number = 0; number < 3000; number++)
        append_numbered(number, 100);
    // 100 bytes and a header of 16 take 128; at the end of the ring there is no loss, as 128 divides its size.
    assert_int_equal(assert_holds_newest(2999), RECORD_RING_SIZE / 128);
}

static void any_mix_of_lengths_leaves_whole_records_without_a_gap(void **)
{
    srand(1);
    for (uint64_t number = 0; number < 20'000; number++) {
        append_numbered(number, (uint16_t)((unsigned)rand() % (RECORD_TEXT_LIMIT + 1)));
        if (number % 97 == 0)
            assert_holds_newest(number);
    }
    // The least that fits: the ring without a filler and without the room that a longest record has just made.
    assert_true(assert_holds_newest(19'999) >= RECORD_RING_SIZE / (RECORD_TEXT_LIMIT + 16) - 2);
}

static void a_position_that_was_overwritten_continues_with_the_oldest(void **)
{
    append_numbered(0, 10);
    uint64_t position = 0;
    struct record record;
    assert_true(record_ring_read(&ring, &position, &record));
    for (uint64_t number = 1; number < 3000; number++)
        append_numbered(number, 100);
    assert_true(record_ring_read(&ring, &position, &record));
    assert_true(record.time > 1);
    assert_numbered(&record);
}

// Reading ends, with records of possible dimensions only. Returns how many there were.
static unsigned assert_reading_ends(void)
{
    uint64_t position = 0;
    unsigned count = 0;
    struct record record;
    while (record_ring_read(&ring, &position, &record)) {
        assert_true(record.length <= RECORD_TEXT_LIMIT);
        assert_true(record.text >= (const char *)ring.bytes);
        assert_true(record.text + record.length <= (const char *)ring.bytes + RECORD_RING_SIZE);
        assert_true(++count <= RECORD_RING_SIZE / 16);
    }
    return count;
}

static void reading_a_damaged_ring_ends(void **)
{
    for (unsigned value = 0; value < 256; value++) {
        memset(&ring, 0, sizeof ring);
        for (uint64_t number = 0; number < 700; number++)
            append_numbered(number, 100);
        memset(ring.bytes + RECORD_RING_SIZE / 2, (int)value, RECORD_RING_SIZE / 2);
        assert_true(assert_reading_ends() < 700);
    }
    memset(&ring, 0, sizeof ring); // every header says: 0 bytes long
    ring.head = RECORD_RING_SIZE;
    assert_int_equal(assert_reading_ends(), 0);
}

static void impossible_counters_give_no_records(void **)
{
    for (uint64_t number = 0; number < 3000; number++)
        append_numbered(number, 100);
    uint64_t head = ring.head, tail = ring.tail;
    static const uint64_t changes[] = {1, 8, RECORD_RING_SIZE + 16, UINT64_MAX / 2};
    for (unsigned i = 0; i < sizeof changes / sizeof *changes; i++) {
        ring.tail = tail + changes[i];
        assert_int_equal(assert_reading_ends(), 0);
        ring.tail = tail;
    }
    ring.head = head + (1ull << 60);
    assert_int_equal(assert_reading_ends(), 0);
}

static void appending_to_a_damaged_ring_panics(void **)
{
    for (uint64_t number = 0; number < 700; number++)
        append_numbered(number, 100);
    memset(ring.bytes, 0, sizeof ring.bytes);
    ASSERT_PANICS(append_numbered(700, 100), "is_sound");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_ring_has_nothing_to_read, empty_ring),
        cmocka_unit_test_setup(records_come_back_in_order_with_all_their_fields, empty_ring),
        cmocka_unit_test_setup(a_reader_continues_where_it_was, empty_ring),
        cmocka_unit_test_setup(text_beyond_the_limit_is_cut, empty_ring),
        cmocka_unit_test_setup(the_oldest_records_give_way, empty_ring),
        cmocka_unit_test_setup(any_mix_of_lengths_leaves_whole_records_without_a_gap, empty_ring),
        cmocka_unit_test_setup(a_position_that_was_overwritten_continues_with_the_oldest, empty_ring),
        cmocka_unit_test_setup(reading_a_damaged_ring_ends, empty_ring),
        cmocka_unit_test_setup(impossible_counters_give_no_records, empty_ring),
        cmocka_unit_test_setup(appending_to_a_damaged_ring_panics, empty_ring),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
