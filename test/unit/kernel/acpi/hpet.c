// SPDX-License-Identifier: MIT
// kernel/acpi/hpet.c: where the registers are, and the tables that cannot say.
#include <support/unit.h>

#include <support/acpi_tables.h>

static struct acpi acpi;
static struct acpi_hpet hpet;

static int no_memory(void **)
{
    physical_memory_clear();
    return 0;
}

static enum status read(uint8_t space, uint64_t address, size_t size_bytes)
{
    uint8_t body[24] = {0x01, 0xa2, 0x86, 0x80, space, 64, 0, 0};
    tables_write(body + 8, address, 8);
    body[16] = 3;
    tables_make_acpi(&acpi, "HPET", 1, body, size_bytes - TABLES_HEADER_BYTES);
    memset(&hpet, 0x5a, sizeof hpet);
    return acpi_read_hpet(&acpi, &hpet);
}

static void no_table_is_not_found(void **)
{
    tables_make_acpi(&acpi, "HPEX", 1, nullptr, 20);
    assert_int_equal(acpi_read_hpet(&acpi, &hpet), STATUS_NOT_FOUND);
    assert_int_equal(hpet.address.value, 0);
}

static void registers_in_memory_have_an_address(void **)
{
    assert_int_equal(read(0, 0xfed0'0000, 56), STATUS_OK);
    assert_int_equal(hpet.address.value, 0xfed0'0000);
    assert_int_equal(hpet.number, 3);
    assert_int_equal(read(0, 0x12'3456'7008, 60), STATUS_OK);
    assert_int_equal(hpet.address.value, 0x12'3456'7008);
}

static void registers_elsewhere_are_unsupported(void **)
{
    assert_int_equal(read(1, 0x1000, 56), STATUS_UNSUPPORTED);
    assert_int_equal(read(0xff, 0xfed0'0000, 56), STATUS_UNSUPPORTED);
    assert_int_equal(hpet.address.value, 0);
}

static void a_short_table_is_corrupt(void **)
{
    assert_int_equal(read(0, 0xfed0'0000, 55), STATUS_CORRUPT);
    assert_int_equal(read(0, 0xfed0'0000, TABLES_HEADER_BYTES), STATUS_CORRUPT);
    assert_int_equal(hpet.address.value, 0);
}

static void an_address_that_cannot_be_is_corrupt(void **)
{
    assert_int_equal(read(0, 0, 56), STATUS_CORRUPT);
    assert_int_equal(read(0, 0xfed0'0004, 56), STATUS_CORRUPT);
    assert_int_equal(hpet.address.value, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_table_is_not_found),
        cmocka_unit_test(registers_in_memory_have_an_address),
        cmocka_unit_test(registers_elsewhere_are_unsupported),
        cmocka_unit_test(a_short_table_is_corrupt),
        cmocka_unit_test(an_address_that_cannot_be_is_corrupt),
    };
    return cmocka_run_group_tests(tests, nullptr, no_memory);
}
