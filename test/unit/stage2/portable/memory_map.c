// SPDX-License-Identifier: MIT
// Tests of the memory map: maps that machines gave, maps that no machine should give, and random ones against a model.
#include <support/unit.h>

#include <portable/memory_map.h>
#include <stdlib.h>
#include <string.h>
#include <support/memory_map_case.h>
#include <support/random.h>

struct range {
    uint64_t base;
    uint64_t length;
    uint32_t type;
};
struct piece {
    uint64_t base;
    uint64_t end;
    enum boot_memory_kind kind;
};
constexpr enum boot_memory_kind USABLE = BOOT_MEMORY_USABLE, RESERVED = BOOT_MEMORY_RESERVED,
                                TABLES = BOOT_MEMORY_ACPI_TABLES, NVS = BOOT_MEMORY_ACPI_NVS, BAD = BOOT_MEMORY_BAD,
                                LOADER = BOOT_MEMORY_LOADER, KERNEL = BOOT_MEMORY_KERNEL, MODULE = BOOT_MEMORY_MODULE;

static struct memory_map raw, map;

static int forget_maps(void **state)
{
    (void)state;
    memset(&raw, 0, sizeof(raw));
    memset(&map, 0xa5, sizeof(map));
    return 0;
}

static void make(size_t count, const struct range *ranges)
{
    raw.count = 0;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(memory_map_add(&raw, ranges[i].base, ranges[i].length, ranges[i].type), STATUS_OK);
    assert_int_equal(memory_map_sanitise(&raw, &map), STATUS_OK);
}
#define MAKE(...) make(sizeof((struct range[]){__VA_ARGS__}) / sizeof(struct range), (struct range[]){__VA_ARGS__})

static void assert_pieces(size_t count, const struct piece *pieces)
{
    assert_int_equal(map.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(map.entries[i].base, pieces[i].base);
        assert_int_equal(map.entries[i].base + map.entries[i].length, pieces[i].end);
        assert_int_equal(map.entries[i].kind, pieces[i].kind);
        assert_int_equal(map.entries[i].reserved, 0);
    }
}
#define ASSERT_MAP(...)                                                                                                \
    assert_pieces(sizeof((struct piece[]){__VA_ARGS__}) / sizeof(struct piece), (struct piece[]){__VA_ARGS__})

static void memory_map_qemu_pc_64_mib(void **state)
{
    (void)state;
    MAKE({0, 0x9fc00, 1}, {0x9fc00, 0x400, 2}, {0xf0000, 0x10000, 2}, {0x100000, 0x3ee0000, 1}, {0x3fe0000, 0x20000, 2},
         {0xfffc0000, 0x40000, 2}, {0xfd00000000, 0x300000000, 2});
    ASSERT_MAP({0, 0x9f000, USABLE}, {0x9fc00, 0xa0000, RESERVED}, {0xf0000, 0x100000, RESERVED},
               {0x100000, 0x3fe0000, USABLE}, {0x3fe0000, 0x4000000, RESERVED}, {0xfffc0000, 0x100000000, RESERVED},
               {0xfd00000000, 0x10000000000, RESERVED});
    assert_int_equal(memory_map_usable_bytes(&map), 0x9f000 + 0x3ee0000);
}

static void memory_map_qemu_pc_1_mib_has_no_high_memory(void **state)
{
    (void)state;
    MAKE({0, 0x9fc00, 1}, {0x9fc00, 0x400, 2}, {0xf0000, 0x10000, 2}, {0xfffc0000, 0x40000, 2});
    assert_int_equal(memory_map_usable_bytes(&map), 0x9f000);
    uint64_t base;
    assert_int_equal(memory_map_allocate(&map, 4096, 4096, 0x100000, 0x100000000, KERNEL, &base), STATUS_NO_MEMORY);
}

