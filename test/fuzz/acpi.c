// SPDX-License-Identifier: MIT
// Fuzzer of kernel/acpi. An input is a physical memory: the first byte says whether the sums are made right before the
// tables are read (bit 0; without it little gets behind them), the rest is a dump (support/physical_memory.h) that
// begins with the root pointer. Memory is mapped as blocks of exactly the size that was asked for, so ASan sees any
// byte that is read beyond. Beside that it looks for results that break the promises of acpi.h, and for work without a
// bound.
#include <acpi/acpi.h>
#include <lib/panic.h>
#include <string.h>
#include <support/physical_memory.h>

constexpr uint8_t ORDER_FIX_SUMS = 1 << 0;
constexpr uint32_t HEADER_BYTES = 36;

static struct acpi acpi;
static struct acpi_madt madt;
static struct acpi_hpet hpet;
static struct acpi_fadt fadt;
static struct acpi_soft_off off;

static uint8_t sum_of(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum;
}

static uint64_t number(const uint8_t *bytes, size_t size_bytes)
{
    uint64_t value = 0;
    memcpy(&value, bytes, size_bytes);
    return value;
}

// Returns the table and its size, or nullptr when there is none with that length. Where ranges overlap, the header and
// the whole may come from different ones and disagree about the length: the header's counts, as in the code under test.
static uint8_t *fix_table(uint64_t address, size_t *size_bytes)
{
    const uint8_t *header = physical_memory_at(address, HEADER_BYTES);
    if (header == nullptr)
        return nullptr;
    *size_bytes = number(header + 4, 4);
    uint8_t *bytes = physical_memory_at(address, *size_bytes);
    if (bytes == nullptr || *size_bytes < HEADER_BYTES)
        return nullptr;
    bytes[9] = (uint8_t)(bytes[9] - sum_of(bytes, *size_bytes));
    return bytes;
}

// What a FADT names: both fields, whatever the revision.
static void fix_dsdt(const uint8_t *fadt_bytes, size_t size_bytes)
{
    size_t dsdt_bytes;
    if (size_bytes >= 44)
        (void)fix_table(number(fadt_bytes + 40, 4), &dsdt_bytes);
    if (size_bytes >= 148)
        (void)fix_table(number(fadt_bytes + 140, 8), &dsdt_bytes);
}

static void fix_root(uint64_t address, size_t entry_bytes)
{
    size_t size_bytes, table_bytes;
    const uint8_t *root = fix_table(address, &size_bytes);
    if (root == nullptr)
        return;
    for (size_t at = HEADER_BYTES; at + entry_bytes <= size_bytes; at += entry_bytes) {
        const uint8_t *table = fix_table(number(root + at, entry_bytes), &table_bytes);
        if (table != nullptr && memcmp(table, "FACP", 4) == 0)
            fix_dsdt(table, table_bytes);
    }
}

static void fix_sums(uint64_t rsdp_address)
{
    uint8_t *rsdp = physical_memory_at(rsdp_address, 20);
    if (rsdp == nullptr)
        return;
    rsdp[8] = (uint8_t)(rsdp[8] - sum_of(rsdp, 20));
    fix_root(number(rsdp + 16, 4), 4);
    rsdp = physical_memory_at(rsdp_address, 36);
    if (rsdp == nullptr)
        return;
    size_t length = number(rsdp + 20, 4);
    if (physical_memory_at(rsdp_address, length) == rsdp && length > 32)
        rsdp[32] = (uint8_t)(rsdp[32] - sum_of(rsdp, length));
    fix_root(number(rsdp + 24, 8), 8);
}

static void check_tables(void)
{
    ASSERT(acpi.table_count <= ACPI_TABLE_LIMIT);
    for (uint32_t i = 0; i < acpi.table_count; i++) {
        struct acpi_table table;
        enum status status = acpi_find_table(&acpi, nullptr, i, &table);
        ASSERT(status == STATUS_OK && table.size_bytes >= HEADER_BYTES && strlen(table.signature) == 4);
        ASSERT(physical_memory_is_mapped(table.bytes, table.size_bytes));
        ASSERT(sum_of(table.bytes, table.size_bytes) == 0);
        for (uint32_t j = 0; j < i; j++)
            ASSERT(acpi.tables[j].address.value != table.address.value);
    }
    struct acpi_table table;
    ASSERT(acpi_find_table(&acpi, nullptr, acpi.table_count, &table) == STATUS_NOT_FOUND);
}

