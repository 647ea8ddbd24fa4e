// SPDX-License-Identifier: MIT
// kernel/acpi/acpi.c: root pointers, root tables and the tables that they name, right and wrong in each way.
#include <support/unit.h>

#include <stdlib.h>
#include <support/acpi_tables.h>

constexpr uint32_t TABLE_A = 0x3fe'3001;
constexpr uint32_t TABLE_B = 0x3fe'4002;
constexpr uint32_t TABLE_C = 0x3fe'5003;

static struct acpi acpi;

static int no_memory(void **)
{
    physical_memory_clear();
    return 0;
}

static enum status init(void)
{
    memset(&acpi, 0x5a, sizeof acpi); // nothing is left of what was there
    return acpi_init(&acpi, (phys_addr_t){TABLES_RSDP}, physical_memory_map);
}

static void assert_init_fails(enum status status)
{
    assert_int_equal(init(), status);
    assert_int_equal(acpi.table_count, 0);
    struct acpi_table table;
    assert_int_equal(acpi_find_table(&acpi, nullptr, 0, &table), STATUS_NOT_FOUND);
}

static uint64_t found_at(const char *signature, unsigned index)
{
    struct acpi_table table;
    return acpi_find_table(&acpi, signature, index, &table) == STATUS_OK ? table.address.value : 0;
}

// A table at TABLE_A, named by the RSDT that a root pointer of ACPI 1.0 leads to. Returns the table.
static uint8_t *put_simple_memory(void)
{
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt((uint32_t[]){TABLE_A}, 1);
    return tables_put(TABLE_A, "AAAA", 7, "body", 4);
}

// Table A in the RSDT, B in the XSDT. Returns the XSDT.
static uint8_t *put_both_roots(void)
{
    tables_put_rsdp(2, TABLES_RSDT, TABLES_XSDT);
    tables_put_rsdt((uint32_t[]){TABLE_A}, 1);
    tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
    tables_put(TABLE_B, "BBBB", 1, nullptr, 0);
    return tables_put_xsdt((uint64_t[]){TABLE_B}, 1);
}

static void no_root_pointer_is_not_found(void **)
{
    memset(&acpi, 0x5a, sizeof acpi);
    assert_int_equal(acpi_init(&acpi, (phys_addr_t){0}, physical_memory_map), STATUS_NOT_FOUND);
    assert_int_equal(acpi.table_count, 0);
    assert_int_equal(acpi.skipped_count, 0);
    assert_int_equal(physical_memory_map_count(), 0);
}

static void an_acpi_1_root_leads_to_the_rsdt(void **)
{
    put_simple_memory();
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.revision, 0);
    assert_int_equal(acpi.table_count, 1);
    assert_int_equal(acpi.skipped_count, 0);
    struct acpi_table table;
    assert_int_equal(acpi_find_table(&acpi, "AAAA", 0, &table), STATUS_OK);
    assert_string_equal(table.signature, "AAAA");
    assert_int_equal(table.address.value, TABLE_A);
    assert_int_equal(table.revision, 7);
    assert_int_equal(table.size_bytes, TABLES_HEADER_BYTES + 4);
    assert_memory_equal(table.bytes + TABLES_HEADER_BYTES, "body", 4);
}

static void an_acpi_1_root_ignores_what_lies_behind_it(void **)
{
    uint8_t *rsdp = tables_put_rsdp(2, TABLES_RSDT, TABLES_XSDT);
    rsdp[15] = 1; // between 0 and 2, nothing was defined
    tables_fix_sum(rsdp, 20, 8);
    rsdp[32]++;
    tables_put_rsdt((uint32_t[]){TABLE_A}, 1);
    tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
    tables_put_xsdt((uint64_t[]){TABLE_B}, 1);
    tables_put(TABLE_B, "BBBB", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(found_at("AAAA", 0), TABLE_A);
    assert_int_equal(found_at("BBBB", 0), 0);
}

static void the_xsdt_is_preferred(void **)
{
    put_both_roots();
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.revision, 2);
    assert_int_equal(found_at("BBBB", 0), TABLE_B);
    assert_int_equal(found_at("AAAA", 0), 0);
    assert_int_equal(acpi.skipped_count, 0);
}