static void memory_map_qemu_q35_4_gib_is_split(void **state)
{
    (void)state;
    MAKE({0, 0x9fc00, 1}, {0x9fc00, 0x400, 2}, {0xf0000, 0x10000, 2}, {0x100000, 0x7fedf000, 1},
         {0x7ffdf000, 0x21000, 2}, {0xb0000000, 0x10000000, 2}, {0xfed1c000, 0x4000, 2}, {0xfffc0000, 0x40000, 2},
         {0x100000000, 0x80000000, 1}, {0xfd00000000, 0x300000000, 2});
    ASSERT_MAP({0, 0x9f000, USABLE}, {0x9fc00, 0xa0000, RESERVED}, {0xf0000, 0x100000, RESERVED},
               {0x100000, 0x7ffdf000, USABLE}, {0x7ffdf000, 0x80000000, RESERVED}, {0xb0000000, 0xc0000000, RESERVED},
               {0xfed1c000, 0xfed20000, RESERVED}, {0xfffc0000, 0x100000000, RESERVED},
               {0x100000000, 0x180000000, USABLE}, {0xfd00000000, 0x10000000000, RESERVED});
}

static void memory_map_bochs_with_acpi_areas(void **state)
{
    (void)state;
    MAKE({0, 0x9f000, 1}, {0x9f000, 0x1000, 2}, {0xe8000, 0x18000, 2}, {0x100000, 0x1ef0000, 1},
         {0x1ff0000, 0x10000, 3}, {0xfffc0000, 0x40000, 2});
    ASSERT_MAP({0, 0x9f000, USABLE}, {0x9f000, 0xa0000, RESERVED}, {0xe8000, 0x100000, RESERVED},
               {0x100000, 0x1ff0000, USABLE}, {0x1ff0000, 0x2000000, TABLES}, {0xfffc0000, 0x100000000, RESERVED});
}

static void memory_map_tebibyte_above_its_own_size(void **state)
{
    (void)state;
    MAKE({0x100000, 0xbfee0000, 1}, {0xfd00000000, 0x300000000, 2}, {0x10000000000, 0xff80000000, 1});
    ASSERT_MAP({0x100000, 0xbffe0000, USABLE}, {0xfd00000000, 0x10000000000, RESERVED},
               {0x10000000000, 0x1ff80000000, USABLE});
}

static void memory_map_unsorted_and_empty_entries(void **state)
{
    (void)state;
    MAKE({0x800000, 0x100000, 1}, {0, 0, 2}, {0x100000, 0x100000, 1}, {0x300000, 0, 1}, {0x900000, 0x1000, 2},
         {UINT64_MAX, 0, 5}, {0x200000, 0x600000, 1});
    ASSERT_MAP({0x100000, 0x900000, USABLE}, {0x900000, 0x901000, RESERVED});
}

static void memory_map_reserved_inside_usable(void **state)
{
    (void)state;
    MAKE({0x100000, 0x700000, 1}, {0x300800, 0x100, 2});
    ASSERT_MAP({0x100000, 0x300000, USABLE}, {0x300800, 0x300900, RESERVED}, {0x301000, 0x800000, USABLE});
}

static void memory_map_usable_inside_reserved(void **state)
{
    (void)state;
    MAKE({0x300000, 0x1000, 1}, {0x100000, 0x700000, 2});
    ASSERT_MAP({0x100000, 0x800000, RESERVED});
}

static void memory_map_the_more_severe_kind_wins(void **state)
{
    (void)state;
    static const uint32_t ascending[] = {1, 3, 4, 2, 5}; // E820: usable, ACPI, NVS, reserved, bad
    static const enum boot_memory_kind kinds[] = {USABLE, TABLES, NVS, RESERVED, BAD};
    for (uint32_t i = 0; i < 5; i++) {
        for (uint32_t j = 0; j < 5; j++) {
            MAKE({0x1000, 0x2000, ascending[i]}, {0x2000, 0x2000, ascending[j]});
            if (i == j)
                ASSERT_MAP({0x1000, 0x4000, kinds[i]});
            else if (i < j)
                ASSERT_MAP({0x1000, 0x2000, kinds[i]}, {0x2000, 0x4000, kinds[j]});
            else
                ASSERT_MAP({0x1000, 0x3000, kinds[i]}, {0x3000, 0x4000, kinds[j]});
        }
    }
}

