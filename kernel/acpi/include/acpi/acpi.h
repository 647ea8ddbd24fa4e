// SPDX-License-Identifier: MIT
// The firmware's tables: finds them from the root pointer and decodes those that Hewn needs. Owns no hardware and
// allocates nothing; the same source runs in host tests and fuzzers. Exported names start with acpi_.
//
// Trusts nothing: each length is checked against what is mapped before it is believed, each table against its sum, and
// tables that are wrong are passed over as if they were missing. Any context in which the map function works;
// O(tables). Source: ACPI 6.5, chapter 5.2.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

// Return where SIZE_BYTES at ADDRESS can be read for as long as the kernel runs, or nullptr.
typedef const void *acpi_map_fn(phys_addr_t address, size_t size_bytes);

struct acpi {
    acpi_map_fn *map;
    const uint8_t *root; // the entries of the RSDT or XSDT, 4 or 8 bytes each
    uint32_t entry_count;
    uint8_t entry_size_bytes;
    uint8_t revision;       // of the root pointer: 0 is ACPI 1.0, 2 or more has an XSDT
    uint32_t skipped_count; // tables named by the root whose address, length or sum was wrong
};

// Start from the root pointer at RSDP (0: there is none). The XSDT is preferred; when it is wrong the RSDT is used.
// STATUS_NOT_FOUND without a root pointer, STATUS_CORRUPT when its sum or that of every root table is wrong. After a
// failure, ACPI may be used and has no tables.
enum status acpi_init(struct acpi *acpi, phys_addr_t rsdp, acpi_map_fn *map);

struct acpi_table {
    char signature[5];
    uint8_t revision;
    const uint8_t *bytes; // from its header on
    uint32_t size_bytes;
};

// Find the table number INDEX (from 0) among those with SIGNATURE; nullptr stands for any. STATUS_NOT_FOUND.
enum status acpi_find_table(const struct acpi *acpi, const char *signature, unsigned index, struct acpi_table *table);

enum acpi_polarity : uint8_t {
    ACPI_POLARITY_BUS, // what the bus says: high for ISA
    ACPI_POLARITY_HIGH,
    ACPI_POLARITY_LOW,
};

enum acpi_trigger : uint8_t {
    ACPI_TRIGGER_BUS, // edge for ISA
    ACPI_TRIGGER_EDGE,
    ACPI_TRIGGER_LEVEL,
};

struct acpi_io_apic {
    phys_addr_t address;
    uint32_t gsi_base;
    uint8_t id;
};

struct acpi_interrupt_override {
    uint32_t gsi;
    uint8_t irq; // of the ISA bus
    enum acpi_polarity polarity;
    enum acpi_trigger trigger;
};

// A line that is wired to non-maskable interrupts: of an I/O APIC (GSI), or a local APIC's LINT pin.
struct acpi_nmi_source {
    uint32_t gsi;
    enum acpi_polarity polarity;
    enum acpi_trigger trigger;
};

struct acpi_local_nmi {
    uint32_t processor_uid; // 0xff or 0xffff'ffff: all
    uint8_t lint;           // 0 or 1
    enum acpi_polarity polarity;
    enum acpi_trigger trigger;
};

struct acpi_processor {
    uint32_t apic_id, uid;
    bool is_enabled;
};

constexpr unsigned ACPI_PROCESSOR_LIMIT = 256;
constexpr unsigned ACPI_IO_APIC_LIMIT = 16;
constexpr unsigned ACPI_OVERRIDE_LIMIT = 24;
constexpr unsigned ACPI_NMI_LIMIT = 16;

// The multiple APIC description table (5.2.12). Entries beyond the limits are counted in .dropped_count.
struct acpi_madt {
    phys_addr_t local_apic;
    bool has_8259;
    uint32_t processor_count, io_apic_count, override_count, nmi_source_count, local_nmi_count;
    uint32_t dropped_count;
    struct acpi_processor processors[ACPI_PROCESSOR_LIMIT];
    struct acpi_io_apic io_apics[ACPI_IO_APIC_LIMIT];
    struct acpi_interrupt_override overrides[ACPI_OVERRIDE_LIMIT];
    struct acpi_nmi_source nmi_sources[ACPI_NMI_LIMIT];
    struct acpi_local_nmi local_nmis[ACPI_NMI_LIMIT];
};

// STATUS_NOT_FOUND when there is none, STATUS_CORRUPT when it breaks off within its header.
enum status acpi_read_madt(const struct acpi *acpi, struct acpi_madt *madt);

// The HPET description table (IA-PC HPET 1.0a, 3.2.4).
struct acpi_hpet {
    phys_addr_t address; // of its registers, in memory
    uint8_t number;
};

// STATUS_UNSUPPORTED when its registers are not in memory.
enum status acpi_read_hpet(const struct acpi *acpi, struct acpi_hpet *hpet);

// What Hewn wants of the fixed description table (5.2.9). Zero means absent.
struct acpi_fadt {
    uint16_t pm_timer_port;    // 3.579545 MHz counter
    bool is_pm_timer_32_bit;   // else 24
    uint8_t rtc_century_index; // CMOS register
    bool has_no_8042;          // the firmware says for sure that there is none (revision 3 and later)
    bool has_no_rtc;           // the same
    bool is_hardware_reduced;  // there are no fixed registers at all
};

enum status acpi_read_fadt(const struct acpi *acpi, struct acpi_fadt *fadt);
