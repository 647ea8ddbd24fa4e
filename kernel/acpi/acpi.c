// SPDX-License-Identifier: MIT
// From the root pointer to a list of tables that are known to be whole. All distrust of addresses, lengths and sums is
// here: the decoders beside it see only tables that lie inside mapped memory, and check no more than their own fields.
// Called by main; must not know what a table means.
#include "table.h"
#include <acpi/acpi.h>

// The root pointer (ACPI 6.5, 5.2.5.3). The fields from XSDT on are there from revision 2 on.
constexpr uint32_t RSDP_BYTES = 20;
constexpr uint32_t RSDP_EXTENDED_BYTES = 36;
constexpr uint32_t RSDP_REVISION = 15;
constexpr uint32_t RSDP_RSDT = 16;
constexpr uint32_t RSDP_LENGTH = 20;
constexpr uint32_t RSDP_XSDT = 24;
constexpr uint8_t REVISION_WITH_XSDT = 2;
// No revision so far has more than 36 bytes; this leaves room for those to come, and none for a length that is noise.
constexpr uint32_t RSDP_LENGTH_LIMIT = 4096;

// A table's header (5.2.6).
constexpr uint32_t TABLE_LENGTH = 4;
constexpr uint32_t TABLE_REVISION = 8;
constexpr uint32_t SIGNATURE_BYTES = 4;

// All tables of a root together. Real ones are far below; a firmware whose lengths are noise must not have the boot
// sum up gibibytes.
constexpr uint32_t TABLES_BYTES_LIMIT = 16 << 20;

struct reader {
    acpi_map_fn *map;
    uint32_t left_bytes;
};

static uint8_t sum_of(const uint8_t *bytes, uint32_t size_bytes)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum;
}

// MAP may take for granted that the range has an address, has bytes and does not wrap.
static const uint8_t *map_bytes(acpi_map_fn *map, phys_addr_t address, uint32_t size_bytes)
{
    if (address.value == 0 || size_bytes - 1 > UINT64_MAX - address.value)
        return nullptr;
    return map(address, size_bytes);
}

// A signature is printed in reports and logs, so what is no letter must not get there.
static char printable(uint8_t byte)
{
    return byte >= ' ' && byte <= '~' ? (char)byte : '?';
}

// Returns false, and leaves TABLE alone, when the table is not whole.
static bool read_table(struct reader *reader, phys_addr_t address, struct acpi_table *table)
{
    const uint8_t *header = map_bytes(reader->map, address, ACPI_HEADER_BYTES);
    if (header == nullptr)
        return false;
    uint32_t size_bytes = read_32(header + TABLE_LENGTH);
    if (size_bytes < ACPI_HEADER_BYTES || size_bytes > reader->left_bytes)
        return false;
    const uint8_t *bytes = map_bytes(reader->map, address, size_bytes);
    if (bytes == nullptr)
        return false;
    reader->left_bytes -= size_bytes;
    if (sum_of(bytes, size_bytes) != 0)
        return false;

    *table = (struct acpi_table){
        .address = address,
        .bytes = bytes,
        .size_bytes = size_bytes,
        .revision = bytes[TABLE_REVISION],
    };
    for (uint32_t i = 0; i < SIGNATURE_BYTES; i++)
        table->signature[i] = printable(bytes[i]);
    return true;
}

static bool has_signature(const struct acpi_table *table, const char *signature)
{
    return strncmp(table->signature, signature, SIGNATURE_BYTES) == 0;
}

static bool is_known(const struct acpi *acpi, phys_addr_t address)
{
    for (uint32_t i = 0; i < acpi->table_count; i++) {
        if (acpi->tables[i].address.value == address.value)
            return true;
    }
    return false;
}

// A root that names itself, or one table many times, adds nothing.
static bool add_table(struct acpi *acpi, struct reader *reader, phys_addr_t address)
{
    struct acpi_table table;
    if (is_known(acpi, address) || !read_table(reader, address, &table))
        return false;
    if (has_signature(&table, "RSDT") || has_signature(&table, "XSDT"))
        return false;
    acpi->tables[acpi->table_count++] = table;
    return true;
}

