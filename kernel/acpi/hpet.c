// SPDX-License-Identifier: MIT
// The HPET's description table (IA-PC HPET 1.0a, 3.2.4). Called by time; must not know the timer's registers.
#include "table.h"
#include <acpi/acpi.h>

constexpr uint32_t HPET_BASE_ADDRESS = 40;
constexpr uint32_t HPET_NUMBER = 52;
constexpr uint32_t HPET_BYTES = 56;

// Its registers are 64 bits wide.
constexpr uint64_t REGISTER_ALIGNMENT = 8;

enum status acpi_read_hpet(const struct acpi *acpi, struct acpi_hpet *hpet)
{
    *hpet = (struct acpi_hpet){};
    struct acpi_table table;
    enum status status = acpi_find_table(acpi, "HPET", 0, &table);
    if (status != STATUS_OK)
        return status;
    if (table.size_bytes < HPET_BYTES)
        return STATUS_CORRUPT;
    if (generic_address_space(table.bytes + HPET_BASE_ADDRESS) != ACPI_SPACE_MEMORY)
        return STATUS_UNSUPPORTED;
    uint64_t address = generic_address_value(table.bytes + HPET_BASE_ADDRESS);
    if (address == 0 || address % REGISTER_ALIGNMENT != 0)
        return STATUS_CORRUPT;
    hpet->address = (phys_addr_t){address};
    hpet->number = table.bytes[HPET_NUMBER];
    return STATUS_OK;
}