static void an_xsdt_leads_beyond_4_gib(void **)
{
    constexpr uint64_t high = 0x12'3456'7001;
    tables_put_rsdp(2, 0, TABLES_XSDT);
    tables_put_xsdt((uint64_t[]){high}, 1);
    tables_put(high, "HIGH", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(found_at("HIGH", 0), high);
}

static void a_wrong_root_pointer_is_corrupt(void **)
{
    for (unsigned i = 0; i < 5; i++) {
        physical_memory_clear();
        put_simple_memory();
        uint8_t *rsdp = physical_memory_at(TABLES_RSDP, 20);
        rsdp[i * 4]++; // signature, signature, sum, OEM, RSDT
        assert_init_fails(STATUS_CORRUPT);
        rsdp[i * 4]--;
        assert_int_equal(init(), STATUS_OK);
    }
    uint8_t *rsdp = physical_memory_at(TABLES_RSDP, 20);
    rsdp[0] = 'r'; // not a signature, with a right sum
    tables_fix_sum(rsdp, 20, 8);
    assert_init_fails(STATUS_CORRUPT);
}

static void a_root_pointer_outside_memory_is_corrupt(void **)
{
    assert_init_fails(STATUS_CORRUPT);
    uint8_t rsdp[20];
    memcpy(rsdp, tables_put_rsdp(0, TABLES_RSDT, 0), sizeof rsdp);
    physical_memory_clear();
    physical_memory_put(TABLES_RSDP, rsdp, sizeof rsdp - 1);
    assert_init_fails(STATUS_CORRUPT);
    assert_int_equal(acpi_init(&acpi, (phys_addr_t){UINT64_MAX - 18}, physical_memory_map), STATUS_CORRUPT);
}

static void the_second_sum_of_a_root_pointer_counts(void **)
{
    put_both_roots();
    uint8_t *rsdp = physical_memory_at(TABLES_RSDP, 36);
    rsdp[33]++;
    assert_init_fails(STATUS_CORRUPT);
}

static void the_length_of_a_root_pointer_is_not_believed(void **)
{
    static const uint32_t lengths[] = {0, 20, 35, 37, 4096, 4097, 0x7fff'ffff, UINT32_MAX};
    put_both_roots();
    uint8_t *rsdp = physical_memory_at(TABLES_RSDP, 36);
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        tables_write(rsdp + 20, lengths[i], 4);
        tables_fix_sum(rsdp, lengths[i] < 36 ? lengths[i] : 36, lengths[i] < 33 ? 8 : 32);
        tables_fix_sum(rsdp, 20, 8);
        assert_init_fails(STATUS_CORRUPT);
    }
}

static void a_short_extended_root_pointer_is_corrupt(void **)
{
    uint8_t *rsdp = tables_put_rsdp(0, TABLES_RSDT, 0); // 20 bytes are there
    rsdp[15] = 2;
    tables_fix_sum(rsdp, 20, 8);
    tables_put_rsdt(nullptr, 0);
    assert_init_fails(STATUS_CORRUPT);
}

static void a_longer_root_pointer_is_summed_as_a_whole(void **)
{
    uint8_t *rsdp = physical_memory_put(TABLES_RSDP, nullptr, 40);
    memcpy(rsdp, "RSD PTR ", 8);
    rsdp[15] = 3;
    tables_write(rsdp + 20, 40, 4);
    tables_write(rsdp + 24, TABLES_XSDT, 8);
    rsdp[39] = 0x77;
    tables_fix_sum(rsdp, 20, 8);
    tables_fix_sum(rsdp, 40, 32);
    tables_put_xsdt((uint64_t[]){TABLE_A}, 1);
    tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.revision, 3);
    assert_int_equal(acpi.table_count, 1);
    rsdp[39]++;
    assert_init_fails(STATUS_CORRUPT);
}

static void a_root_pointer_of_more_than_a_page_is_noise(void **)
{
    uint8_t *rsdp = physical_memory_put(TABLES_RSDP, nullptr, 4097);
    memcpy(rsdp, "RSD PTR ", 8);
    rsdp[15] = 2;
    tables_write(rsdp + 24, TABLES_XSDT, 8);
    tables_put_xsdt((uint64_t[]){TABLE_A}, 1);
    for (uint32_t length = 4096; length <= 4097; length++) {
        tables_write(rsdp + 20, length, 4);
        tables_fix_sum(rsdp, 20, 8);
        tables_fix_sum(rsdp, length, 32);
        assert_int_equal(init(), length == 4096 ? STATUS_OK : STATUS_CORRUPT);
    }
}

