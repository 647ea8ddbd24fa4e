// SPDX-License-Identifier: MIT
// The multiple APIC description table (ACPI 6.5, 5.2.12): a header and a list of entries, each with its type and its
// length. Called by main for interrupt; must not know how an APIC is programmed.
#include "table.h"
#include <acpi/acpi.h>

constexpr uint32_t MADT_LOCAL_APIC = 36;
constexpr uint32_t MADT_FLAGS = 40;
constexpr uint32_t MADT_ENTRIES = 44;
constexpr uint32_t MADT_FLAG_8259 = 1 << 0; // PCAT_COMPAT

// Each entry begins with its type and its length.
constexpr uint32_t ENTRY_HEADER_BYTES = 2;

// Flags of a processor (table 5.22). With neither, there is no processor behind the entry.
constexpr uint32_t PROCESSOR_ENABLED = 1 << 0;
constexpr uint32_t PROCESSOR_ONLINE_CAPABLE = 1 << 1;

// What a message to all has in place of a processor's number (Intel SDM 3, 11.6.1 and 11.12.9).
constexpr uint8_t APIC_ID_ALL = 0xff;
constexpr uint32_t X2APIC_ID_ALL = 0xffff'ffff;
constexpr uint8_t UID_ALL = 0xff;

constexpr uint8_t LINT_LAST = 1;
constexpr uint8_t BUS_ISA = 0;
constexpr uint64_t LOCAL_APIC_ALIGNMENT = 4096; // the CPU's own base register has no lower bits
constexpr uint32_t IO_APIC_ALIGNMENT = 16;      // its two registers are 16 bytes apart

// MPS INTI flags (table 5.26): two bits each. The value 2 is reserved; it is read as what the bus says, because the
// line that goes with it is worth more than the doubt.
static enum acpi_polarity polarity_of(uint16_t flags)
{
    switch (flags & 3) {
    case 1:
        return ACPI_POLARITY_HIGH;
    case 3:
        return ACPI_POLARITY_LOW;
    default:
        return ACPI_POLARITY_BUS;
    }
}

static enum acpi_trigger trigger_of(uint16_t flags)
{
    switch (flags >> 2 & 3) {
    case 1:
        return ACPI_TRIGGER_EDGE;
    case 3:
        return ACPI_TRIGGER_LEVEL;
    default:
        return ACPI_TRIGGER_BUS;
    }
}

// The functions below take an entry of one type, as long as entry_kinds says. They return false when it cannot be used.

static bool has_processor(const struct acpi_madt *madt, uint32_t apic_id)
{
    for (uint32_t i = 0; i < madt->processor_count; i++) {
        if (madt->processors[i].apic_id == apic_id)
            return true;
    }
    return false;
}

static bool add_processor(struct acpi_madt *madt, uint32_t apic_id, uint32_t uid, uint32_t flags)
{
    if (!(flags & (PROCESSOR_ENABLED | PROCESSOR_ONLINE_CAPABLE)))
        return true; // an empty socket is no mistake
    if (has_processor(madt, apic_id))
        return true; // nor is one that firmware lists once for each mode of its APIC
    if (madt->processor_count == ACPI_PROCESSOR_LIMIT)
        return false;
    madt->processors[madt->processor_count++] = (struct acpi_processor){
        .apic_id = apic_id,
        .uid = uid,
        .is_enabled = flags & PROCESSOR_ENABLED,
    };
    return true;
}

static bool add_local_apic(struct acpi_madt *madt, const uint8_t *entry)
{
    uint8_t apic_id = entry[3];
    uint32_t flags = read_32(entry + 4);
    if (apic_id == APIC_ID_ALL && (flags & PROCESSOR_ENABLED))
        return false;
    return add_processor(madt, apic_id, entry[2], flags);
}

static bool add_x2apic(struct acpi_madt *madt, const uint8_t *entry)
{
    uint32_t apic_id = read_32(entry + 4), flags = read_32(entry + 8);
    if (apic_id == X2APIC_ID_ALL && (flags & PROCESSOR_ENABLED))
        return false;
    return add_processor(madt, apic_id, read_32(entry + 12), flags);
}

static bool add_io_apic(struct acpi_madt *madt, const uint8_t *entry)
{
    phys_addr_t address = {read_32(entry + 4)};
    if (address.value == 0 || address.value % IO_APIC_ALIGNMENT != 0 || madt->io_apic_count == ACPI_IO_APIC_LIMIT)
        return false;
    for (uint32_t i = 0; i < madt->io_apic_count; i++) {
        if (madt->io_apics[i].address.value == address.value)
            return false;
    }
    madt->io_apics[madt->io_apic_count++] = (struct acpi_io_apic){
        .address = address,
        .gsi_base = read_32(entry + 8),
        .id = entry[2],
    };
    return true;
}

