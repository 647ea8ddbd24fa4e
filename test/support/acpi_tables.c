// SPDX-License-Identifier: MIT
// See the header. The layouts are written down a second time here, from ACPI 6.5, 5.2, so that a wrong offset in
// kernel/acpi is not repeated in its tests.
#include <lib/panic.h>
#include <string.h>
#include <support/acpi_tables.h>

void tables_write(uint8_t *bytes, uint64_t value, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

void tables_fix_sum(uint8_t *bytes, size_t size_bytes, size_t at)
{
    bytes[at] = 0;
    uint8_t sum = 0;
    for (size_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[at] = (uint8_t)-sum;
}

uint8_t *tables_put_rsdp(uint8_t revision, uint64_t rsdt, uint64_t xsdt)
{
    uint8_t *rsdp = physical_memory_put(TABLES_RSDP, nullptr, revision < 2 ? 20 : 36);
    memcpy(rsdp, "RSD PTR ", 8);
    memcpy(rsdp + 9, "HEWNTE", 6);
    rsdp[15] = revision;
    tables_write(rsdp + 16, rsdt, 4);
    tables_fix_sum(rsdp, 20, 8);
    if (revision >= 2) {
        tables_write(rsdp + 20, 36, 4);
        tables_write(rsdp + 24, xsdt, 8);
        tables_fix_sum(rsdp, 36, 32);
    }
    return rsdp;
}

uint8_t *tables_put(uint64_t address, const char *signature, uint8_t revision, const void *body, size_t size_bytes)
{
    uint8_t *table = physical_memory_put(address, nullptr, TABLES_HEADER_BYTES + size_bytes);
    ASSERT(table != nullptr);
    memcpy(table, signature, 4);
    tables_write(table + 4, TABLES_HEADER_BYTES + size_bytes, 4);
    table[8] = revision;
    memcpy(table + 10, "HEWNTEHEWNTEST", 14);
    if (body != nullptr)
        memcpy(table + TABLES_HEADER_BYTES, body, size_bytes);
    tables_fix_sum(table, TABLES_HEADER_BYTES + size_bytes, 9);
    return table;
}

uint8_t *tables_put_rsdt(const uint32_t *addresses, size_t count)
{
    return tables_put(TABLES_RSDT, "RSDT", 1, addresses, count * sizeof *addresses);
}

uint8_t *tables_put_xsdt(const uint64_t *addresses, size_t count)
{
    return tables_put(TABLES_XSDT, "XSDT", 1, addresses, count * sizeof *addresses);
}

void tables_make_acpi(struct acpi *acpi, const char *signature, uint8_t revision, const void *body, size_t size_bytes)
{
    static const uint32_t address = 0x3fe'3001;
    physical_memory_clear();
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt(&address, 1);
    tables_put(address, signature, revision, body, size_bytes);
    enum status status = acpi_init(acpi, (phys_addr_t){TABLES_RSDP}, physical_memory_map);
    ASSERT(status == STATUS_OK && acpi->table_count == 1 && acpi->skipped_count == 0);
}
