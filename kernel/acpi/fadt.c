// SPDX-License-Identifier: MIT
// The fixed description table (ACPI 6.5, 5.2.9). It grew with each revision, and what a revision calls reserved may
// hold anything: a field counts only from the revision on that defines it. Called by time and keyboard.
#include "table.h"
#include <acpi/acpi.h>

// Of ACPI 1.0; nothing that Hewn reads is optional in there.
constexpr uint32_t FADT_BYTES = 116;
constexpr uint32_t FADT_PM_TIMER_BLOCK = 76;
constexpr uint32_t FADT_PM_TIMER_LENGTH = 91;
constexpr uint32_t FADT_CENTURY = 108;
constexpr uint32_t FADT_BOOT_ARCHITECTURE = 109;
constexpr uint32_t FADT_FLAGS = 112;
constexpr uint32_t FADT_EXTENDED_PM_TIMER_BLOCK = 208;

constexpr uint8_t REVISION_2_0 = 3; // of ACPI 2.0: boot architecture flags, 64-bit addresses
constexpr uint8_t REVISION_5_0 = 5; // of ACPI 5.0: machines without fixed hardware, or without the RTC

constexpr uint32_t FLAG_PM_TIMER_32_BIT = 1 << 8;
constexpr uint32_t FLAG_HARDWARE_REDUCED = 1 << 20;

// IA-PC boot architecture flags (5.2.9.3).
constexpr uint16_t BOOT_HAS_8042 = 1 << 1;
constexpr uint16_t BOOT_HAS_NO_RTC = 1 << 5;

constexpr uint8_t PM_TIMER_BYTES = 4; // anything else in the length field: there is none
constexpr uint64_t PORT_LAST = 0xffff;

// The extended field alone counts when it is not zero. A timer in memory is none for Hewn.
static uint64_t pm_timer_address(const struct acpi_table *table)
{
    const uint8_t *extended = table->bytes + FADT_EXTENDED_PM_TIMER_BLOCK;
    bool has_extended = table->revision >= REVISION_2_0 &&
                        table->size_bytes >= FADT_EXTENDED_PM_TIMER_BLOCK + ACPI_GENERIC_ADDRESS_BYTES;
    if (!has_extended || generic_address_value(extended) == 0)
        return read_32(table->bytes + FADT_PM_TIMER_BLOCK);
    return generic_address_space(extended) == ACPI_SPACE_IO ? generic_address_value(extended) : 0;
}

static uint16_t pm_timer_port(const struct acpi_table *table)
{
    if (table->bytes[FADT_PM_TIMER_LENGTH] != PM_TIMER_BYTES)
        return 0;
    uint64_t address = pm_timer_address(table);
    return address <= PORT_LAST - (PM_TIMER_BYTES - 1) ? (uint16_t)address : 0;
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
    if (fadt->is_hardware_reduced) // then the specification has the fields below ignored
        return STATUS_OK;
    fadt->pm_timer_port = pm_timer_port(&table);
    fadt->is_pm_timer_32_bit = fadt->pm_timer_port != 0 && (flags & FLAG_PM_TIMER_32_BIT);
    fadt->rtc_century_index = table.bytes[FADT_CENTURY];
    return STATUS_OK;
}
