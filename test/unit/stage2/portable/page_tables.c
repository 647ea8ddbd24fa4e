// SPDX-License-Identifier: MIT
// Tests of the page-table builder: an independent walker (Intel SDM Vol. 3A, figures 4-8 to 4-10) says what a CPU would
// make of the tables.
#include <support/unit.h>

#include <portable/page_tables.h>
#include <stdlib.h>
#include <string.h>
#include <support/random.h>

constexpr uint64_t KIB = 1024, MIB = 1024 * KIB, GIB = 1024 * MIB, TIB = 1024 * GIB;
constexpr uint64_t PAGE = 4 * KIB;
constexpr uint64_t KERNEL = 0xffff'ffff'8000'0000;
constexpr uint32_t ARENA_PAGES = 8192;

static struct {
    uint8_t *memory;      // physical memory, as far as tables go
    uint32_t pages_given; // page 0 is never given
    uint32_t page_limit;
} arena;
static struct page_tables tables;
static struct memory_map map;

static uint32_t allocate_page(void *context)
{
    assert_ptr_equal(context, &arena);
    if (arena.pages_given == arena.page_limit)
        return 0;
    uint32_t address = ++arena.pages_given * (uint32_t)PAGE;
    memset(arena.memory + address, 0, PAGE);
    return address;
}

static void start(bool has_nx, bool has_1g_pages)
{
    arena.pages_given = 0;
    arena.page_limit = ARENA_PAGES - 1;
    memset(arena.memory, 0xa5, ARENA_PAGES * PAGE);
    tables = (struct page_tables){
        .memory = (uintptr_t)arena.memory,
        .allocate_page = allocate_page,
        .context = &arena,
        .has_nx = has_nx,
        .has_1g_pages = has_1g_pages,
    };
    map.count = 0;
}

static int start_test(void **state)
{
    (void)state;
    arena.memory = aligned_alloc(PAGE, ARENA_PAGES * PAGE); // its own block: ASan sees its ends
    assert_non_null(arena.memory);
    start(true, false);
    return 0;
}

static int end_test(void **state)
{
    (void)state;
    free(arena.memory);
    return 0;
}

struct translation {
    uint64_t phys; // of the address asked for
    uint64_t size; // of its page; 0: not mapped
    bool is_writable, is_executable;
};

