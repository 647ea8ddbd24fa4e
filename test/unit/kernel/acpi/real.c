// SPDX-License-Identifier: MIT
// kernel/acpi on what QEMU 7.2's machines really have in memory: the seeds of fuzz-acpi, which are dumps of it.
#include <support/unit.h>

#include <acpi/acpi.h>
#include <support/physical_memory.h>

static const uint8_t pc[] = {
#embed "../../../fuzz/corpus/acpi/pc"
};
static const uint8_t q35[] = {
#embed "../../../fuzz/corpus/acpi/q35"
};
static const uint8_t microvm[] = {
#embed "../../../fuzz/corpus/acpi/microvm"
};

static struct acpi acpi;
static struct acpi_madt madt;
static struct acpi_fadt fadt;
static struct acpi_hpet hpet;
static struct acpi_soft_off off;

static int no_memory(void **)
{
    physical_memory_clear();
    return 0;
}

// The first byte of a seed is an order to the fuzzer.
static void read(const uint8_t *dump, size_t size_bytes)
{
    physical_memory_clear();
    uint64_t rsdp = physical_memory_load(dump + 1, size_bytes - 1);
    assert_int_equal(acpi_init(&acpi, (phys_addr_t){rsdp}, physical_memory_map), STATUS_OK);
    assert_int_equal(acpi.skipped_count, 0);
    assert_int_equal(acpi_read_madt(&acpi, &madt), STATUS_OK);
    assert_int_equal(madt.dropped_count, 0);
    assert_int_equal(madt.local_apic.value, 0xfee0'0000);
    assert_int_equal(acpi_read_fadt(&acpi, &fadt), STATUS_OK);
    assert_int_equal(acpi_read_soft_off(&acpi, &off), STATUS_OK);
}

static void assert_register(const struct acpi_register *reg, enum acpi_space space, uint64_t address)
{
    assert_int_equal(reg->space, space);
    assert_int_equal(reg->address, address);
}

// What pc and q35 share: the timer's line moved to GSI 2, PCI's lines are level-triggered.
static void assert_pc_interrupts(void)
{
    assert_true(madt.has_8259);
    assert_int_equal(madt.io_apic_count, 1);
    assert_int_equal(madt.io_apics[0].address.value, 0xfec0'0000);
    assert_int_equal(madt.io_apics[0].gsi_base, 0);
    assert_int_equal(madt.override_count, 5);
    static const uint8_t irqs[] = {0, 5, 9, 10, 11};
    for (unsigned i = 0; i < sizeof irqs; i++) {
        assert_int_equal(madt.overrides[i].irq, irqs[i]);
        assert_int_equal(madt.overrides[i].gsi, i == 0 ? 2 : irqs[i]);
        assert_int_equal(madt.overrides[i].polarity, i == 0 ? ACPI_POLARITY_BUS : ACPI_POLARITY_HIGH);
        assert_int_equal(madt.overrides[i].trigger, i == 0 ? ACPI_TRIGGER_BUS : ACPI_TRIGGER_LEVEL);
    }
    assert_int_equal(madt.local_nmi_count, 1);
    assert_int_equal(madt.local_nmis[0].processor_uid, ACPI_ALL_PROCESSORS);
    assert_int_equal(madt.local_nmis[0].lint, 1);
    assert_int_equal(acpi_read_hpet(&acpi, &hpet), STATUS_OK);
    assert_int_equal(hpet.address.value, 0xfed0'0000);
}

static void assert_pc_power(void)
{
    assert_register(&fadt.pm1a_control, ACPI_SPACE_IO, 0x604);
    assert_int_equal(fadt.pm1b_control.address, 0);
    assert_int_equal(fadt.smi_command_port, 0xb2);
    assert_int_equal(fadt.sleep_control.address, 0);
    assert_int_equal(off.pm1a_type, 0);
    assert_int_equal(off.pm1b_type, 0);
}

static void a_pc_has_tables_of_acpi_1(void **)
{
    read(pc, sizeof pc);
    assert_int_equal(acpi.revision, 0);
    assert_int_equal(acpi.table_count, 5);
    assert_pc_interrupts();
    assert_int_equal(madt.processor_count, 1);
    assert_int_equal(fadt.pm_timer_port, 0x608);
    assert_int_equal(fadt.rtc_century_index, 0x32);
    assert_false(fadt.has_no_8042 || fadt.has_no_rtc || fadt.is_hardware_reduced);
    assert_pc_power();
    assert_int_equal(fadt.acpi_enable, 0xf1);
    assert_int_equal(fadt.reset.address, 0); // the tables of a pc are of before it
}

static void a_q35_has_three_processors_and_room_for_one(void **)
{
    read(q35, sizeof q35);
    assert_int_equal(acpi.table_count, 6);
    assert_pc_interrupts();
    assert_int_equal(madt.processor_count, 3); // the socket without one does not count
    assert_int_equal(madt.processors[2].apic_id, 2);
    assert_true(madt.processors[2].is_enabled);
    assert_int_equal(fadt.pm_timer_port, 0x608);
    assert_false(fadt.has_no_8042 || fadt.has_no_rtc || fadt.is_hardware_reduced);
    assert_pc_power();
    assert_int_equal(fadt.acpi_enable, 0x02);
    assert_register(&fadt.reset, ACPI_SPACE_IO, 0xcf9);
    assert_int_equal(fadt.reset_value, 0x0f);
}

static void a_microvm_has_an_xsdt_and_no_fixed_hardware(void **)
{
    read(microvm, sizeof microvm);
    assert_int_equal(acpi.revision, 2);
    assert_int_equal(acpi.table_count, 3);
    assert_int_equal(acpi_read_hpet(&acpi, &hpet), STATUS_NOT_FOUND);
    assert_true(fadt.is_hardware_reduced);
    assert_int_equal(fadt.pm_timer_port, 0);
    assert_int_equal(fadt.pm1a_control.address, 0);
    assert_register(&fadt.sleep_control, ACPI_SPACE_MEMORY, 0xfea0'0200);
    assert_register(&fadt.reset, ACPI_SPACE_MEMORY, 0xfea0'0202);
    assert_int_equal(fadt.reset_value, 0x42);
    assert_int_equal(off.pm1a_type, 5);
    assert_int_equal(madt.processor_count, 1);
    assert_int_equal(madt.override_count, 0);
    assert_int_equal(madt.io_apic_count, 2); // the second one serves virtio
    assert_int_equal(madt.io_apics[1].address.value, 0xfec1'0000);
    assert_int_equal(madt.io_apics[1].gsi_base, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pc_has_tables_of_acpi_1),
        cmocka_unit_test(a_q35_has_three_processors_and_room_for_one),
        cmocka_unit_test(a_microvm_has_an_xsdt_and_no_fixed_hardware),
    };
    return cmocka_run_group_tests(tests, nullptr, no_memory);
}
