// SPDX-License-Identifier: MIT
// kernel/process/areas: cuts, joins and gaps, by hand and against a model at random.
#include <areas/areas.h>
#include <support/areas_model.h>
#include <support/random.h>
#include <support/unit.h>

static struct area storage[8];

static struct area_map empty_map(void)
{
    return (struct area_map){.areas = storage, .capacity = 8};
}

static struct area area_of(uint64_t start, uint64_t end, enum area_rights rights)
{
    return (struct area){.start = start, .end = end, .rights = rights};
}

static void neighbours_that_say_the_same_are_one(void **)
{
    struct area_map map = empty_map();
    assert_int_equal(areas_add(&map, &(struct area){.start = 0x1000, .end = 0x2000, .rights = AREA_READ}), STATUS_OK);
    assert_int_equal(areas_add(&map, &(struct area){.start = 0x3000, .end = 0x4000, .rights = AREA_READ}), STATUS_OK);
    assert_int_equal(map.count, 2);
    struct area between = area_of(0x2000, 0x3000, AREA_READ);
    assert_int_equal(areas_add(&map, &between), STATUS_OK);
    assert_int_equal(map.count, 1);
    assert_int_equal(map.total_bytes, 0x3000);
}

static void middle_of_an_area_can_be_taken_away(void **)
{
    static const uint8_t bytes[0x3000];
    struct area_map map = empty_map();
    struct area area = {.start = 0x1000, .end = 0x5000, .source = bytes, .source_bytes = 0x2800, .rights = AREA_READ};
    assert_int_equal(areas_add(&map, &area), STATUS_OK);
    assert_int_equal(areas_remove(&map, 0x2000, 0x3000), STATUS_OK);
    assert_null(areas_find(&map, 0x2fff));
    const struct area *lower = areas_find(&map, 0x1fff);
    assert_int_equal(lower->source_bytes, 0x1000);
    const struct area *upper = areas_find(&map, 0x3000);
    assert_ptr_equal(upper->source, bytes + 0x2000);
    assert_int_equal(upper->source_bytes, 0x800);
}

static void protection_of_a_range_with_a_hole_changes_nothing(void **)
{
    struct area_map map = empty_map();
    struct area lower = area_of(0x1000, 0x2000, AREA_READ), upper = area_of(0x3000, 0x4000, AREA_READ);
    assert_int_equal(areas_add(&map, &lower), STATUS_OK);
    assert_int_equal(areas_add(&map, &upper), STATUS_OK);
    assert_int_equal(areas_protect(&map, 0x1000, 0x4000, AREA_WRITE), STATUS_NOT_FOUND);
    assert_int_equal(areas_find(&map, 0x1000)->rights, AREA_READ);
}

static void gap_lies_below_what_is_highest(void **)
{
    struct area_map map = empty_map();
    uint64_t start;
    struct area low = area_of(0x1000, 0x4000, AREA_READ), high = area_of(0x6000, 0x9000, AREA_READ);
    assert_true(areas_find_gap(&map, 0x1000, 0x8000, 0x7000, &start));
    assert_int_equal(start, 0x1000);
    assert_int_equal(areas_add(&map, &low), STATUS_OK);
    assert_int_equal(areas_add(&map, &high), STATUS_OK);
    assert_true(areas_find_gap(&map, 0x1000, 0x8000, 0x1000, &start)); // HIGH reaches over the top
    assert_int_equal(start, 0x5000);
    assert_false(areas_find_gap(&map, 0x1000, 0x8000, 0x3000, &start));
    assert_false(areas_find_gap(&map, 0x1000, 0x1000, 0x1000, &start));
}

static void all_operations_agree_with_a_model(void **)
{
    static const unsigned capacities[] = {AREAS_MODEL_PAGES + AREAS_SLACK, 6};
    uint64_t random = 1;
    for (unsigned round = 0; round < 200; round++) {
        areas_model_start(capacities[round % 2]);
        for (unsigned i = 0; i < 100; i++) {
            areas_model_do(random_below(&random, AREAS_MODEL_OPERATIONS), random_below(&random, AREAS_MODEL_PAGES),
                           1 + random_below(&random, 8), (enum area_rights)random_below(&random, 4),
                           random_below(&random, 4));
            areas_model_check_gap(1 + random_below(&random, 10));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_that_say_the_same_are_one),
        cmocka_unit_test(middle_of_an_area_can_be_taken_away),
        cmocka_unit_test(protection_of_a_range_with_a_hole_changes_nothing),
        cmocka_unit_test(gap_lies_below_what_is_highest),
        cmocka_unit_test(all_operations_agree_with_a_model),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
