// SPDX-License-Identifier: MIT
// kernel/acpi/fadt.c: what each revision says, and what it does not say yet.
#include <support/unit.h>

#include <support/acpi_tables.h>

constexpr size_t BYTES_1_0 = 116;
constexpr size_t BYTES_2_0 = 244;
constexpr size_t BYTES_6_0 = 276;

constexpr uint32_t FLAG_32_BIT = 1 << 8;
constexpr uint32_t FLAG_RESET = 1 << 10;
constexpr uint32_t FLAG_REDUCED = 1 << 20;

static struct acpi acpi;
static struct acpi_fadt fadt;
static uint8_t table[BYTES_6_0]; // with its header, so that offsets are those of the specification

static int plain_table(void **)
{
    memset(table, 0, sizeof table);
    tables_write(table + 76, 0x608, 4); // PM_TMR_BLK
    table[91] = 4;                      // PM_TMR_LEN
    table[108] = 0x32;                  // CENTURY
    tables_write(table + 109, 0x3, 2);  // IAPC_BOOT_ARCH: legacy devices, 8042
    tables_write(table + 48, 0xb2, 4);  // SMI_CMD
    table[52] = 0xf1;                   // ACPI_ENABLE
    tables_write(table + 64, 0x604, 4); // PM1a_CNT_BLK
    tables_write(table + 68, 0x704, 4); // PM1b_CNT_BLK
    table[89] = 2;                      // PM1_CNT_LEN
    return 0;
}

static int no_memory(void **)
{
    physical_memory_clear();
    return 0;
}

static enum status read_status(uint8_t revision, size_t size_bytes)
{
    tables_make_acpi(&acpi, "FACP", revision, table + TABLES_HEADER_BYTES, size_bytes - TABLES_HEADER_BYTES);
    memset(&fadt, 0x5a, sizeof fadt);
    return acpi_read_fadt(&acpi, &fadt);
}

static void read(uint8_t revision, size_t size_bytes)
{
    assert_int_equal(read_status(revision, size_bytes), STATUS_OK);
}

static void put_register(size_t offset, uint8_t space, uint64_t address)
{
    memcpy(table + offset, (uint8_t[]){space, 32, 0, 3}, 4);
    tables_write(table + offset + 4, address, 8);
}

static void put_extended_timer(uint8_t space, uint64_t address)
{
    put_register(208, space, address);
}

static void assert_register(const struct acpi_register *reg, uint8_t space, uint64_t address)
{
    assert_int_equal(reg->space, space);
    assert_int_equal(reg->address, address);
}

static void assert_no_register(const struct acpi_register *reg)
{
    assert_register(reg, 0, 0);
}

static void no_table_is_not_found(void **)
{
    tables_make_acpi(&acpi, "FACQ", 1, table + TABLES_HEADER_BYTES, BYTES_1_0);
    assert_int_equal(acpi_read_fadt(&acpi, &fadt), STATUS_NOT_FOUND);
    assert_int_equal(fadt.pm_timer_port, 0);
}

static void a_table_shorter_than_the_first_is_corrupt(void **)
{
    assert_int_equal(read_status(1, BYTES_1_0 - 1), STATUS_CORRUPT);
    assert_int_equal(fadt.pm_timer_port, 0);
    assert_int_equal(read_status(1, TABLES_HEADER_BYTES), STATUS_CORRUPT);
}

static void a_table_of_acpi_1_is_read(void **)
{
    read(1, BYTES_1_0);
    assert_int_equal(fadt.pm_timer_port, 0x608);
    assert_false(fadt.is_pm_timer_32_bit);
    assert_int_equal(fadt.rtc_century_index, 0x32);
    assert_false(fadt.has_no_8042 || fadt.has_no_rtc || fadt.is_hardware_reduced);
    tables_write(table + 112, FLAG_32_BIT, 4);
    read(1, BYTES_1_0);
    assert_true(fadt.is_pm_timer_32_bit);
}

