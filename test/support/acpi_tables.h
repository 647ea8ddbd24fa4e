// SPDX-License-Identifier: MIT
// Builds the firmware's tables in a made-up physical memory, with right lengths and sums; a test then breaks one thing.
#pragma once
#include <acpi/acpi.h>
#include <support/physical_memory.h>

constexpr uint64_t TABLES_RSDP = 0xf'59d0;
constexpr uint64_t TABLES_RSDT = 0x3fe'1aa5; // real ones have odd addresses too
constexpr uint64_t TABLES_XSDT = 0x3fe'2003;

constexpr uint32_t TABLES_HEADER_BYTES = 36;

// Make the SIZE_BYTES at BYTES sum up to zero, by the byte number AT.
void tables_fix_sum(uint8_t *bytes, size_t size_bytes, size_t at);

// The root pointer at TABLES_RSDP; one of 20 bytes when REVISION is below 2. Returns its bytes.
uint8_t *tables_put_rsdp(uint8_t revision, uint64_t rsdt, uint64_t xsdt);

// A table with SIZE_BYTES of BODY behind its header (nullptr: zeros). Returns its bytes.
uint8_t *tables_put(uint64_t address, const char *signature, uint8_t revision, const void *body, size_t size_bytes);

// An RSDT or an XSDT that names COUNT tables.
uint8_t *tables_put_rsdt(const uint32_t *addresses, size_t count);
uint8_t *tables_put_xsdt(const uint64_t *addresses, size_t count);

// Memory with this one table in it, read by acpi_init(), which must succeed.
void tables_make_acpi(struct acpi *acpi, const char *signature, uint8_t revision, const void *body, size_t size_bytes);

// Little-endian numbers at any alignment.
void tables_write(uint8_t *bytes, uint64_t value, size_t size_bytes);