static struct translation translate(uint64_t virt)
{
    struct translation found = {.is_writable = true, .is_executable = true};
    uint64_t table = page_tables_cr3(&tables);
    assert_int_equal(table % PAGE, 0);
    for (uint32_t shift = 39; shift >= 12; shift -= 9) {
        assert_in_range(table, PAGE, arena.pages_given * PAGE);
        uint64_t entry;
        memcpy(&entry, arena.memory + table + (virt >> shift & 511) * 8, 8);
        if (!(entry & 1)) {
            assert_int_equal(entry, 0);
            return (struct translation){};
        }
        assert_int_equal(entry & 0x7ff0'0000'0000'0f7c, 0); // supervisor, write-back, no ignored or reserved bit
        found.is_writable = found.is_writable && (entry & 2);
        found.is_executable = found.is_executable && !(entry >> 63);
        assert_true(tables.has_nx || !(entry >> 63));
        uint64_t address = entry & 0x000f'ffff'ffff'f000;
        bool is_large = entry & 0x80;
        assert_false(is_large && (shift == 39 || shift == 12));
        assert_true(tables.has_1g_pages || !(is_large && shift == 30));
        if (is_large || shift == 12) {
            found.size = 1ull << shift;
            assert_int_equal(address % found.size, 0);
            found.phys = address + virt % found.size;
            return found;
        }
        table = address;
    }
    fail();
    return found;
}

static void assert_mapped(uint64_t virt, uint64_t phys, uint64_t size, enum page_permissions permissions)
{
    struct translation found = translate(virt);
    assert_int_equal(found.size, size);
    assert_int_equal(found.phys, phys);
    assert_int_equal(found.is_writable, (permissions & PAGE_WRITE) != 0);
    assert_int_equal(found.is_executable, (permissions & PAGE_EXECUTE) != 0 || !tables.has_nx);
}

static void assert_unmapped(uint64_t virt)
{
    assert_int_equal(translate(virt).size, 0);
}

static void add(uint64_t base, uint64_t end, enum boot_memory_kind kind)
{
    map.entries[map.count++] = (struct boot_memory){base, end - base, kind, 0};
}

static void add_low_memory(uint64_t top)
{
    add(PAGE, 0x9'f000, BOOT_MEMORY_USABLE);
    add(0x9'fc00, 0xa'0000, BOOT_MEMORY_RESERVED);
    add(0xf'0000, 0x10'0000, BOOT_MEMORY_RESERVED);
    add(0x10'0000, top, BOOT_MEMORY_USABLE);
    add(4 * GIB - 256 * KIB, 4 * GIB, BOOT_MEMORY_RESERVED);
}

static void assert_low_4_gib(void)
{
    assert_unmapped(0);
    assert_unmapped(PAGE - 1);
    for (uint64_t address = PAGE; address < 2 * MIB; address += PAGE)
        assert_mapped(address, address, PAGE, PAGE_WRITE);
    for (uint64_t address = 2 * MIB; address < 4 * GIB; address += 2 * MIB) {
        assert_mapped(address, address, 2 * MIB, PAGE_WRITE);
        assert_mapped(address + 2 * MIB - 1, address + 2 * MIB - 1, 2 * MIB, PAGE_WRITE);
    }
}

static void page_tables_identity_is_the_low_4_gib_whatever_the_ram(void **state)
{
    (void)state;
    static const uint64_t tops[] = {8 * MIB - 128 * KIB, 64 * MIB - 128 * KIB, 3073 * MIB};
    for (uint32_t i = 0; i < 6; i++) {
        start(true, i >= 3);
        add_low_memory(tops[i % 3]);
        assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
        assert_low_4_gib();
        assert_unmapped(4 * GIB);
        assert_unmapped(512 * GIB);
        assert_unmapped(KERNEL);
        assert_int_equal(arena.pages_given, 7); // PML4, PDPT, 4 page directories, the table for page 0's neighbours
    }
}

static void page_tables_identity_of_16_gib_skips_holes(void **state)
{
    (void)state;
    add_low_memory(3 * GIB - 128 * KIB);
    add(4 * GIB, 17 * GIB, BOOT_MEMORY_USABLE);
    add(0xfd'0000'0000, TIB, BOOT_MEMORY_RESERVED);
    assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
    assert_low_4_gib();
    for (uint64_t address = 4 * GIB; address < 17 * GIB; address += 2 * MIB)
        assert_mapped(address, address, 2 * MIB, PAGE_WRITE);
    assert_unmapped(17 * GIB);
    assert_unmapped(0xfd'0000'0000);
    assert_unmapped(TIB - 1);
    assert_int_equal(arena.pages_given, 7 + 13);
}

static void page_tables_identity_of_a_tebibyte(void **state)
{
    (void)state;
    for (uint32_t has_1g_pages = 0; has_1g_pages < 2; has_1g_pages++) {
        start(true, has_1g_pages);
        add_low_memory(2 * GIB - 132 * KIB);
        add(0xfd'0000'0000, TIB, BOOT_MEMORY_RESERVED);
        add(TIB, 2 * TIB - 2 * GIB, BOOT_MEMORY_USABLE);
        assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
        assert_low_4_gib();
        uint64_t size = has_1g_pages ? GIB : 2 * MIB;
        for (uint64_t address = TIB; address < 2 * TIB - 2 * GIB; address += size)
            assert_mapped(address, address, size, PAGE_WRITE);
        assert_unmapped(TIB - 1);
        assert_unmapped(2 * TIB - 2 * GIB);
        assert_int_equal(arena.pages_given, 7 + 2 + (has_1g_pages ? 0 : 1022));
    }
}

static void page_tables_gibibyte_pages_hold_whole_gibibytes_of_ram(void **state)
{
    (void)state;
    start(true, true);
    add_low_memory(3 * GIB);
    add(4 * GIB, 6 * GIB + 512 * MIB, BOOT_MEMORY_USABLE);
    add(6 * GIB + 512 * MIB, 7 * GIB, BOOT_MEMORY_RESERVED);
    add(7 * GIB, 8 * GIB, BOOT_MEMORY_BAD);
    add(8 * GIB, 9 * GIB, BOOT_MEMORY_ACPI_NVS);
    assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
    assert_low_4_gib();
    assert_mapped(4 * GIB, 4 * GIB, GIB, PAGE_WRITE);
    assert_mapped(6 * GIB - 1, 6 * GIB - 1, GIB, PAGE_WRITE);
    assert_mapped(6 * GIB, 6 * GIB, 2 * MIB, PAGE_WRITE);
    assert_mapped(6 * GIB + 512 * MIB - 1, 6 * GIB + 512 * MIB - 1, 2 * MIB, PAGE_WRITE);
    assert_unmapped(6 * GIB + 512 * MIB);
    assert_unmapped(7 * GIB);
    assert_unmapped(8 * GIB - 1);
    assert_mapped(8 * GIB, 8 * GIB, GIB, PAGE_WRITE);
    assert_unmapped(9 * GIB);
}

static void page_tables_unaligned_ram_has_small_pages_at_its_edges(void **state)
{
    (void)state;
    uint64_t base = 5 * GIB + 2 * MIB - 3 * PAGE, end = 5 * GIB + 6 * MIB + 2 * PAGE;
    add(base, end, BOOT_MEMORY_USABLE);
    assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
    assert_unmapped(base - 1);
    for (uint64_t address = base; address < end; address += PAGE) {
        bool is_edge = address < 5 * GIB + 2 * MIB || address >= 5 * GIB + 6 * MIB;
        assert_mapped(address, address, is_edge ? PAGE : 2 * MIB, PAGE_WRITE);
    }
    assert_unmapped(end);
}

static void page_tables_acpi_bytes_are_mapped_by_whole_pages(void **state)
{
    (void)state;
    add(4 * GIB - 2 * PAGE, 4 * GIB + 2 * PAGE, BOOT_MEMORY_KERNEL); // over the border
    add(4 * GIB + 3 * PAGE + 100, 4 * GIB + 4 * PAGE + 100, BOOT_MEMORY_ACPI_TABLES);
    add(4 * GIB + 4 * PAGE + 100, 4 * GIB + 4 * PAGE + 200, BOOT_MEMORY_ACPI_NVS);
    add(4 * GIB + 4 * PAGE + 200, 4 * GIB + 7 * PAGE, BOOT_MEMORY_RESERVED);
    add(4 * GIB + 7 * PAGE, 4 * GIB + 8 * PAGE, BOOT_MEMORY_MODULE);
    add(4 * GIB + 8 * PAGE, 4 * GIB + 9 * PAGE, BOOT_MEMORY_LOADER);
    add(4 * GIB + 9 * PAGE, 4 * GIB + 10 * PAGE, BOOT_MEMORY_BAD);
    assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
    assert_low_4_gib();
    static const bool is_mapped[] = {1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0};
    for (uint64_t i = 0; i < sizeof(is_mapped); i++) {
        uint64_t address = 4 * GIB + i * PAGE;
        if (is_mapped[i])
            assert_mapped(address, address, PAGE, PAGE_WRITE);
        else
            assert_unmapped(address);
    }
}

// Pages of the map that is being mapped, as stage 2 does it: entries move while the builder goes over them.
static uint32_t claim_page(void *context)
{
    uint64_t base;
    assert_ptr_equal(context, &map);
    if (memory_map_allocate(&map, PAGE, PAGE, PAGE, ARENA_PAGES * PAGE, BOOT_MEMORY_LOADER, &base) != STATUS_OK)
        return 0;
    memset(arena.memory + base, 0, PAGE);
    return (uint32_t)base;
}

static void page_tables_map_may_change_while_it_is_mapped(void **state)
{
    (void)state;
    for (uint64_t hole_size = 0; hole_size < 3; hole_size++) {
        start(true, false);
        arena.pages_given = ARENA_PAGES - 1; // for the walker: any page may be a table
        tables.allocate_page = claim_page;
        tables.context = &map;
        // Single usable pages between claimed ones vanish from the map as they are taken, three entries becoming one.
        for (uint64_t i = 0; i < 20; i++) {
            add((8 * i + 1) * PAGE, (8 * i + 2) * PAGE, BOOT_MEMORY_LOADER);
            add((8 * i + 2) * PAGE, (8 * i + 3 + hole_size) * PAGE, BOOT_MEMORY_USABLE);
            add((8 * i + 3 + hole_size) * PAGE, (8 * i + 7) * PAGE, BOOT_MEMORY_LOADER);
        }
        add(0x10'0000, ARENA_PAGES * PAGE, BOOT_MEMORY_USABLE);
        for (uint64_t i = 4; i < 24; i++)
            add(i * GIB, i * GIB + 4 * MIB, i & 1 ? BOOT_MEMORY_USABLE : BOOT_MEMORY_ACPI_TABLES);
        assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
        assert_low_4_gib();
        for (uint64_t i = 4; i < 24; i++) {
            assert_mapped(i * GIB, i * GIB, 2 * MIB, PAGE_WRITE);
            assert_mapped(i * GIB + 4 * MIB - 1, i * GIB + 4 * MIB - 1, 2 * MIB, PAGE_WRITE);
            assert_unmapped(i * GIB + 4 * MIB);
        }
    }
}

static void page_tables_without_nx_set_no_nx(void **state)
{
    (void)state;
    start(false, false);
    add_low_memory(64 * MIB);
    assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
    assert_low_4_gib(); // the walker refuses the bit
    assert_int_equal(page_tables_map(&tables, KERNEL, MIB, PAGE, PAGE_READ_ONLY), STATUS_OK);
    assert_mapped(KERNEL, MIB, PAGE, PAGE_EXECUTE);
}

static void page_tables_kernel_keeps_permissions_and_guard_gaps(void **state)
{
    (void)state;
    add_low_memory(64 * MIB);
    assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
    assert_int_equal(page_tables_map(&tables, KERNEL + 2 * MIB, 2 * MIB, 3 * PAGE, PAGE_EXECUTE), STATUS_OK);
    assert_int_equal(page_tables_map(&tables, KERNEL + 2 * MIB + 3 * PAGE, 2 * MIB + 3 * PAGE, PAGE, PAGE_READ_ONLY),
                     STATUS_OK);
    assert_int_equal(page_tables_map(&tables, KERNEL + 2 * MIB + 5 * PAGE, 2 * MIB + 5 * PAGE, 2 * PAGE, PAGE_WRITE),
                     STATUS_OK);
    assert_unmapped(KERNEL + 2 * MIB - 1);
    assert_mapped(KERNEL + 2 * MIB, 2 * MIB, PAGE, PAGE_EXECUTE);
    assert_mapped(KERNEL + 2 * MIB + 3 * PAGE - 1, 2 * MIB + 3 * PAGE - 1, PAGE, PAGE_EXECUTE);
    assert_mapped(KERNEL + 2 * MIB + 3 * PAGE, 2 * MIB + 3 * PAGE, PAGE, PAGE_READ_ONLY);
    assert_unmapped(KERNEL + 2 * MIB + 4 * PAGE); // the guard
    assert_mapped(KERNEL + 2 * MIB + 5 * PAGE, 2 * MIB + 5 * PAGE, PAGE, PAGE_WRITE);
    assert_unmapped(KERNEL + 2 * MIB + 7 * PAGE);
    assert_low_4_gib();
    assert_int_equal(arena.pages_given, 7 + 3);
}

static void page_tables_largest_fitting_page_is_taken(void **state)
{
    (void)state;
    start(true, true);
    assert_int_equal(page_tables_map(&tables, KERNEL, 32 * MIB, 4 * MIB + PAGE, PAGE_EXECUTE), STATUS_OK);
    assert_mapped(KERNEL + 4 * MIB - 1, 36 * MIB - 1, 2 * MIB, PAGE_EXECUTE);
    assert_mapped(KERNEL + 4 * MIB, 36 * MIB, PAGE, PAGE_EXECUTE);
    assert_unmapped(KERNEL + 4 * MIB + PAGE);

    // Virtual and physical address must agree below the page size.
    assert_int_equal(page_tables_map(&tables, 64 * GIB, 32 * MIB + PAGE, 4 * MIB, PAGE_WRITE), STATUS_OK);
    assert_mapped(64 * GIB + 2 * MIB, 34 * MIB + PAGE, PAGE, PAGE_WRITE);
    assert_int_equal(page_tables_map(&tables, 128 * GIB, 2 * GIB + 2 * MIB, GIB, PAGE_WRITE), STATUS_OK);
    assert_mapped(128 * GIB + GIB - 1, 3 * GIB + 2 * MIB - 1, 2 * MIB, PAGE_WRITE);

    // 4 KiB, 2 MiB, 1 GiB, 2 MiB, 4 KiB.
    uint64_t base = 200 * GIB - 2 * MIB - PAGE;
    assert_int_equal(page_tables_map(&tables, base, base, GIB + 4 * MIB + 2 * PAGE, PAGE_WRITE), STATUS_OK);
    assert_unmapped(base - 1);
    assert_mapped(base, base, PAGE, PAGE_WRITE);
    assert_mapped(base + PAGE, base + PAGE, 2 * MIB, PAGE_WRITE);
    assert_mapped(200 * GIB, 200 * GIB, GIB, PAGE_WRITE);
    assert_mapped(201 * GIB, 201 * GIB, 2 * MIB, PAGE_WRITE);
    assert_mapped(201 * GIB + 2 * MIB, 201 * GIB + 2 * MIB, PAGE, PAGE_WRITE);
    assert_unmapped(201 * GIB + 2 * MIB + PAGE);
}

static void page_tables_range_may_cross_top_level_entries(void **state)
{
    (void)state;
    assert_int_equal(page_tables_map(&tables, 512 * GIB - 2 * MIB, 2 * MIB, 4 * MIB, PAGE_WRITE), STATUS_OK);
    assert_mapped(512 * GIB - 1, 4 * MIB - 1, 2 * MIB, PAGE_WRITE);
    assert_mapped(512 * GIB, 4 * MIB, 2 * MIB, PAGE_WRITE);
    assert_int_equal(page_tables_map(&tables, -(2 * MIB), 8 * MIB, 2 * MIB, PAGE_WRITE), STATUS_OK);
    assert_mapped(UINT64_MAX, 10 * MIB - 1, 2 * MIB, PAGE_WRITE); // the end of the address space
    assert_unmapped(0);
}

static void page_tables_split_keeps_the_rest(void **state)
{
    (void)state;
    start(true, true);
    assert_int_equal(page_tables_map(&tables, 8 * GIB, 16 * GIB, 2 * GIB, PAGE_WRITE), STATUS_OK);
    assert_mapped(8 * GIB, 16 * GIB, GIB, PAGE_WRITE);
    uint64_t hit = 8 * GIB + 6 * MIB + 5 * PAGE;
    assert_int_equal(page_tables_map(&tables, hit, 3 * MIB, PAGE, PAGE_EXECUTE), STATUS_OK);
    for (uint64_t address = 8 * GIB; address < 10 * GIB; address += PAGE) {
        if (address == hit)
            assert_mapped(address, 3 * MIB, PAGE, PAGE_EXECUTE);
        else
            assert_mapped(address, address + 8 * GIB,
                          address >= 9 * GIB                                            ? GIB
                          : address >= 8 * GIB + 6 * MIB && address < 8 * GIB + 8 * MIB ? PAGE
                                                                                        : 2 * MIB,
                          PAGE_WRITE);
    }
    // A larger page over the split ones makes one again.
    assert_int_equal(page_tables_map(&tables, 8 * GIB, 0, GIB, PAGE_READ_ONLY), STATUS_OK);
    assert_mapped(hit, 6 * MIB + 5 * PAGE, GIB, PAGE_READ_ONLY);
}

static void page_tables_out_of_pages_is_reported_at_each_step(void **state)
{
    (void)state;
    for (uint32_t limit = 0; limit < 9; limit++) {
        start(true, false);
        add_low_memory(64 * MIB);
        add(513 * GIB, 514 * GIB, BOOT_MEMORY_USABLE);
        arena.page_limit = limit;
        assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_NO_MEMORY);
    }
    start(true, false);
    add(513 * GIB, 514 * GIB, BOOT_MEMORY_USABLE);
    arena.page_limit = 9;
    assert_int_equal(page_tables_map_identity(&tables, &map), STATUS_OK);
    assert_int_equal(page_tables_map(&tables, 514 * GIB - PAGE, 0, PAGE, PAGE_WRITE), STATUS_NO_MEMORY); // a split
    assert_mapped(514 * GIB - PAGE, 514 * GIB - PAGE, 2 * MIB, PAGE_WRITE);
}

static void page_tables_arguments_are_whole_pages(void **state)
{
    (void)state;
    assert_int_equal(page_tables_map(&tables, 1, 0, PAGE, PAGE_WRITE), STATUS_INVALID);
    assert_int_equal(page_tables_map(&tables, 0, 0x800, PAGE, PAGE_WRITE), STATUS_INVALID);
    assert_int_equal(page_tables_map(&tables, 0, 0, PAGE + 0x10, PAGE_WRITE), STATUS_INVALID);
    assert_int_equal(page_tables_map(&tables, 0, 0, 16 * TIB, PAGE_WRITE), STATUS_INVALID);
    assert_int_equal(arena.pages_given, 0);
    assert_int_equal(page_tables_map(&tables, PAGE, PAGE, 0, PAGE_WRITE), STATUS_OK);
}

// Random maps over 3 GiB on both sides of a top-level border, against an array with an entry a page.
static void page_tables_random_changes_match_the_model(void **state)
{
    (void)state;
    constexpr uint64_t WINDOW = 512 * GIB - GIB, WINDOW_PAGES = 3 * GIB / PAGE;
    constexpr uint64_t ABSENT = UINT64_MAX;
    uint64_t *model = malloc(WINDOW_PAGES * sizeof(*model)); // physical address and permissions
    assert_non_null(model);
    uint64_t seed = 7;
    for (uint32_t round = 0; round < 8; round++) {
        start(round & 2, round & 1);
        for (uint64_t i = 0; i < WINDOW_PAGES; i++)
            model[i] = ABSENT;
        for (uint32_t step = 0; step < 40; step++) {
            static const uint64_t units[] = {1, 1, 512, 512, 512 * 512};
            uint64_t unit = units[random_below(&seed, 5)];
            uint64_t first = random_below(&seed, (uint32_t)(WINDOW_PAGES / unit)) * unit;
            uint64_t count = (1 + random_below(&seed, 4)) * unit + (random_below(&seed, 4) ? 0 : 3);
            if (count > WINDOW_PAGES - first)
                count = WINDOW_PAGES - first;
            uint64_t phys = (random_below(&seed, 1 << 20) * unit + (random_below(&seed, 8) ? 0 : 1)) * PAGE % (4 * TIB);
            uint64_t permissions = random_below(&seed, 4);
            assert_int_equal(
                page_tables_map(&tables, WINDOW + first * PAGE, phys, count * PAGE, (enum page_permissions)permissions),
                STATUS_OK);
            for (uint64_t i = 0; i < count; i++)
                model[first + i] = (phys + i * PAGE) | permissions;

            for (uint32_t probe = 0; probe < 300; probe++) {
                uint64_t edges[] = {first, first + count, first + 1, random_below(&seed, (uint32_t)WINDOW_PAGES),
                                    first + random_below(&seed, (uint32_t)count)};
                uint64_t page = edges[probe % 5] - (probe < 10);
                if (page >= WINDOW_PAGES)
                    continue;
                uint64_t address = WINDOW + page * PAGE;
                if (model[page] == ABSENT) {
                    assert_unmapped(address);
                    continue;
                }
                uint64_t size = translate(address).size;
                assert_mapped(address, model[page] & -PAGE, size, (enum page_permissions)(model[page] & 3));
            }
        }
    }
    free(model);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, start_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(page_tables_identity_is_the_low_4_gib_whatever_the_ram),
        TEST(page_tables_identity_of_16_gib_skips_holes),
        TEST(page_tables_identity_of_a_tebibyte),
        TEST(page_tables_gibibyte_pages_hold_whole_gibibytes_of_ram),
        TEST(page_tables_unaligned_ram_has_small_pages_at_its_edges),
        TEST(page_tables_acpi_bytes_are_mapped_by_whole_pages),
        TEST(page_tables_map_may_change_while_it_is_mapped),
        TEST(page_tables_without_nx_set_no_nx),
        TEST(page_tables_kernel_keeps_permissions_and_guard_gaps),
        TEST(page_tables_largest_fitting_page_is_taken),
        TEST(page_tables_range_may_cross_top_level_entries),
        TEST(page_tables_split_keeps_the_rest),
        TEST(page_tables_out_of_pages_is_reported_at_each_step),
        TEST(page_tables_arguments_are_whole_pages),
        TEST(page_tables_random_changes_match_the_model),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