static void check_lines(void)
{
    ASSERT(madt.override_count <= ACPI_OVERRIDE_LIMIT && madt.nmi_source_count <= ACPI_NMI_LIMIT);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < madt.override_count; i++) {
        const struct acpi_interrupt_override *override = &madt.overrides[i];
        ASSERT(override->irq < 16 && !(seen & 1u << override->irq));
        ASSERT(override->polarity <= ACPI_POLARITY_LOW && override->trigger <= ACPI_TRIGGER_LEVEL);
        seen |= 1u << override->irq;
    }
    ASSERT(madt.local_nmi_count <= ACPI_NMI_LIMIT);
    for (uint32_t i = 0; i < madt.local_nmi_count; i++)
        ASSERT(madt.local_nmis[i].lint <= 1);
}

static void check_madt(void)
{
    enum status status = acpi_read_madt(&acpi, &madt);
    if (status != STATUS_OK) {
        ASSERT(status == STATUS_NOT_FOUND || status == STATUS_CORRUPT);
        ASSERT(madt.local_apic.value == 0 && madt.io_apic_count == 0 && madt.processor_count == 0);
        return;
    }
    ASSERT(madt.local_apic.value % 4096 == 0);
    ASSERT(madt.processor_count <= ACPI_PROCESSOR_LIMIT && madt.io_apic_count <= ACPI_IO_APIC_LIMIT);
    for (uint32_t i = 0; i < madt.processor_count; i++) {
        for (uint32_t j = 0; j < i; j++)
            ASSERT(madt.processors[i].apic_id != madt.processors[j].apic_id);
    }
    for (uint32_t i = 0; i < madt.io_apic_count; i++) {
        uint64_t address = madt.io_apics[i].address.value;
        ASSERT(address != 0 && address % 16 == 0);
        for (uint32_t j = 0; j < i; j++)
            ASSERT(address != madt.io_apics[j].address.value);
    }
    check_lines();
}

static void check_timers(void)
{
    enum status status = acpi_read_fadt(&acpi, &fadt);
    ASSERT(status == STATUS_OK || status == STATUS_NOT_FOUND || status == STATUS_CORRUPT);
    ASSERT(fadt.pm_timer_port <= 0xfffc && (fadt.pm_timer_port != 0 || !fadt.is_pm_timer_32_bit));
    ASSERT(!fadt.is_hardware_reduced || fadt.pm_timer_port == 0);
    status = acpi_read_hpet(&acpi, &hpet);
    ASSERT((status == STATUS_OK) == (hpet.address.value != 0) && hpet.address.value % 8 == 0);
}

static void check_register(const struct acpi_register *reg, uint32_t size_bytes)
{
    ASSERT(reg->space <= ACPI_SPACE_PCI && (reg->address != 0 || reg->space == 0));
    ASSERT(reg->space != ACPI_SPACE_PCI || reg == &fadt.reset);
    ASSERT(reg->space != ACPI_SPACE_IO || reg->address + size_bytes <= 0x1'0000);
    ASSERT(reg->space != ACPI_SPACE_PCI || reg->address <= 0x1f'0007'00ff);
    ASSERT(reg->address + (size_bytes - 1) >= reg->address);
}

static void check_power(void)
{
    (void)acpi_read_fadt(&acpi, &fadt);
    check_register(&fadt.pm1a_control, 2);
    check_register(&fadt.pm1b_control, 2);
    check_register(&fadt.sleep_control, 1);
    check_register(&fadt.reset, 1);
    ASSERT(!fadt.is_hardware_reduced || (fadt.pm1a_control.address == 0 && fadt.smi_command_port == 0));
    enum status status = acpi_read_soft_off(&acpi, &off);
    ASSERT(off.pm1a_type <= 7 && off.pm1b_type <= 7);
    ASSERT(status == STATUS_OK || (off.pm1a_type == 0 && off.pm1b_type == 0));
    ASSERT(status == STATUS_OK || status == STATUS_NOT_FOUND || status == STATUS_CORRUPT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    physical_memory_clear();
    uint64_t rsdp = physical_memory_load(data + 1, size - 1);
    if (data[0] & ORDER_FIX_SUMS)
        fix_sums(rsdp);
    enum status status = acpi_init(&acpi, (phys_addr_t){rsdp}, physical_memory_map);
    ASSERT((status == STATUS_NOT_FOUND) == (rsdp == 0));
    ASSERT(status == STATUS_OK || acpi.table_count == 0);
    // The root pointer, then a header and a whole for each root table, for what it names, and for two DSDTs.
    ASSERT(physical_memory_map_count() <= 3 + 2 * 2 * (1 + ACPI_TABLE_LIMIT) + 2 * 2);
    check_tables();
    check_madt();
    check_timers();
    check_power();
    return 0;
}