static void break_sum(uint8_t *root)
{
    root[20]++;
}

static void break_signature(uint8_t *root)
{
    root[0] = 'Y';
    tables_fix_sum(root, 44, 9);
}

static void make_shorter_than_a_header(uint8_t *root)
{
    tables_write(root + 4, 35, 4);
    tables_fix_sum(root, 35, 9);
}

static void make_longer_than_memory(uint8_t *root)
{
    tables_write(root + 4, 45, 4);
    tables_fix_sum(root, 44, 9);
}

static void make_as_long_as_can_be(uint8_t *root)
{
    tables_write(root + 4, UINT32_MAX, 4);
    tables_fix_sum(root, 44, 9);
}

static void lead_nowhere(uint8_t *root)
{
    tables_write(root + 36, 0xdead'beef'0000, 8);
    tables_fix_sum(root, 44, 9);
}

static void a_wrong_xsdt_gives_way_to_the_rsdt(void **)
{
    static void (*const breaks[])(uint8_t *) = {
        break_sum,   break_signature, make_shorter_than_a_header, make_longer_than_memory, make_as_long_as_can_be,
        lead_nowhere};
    for (unsigned i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        physical_memory_clear();
        breaks[i](put_both_roots());
        assert_int_equal(init(), STATUS_OK);
        assert_int_equal(found_at("AAAA", 0), TABLE_A);
        assert_int_equal(found_at("BBBB", 0), 0);
        assert_int_equal(acpi.skipped_count, 1);
    }
}

static void an_xsdt_outside_memory_gives_way_to_the_rsdt(void **)
{
    static const uint64_t addresses[] = {1, 0x8000'0000'0000'0000, UINT64_MAX - 36, UINT64_MAX};
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        physical_memory_clear();
        tables_put_rsdp(2, TABLES_RSDT, addresses[i]);
        tables_put_rsdt((uint32_t[]){TABLE_A}, 1);
        tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
        assert_int_equal(init(), STATUS_OK);
        assert_int_equal(found_at("AAAA", 0), TABLE_A);
        assert_int_equal(acpi.skipped_count, 1);
    }
}

static void a_root_pointer_without_an_xsdt_leads_to_the_rsdt(void **)
{
    tables_put_rsdp(2, TABLES_RSDT, 0);
    tables_put_rsdt((uint32_t[]){TABLE_A}, 1);
    tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.table_count, 1);
    assert_int_equal(acpi.skipped_count, 0); // nothing was wrong
}

static void an_empty_xsdt_is_right_whatever_the_rsdt_is(void **)
{
    tables_put_rsdp(2, TABLES_RSDT, TABLES_XSDT);
    tables_put_xsdt(nullptr, 0);
    break_sum(tables_put_rsdt((uint32_t[]){TABLE_A}, 1));
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.table_count, 0);
    assert_int_equal(acpi.skipped_count, 1);
}

static void two_wrong_roots_are_corrupt(void **)
{
    uint8_t *xsdt = put_both_roots();
    xsdt[20]++;
    physical_memory_at(TABLES_RSDT, 40)[20]++;
    assert_init_fails(STATUS_CORRUPT);
    assert_int_equal(acpi.skipped_count, 2);
}

static void no_root_table_at_all_is_corrupt(void **)
{
    tables_put_rsdp(2, 0, 0);
    assert_init_fails(STATUS_CORRUPT);
    physical_memory_clear();
    tables_put_rsdp(0, 0, 0);
    assert_init_fails(STATUS_CORRUPT);
}

static void an_empty_root_table_is_right(void **)
{
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt(nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.table_count, 0);
    assert_int_equal(acpi.skipped_count, 0);
}

static void half_an_entry_is_none(void **)
{
    tables_put_rsdp(2, 0, TABLES_XSDT);
    uint8_t entries[12] = {};
    tables_write(entries, TABLE_A, 8);
    tables_write(entries + 8, TABLE_B, 4);
    tables_put(TABLES_XSDT, "XSDT", 1, entries, sizeof entries);
    tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
    tables_put(TABLE_B, "BBBB", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.table_count, 1);
    assert_int_equal(acpi.skipped_count, 0);
}

