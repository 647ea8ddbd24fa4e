// SPDX-License-Identifier: MIT
// Tests of the choice of a partition, over tables written entry by entry.
#include <support/unit.h>

#include <portable/partition.h>
#include <stdio.h>
#include <string.h>

static uint8_t sector[512];
static uint32_t lba, sector_count;
static struct problem problem;

static void clear_table(void)
{
    memset(sector, 0xa5, 446);
    memset(sector + 446, 0, 64);
    sector[510] = 0x55;
    sector[511] = 0xaa;
}

static void set_entry(uint32_t number, uint8_t status, uint8_t type, uint32_t first, uint32_t count)
{
    uint8_t *entry = sector + 446 + number * 16;
    entry[0] = status;
    entry[4] = type;
    memcpy(entry + 8, &first, 4);
    memcpy(entry + 12, &count, 4);
}

static enum status find(void)
{
    return partition_find(sector, &lba, &sector_count, &problem);
}

static void assert_refused(enum status status, const char *wanted)
{
    assert_int_equal(find(), status);
    char sentence[128];
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
    snprintf(sentence, sizeof sentence, problem.format, problem.values[0], problem.values[1]);
#pragma clang diagnostic pop
    assert_string_equal(sentence, wanted);
}

static void partition_each_fat_type_and_no_other_is_taken(void **state)
{
    (void)state;
    for (uint32_t type = 0; type < 256; type++) {
        clear_table();
        set_entry(type % 4, 0x80, (uint8_t)type, 2048, 1000);
        bool is_fat = type == 1 || type == 4 || type == 6 || type == 0x0b || type == 0x0c || type == 0x0e;
        lba = sector_count = 0;
        assert_int_equal(find(), is_fat ? STATUS_OK : STATUS_NOT_FOUND);
        assert_int_equal(lba, is_fat ? 2048 : 0);
        assert_int_equal(sector_count, is_fat ? 1000 : 0);
    }
}

static void partition_active_one_goes_before_the_others(void **state)
{
    (void)state;
    for (uint32_t active = 0; active < 4; active++) {
        clear_table();
        for (uint32_t i = 0; i < 4; i++)
            set_entry(i, i == active ? 0x80 : 0, 0x0e, 1000 * (i + 1), 500);
        assert_int_equal(find(), STATUS_OK);
        assert_int_equal(lba, 1000 * (active + 1));
    }
}

static void partition_first_of_several_active_ones_is_taken(void **state)
{
    (void)state;
    clear_table();
    set_entry(0, 0, 0x0c, 500, 10);
    set_entry(1, 0x80, 0x0c, 1000, 10);
    set_entry(3, 0x80, 0x0c, 2000, 10);
    assert_int_equal(find(), STATUS_OK);
    assert_int_equal(lba, 1000);
}

static void partition_only_fat_one_need_not_be_active(void **state)
{
    (void)state;
    clear_table();
    set_entry(0, 0x80, 0x83, 63, 1000);
    set_entry(2, 0, 0x01, 4096, 77);
    assert_int_equal(find(), STATUS_OK);
    assert_int_equal(lba, 4096);
    assert_int_equal(sector_count, 77);
}

static void partition_tables_without_a_choice_get_their_sentence(void **state)
{
    (void)state;
    clear_table();
    assert_refused(STATUS_NOT_FOUND, "no FAT partition (type 01 04 06 0b 0c 0e) in its table");
    set_entry(0, 0, 0x0c, 63, 10);
    set_entry(1, 0, 0x0c, 100, 10);
    set_entry(3, 0, 0x06, 200, 10);
    assert_refused(STATUS_NOT_FOUND, "3 FAT partitions, none active: mark the right one");
    sector[510] = 0;
    assert_refused(STATUS_INVALID, "no partition table: the first sector ends in aa00, not in aa55");
}

static void partition_that_cannot_be_gets_its_sentence(void **state)
{
    (void)state;
    clear_table();
    set_entry(0, 0x80, 0x0c, 0, 10);
    assert_refused(STATUS_INVALID, "its FAT partition of 10 sectors at sector 0 cannot be");
    set_entry(0, 0x80, 0x0c, 10, 0);
    assert_refused(STATUS_INVALID, "its FAT partition of 0 sectors at sector 10 cannot be");
    set_entry(0, 0x80, 0x0c, UINT32_MAX - 9, 10);
    assert_refused(STATUS_INVALID, "its FAT partition of 10 sectors at sector 4294967286 cannot be");
    set_entry(0, 0x80, 0x0c, UINT32_MAX - 9, 9);
    assert_int_equal(find(), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partition_each_fat_type_and_no_other_is_taken),
        cmocka_unit_test(partition_active_one_goes_before_the_others),
        cmocka_unit_test(partition_first_of_several_active_ones_is_taken),
        cmocka_unit_test(partition_only_fat_one_need_not_be_active),
        cmocka_unit_test(partition_tables_without_a_choice_get_their_sentence),
        cmocka_unit_test(partition_that_cannot_be_gets_its_sentence),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
