// SPDX-License-Identifier: MIT
// kernel/acpi/madt.c: each kind of entry, each reason to drop one, and lists that break off.
#include <support/unit.h>

#include <support/acpi_tables.h>

constexpr size_t BODY_HEADER_BYTES = 8; // address of the local APICs, flags

static struct acpi acpi;
static struct acpi_madt madt;

// What lies behind the table's header, built entry by entry.
static struct {
    uint8_t bytes[12'288];
    size_t size_bytes;
} body;

static int empty_body(void **)
{
    memset(&body, 0, sizeof body);
    tables_write(body.bytes, 0xfee0'0000, 4);
    tables_write(body.bytes + 4, 1, 4);
    body.size_bytes = BODY_HEADER_BYTES;
    return 0;
}

static int no_memory(void **)
{
    physical_memory_clear();
    return 0;
}

static void number(uint64_t value, size_t size_bytes)
{
    tables_write(body.bytes + body.size_bytes, value, size_bytes);
    body.size_bytes += size_bytes;
}

static void head(uint8_t type, uint8_t length)
{
    number(type, 1);
    number(length, 1);
}

static void put_local_apic(uint8_t uid, uint8_t apic_id, uint32_t flags)
{
    head(0, 8);
    number(uid, 1);
    number(apic_id, 1);
    number(flags, 4);
}

static void put_io_apic(uint8_t id, uint32_t address, uint32_t gsi_base)
{
    head(1, 12);
    number(id, 1);
    number(0xff, 1);
    number(address, 4);
    number(gsi_base, 4);
}

static void put_override(uint8_t bus, uint8_t irq, uint32_t gsi, uint16_t flags)
{
    head(2, 10);
    number(bus, 1);
    number(irq, 1);
    number(gsi, 4);
    number(flags, 2);
}

static void put_nmi_source(uint16_t flags, uint32_t gsi)
{
    head(3, 8);
    number(flags, 2);
    number(gsi, 4);
}

static void put_local_nmi(uint8_t uid, uint16_t flags, uint8_t lint)
{
    head(4, 6);
    number(uid, 1);
    number(flags, 2);
    number(lint, 1);
}

static void put_address(uint64_t address)
{
    head(5, 12);
    number(0xffff, 2);
    number(address, 8);
}

static void put_x2apic(uint32_t apic_id, uint32_t flags, uint32_t uid)
{
    head(9, 16);
    number(0xffff, 2);
    number(apic_id, 4);
    number(flags, 4);
    number(uid, 4);
}

static void put_x2apic_nmi(uint16_t flags, uint32_t uid, uint8_t lint)
{
    head(10, 12);
    number(flags, 2);
    number(uid, 4);
    number(lint, 1);
    number(0xff'ffff, 3);
}

static enum status read_status(void)
{
    tables_make_acpi(&acpi, "APIC", 5, body.bytes, body.size_bytes);
    memset(&madt, 0x5a, sizeof madt);
    return acpi_read_madt(&acpi, &madt);
}

static void read(void)
{
    assert_int_equal(read_status(), STATUS_OK);
}

static void no_table_is_not_found(void **)
{
    tables_make_acpi(&acpi, "APIX", 5, body.bytes, body.size_bytes);
    assert_int_equal(acpi_read_madt(&acpi, &madt), STATUS_NOT_FOUND);
    assert_int_equal(madt.local_apic.value, 0);
}

static void a_table_cut_in_its_header_is_corrupt(void **)
{
    body.size_bytes = BODY_HEADER_BYTES - 1;
    assert_int_equal(read_status(), STATUS_CORRUPT);
    assert_int_equal(madt.local_apic.value, 0);
    body.size_bytes = 0;
    assert_int_equal(read_status(), STATUS_CORRUPT);
}

static void a_table_without_entries_has_its_header(void **)
{
    read();
    assert_int_equal(madt.local_apic.value, 0xfee0'0000);
    assert_true(madt.has_8259);
    assert_int_equal(madt.processor_count, 0);
    assert_int_equal(madt.dropped_count, 0);
    tables_write(body.bytes + 4, 0xffff'fffe, 4);
    read();
    assert_false(madt.has_8259);
}

static void an_impossible_local_apic_address_is_none(void **)
{
    tables_write(body.bytes, 0xfee0'0010, 4);
    read();
    assert_int_equal(madt.local_apic.value, 0);
}

static void the_local_apic_address_is_overridden_by_64_bits(void **)
{
    put_address(0x12'3456'7000);
    read();
    assert_int_equal(madt.local_apic.value, 0x12'3456'7000);
    assert_int_equal(madt.dropped_count, 0);
}

static void an_impossible_override_of_the_address_is_dropped(void **)
{
    put_address(0);
    put_address(0x12'3456'7800);
    read();
    assert_int_equal(madt.local_apic.value, 0xfee0'0000);
    assert_int_equal(madt.dropped_count, 2);
}

static void assert_processor(unsigned index, uint32_t apic_id, uint32_t uid, bool is_enabled)
{
    assert_int_equal(madt.processors[index].apic_id, apic_id);
    assert_int_equal(madt.processors[index].uid, uid);
    assert_int_equal(madt.processors[index].is_enabled, is_enabled);
}

static void processors_come_from_both_kinds_of_entries(void **)
{
    put_local_apic(3, 7, 1);
    put_local_apic(4, 8, 2); // may be plugged in
    put_x2apic(0x1'0000, 1, 0x2'0000);
    put_x2apic(0x1'0001, 0xffff'fffe, 0x2'0001);
    read();
    assert_int_equal(madt.processor_count, 4);
    assert_processor(0, 7, 3, true);
    assert_processor(1, 8, 4, false);
    assert_processor(2, 0x1'0000, 0x2'0000, true);
    assert_processor(3, 0x1'0001, 0x2'0001, false);
    assert_int_equal(madt.dropped_count, 0);
}

static void empty_sockets_are_neither_processors_nor_mistakes(void **)
{
    put_local_apic(0, 0xff, 0);
    put_local_apic(1, 1, 0xffff'fffc);
    put_x2apic(0xffff'ffff, 0, 5);
    read();
    assert_int_equal(madt.processor_count, 0);
    assert_int_equal(madt.dropped_count, 0);
}

static void a_processor_said_twice_is_one(void **)
{
    put_local_apic(1, 5, 1);
    put_local_apic(2, 5, 1);
    put_x2apic(5, 1, 3);
    read();
    assert_int_equal(madt.processor_count, 1);
    assert_processor(0, 5, 1, true);
    assert_int_equal(madt.dropped_count, 0);
}

// As some firmware does: all of them as local APICs, then all of them as x2APICs.
static void as_many_as_fit_may_be_said_twice(void **)
{
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < ACPI_PROCESSOR_LIMIT; i++)
            put_x2apic(i, 1, i);
    }
    read();
    assert_int_equal(madt.processor_count, ACPI_PROCESSOR_LIMIT);
    assert_int_equal(madt.dropped_count, 0);
}

static void no_processor_has_the_number_of_all(void **)
{
    put_local_apic(1, 0xff, 1);
    put_x2apic(0xffff'ffff, 1, 2);
    put_x2apic(0xff, 1, 3); // in x2APIC mode a number like any other
    read();
    assert_int_equal(madt.processor_count, 1);
    assert_processor(0, 0xff, 3, true);
    assert_int_equal(madt.dropped_count, 2);
}

static void processors_beyond_the_limit_are_counted(void **)
{
    for (uint32_t i = 0; i < ACPI_PROCESSOR_LIMIT + 3; i++)
        put_x2apic(i, 1, i);
    put_io_apic(0, 0xfec0'0000, 0); // and what follows is still read
    read();
    assert_int_equal(madt.processor_count, ACPI_PROCESSOR_LIMIT);
    assert_processor(ACPI_PROCESSOR_LIMIT - 1, ACPI_PROCESSOR_LIMIT - 1, ACPI_PROCESSOR_LIMIT - 1, true);
    assert_int_equal(madt.dropped_count, 3);
    assert_int_equal(madt.io_apic_count, 1);
}

static void io_apics_have_an_address_a_base_and_an_id(void **)
{
    put_io_apic(2, 0xfec0'0000, 0);
    put_io_apic(9, 0xfec0'1000, 24);
    read();
    assert_int_equal(madt.io_apic_count, 2);
    assert_int_equal(madt.io_apics[0].address.value, 0xfec0'0000);
    assert_int_equal(madt.io_apics[1].address.value, 0xfec0'1000);
    assert_int_equal(madt.io_apics[1].gsi_base, 24);
    assert_int_equal(madt.io_apics[1].id, 9);
}

static void io_apics_that_cannot_be_are_dropped(void **)
{
    put_io_apic(1, 0, 0);
    put_io_apic(2, 0xfec0'0008, 0);
    put_io_apic(3, 0xfec0'0000, 0);
    put_io_apic(4, 0xfec0'0000, 24); // the same again
    read();
    assert_int_equal(madt.io_apic_count, 1);
    assert_int_equal(madt.io_apics[0].id, 3);
    assert_int_equal(madt.dropped_count, 3);
}

static void io_apics_beyond_the_limit_are_counted(void **)
{
    for (uint32_t i = 0; i < ACPI_IO_APIC_LIMIT + 2; i++)
        put_io_apic((uint8_t)i, 0xfec0'0000 + i * 0x1000, i * 24);
    read();
    assert_int_equal(madt.io_apic_count, ACPI_IO_APIC_LIMIT);
    assert_int_equal(madt.dropped_count, 2);
}

static void overrides_say_gsi_polarity_and_trigger(void **)
{
    put_override(0, 0, 2, 0);
    put_override(0, 9, 20, 0xf); // active low, level
    put_override(0, 10, 0x1234'5678, 0x5);
    put_override(0, 15, 3, 0xfffa); // reserved values say nothing
    read();
    assert_int_equal(madt.override_count, 4);
    assert_int_equal(madt.overrides[0].irq, 0);
    assert_int_equal(madt.overrides[0].gsi, 2);
    assert_int_equal(madt.overrides[0].polarity, ACPI_POLARITY_BUS);
    assert_int_equal(madt.overrides[0].trigger, ACPI_TRIGGER_BUS);
    assert_int_equal(madt.overrides[1].irq, 9);
    assert_int_equal(madt.overrides[1].gsi, 20);
    assert_int_equal(madt.overrides[1].polarity, ACPI_POLARITY_LOW);
    assert_int_equal(madt.overrides[1].trigger, ACPI_TRIGGER_LEVEL);
    assert_int_equal(madt.overrides[2].gsi, 0x1234'5678);
    assert_int_equal(madt.overrides[2].polarity, ACPI_POLARITY_HIGH);
    assert_int_equal(madt.overrides[2].trigger, ACPI_TRIGGER_EDGE);
    assert_int_equal(madt.overrides[3].irq, 15);
    assert_int_equal(madt.overrides[3].polarity, ACPI_POLARITY_BUS);
    assert_int_equal(madt.overrides[3].trigger, ACPI_TRIGGER_BUS);
    assert_int_equal(madt.dropped_count, 0);
}

static void polarity_and_trigger_are_told_apart(void **)
{
    put_override(0, 1, 1, 0x3); // low, as the bus
    put_override(0, 2, 2, 0xc); // as the bus, level
    read();
    assert_int_equal(madt.overrides[0].polarity, ACPI_POLARITY_LOW);
    assert_int_equal(madt.overrides[0].trigger, ACPI_TRIGGER_BUS);
    assert_int_equal(madt.overrides[1].polarity, ACPI_POLARITY_BUS);
    assert_int_equal(madt.overrides[1].trigger, ACPI_TRIGGER_LEVEL);
}

static void overrides_of_no_isa_irq_are_dropped(void **)
{
    put_override(1, 3, 3, 0);
    put_override(0, 16, 3, 0);
    put_override(0, 0xff, 3, 0);
    read();
    assert_int_equal(madt.override_count, 0);
    assert_int_equal(madt.dropped_count, 3);
}

static void the_first_override_of_an_irq_counts(void **)
{
    for (unsigned round = 0; round < 2; round++) {
        for (uint8_t irq = 0; irq < 16; irq++)
            put_override(0, irq, 100 * round + irq, 0);
    }
    read();
    assert_int_equal(madt.override_count, 16);
    assert_int_equal(madt.overrides[15].gsi, 15);
    assert_int_equal(madt.dropped_count, 16);
}

static void nmi_lines_come_from_three_kinds_of_entries(void **)
{
    put_nmi_source(0xd, 23);
    put_local_nmi(0xff, 0, 1);
    put_local_nmi(0xfe, 0xf, 0);
    put_x2apic_nmi(0x5, 0xffff'ffff, 1);
    put_x2apic_nmi(0, 0xff, 0);
    read();
    assert_int_equal(madt.nmi_source_count, 1);
    assert_int_equal(madt.nmi_sources[0].gsi, 23);
    assert_int_equal(madt.nmi_sources[0].polarity, ACPI_POLARITY_HIGH);
    assert_int_equal(madt.nmi_sources[0].trigger, ACPI_TRIGGER_LEVEL);
    assert_int_equal(madt.local_nmi_count, 4);
    assert_int_equal(madt.local_nmis[0].processor_uid, ACPI_ALL_PROCESSORS);
    assert_int_equal(madt.local_nmis[0].lint, 1);
    assert_int_equal(madt.local_nmis[0].polarity, ACPI_POLARITY_BUS);
    assert_int_equal(madt.local_nmis[1].processor_uid, 0xfe);
    assert_int_equal(madt.local_nmis[1].lint, 0);
    assert_int_equal(madt.local_nmis[1].polarity, ACPI_POLARITY_LOW);
    assert_int_equal(madt.local_nmis[1].trigger, ACPI_TRIGGER_LEVEL);
    assert_int_equal(madt.local_nmis[2].processor_uid, ACPI_ALL_PROCESSORS);
    assert_int_equal(madt.local_nmis[2].lint, 1);
    assert_int_equal(madt.local_nmis[2].trigger, ACPI_TRIGGER_EDGE);
    assert_int_equal(madt.local_nmis[3].processor_uid, 0xff); // a processor like any other here
    assert_int_equal(madt.dropped_count, 0);
}

static void a_lint_pin_that_no_apic_has_is_dropped(void **)
{
    put_local_nmi(0xff, 0, 2);
    put_x2apic_nmi(0, 0xffff'ffff, 0xff);
    read();
    assert_int_equal(madt.local_nmi_count, 0);
    assert_int_equal(madt.dropped_count, 2);
}

static void nmi_lines_beyond_the_limit_are_counted(void **)
{
    for (unsigned i = 0; i < ACPI_NMI_LIMIT + 4; i++) {
        put_nmi_source(0, i);
        put_local_nmi((uint8_t)i, 0, 1);
    }
    read();
    assert_int_equal(madt.nmi_source_count, ACPI_NMI_LIMIT);
    assert_int_equal(madt.local_nmi_count, ACPI_NMI_LIMIT);
    assert_int_equal(madt.dropped_count, 8);
}

static void unknown_entries_are_passed_over(void **)
{
    static const uint8_t types[] = {6, 7, 8, 11, 12, 0x7f, 0x80, 0xff};
    for (unsigned i = 0; i < sizeof types; i++) {
        head(types[i], 17);
        number(0, 8);
        number(0, 7);
    }
    head(0x40, 2); // no more than its header
    put_local_apic(1, 1, 1);
    read();
    assert_int_equal(madt.processor_count, 1);
    assert_int_equal(madt.dropped_count, 0);
}

static void longer_entries_than_known_are_read(void **)
{
    head(0, 11);
    number(0x0000'0001'0403, 6);
    number(0, 3);
    put_local_apic(1, 1, 1);
    read();
    assert_int_equal(madt.processor_count, 2);
    assert_processor(0, 4, 3, true);
    assert_processor(1, 1, 1, true);
}

static void entries_too_short_for_their_type_are_dropped(void **)
{
    static const uint8_t sizes[][2] = {{0, 8}, {1, 12}, {2, 10}, {3, 8}, {4, 6}, {5, 12}, {9, 16}, {10, 12}};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        head(sizes[i][0], sizes[i][1] - 1);
        for (unsigned j = 3; j < sizes[i][1]; j++)
            number(1, 1);
    }
    put_local_apic(7, 7, 1);
    read();
    assert_int_equal(madt.dropped_count, sizeof sizes / sizeof *sizes);
    assert_int_equal(madt.processor_count, 1);
    assert_processor(0, 7, 7, true);
    assert_int_equal(madt.io_apic_count + madt.override_count + madt.nmi_source_count + madt.local_nmi_count, 0);
    assert_int_equal(madt.local_apic.value, 0xfee0'0000);
}

static void assert_walk_ends_after_one(void)
{
    read();
    assert_int_equal(madt.processor_count, 1);
    assert_processor(0, 1, 1, true);
    assert_int_equal(madt.dropped_count, 1);
}

static void an_entry_without_length_ends_the_list(void **)
{
    for (uint8_t length = 0; length < 2; length++) {
        empty_body(nullptr);
        put_local_apic(1, 1, 1);
        head(0, length);
        put_local_apic(2, 2, 1);
        assert_walk_ends_after_one();
    }
}

static void an_entry_beyond_the_end_ends_the_list(void **)
{
    put_local_apic(1, 1, 1);
    put_local_apic(2, 2, 1);
    size_t whole_bytes = body.size_bytes;
    for (unsigned missing = 1; missing < 8; missing++) { // 7: of its header one byte is left
        body.size_bytes = whole_bytes - missing;
        assert_walk_ends_after_one();
    }
    body.size_bytes = whole_bytes - 8;
    head(0xfe, 0xff);
    number(0, 8);
    assert_walk_ends_after_one();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_table_is_not_found, empty_body),
        cmocka_unit_test_setup(a_table_cut_in_its_header_is_corrupt, empty_body),
        cmocka_unit_test_setup(a_table_without_entries_has_its_header, empty_body),
        cmocka_unit_test_setup(an_impossible_local_apic_address_is_none, empty_body),
        cmocka_unit_test_setup(the_local_apic_address_is_overridden_by_64_bits, empty_body),
        cmocka_unit_test_setup(an_impossible_override_of_the_address_is_dropped, empty_body),
        cmocka_unit_test_setup(processors_come_from_both_kinds_of_entries, empty_body),
        cmocka_unit_test_setup(empty_sockets_are_neither_processors_nor_mistakes, empty_body),
        cmocka_unit_test_setup(a_processor_said_twice_is_one, empty_body),
        cmocka_unit_test_setup(as_many_as_fit_may_be_said_twice, empty_body),
        cmocka_unit_test_setup(no_processor_has_the_number_of_all, empty_body),
        cmocka_unit_test_setup(processors_beyond_the_limit_are_counted, empty_body),
        cmocka_unit_test_setup(io_apics_have_an_address_a_base_and_an_id, empty_body),
        cmocka_unit_test_setup(io_apics_that_cannot_be_are_dropped, empty_body),
        cmocka_unit_test_setup(io_apics_beyond_the_limit_are_counted, empty_body),
        cmocka_unit_test_setup(overrides_say_gsi_polarity_and_trigger, empty_body),
        cmocka_unit_test_setup(polarity_and_trigger_are_told_apart, empty_body),
        cmocka_unit_test_setup(overrides_of_no_isa_irq_are_dropped, empty_body),
        cmocka_unit_test_setup(the_first_override_of_an_irq_counts, empty_body),
        cmocka_unit_test_setup(nmi_lines_come_from_three_kinds_of_entries, empty_body),
        cmocka_unit_test_setup(a_lint_pin_that_no_apic_has_is_dropped, empty_body),
        cmocka_unit_test_setup(nmi_lines_beyond_the_limit_are_counted, empty_body),
        cmocka_unit_test_setup(unknown_entries_are_passed_over, empty_body),
        cmocka_unit_test_setup(longer_entries_than_known_are_read, empty_body),
        cmocka_unit_test_setup(entries_too_short_for_their_type_are_dropped, empty_body),
        cmocka_unit_test_setup(an_entry_without_length_ends_the_list, empty_body),
        cmocka_unit_test_setup(an_entry_beyond_the_end_ends_the_list, empty_body),
    };
    return cmocka_run_group_tests(tests, nullptr, no_memory);
}