// The middle one of three tables is broken; the others stay.
static void assert_middle_is_skipped(void (*break_table)(uint8_t *))
{
    physical_memory_clear();
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt((uint32_t[]){TABLE_A, TABLE_B, TABLE_C}, 3);
    tables_put(TABLE_A, "SSDT", 1, nullptr, 0);
    break_table(tables_put(TABLE_B, "SSDT", 1, nullptr, 8));
    tables_put(TABLE_C, "SSDT", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.skipped_count, 1);
    assert_int_equal(found_at("SSDT", 0), TABLE_A);
    assert_int_equal(found_at("SSDT", 1), TABLE_C);
    assert_int_equal(found_at("SSDT", 2), 0);
}

static void a_wrong_table_is_skipped_and_counted(void **)
{
    assert_middle_is_skipped(break_sum);
    assert_middle_is_skipped(make_shorter_than_a_header);
    assert_middle_is_skipped(make_longer_than_memory);
    assert_middle_is_skipped(make_as_long_as_can_be);
}

static void an_address_without_a_table_is_skipped(void **)
{
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt((uint32_t[]){0, 1, TABLE_A, UINT32_MAX, TABLE_B, TABLE_B + 1}, 6);
    tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
    tables_put(TABLE_B, "BBBB", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.table_count, 2);
    assert_int_equal(acpi.skipped_count, 4);
}

static void an_entry_whose_table_would_wrap_is_skipped(void **)
{
    tables_put_rsdp(2, 0, TABLES_XSDT);
    tables_put_xsdt((uint64_t[]){UINT64_MAX, UINT64_MAX - 34, UINT64_MAX - 35, TABLE_A}, 4);
    uint8_t *last = tables_put(UINT64_MAX - 35, "LAST", 1, nullptr, 0); // ends with the address space
    tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.skipped_count, 2);
    assert_int_equal(found_at("LAST", 0), UINT64_MAX - 35);
    tables_write(last + 4, 37, 4); // one byte beyond it
    tables_fix_sum(last, 36, 9);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.skipped_count, 3);
}

static void a_root_that_names_itself_or_one_table_twice_adds_nothing(void **)
{
    tables_put_rsdp(2, 0, TABLES_XSDT);
    tables_put_xsdt((uint64_t[]){TABLES_XSDT, TABLE_A, TABLE_A, TABLES_RSDT, TABLE_A}, 5);
    tables_put_rsdt((uint32_t[]){TABLES_XSDT}, 1);
    tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.table_count, 1);
    assert_int_equal(acpi.skipped_count, 4);
}

static void entries_beyond_the_limit_are_counted_and_not_followed(void **)
{
    constexpr unsigned count = ACPI_TABLE_LIMIT + 100;
    uint32_t addresses[count];
    tables_put_rsdp(0, TABLES_RSDT, 0);
    for (unsigned i = 0; i < count; i++) {
        addresses[i] = 0x400'0000 + i * 0x100;
        tables_put(addresses[i], i == count - 1 ? "LAST" : "MANY", 1, nullptr, 0);
    }
    tables_put_rsdt(addresses, count);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.table_count, ACPI_TABLE_LIMIT);
    assert_int_equal(acpi.skipped_count, 100);
    assert_int_equal(found_at("MANY", ACPI_TABLE_LIMIT - 1), addresses[ACPI_TABLE_LIMIT - 1]);
    assert_int_equal(found_at("LAST", 0), 0);
}

static void a_root_of_a_million_wrong_entries_costs_little(void **)
{
    constexpr unsigned count = 1'000'000;
    uint32_t *addresses = calloc(count, sizeof *addresses);
    for (unsigned i = 0; i < count; i++)
        addresses[i] = TABLES_RSDT;
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt(addresses, count);
    free(addresses);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.table_count, 0);
    assert_int_equal(acpi.skipped_count, count);
    assert_true(physical_memory_map_count() <= 3 + 2 * ACPI_TABLE_LIMIT);
}

