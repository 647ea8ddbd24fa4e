// SPDX-License-Identifier: MIT
// How fields are read out of a table: at any alignment, little-endian as the CPU. Used by the decoders of kernel/acpi;
// whoever reads has checked the table's size.
#pragma once
#include <acpi/acpi.h>
#include <lib/address.h>
#include <lib/string.h>
#include <stdint.h>

// What each table begins with (ACPI 6.5, 5.2.6).
constexpr uint32_t ACPI_HEADER_BYTES = 36;

static inline uint16_t read_16(const uint8_t *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint32_t read_32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint64_t read_64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

// The generic address structure (ACPI 6.5, 5.2.3.2): 12 bytes, of which Hewn wants the first and the last eight. Its
// widths are left alone: firmware gets them wrong, and for the registers that Hewn uses they are known.
constexpr uint32_t ACPI_GENERIC_ADDRESS_BYTES = 12;

static inline enum acpi_space generic_address_space(const uint8_t *bytes)
{
    return (enum acpi_space)bytes[0];
}

static inline uint64_t generic_address_value(const uint8_t *bytes)
{
    return read_64(bytes + 4);
}

// Where FADT, a whole table of any size, says that the DSDT is: its field of 64 bits, or that of 32. 0: it does not.
phys_addr_t fadt_dsdt_address(const struct acpi_table *fadt, bool is_extended);