static void memory_map_odd_types_are_reserved(void **state)
{
    (void)state;
    static const uint32_t odd[] = {0, 6, 7, 8, 12, 13, 0xefff'ffff, 0xffff'ffff, 2'954'887'168, 0x1'0001};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        assert_int_equal(memory_kind_from_e820(odd[i]), RESERVED);
    assert_int_equal(memory_kind_from_e820(1), USABLE);
    assert_int_equal(memory_kind_from_e820(3), TABLES);
    assert_int_equal(memory_kind_from_e820(4), NVS);
    assert_int_equal(memory_kind_from_e820(5), BAD);
}

static void memory_map_ranges_that_wrap_are_cut(void **state)
{
    (void)state;
    MAKE({0x1000, UINT64_MAX, 1}, {MEMORY_MAP_ADDRESS_LIMIT - 0x1000, 0x2000, 2}, {MEMORY_MAP_ADDRESS_LIMIT, 0x1000, 1},
         {UINT64_MAX - 0xfff, 0x2000, 1}, {UINT64_MAX, 1, 1});
    ASSERT_MAP({0x1000, MEMORY_MAP_ADDRESS_LIMIT - 0x1000, USABLE},
               {MEMORY_MAP_ADDRESS_LIMIT - 0x1000, MEMORY_MAP_ADDRESS_LIMIT, RESERVED});
}

static void memory_map_usable_shrinks_to_pages_after_merging(void **state)
{
    (void)state;
    MAKE({0x1001, 0x7ff, 1}, {0x1800, 0x2fff, 1}, {0x8001, 0x1fff - 1, 1});
    ASSERT_MAP({0x2000, 0x4000, USABLE});
}

static void memory_map_ending_in_acpi_bytes_is_not_usable(void **state)
{
    (void)state;
    MAKE({0x100000, 0x100234, 1}, {0x200234, 0x100, 3}, {0x200334, 0x80000, 4});
    ASSERT_MAP({0x100000, 0x200000, USABLE}, {0x200234, 0x200334, TABLES}, {0x200334, 0x280334, NVS});
}

