// SPDX-License-Identifier: MIT
// The fixed description table (ACPI 6.5, 5.2.9). It grew with each revision, and what a revision calls reserved may
// hold anything: a field counts only from the revision on that defines it. Called by time, keyboard and power.
#include "table.h"
#include <acpi/acpi.h>

// Of ACPI 1.0; nothing that Hewn reads is optional in there.
constexpr uint32_t FADT_BYTES = 116;
constexpr uint32_t FADT_DSDT = 40;
constexpr uint32_t FADT_SMI_COMMAND = 48;
constexpr uint32_t FADT_ACPI_ENABLE = 52;
constexpr uint32_t FADT_PM1A_CONTROL_BLOCK = 64;
constexpr uint32_t FADT_PM1B_CONTROL_BLOCK = 68;
constexpr uint32_t FADT_PM_TIMER_BLOCK = 76;
constexpr uint32_t FADT_PM1_CONTROL_LENGTH = 89;
constexpr uint32_t FADT_PM_TIMER_LENGTH = 91;
constexpr uint32_t FADT_CENTURY = 108;
constexpr uint32_t FADT_BOOT_ARCHITECTURE = 109;
constexpr uint32_t FADT_FLAGS = 112;
constexpr uint32_t FADT_RESET_REGISTER = 116;
constexpr uint32_t FADT_RESET_VALUE = 128;
constexpr uint32_t FADT_EXTENDED_DSDT = 140;
constexpr uint32_t FADT_EXTENDED_PM1A_CONTROL_BLOCK = 172;
constexpr uint32_t FADT_EXTENDED_PM1B_CONTROL_BLOCK = 184;
constexpr uint32_t FADT_EXTENDED_PM_TIMER_BLOCK = 208;
constexpr uint32_t FADT_SLEEP_CONTROL = 244;

constexpr uint8_t REVISION_2_0 = 3; // of ACPI 2.0: boot architecture flags, 64-bit addresses
constexpr uint8_t REVISION_5_0 = 5; // of ACPI 5.0: machines without fixed hardware, or without the RTC

constexpr uint32_t FLAG_PM_TIMER_32_BIT = 1 << 8;
constexpr uint32_t FLAG_HAS_RESET_REGISTER = 1 << 10;
constexpr uint32_t FLAG_HARDWARE_REDUCED = 1 << 20;

// IA-PC boot architecture flags (5.2.9.3).
constexpr uint16_t BOOT_HAS_8042 = 1 << 1;
constexpr uint16_t BOOT_HAS_NO_RTC = 1 << 5;

constexpr uint8_t PM_TIMER_BYTES = 4; // anything else in the length field: there is none
constexpr uint8_t PM1_CONTROL_BYTES = 2;
constexpr uint64_t PORT_LAST = 0xffff;

// PCI configuration space, as a generic address has it (table 5.1): reserved, device, function, offset, 16 bits each.
constexpr uint64_t PCI_DEVICE_LAST = 31, PCI_FUNCTION_LAST = 7, PCI_OFFSET_LAST = 0xff;

static bool has_field(const struct acpi_table *table, uint8_t first_revision, uint32_t offset, uint32_t size_bytes)
{
    return table->revision >= first_revision && table->size_bytes >= offset + size_bytes;
}

static bool is_pci_address(uint64_t address)
{
    return address >> 32 <= PCI_DEVICE_LAST && (address >> 16 & 0xffff) <= PCI_FUNCTION_LAST &&
           (address & 0xffff) <= PCI_OFFSET_LAST;
}

static bool lies_in_its_space(const struct acpi_register *reg, uint32_t size_bytes)
{
    if (reg->address == 0)
        return false;
    switch (reg->space) {
    case ACPI_SPACE_MEMORY:
        return reg->address <= UINT64_MAX - (size_bytes - 1);
    case ACPI_SPACE_IO:
        return reg->address <= PORT_LAST - (size_bytes - 1);
    case ACPI_SPACE_PCI:
        return is_pci_address(reg->address);
    default: // an embedded controller, a bus: never where Hewn looks for a register
        return false;
    }
}

// No register, all zero, when it does not lie in its space as a whole.
static struct acpi_register register_in(enum acpi_space space, uint64_t address, uint32_t size_bytes)
{
    struct acpi_register reg = {address, space};
    return lies_in_its_space(&reg, size_bytes) ? reg : (struct acpi_register){};
}

static struct acpi_register generic_register(const uint8_t *bytes, uint32_t size_bytes)
{
    return register_in(generic_address_space(bytes), generic_address_value(bytes), size_bytes);
}

// Of a field of 32 bits that ACPI 2.0 has doubled, the extended one alone counts when it is not zero.
static struct acpi_register block(const struct acpi_table *table, uint32_t plain, uint32_t extended,
                                  uint32_t size_bytes)
{
    if (has_field(table, REVISION_2_0, extended, ACPI_GENERIC_ADDRESS_BYTES) &&
        generic_address_value(table->bytes + extended) != 0)
        return generic_register(table->bytes + extended, size_bytes);
    return register_in(ACPI_SPACE_IO, read_32(table->bytes + plain), size_bytes);
}

