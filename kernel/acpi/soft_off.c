// SPDX-License-Identifier: MIT
// The package \_S5 (ACPI 6.5, 7.4.2) in DSDT and SSDTs: what switches the machine off. AML is a program, and this is no
// interpreter of it: the definition is known by its first bytes, and everything behind them is checked. The same bytes
// may lie in a string or in a branch that is never taken, so all hits have to agree. Called by power; must not know
// which register the numbers are for.
#include "table.h"
#include <acpi/acpi.h>

// AML (20.2): a name is defined by NameOp, the name, and the object.
constexpr uint8_t NAME_OP = 0x08;
constexpr uint8_t ROOT_PREFIX = 0x5c;
constexpr uint8_t PACKAGE_OP = 0x12;
constexpr uint8_t ZERO_OP = 0x00;
constexpr uint8_t ONE_OP = 0x01;
constexpr uint8_t BYTE_PREFIX = 0x0a;
constexpr uint8_t WORD_PREFIX = 0x0b;
constexpr uint8_t DWORD_PREFIX = 0x0c;
constexpr uint8_t QWORD_PREFIX = 0x0e;

constexpr uint8_t TYPE_LAST = 7; // three bits

// What is left of a table, or of an object in it.
struct aml {
    const uint8_t *bytes;
    uint32_t size_bytes;
};

static bool take(struct aml *aml, uint8_t *byte)
{
    if (aml->size_bytes == 0)
        return false;
    *byte = *aml->bytes++;
    aml->size_bytes--;
    return true;
}

static bool take_exactly(struct aml *aml, uint8_t wanted)
{
    uint8_t byte;
    return take(aml, &byte) && byte == wanted;
}

// Its length (20.2.4) is one byte of 6 bits, or one of 4 and one to three more; it counts itself, not the operation.
static bool enter_package(struct aml *aml)
{
    uint8_t lead, more;
    if (!take_exactly(aml, PACKAGE_OP))
        return false;
    uint32_t size_bytes = aml->size_bytes;
    if (!take(aml, &lead))
        return false;
    unsigned more_count = lead >> 6;
    if (more_count != 0 && (lead & 0x30))
        return false; // reserved
    uint32_t length = more_count == 0 ? lead & 0x3fu : lead & 0x0fu;
    for (unsigned i = 0; i < more_count; i++) {
        if (!take(aml, &more))
            return false;
        length |= (uint32_t)more << (4 + 8 * i);
    }
    if (length < 1 + more_count || length > size_bytes)
        return false;
    aml->size_bytes = length - (1 + more_count);
    return true;
}

static bool take_little_endian(struct aml *aml, unsigned size_bytes, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < size_bytes; i++) {
        uint8_t byte;
        if (!take(aml, &byte))
            return false;
        *value |= (uint64_t)byte << 8 * i;
    }
    return true;
}

// An integer constant (20.2.3). A name or an expression, which AML allows as well, is none.
static bool take_integer(struct aml *aml, uint64_t *value)
{
    uint8_t operation;
    if (!take(aml, &operation))
        return false;
    switch (operation) {
    case ZERO_OP:
    case ONE_OP:
        *value = operation;
        return true;
    case BYTE_PREFIX:
        return take_little_endian(aml, 1, value);
    case WORD_PREFIX:
        return take_little_endian(aml, 2, value);
    case DWORD_PREFIX:
        return take_little_endian(aml, 4, value);
    case QWORD_PREFIX:
        return take_little_endian(aml, 8, value);
    default:
        return false;
    }
}

// Old firmware has a single element, with one value in each of its lower bytes.
static bool read_types(struct aml *elements, uint8_t count, uint64_t types[2])
{
    if (count == 0 || !take_integer(elements, &types[0]))
        return false;
    if (count == 1) {
        types[1] = types[0] >> 8;
        types[0] &= 0xff;
    } else if (!take_integer(elements, &types[1])) {
        return false;
    }
    return types[0] <= TYPE_LAST && types[1] <= TYPE_LAST;
}

// AML stands behind NameOp.
static bool read_definition(struct aml aml, struct acpi_soft_off *off)
{
    constexpr char NAME[] = "_S5_";
    if (aml.size_bytes > 0 && aml.bytes[0] == ROOT_PREFIX)
        (void)take_exactly(&aml, ROOT_PREFIX);
    for (unsigned i = 0; i < sizeof NAME - 1; i++) {
        if (!take_exactly(&aml, (uint8_t)NAME[i]))
            return false;
    }
    uint8_t count;
    uint64_t types[2];
    if (!enter_package(&aml) || !take(&aml, &count) || !read_types(&aml, count, types))
        return false;
    *off = (struct acpi_soft_off){(uint8_t)types[0], (uint8_t)types[1]};
    return true;
}

// What was found so far: STATUS_NOT_FOUND, STATUS_OK, or STATUS_CORRUPT for ever.
static enum status look_through(const struct acpi_table *table, struct acpi_soft_off *off, enum status status)
{
    for (uint32_t i = ACPI_HEADER_BYTES; i < table->size_bytes; i++) {
        struct acpi_soft_off found;
        if (table->bytes[i] != NAME_OP ||
            !read_definition((struct aml){table->bytes + i + 1, table->size_bytes - i - 1}, &found))
            continue;
        if (status == STATUS_OK && (found.pm1a_type != off->pm1a_type || found.pm1b_type != off->pm1b_type))
            return STATUS_CORRUPT;
        *off = found;
        status = STATUS_OK;
    }
    return status;
}

enum status acpi_read_soft_off(const struct acpi *acpi, struct acpi_soft_off *off)
{
    *off = (struct acpi_soft_off){};
    enum status status = STATUS_NOT_FOUND;
    struct acpi_table table;
    for (unsigned i = 0; status != STATUS_CORRUPT && acpi_find_table(acpi, "DSDT", i, &table) == STATUS_OK; i++)
        status = look_through(&table, off, status);
    for (unsigned i = 0; status != STATUS_CORRUPT && acpi_find_table(acpi, "SSDT", i, &table) == STATUS_OK; i++)
        status = look_through(&table, off, status);
    if (status != STATUS_OK)
        *off = (struct acpi_soft_off){};
    return status;
}