static void memory_map_full_raw_map_refuses(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < MEMORY_MAP_LIMIT; i++)
        assert_int_equal(memory_map_add(&raw, i * 0x2000, 0x1000, 1), STATUS_OK);
    assert_int_equal(memory_map_add(&raw, 0x1000'0000, 0, 1), STATUS_OK); // an empty one needs no room
    assert_int_equal(memory_map_add(&raw, 0x1000'0000, 0x1000, 1), STATUS_RANGE);
    assert_int_equal(raw.count, MEMORY_MAP_LIMIT);
    assert_int_equal(memory_map_sanitise(&raw, &map), STATUS_OK);
    assert_int_equal(map.count, MEMORY_MAP_LIMIT);
    assert_int_equal(memory_map_claim(&map, 0, 0x1000, LOADER), STATUS_NO_MEMORY);
    uint64_t base;
    assert_int_equal(memory_map_allocate(&map, 0x1000, 0x1000, 0, UINT64_MAX, LOADER, &base), STATUS_NO_MEMORY);
}

static void memory_map_too_many_splits_are_reported(void **state)
{
    (void)state;
    assert_int_equal(memory_map_add(&raw, 0, 0x1000'0000, 1), STATUS_OK);
    for (uint64_t i = 0; i < 96; i++)
        assert_int_equal(memory_map_add(&raw, 0x1000 + i * 0x2000, 0x1000, 2), STATUS_OK);
    assert_int_equal(memory_map_sanitise(&raw, &map), STATUS_RANGE); // 96 holes make 193 pieces
    raw.count--;
    assert_int_equal(memory_map_sanitise(&raw, &map), STATUS_OK);
    assert_int_equal(map.count, 191);
    assert_int_equal(memory_map_claim(&map, 0x1000'0000 - 0x3000, 0x1000, LOADER), STATUS_NO_MEMORY);
    assert_int_equal(map.count, 191);
}

static void memory_map_empty_map_stays_empty(void **state)
{
    (void)state;
    assert_int_equal(memory_map_sanitise(&raw, &map), STATUS_OK);
    assert_int_equal(map.count, 0);
    assert_int_equal(memory_map_usable_bytes(&map), 0);
    assert_false(memory_map_covers(&map, 0, 1));
    assert_int_equal(memory_map_claim(&map, 0, 1, LOADER), STATUS_RANGE);
}

static void memory_map_claim_splits_and_merges(void **state)
{
    (void)state;
    MAKE({0x1000, 0xf000, 1});
    assert_int_equal(memory_map_claim(&map, 0x4321, 1, LOADER), STATUS_OK);
    ASSERT_MAP({0x1000, 0x4000, USABLE}, {0x4000, 0x5000, LOADER}, {0x5000, 0x10000, USABLE});
    assert_int_equal(memory_map_claim(&map, 0x5000, 0x1001, LOADER), STATUS_OK);
    ASSERT_MAP({0x1000, 0x4000, USABLE}, {0x4000, 0x7000, LOADER}, {0x7000, 0x10000, USABLE});
    assert_int_equal(memory_map_claim(&map, 0xf000, 0x1000, KERNEL), STATUS_OK);
    assert_int_equal(memory_map_claim(&map, 0x1000, 0x3000, LOADER), STATUS_OK);
    ASSERT_MAP({0x1000, 0x7000, LOADER}, {0x7000, 0xf000, USABLE}, {0xf000, 0x10000, KERNEL});
    assert_int_equal(memory_map_claim(&map, 0x7000, 0x8000, MODULE), STATUS_OK);
    ASSERT_MAP({0x1000, 0x7000, LOADER}, {0x7000, 0xf000, MODULE}, {0xf000, 0x10000, KERNEL});
}

static void memory_map_claim_of_what_is_not_usable_changes_nothing(void **state)
{
    (void)state;
    MAKE({0x1000, 0x4000, 1}, {0x5000, 0x1000, 2}, {0x6000, 0x4000, 1});
    struct memory_map before = map;
    static const struct range wrong[] = {
        {0, 0x1000, 0},     {0xfff, 2, 0},           {0x4fff, 2, 0},          {0x1000, 0x9000, 0},
        {0x9fff, 2, 0},     {0x2000, 0, 0},          {0x2000, UINT64_MAX, 0}, {0x2000, 0 - 0x1000ull, 0},
        {UINT64_MAX, 2, 0}, {UINT64_MAX, 0x2000, 0}, {0, UINT64_MAX, 0},      {0x2000, 0 - 0x2000ull, 0},
        {0x10000, 0x10, 0},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(memory_map_covers(&map, wrong[i].base, wrong[i].length));
        assert_int_equal(memory_map_claim(&map, wrong[i].base, wrong[i].length, KERNEL), STATUS_RANGE);
    }
    assert_memory_equal(&map, &before, sizeof(map));
    assert_true(memory_map_covers(&map, 0x1000, 0x4000));
    assert_true(memory_map_covers(&map, 0x9fff, 1));
}

static void memory_map_allocate_takes_the_lowest_place(void **state)
{
    (void)state;
    MAKE({0x1000, 0x9e000, 1}, {0x100000, 0x2ff000, 1}, {0x800000, 0x800000, 1});
    uint64_t base = 0;
    assert_int_equal(memory_map_allocate(&map, 0x200000, 0x200000, 0x100000, 1ull << 32, KERNEL, &base), STATUS_OK);
    assert_int_equal(base, 0x800000); // 0x200000 would end one page beyond the second range
    assert_int_equal(memory_map_allocate(&map, 0x1ff000, 0x200000, 0x100000, 1ull << 32, KERNEL, &base), STATUS_OK);
    assert_int_equal(base, 0x200000);
    assert_int_equal(memory_map_allocate(&map, 1, 0x1000, 0x7c00, 1ull << 32, LOADER, &base), STATUS_OK);
    assert_int_equal(base, 0x8000);
    assert_int_equal(memory_map_allocate(&map, 0x100000, 0x1000, 0, 1ull << 32, MODULE, &base), STATUS_OK);
    assert_int_equal(base, 0x100000);
    ASSERT_MAP({0x1000, 0x8000, USABLE}, {0x8000, 0x9000, LOADER}, {0x9000, 0x9f000, USABLE},
               {0x100000, 0x200000, MODULE}, {0x200000, 0x3ff000, KERNEL}, {0x800000, 0xa00000, KERNEL},
               {0xa00000, 0x1000000, USABLE});
}

static void memory_map_allocate_obeys_its_bounds(void **state)
{
    (void)state;
    MAKE({0x0000, 0x10000, 1}, {0x100000, 0x100000, 1}, {0x1'0000'0000, 0x1'0000'0000, 1});
    uint64_t base;
    assert_int_equal(memory_map_allocate(&map, 0x100001, 0x1000, 0, 1ull << 32, KERNEL, &base), STATUS_NO_MEMORY);
    assert_int_equal(memory_map_allocate(&map, 0x100000, 0x1000, 0, 0x1ff'fff, KERNEL, &base), STATUS_NO_MEMORY);
    assert_int_equal(memory_map_allocate(&map, 0x100000, 0x1000, 0x100001, 1ull << 32, KERNEL, &base),
                     STATUS_NO_MEMORY);
    assert_int_equal(memory_map_allocate(&map, 0x1000, 0x1000, UINT64_MAX, UINT64_MAX, KERNEL, &base),
                     STATUS_NO_MEMORY);
    assert_int_equal(memory_map_allocate(&map, UINT64_MAX, 0x1000, 0, UINT64_MAX, KERNEL, &base), STATUS_NO_MEMORY);
    assert_int_equal(memory_map_allocate(&map, 0, 0x1000, 0, UINT64_MAX, KERNEL, &base), STATUS_NO_MEMORY);
    assert_int_equal(memory_map_allocate(&map, 0x100000, 0x1000, 0, 0x200000, KERNEL, &base), STATUS_OK);
    assert_int_equal(base, 0x100000);
}

// 128 ranges that overlap as they like, against a brute-force model, with claims and allocations after that.
static void memory_map_random_maps_match_the_model(void **state)
{
    (void)state;
    uint64_t seed = 2;
    static uint8_t data[2 + 128 * 5 + 16 * 8];
    for (uint32_t round = 0; round < 3000; round++) {
        for (size_t i = 0; i < sizeof(data); i++)
            data[i] = (uint8_t)random_next(&seed);
        data[1] = (uint8_t)(round % 129);
        if (round & 1) { // usable wins nothing, so most of a map is made usable and the others short
            for (size_t i = 0; i < data[1]; i++) {
                uint8_t *range = &data[2 + 5 * i];
                range[4] = i < 4 ? 1 : range[4] & 0x0f;
                range[3] = i < 4 ? range[3] : 0;
                range[2] &= i < 4 ? 0xff : 0x0f;
            }
        }
        memory_map_case(data, 2 + data[1] * 5u + 16 * 8);
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, forget_maps)
    const struct CMUnitTest tests[] = {
        TEST(memory_map_qemu_pc_64_mib),
        TEST(memory_map_qemu_pc_1_mib_has_no_high_memory),
        TEST(memory_map_qemu_q35_4_gib_is_split),
        TEST(memory_map_bochs_with_acpi_areas),
        TEST(memory_map_tebibyte_above_its_own_size),
        TEST(memory_map_unsorted_and_empty_entries),
        TEST(memory_map_reserved_inside_usable),
        TEST(memory_map_usable_inside_reserved),
        TEST(memory_map_the_more_severe_kind_wins),
        TEST(memory_map_odd_types_are_reserved),
        TEST(memory_map_ranges_that_wrap_are_cut),
        TEST(memory_map_usable_shrinks_to_pages_after_merging),
        TEST(memory_map_ending_in_acpi_bytes_is_not_usable),
        TEST(memory_map_full_raw_map_refuses),
        TEST(memory_map_too_many_splits_are_reported),
        TEST(memory_map_empty_map_stays_empty),
        TEST(memory_map_claim_splits_and_merges),
        TEST(memory_map_claim_of_what_is_not_usable_changes_nothing),
        TEST(memory_map_allocate_takes_the_lowest_place),
        TEST(memory_map_allocate_obeys_its_bounds),
        TEST(memory_map_random_maps_match_the_model),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