// A timer in memory is none for Hewn.
static uint16_t pm_timer_port(const struct acpi_table *table)
{
    if (table->bytes[FADT_PM_TIMER_LENGTH] != PM_TIMER_BYTES)
        return 0;
    struct acpi_register timer = block(table, FADT_PM_TIMER_BLOCK, FADT_EXTENDED_PM_TIMER_BLOCK, PM_TIMER_BYTES);
    return timer.space == ACPI_SPACE_IO ? (uint16_t)timer.address : 0;
}

// Those blocks may not be in PCI configuration space (5.2.9).
static struct acpi_register pm1_control(const struct acpi_table *table, uint32_t plain, uint32_t extended)
{
    if (table->bytes[FADT_PM1_CONTROL_LENGTH] < PM1_CONTROL_BYTES)
        return (struct acpi_register){};
    struct acpi_register control = block(table, plain, extended, PM1_CONTROL_BYTES);
    return control.space == ACPI_SPACE_PCI ? (struct acpi_register){} : control;
}

static void read_fixed_registers(struct acpi_fadt *fadt, const struct acpi_table *table, uint32_t flags)
{
    fadt->pm_timer_port = pm_timer_port(table);
    fadt->is_pm_timer_32_bit = fadt->pm_timer_port != 0 && (flags & FLAG_PM_TIMER_32_BIT);
    fadt->rtc_century_index = table->bytes[FADT_CENTURY];
    fadt->pm1a_control = pm1_control(table, FADT_PM1A_CONTROL_BLOCK, FADT_EXTENDED_PM1A_CONTROL_BLOCK);
    fadt->pm1b_control = pm1_control(table, FADT_PM1B_CONTROL_BLOCK, FADT_EXTENDED_PM1B_CONTROL_BLOCK);
    uint32_t smi_command = read_32(table->bytes + FADT_SMI_COMMAND);
    fadt->smi_command_port = smi_command <= PORT_LAST ? (uint16_t)smi_command : 0;
    fadt->acpi_enable = table->bytes[FADT_ACPI_ENABLE];
}

static struct acpi_register sleep_control(const struct acpi_table *table)
{
    if (!has_field(table, REVISION_5_0, FADT_SLEEP_CONTROL, ACPI_GENERIC_ADDRESS_BYTES))
        return (struct acpi_register){};
    struct acpi_register control = generic_register(table->bytes + FADT_SLEEP_CONTROL, 1);
    return control.space == ACPI_SPACE_PCI ? (struct acpi_register){} : control;
}

static void read_reset(struct acpi_fadt *fadt, const struct acpi_table *table, uint32_t flags)
{
    if (!(flags & FLAG_HAS_RESET_REGISTER) || !has_field(table, REVISION_2_0, FADT_RESET_VALUE, 1))
        return;
    fadt->reset = generic_register(table->bytes + FADT_RESET_REGISTER, 1);
    fadt->reset_value = table->bytes[FADT_RESET_VALUE];
}

phys_addr_t fadt_dsdt_address(const struct acpi_table *fadt, bool is_extended)
{
    if (is_extended)
        return (phys_addr_t){has_field(fadt, REVISION_2_0, FADT_EXTENDED_DSDT, sizeof(uint64_t))
                                 ? read_64(fadt->bytes + FADT_EXTENDED_DSDT)
                                 : 0};
    return (phys_addr_t){has_field(fadt, 0, FADT_DSDT, sizeof(uint32_t)) ? read_32(fadt->bytes + FADT_DSDT) : 0};
}

enum status acpi_read_fadt(const struct acpi *acpi, struct acpi_fadt *fadt)
{
    *fadt = (struct acpi_fadt){};
    struct acpi_table table;
    enum status status = acpi_find_table(acpi, "FACP", 0, &table);
    if (status != STATUS_OK)
        return status;
    if (table.size_bytes < FADT_BYTES)
        return STATUS_CORRUPT;

    uint32_t flags = read_32(table.bytes + FADT_FLAGS);
    uint16_t boot = read_16(table.bytes + FADT_BOOT_ARCHITECTURE);
    fadt->has_no_8042 = table.revision >= REVISION_2_0 && !(boot & BOOT_HAS_8042);
    fadt->has_no_rtc = table.revision >= REVISION_5_0 && (boot & BOOT_HAS_NO_RTC);
    fadt->is_hardware_reduced = table.revision >= REVISION_5_0 && (flags & FLAG_HARDWARE_REDUCED);
    read_reset(fadt, &table, flags);
    if (fadt->is_hardware_reduced) // then the specification has the fixed registers ignored
        fadt->sleep_control = sleep_control(&table);
    else
        read_fixed_registers(fadt, &table, flags);
    return STATUS_OK;
}