static bool add_override(struct acpi_madt *madt, const uint8_t *entry)
{
    uint8_t irq = entry[3];
    if (entry[2] != BUS_ISA || irq >= ACPI_OVERRIDE_LIMIT)
        return false;
    // One an IRQ, so that they cannot be more than the array holds.
    for (uint32_t i = 0; i < madt->override_count; i++) {
        if (madt->overrides[i].irq == irq)
            return false;
    }
    uint16_t flags = read_16(entry + 8);
    madt->overrides[madt->override_count++] = (struct acpi_interrupt_override){
        .gsi = read_32(entry + 4),
        .irq = irq,
        .polarity = polarity_of(flags),
        .trigger = trigger_of(flags),
    };
    return true;
}

static bool add_nmi_source(struct acpi_madt *madt, const uint8_t *entry)
{
    if (madt->nmi_source_count == ACPI_NMI_LIMIT)
        return false;
    uint16_t flags = read_16(entry + 2);
    madt->nmi_sources[madt->nmi_source_count++] = (struct acpi_nmi_source){
        .gsi = read_32(entry + 4),
        .polarity = polarity_of(flags),
        .trigger = trigger_of(flags),
    };
    return true;
}

static bool add_lint(struct acpi_madt *madt, uint32_t uid, uint8_t lint, uint16_t flags)
{
    if (lint > LINT_LAST || madt->local_nmi_count == ACPI_NMI_LIMIT)
        return false;
    madt->local_nmis[madt->local_nmi_count++] = (struct acpi_local_nmi){
        .processor_uid = uid,
        .lint = lint,
        .polarity = polarity_of(flags),
        .trigger = trigger_of(flags),
    };
    return true;
}

static bool add_local_nmi(struct acpi_madt *madt, const uint8_t *entry)
{
    uint32_t uid = entry[2] == UID_ALL ? ACPI_ALL_PROCESSORS : entry[2];
    return add_lint(madt, uid, entry[5], read_16(entry + 3));
}

static bool add_x2apic_nmi(struct acpi_madt *madt, const uint8_t *entry)
{
    return add_lint(madt, read_32(entry + 4), entry[8], read_16(entry + 2)); // all ones already means all
}

static bool set_local_apic(struct acpi_madt *madt, const uint8_t *entry)
{
    uint64_t address = read_64(entry + 4);
    if (address == 0 || address % LOCAL_APIC_ALIGNMENT != 0)
        return false;
    madt->local_apic = (phys_addr_t){address};
    return true;
}

struct entry_kind {
    uint8_t size_bytes;
    bool (*add)(struct acpi_madt *madt, const uint8_t *entry);
};

// By type (table 5.21). The others are of other architectures, or of no use to Hewn.
static const struct entry_kind entry_kinds[] = {
    [0] = {8, add_local_apic}, [1] = {12, add_io_apic},    [2] = {10, add_override}, [3] = {8, add_nmi_source},
    [4] = {6, add_local_nmi},  [5] = {12, set_local_apic}, [9] = {16, add_x2apic},   [10] = {12, add_x2apic_nmi},
};

// A longer entry than expected is one of a later revision and fine; LENGTH has been checked against the table.
static void read_entry(struct acpi_madt *madt, const uint8_t *entry, uint32_t length)
{
    uint8_t type = entry[0];
    if (type >= sizeof entry_kinds / sizeof *entry_kinds || entry_kinds[type].add == nullptr)
        return;
    if (length < entry_kinds[type].size_bytes || !entry_kinds[type].add(madt, entry))
        madt->dropped_count++;
}

static void read_entries(struct acpi_madt *madt, const uint8_t *entries, uint32_t size_bytes)
{
    while (size_bytes > 0) {
        uint32_t length = size_bytes >= ENTRY_HEADER_BYTES ? entries[1] : 0;
        if (length < ENTRY_HEADER_BYTES || length > size_bytes) { // where the next one begins, nobody knows
            madt->dropped_count++;
            return;
        }
        read_entry(madt, entries, length);
        entries += length;
        size_bytes -= length;
    }
}

enum status acpi_read_madt(const struct acpi *acpi, struct acpi_madt *madt)
{
    *madt = (struct acpi_madt){};
    struct acpi_table table;
    enum status status = acpi_find_table(acpi, "APIC", 0, &table);
    if (status != STATUS_OK)
        return status;
    if (table.size_bytes < MADT_ENTRIES)
        return STATUS_CORRUPT;
    uint32_t local_apic = read_32(table.bytes + MADT_LOCAL_APIC);
    if (local_apic % LOCAL_APIC_ALIGNMENT == 0)
        madt->local_apic = (phys_addr_t){local_apic};
    madt->has_8259 = read_32(table.bytes + MADT_FLAGS) & MADT_FLAG_8259;
    read_entries(madt, table.bytes + MADT_ENTRIES, table.size_bytes - MADT_ENTRIES);
    return STATUS_OK;
}