// The RSDT (5.2.7) and the XSDT (5.2.8) differ in their name and in the size of their entries. Returns whether the root
// table itself was right.
static bool read_root(struct acpi *acpi, acpi_map_fn *map, phys_addr_t address, const char *signature,
                      uint32_t entry_bytes)
{
    struct reader reader = {map, TABLES_BYTES_LIMIT};
    struct acpi_table root;
    if (!read_table(&reader, address, &root) || !has_signature(&root, signature))
        return false;
    uint32_t entry_count = (root.size_bytes - ACPI_HEADER_BYTES) / entry_bytes;
    uint32_t seen_count = entry_count <= ACPI_TABLE_LIMIT ? entry_count : ACPI_TABLE_LIMIT;
    acpi->skipped_count += entry_count - seen_count;
    for (uint32_t i = 0; i < seen_count; i++) {
        const uint8_t *entry = root.bytes + ACPI_HEADER_BYTES + i * entry_bytes;
        phys_addr_t table = {entry_bytes == sizeof(uint64_t) ? read_64(entry) : read_32(entry)};
        if (!add_table(acpi, &reader, table))
            acpi->skipped_count++;
    }
    return true;
}

// Returns where the root pointer can be read, with all the bytes that its revision promises, or nullptr.
static const uint8_t *map_root_pointer(acpi_map_fn *map, phys_addr_t address)
{
    const uint8_t *rsdp = map_bytes(map, address, RSDP_BYTES);
    if (rsdp == nullptr || memcmp(rsdp, "RSD PTR ", 8) != 0 || sum_of(rsdp, RSDP_BYTES) != 0)
        return nullptr;
    if (rsdp[RSDP_REVISION] < REVISION_WITH_XSDT)
        return rsdp;
    rsdp = map_bytes(map, address, RSDP_EXTENDED_BYTES);
    if (rsdp == nullptr)
        return nullptr;
    uint32_t length = read_32(rsdp + RSDP_LENGTH);
    if (length < RSDP_EXTENDED_BYTES || length > RSDP_LENGTH_LIMIT)
        return nullptr;
    rsdp = map_bytes(map, address, length);
    return rsdp != nullptr && sum_of(rsdp, length) == 0 ? rsdp : nullptr;
}

// The root does not name the DSDT, the FADT does (5.2.9).
static void add_dsdt(struct acpi *acpi, acpi_map_fn *map)
{
    struct acpi_table fadt;
    if (acpi_find_table(acpi, "FACP", 0, &fadt) != STATUS_OK)
        return;
    struct reader reader = {map, TABLES_BYTES_LIMIT};
    phys_addr_t extended = fadt_dsdt_address(&fadt, true);
    phys_addr_t plain = fadt_dsdt_address(&fadt, false);
    bool has_room = acpi->table_count < ACPI_TABLE_LIMIT;
    if (extended.value != 0) {
        if (has_room && add_table(acpi, &reader, extended))
            return;
        acpi->skipped_count++;
    }
    if (plain.value != 0 && plain.value != extended.value && !(has_room && add_table(acpi, &reader, plain)))
        acpi->skipped_count++;
}

enum status acpi_init(struct acpi *acpi, phys_addr_t rsdp_address, acpi_map_fn *map)
{
    *acpi = (struct acpi){};
    if (rsdp_address.value == 0)
        return STATUS_NOT_FOUND;
    const uint8_t *rsdp = map_root_pointer(map, rsdp_address);
    if (rsdp == nullptr)
        return STATUS_CORRUPT;
    acpi->revision = rsdp[RSDP_REVISION];

    phys_addr_t xsdt = {acpi->revision >= REVISION_WITH_XSDT ? read_64(rsdp + RSDP_XSDT) : 0};
    phys_addr_t rsdt = {read_32(rsdp + RSDP_RSDT)};
    bool is_root_right = false;
    if (xsdt.value != 0) {
        is_root_right = read_root(acpi, map, xsdt, "XSDT", sizeof(uint64_t));
        acpi->skipped_count += !is_root_right;
    }
    // An XSDT of which no entry leads anywhere is no better than one with a wrong sum.
    if (acpi->table_count == 0 && rsdt.value != 0) {
        bool is_rsdt_right = read_root(acpi, map, rsdt, "RSDT", sizeof(uint32_t));
        acpi->skipped_count += !is_rsdt_right;
        is_root_right |= is_rsdt_right;
    }
    add_dsdt(acpi, map);
    return is_root_right ? STATUS_OK : STATUS_CORRUPT;
}

enum status acpi_find_table(const struct acpi *acpi, const char *signature, unsigned index, struct acpi_table *table)
{
    for (uint32_t i = 0; i < acpi->table_count; i++) {
        if (signature != nullptr && !has_signature(&acpi->tables[i], signature))
            continue;
        if (index-- > 0)
            continue;
        *table = acpi->tables[i];
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}