static void zero_means_that_there_is_no_timer(void **)
{
    tables_write(table + 76, 0, 4);
    tables_write(table + 112, FLAG_32_BIT, 4);
    read(1, BYTES_1_0);
    assert_int_equal(fadt.pm_timer_port, 0);
    assert_false(fadt.is_pm_timer_32_bit);
}

static void a_timer_of_another_length_is_none(void **)
{
    static const uint8_t lengths[] = {0, 1, 3, 5, 0xff};
    put_extended_timer(1, 0x708);
    for (unsigned i = 0; i < sizeof lengths; i++) {
        table[91] = lengths[i];
        read(1, BYTES_1_0);
        assert_int_equal(fadt.pm_timer_port, 0);
        read(3, BYTES_2_0);
        assert_int_equal(fadt.pm_timer_port, 0);
    }
}

static void a_port_beyond_the_last_is_no_timer(void **)
{
    static const struct {
        uint64_t address;
        uint16_t port;
    } cases[] = {{0xfffc, 0xfffc}, {0xfffd, 0}, {0x1'0608, 0}, {0xffff'ffff, 0}, {0x1'0000'0608, 0}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_extended_timer(1, cases[i].address);
        read(3, BYTES_2_0);
        assert_int_equal(fadt.pm_timer_port, cases[i].port);
        put_extended_timer(0, 0);
        if (cases[i].address > UINT32_MAX)
            continue;
        tables_write(table + 76, cases[i].address, 4);
        read(1, BYTES_1_0);
        assert_int_equal(fadt.pm_timer_port, cases[i].port);
    }
}

static void the_extended_timer_is_preferred(void **)
{
    put_extended_timer(1, 0x708);
    read(3, BYTES_2_0);
    assert_int_equal(fadt.pm_timer_port, 0x708);
    read(3, 220); // it just fits
    assert_int_equal(fadt.pm_timer_port, 0x708);
}

static void an_extended_timer_that_is_not_there_does_not_count(void **)
{
    put_extended_timer(1, 0x708);
    read(3, 219); // cut
    assert_int_equal(fadt.pm_timer_port, 0x608);
    read(2, BYTES_2_0); // nothing was defined there
    assert_int_equal(fadt.pm_timer_port, 0x608);
    put_extended_timer(1, 0);
    read(3, BYTES_2_0);
    assert_int_equal(fadt.pm_timer_port, 0x608);
}

static void a_timer_in_memory_is_none(void **)
{
    static const uint8_t spaces[] = {0, 2, 3, 0x0a, 0x7f, 0xff};
    for (unsigned i = 0; i < sizeof spaces; i++) {
        put_extended_timer(spaces[i], 0x708);
        read(3, BYTES_2_0);
        assert_int_equal(fadt.pm_timer_port, 0);
    }
}

static void boot_flags_count_from_revision_3_on(void **)
{
    tables_write(table + 109, 0, 2);
    for (uint8_t revision = 0; revision <= 6; revision++) {
        read(revision, BYTES_2_0);
        assert_int_equal(fadt.has_no_8042, revision >= 3);
        assert_false(fadt.has_no_rtc);
    }
    tables_write(table + 109, 0xffff, 2);
    for (uint8_t revision = 0; revision <= 6; revision++) {
        read(revision, BYTES_2_0);
        assert_false(fadt.has_no_8042);
        assert_int_equal(fadt.has_no_rtc, revision >= 5);
    }
    tables_write(table + 109, 0xffff & ~(1 << 5) & ~(1 << 1), 2);
    read(6, BYTES_6_0);
    assert_true(fadt.has_no_8042);
    assert_false(fadt.has_no_rtc);
}

static void hardware_reduced_has_no_fixed_registers(void **)
{
    tables_write(table + 112, FLAG_32_BIT | FLAG_REDUCED, 4);
    tables_write(table + 109, 1 << 5, 2);
    put_extended_timer(1, 0x708);
    read(5, BYTES_6_0);
    assert_true(fadt.is_hardware_reduced);
    assert_int_equal(fadt.pm_timer_port, 0);
    assert_false(fadt.is_pm_timer_32_bit);
    assert_int_equal(fadt.rtc_century_index, 0);
    assert_true(fadt.has_no_8042); // these are not among the ignored fields
    assert_true(fadt.has_no_rtc);
}