static void all_tables_together_have_a_limit(void **)
{
    constexpr uint32_t large = 6 << 20;
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt((uint32_t[]){0x1000'0000, 0x2000'0000, 0x3000'0000, TABLE_A}, 4);
    for (uint32_t i = 1; i <= 3; i++)
        tables_put(i * 0x1000'0000, "HUGE", 1, nullptr, large);
    tables_put(TABLE_A, "AAAA", 1, nullptr, 0);
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(acpi.skipped_count, 1); // the third one; a small one still has room
    assert_int_equal(found_at("HUGE", 1), 0x2000'0000);
    assert_int_equal(found_at("HUGE", 2), 0);
    assert_int_equal(found_at("AAAA", 0), TABLE_A);
}

static void signatures_are_compared_by_four_bytes(void **)
{
    put_simple_memory();
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(found_at("AAAA", 0), TABLE_A);
    assert_int_equal(found_at("AAAB", 0), 0);
    assert_int_equal(found_at("BAAA", 0), 0);
    assert_int_equal(found_at("AAAA", 1), 0);
    assert_int_equal(found_at(nullptr, 0), TABLE_A);
    assert_int_equal(found_at(nullptr, 1), 0);
    assert_int_equal(found_at(nullptr, UINT32_MAX), 0);
}

static void a_signature_cannot_carry_control_codes(void **)
{
    uint8_t *table = put_simple_memory();
    memcpy(table, "\033[\0\xe4", 4);
    tables_fix_sum(table, 40, 9);
    assert_int_equal(init(), STATUS_OK);
    struct acpi_table found;
    assert_int_equal(acpi_find_table(&acpi, nullptr, 0, &found), STATUS_OK);
    assert_string_equal(found.signature, "?[??");
}

// A FADT that names DSDTs at PLAIN and EXTENDED, and whole ones at TABLE_B and TABLE_C.
static void put_dsdts(uint8_t revision, uint64_t plain, uint64_t extended)
{
    uint8_t fadt[148 - TABLES_HEADER_BYTES] = {};
    tables_write(fadt + 40 - TABLES_HEADER_BYTES, plain, 4);
    tables_write(fadt + 140 - TABLES_HEADER_BYTES, extended, 8);
    physical_memory_clear();
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt((uint32_t[]){TABLE_A}, 1);
    tables_put(TABLE_A, "FACP", revision, fadt, sizeof fadt);
    tables_put(TABLE_B, "DSDT", 2, "plain", 5);
    tables_put(TABLE_C, "DSDT", 2, "extended", 8);
}

static void assert_dsdt(uint64_t address, uint32_t skipped_count)
{
    assert_int_equal(init(), STATUS_OK);
    assert_int_equal(found_at("DSDT", 0), address);
    assert_int_equal(found_at("DSDT", 1), 0);
    assert_int_equal(acpi.skipped_count, skipped_count);
}

static void the_fadt_names_the_dsdt(void **)
{
    put_dsdts(1, TABLE_B, TABLE_C);
    assert_dsdt(TABLE_B, 0);
    put_dsdts(3, TABLE_B, TABLE_C);
    assert_dsdt(TABLE_C, 0);
    put_dsdts(3, TABLE_B, 0);
    assert_dsdt(TABLE_B, 0);
    put_dsdts(3, TABLE_B, TABLE_B);
    assert_dsdt(TABLE_B, 0);
    put_dsdts(3, 0, 0);
    assert_dsdt(0, 0);
}

static void a_wrong_dsdt_is_skipped_and_counted(void **)
{
    put_dsdts(3, TABLE_B, 0xdead'beef'0000);
    assert_dsdt(TABLE_B, 1);
    put_dsdts(3, TABLE_B, TABLE_C);
    physical_memory_at(TABLE_C, TABLES_HEADER_BYTES)[20]++;
    assert_dsdt(TABLE_B, 1);
    put_dsdts(1, 0x7777'0000, 0);
    assert_dsdt(0, 1);
    put_dsdts(3, TABLE_C, TABLE_C);
    physical_memory_at(TABLE_C, TABLES_HEADER_BYTES)[20]++;
    assert_dsdt(0, 1); // one table, one count
}

static void a_fadt_without_the_field_names_no_dsdt(void **)
{
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt((uint32_t[]){TABLE_A}, 1);
    tables_put(TABLE_A, "FACP", 6, "123\x10\x10\x10", 7); // 43 bytes: one fewer than it takes
    assert_dsdt(0, 0);
}

static void a_dsdt_beyond_the_limit_is_counted(void **)
{
    static uint32_t addresses[ACPI_TABLE_LIMIT];
    for (uint32_t i = 0; i < ACPI_TABLE_LIMIT; i++)
        addresses[i] = i == 0 ? TABLE_A : 0x500'0000 + i * 64;
    physical_memory_clear();
    uint8_t fadt[116 - TABLES_HEADER_BYTES] = {};
    tables_write(fadt + 40 - TABLES_HEADER_BYTES, TABLE_B, 4);
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt(addresses, ACPI_TABLE_LIMIT);
    tables_put(TABLE_A, "FACP", 1, fadt, sizeof fadt);
    tables_put(TABLE_B, "DSDT", 2, "plain", 5);
    for (uint32_t i = 1; i < ACPI_TABLE_LIMIT; i++)
        tables_put(addresses[i], "AAAA", 1, nullptr, 0);
    assert_dsdt(0, 1);
    assert_int_equal(acpi.table_count, ACPI_TABLE_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_root_pointer_is_not_found, no_memory),
        cmocka_unit_test_setup(an_acpi_1_root_leads_to_the_rsdt, no_memory),
        cmocka_unit_test_setup(an_acpi_1_root_ignores_what_lies_behind_it, no_memory),
        cmocka_unit_test_setup(the_xsdt_is_preferred, no_memory),
        cmocka_unit_test_setup(an_xsdt_leads_beyond_4_gib, no_memory),
        cmocka_unit_test_setup(a_wrong_root_pointer_is_corrupt, no_memory),
        cmocka_unit_test_setup(a_root_pointer_outside_memory_is_corrupt, no_memory),
        cmocka_unit_test_setup(the_second_sum_of_a_root_pointer_counts, no_memory),
        cmocka_unit_test_setup(the_length_of_a_root_pointer_is_not_believed, no_memory),
        cmocka_unit_test_setup(a_short_extended_root_pointer_is_corrupt, no_memory),
        cmocka_unit_test_setup(a_longer_root_pointer_is_summed_as_a_whole, no_memory),
        cmocka_unit_test_setup(a_root_pointer_of_more_than_a_page_is_noise, no_memory),
        cmocka_unit_test_setup(a_wrong_xsdt_gives_way_to_the_rsdt, no_memory),
        cmocka_unit_test_setup(an_xsdt_outside_memory_gives_way_to_the_rsdt, no_memory),
        cmocka_unit_test_setup(a_root_pointer_without_an_xsdt_leads_to_the_rsdt, no_memory),
        cmocka_unit_test_setup(an_empty_xsdt_is_right_whatever_the_rsdt_is, no_memory),
        cmocka_unit_test_setup(two_wrong_roots_are_corrupt, no_memory),
        cmocka_unit_test_setup(no_root_table_at_all_is_corrupt, no_memory),
        cmocka_unit_test_setup(an_empty_root_table_is_right, no_memory),
        cmocka_unit_test_setup(half_an_entry_is_none, no_memory),
        cmocka_unit_test_setup(a_wrong_table_is_skipped_and_counted, no_memory),
        cmocka_unit_test_setup(an_address_without_a_table_is_skipped, no_memory),
        cmocka_unit_test_setup(an_entry_whose_table_would_wrap_is_skipped, no_memory),
        cmocka_unit_test_setup(a_root_that_names_itself_or_one_table_twice_adds_nothing, no_memory),
        cmocka_unit_test_setup(entries_beyond_the_limit_are_counted_and_not_followed, no_memory),
        cmocka_unit_test_setup(a_root_of_a_million_wrong_entries_costs_little, no_memory),
        cmocka_unit_test_setup(all_tables_together_have_a_limit, no_memory),
        cmocka_unit_test_setup(signatures_are_compared_by_four_bytes, no_memory),
        cmocka_unit_test_setup(a_signature_cannot_carry_control_codes, no_memory),
        cmocka_unit_test_setup(the_fadt_names_the_dsdt, no_memory),
        cmocka_unit_test_setup(a_wrong_dsdt_is_skipped_and_counted, no_memory),
        cmocka_unit_test_setup(a_fadt_without_the_field_names_no_dsdt, no_memory),
        cmocka_unit_test_setup(a_dsdt_beyond_the_limit_is_counted, no_memory),
    };
    return cmocka_run_group_tests(tests, nullptr, no_memory);
}