static void hardware_reduced_counts_from_revision_5_on(void **)
{
    tables_write(table + 112, FLAG_REDUCED, 4);
    read(4, BYTES_2_0);
    assert_false(fadt.is_hardware_reduced);
    assert_int_equal(fadt.pm_timer_port, 0x608);
    tables_write(table + 112, ~FLAG_REDUCED, 4);
    read(5, BYTES_6_0);
    assert_false(fadt.is_hardware_reduced);
}

static void pm1_control_is_in_each_table(void **)
{
    read(1, BYTES_1_0);
    assert_register(&fadt.pm1a_control, ACPI_SPACE_IO, 0x604);
    assert_register(&fadt.pm1b_control, ACPI_SPACE_IO, 0x704);
    assert_int_equal(fadt.smi_command_port, 0xb2);
    assert_int_equal(fadt.acpi_enable, 0xf1);
    tables_write(table + 68, 0, 4);
    read(1, BYTES_1_0);
    assert_no_register(&fadt.pm1b_control);
    table[89] = 1; // too short for a register of 16 bits
    read(1, BYTES_1_0);
    assert_no_register(&fadt.pm1a_control);
}

static void extended_pm1_control_is_preferred_and_may_be_in_memory(void **)
{
    put_register(172, ACPI_SPACE_MEMORY, 0xfed0'1234);
    put_register(184, ACPI_SPACE_IO, 0x904);
    read(2, BYTES_2_0); // nothing was defined there
    assert_register(&fadt.pm1a_control, ACPI_SPACE_IO, 0x604);
    read(3, BYTES_2_0);
    assert_register(&fadt.pm1a_control, ACPI_SPACE_MEMORY, 0xfed0'1234);
    assert_register(&fadt.pm1b_control, ACPI_SPACE_IO, 0x904);
    read(3, 195); // the second one is cut
    assert_register(&fadt.pm1a_control, ACPI_SPACE_MEMORY, 0xfed0'1234);
    assert_register(&fadt.pm1b_control, ACPI_SPACE_IO, 0x704);
    static const uint8_t others[] = {2, 3, 4, 0x0a, 0x7f, 0xff};
    for (unsigned i = 0; i < sizeof others; i++) {
        put_register(172, others[i], 0x904);
        read(3, BYTES_2_0);
        assert_no_register(&fadt.pm1a_control);
    }
}

static void a_register_beyond_its_space_is_none(void **)
{
    tables_write(table + 64, 0xffff, 4); // of two bytes, one is there
    tables_write(table + 48, 0x1'0000, 4);
    read(1, BYTES_1_0);
    assert_no_register(&fadt.pm1a_control);
    assert_int_equal(fadt.smi_command_port, 0);
    tables_write(table + 64, 0xfffe, 4);
    read(1, BYTES_1_0);
    assert_register(&fadt.pm1a_control, ACPI_SPACE_IO, 0xfffe);
    put_register(172, ACPI_SPACE_MEMORY, UINT64_MAX);
    read(3, BYTES_2_0);
    assert_no_register(&fadt.pm1a_control);
    put_register(172, ACPI_SPACE_MEMORY, UINT64_MAX - 1);
    read(3, BYTES_2_0);
    assert_register(&fadt.pm1a_control, ACPI_SPACE_MEMORY, UINT64_MAX - 1);
}

static void reset_takes_a_flag_and_a_revision(void **)
{
    put_register(116, ACPI_SPACE_IO, 0xcf9);
    table[128] = 0x0f;
    read(3, BYTES_2_0);
    assert_no_register(&fadt.reset);
    tables_write(table + 112, FLAG_RESET, 4);
    read(3, BYTES_2_0);
    assert_register(&fadt.reset, ACPI_SPACE_IO, 0xcf9);
    assert_int_equal(fadt.reset_value, 0x0f);
    read(2, BYTES_2_0);
    assert_no_register(&fadt.reset);
    read(3, 128); // its value is cut
    assert_no_register(&fadt.reset);
    read(3, 129);
    assert_register(&fadt.reset, ACPI_SPACE_IO, 0xcf9);
    tables_write(table + 112, FLAG_RESET | FLAG_REDUCED, 4);
    read(5, BYTES_6_0);
    assert_register(&fadt.reset, ACPI_SPACE_IO, 0xcf9);
}

static void reset_may_be_in_three_spaces(void **)
{
    static const struct {
        uint64_t address;
        uint8_t space;
        bool is_one;
    } cases[] = {
        {0x1234'5678'9abc, 0, true}, {UINT64_MAX, 0, true},      {0xffff, 1, true},    {0x1'0000, 1, false},
        {0x1f'0007'00ff, 2, true},   {0x20'0000'0000, 2, false}, {0x8'0000, 2, false}, {0x100, 2, false},
        {1ull << 48, 2, false},      {0xcf9, 3, false},          {0xcf9, 0x7f, false},
    };
    tables_write(table + 112, FLAG_RESET, 4);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_register(116, cases[i].space, cases[i].address);
        read(3, BYTES_2_0);
        if (cases[i].is_one)
            assert_register(&fadt.reset, cases[i].space, cases[i].address);
        else
            assert_no_register(&fadt.reset);
    }
}

static void sleep_control_is_for_reduced_hardware(void **)
{
    put_register(244, ACPI_SPACE_MEMORY, 0xfea0'0200);
    read(5, BYTES_6_0);
    assert_no_register(&fadt.sleep_control);
    assert_register(&fadt.pm1a_control, ACPI_SPACE_IO, 0x604);
    tables_write(table + 112, FLAG_REDUCED, 4);
    read(5, BYTES_6_0);
    assert_register(&fadt.sleep_control, ACPI_SPACE_MEMORY, 0xfea0'0200);
    assert_no_register(&fadt.pm1a_control);
    assert_int_equal(fadt.smi_command_port, 0);
    read(5, 255); // cut
    assert_no_register(&fadt.sleep_control);
    put_register(244, ACPI_SPACE_PCI, 0x40);
    read(5, BYTES_6_0);
    assert_no_register(&fadt.sleep_control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_table_is_not_found, plain_table),
        cmocka_unit_test_setup(a_table_shorter_than_the_first_is_corrupt, plain_table),
        cmocka_unit_test_setup(a_table_of_acpi_1_is_read, plain_table),
        cmocka_unit_test_setup(zero_means_that_there_is_no_timer, plain_table),
        cmocka_unit_test_setup(a_timer_of_another_length_is_none, plain_table),
        cmocka_unit_test_setup(a_port_beyond_the_last_is_no_timer, plain_table),
        cmocka_unit_test_setup(the_extended_timer_is_preferred, plain_table),
        cmocka_unit_test_setup(an_extended_timer_that_is_not_there_does_not_count, plain_table),
        cmocka_unit_test_setup(a_timer_in_memory_is_none, plain_table),
        cmocka_unit_test_setup(boot_flags_count_from_revision_3_on, plain_table),
        cmocka_unit_test_setup(hardware_reduced_has_no_fixed_registers, plain_table),
        cmocka_unit_test_setup(hardware_reduced_counts_from_revision_5_on, plain_table),
        cmocka_unit_test_setup(pm1_control_is_in_each_table, plain_table),
        cmocka_unit_test_setup(extended_pm1_control_is_preferred_and_may_be_in_memory, plain_table),
        cmocka_unit_test_setup(a_register_beyond_its_space_is_none, plain_table),
        cmocka_unit_test_setup(reset_takes_a_flag_and_a_revision, plain_table),
        cmocka_unit_test_setup(reset_may_be_in_three_spaces, plain_table),
        cmocka_unit_test_setup(sleep_control_is_for_reduced_hardware, plain_table),
    };
    return cmocka_run_group_tests(tests, nullptr, no_memory);
}
