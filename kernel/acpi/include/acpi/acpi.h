// SPDX-License-Identifier: MIT
// The firmware's tables: finds them from the root pointer and decodes those that Hewn needs. Owns no hardware and
// allocates nothing; the same source runs in host tests and fuzzers. Exported names start with acpi_.
//
// Trusts nothing: each length is checked against what is mapped before it is believed, each table against its sum, and
// tables that are wrong are passed over as if they were missing and counted. Any context in which the map function
// works. Source: ACPI 6.5, chapter 5.2.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

// Return where SIZE_BYTES at ADDRESS can be read for as long as the kernel runs, or nullptr. Never asked for address 0,
// for no bytes, or for a range that wraps.
typedef const void *acpi_map_fn(phys_addr_t address, size_t size_bytes);

// A table that lies in mapped memory as a whole and whose sum is right. What its fields say is not checked yet.
struct acpi_table {
    phys_addr_t address;
    const uint8_t *bytes; // from its header on, at any alignment
    uint32_t size_bytes;  // at least the header's 36
    uint8_t revision;
    char signature[5]; // what was not printable is '?'
};

// Entries that the root may have beyond this are counted as skipped.
constexpr unsigned ACPI_TABLE_LIMIT = 128;

// 4 KiB, and the tables stay where they are: not for a stack. Read-only once initialised.
struct acpi {
    uint32_t table_count;
    uint32_t skipped_count; // root tables and those that they or the FADT name: wrong address, length, sum, seen before
    uint8_t revision;       // of the root pointer: 0 is ACPI 1.0, 2 or more has an XSDT
    struct acpi_table tables[ACPI_TABLE_LIMIT];
};

// Start from the root pointer at RSDP (0: there is none). The XSDT is preferred; when it is wrong, or leads to no table
// that is right, the RSDT is used. STATUS_NOT_FOUND without a root pointer, STATUS_CORRUPT when it or every root table
// is wrong. The DSDT, which the FADT names, is one of the tables. After a failure, ACPI may be used and has no tables.
// Reads at most 64 MiB, whatever the lengths say.
enum status acpi_init(struct acpi *acpi, phys_addr_t rsdp, acpi_map_fn *map);

// Find the table number INDEX (from 0) among those with SIGNATURE (4 characters); nullptr stands for any. Where this
// and the functions below fail, they return STATUS_NOT_FOUND when there is no such table.
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
    phys_addr_t address; // not 0, a multiple of 16, no other's
    uint32_t gsi_base;   // how many follow, its registers say; whether they overlap another's is not checked
    uint8_t id;
};

struct acpi_interrupt_override {
    uint32_t gsi;
    uint8_t irq; // of the ISA bus: 0..15, at most one override each
    enum acpi_polarity polarity;
    enum acpi_trigger trigger;
};

// A line of an I/O APIC that is wired to non-maskable interrupts.
struct acpi_nmi_source {
    uint32_t gsi;
    enum acpi_polarity polarity;
    enum acpi_trigger trigger;
};

constexpr uint32_t ACPI_ALL_PROCESSORS = 0xffff'ffff;

// A LINT pin of a local APIC that is.
struct acpi_local_nmi {
    uint32_t processor_uid; // or ACPI_ALL_PROCESSORS
    uint8_t lint;           // 0 or 1
    enum acpi_polarity polarity;
    enum acpi_trigger trigger;
};

struct acpi_processor {
    uint32_t apic_id; // no other's
    uint32_t uid;
    bool is_enabled; // else it may be plugged in later
};

constexpr unsigned ACPI_PROCESSOR_LIMIT = 256;
constexpr unsigned ACPI_IO_APIC_LIMIT = 16;
constexpr unsigned ACPI_OVERRIDE_LIMIT = 16;
constexpr unsigned ACPI_NMI_LIMIT = 16;

// The multiple APIC description table (5.2.12). 4 KiB: not for a stack.
struct acpi_madt {
    phys_addr_t local_apic; // 0 when what the firmware says cannot be: the CPU's own register knows as well
    bool has_8259;          // which must be masked then
    uint32_t processor_count, io_apic_count, override_count, nmi_source_count, local_nmi_count;
    uint32_t dropped_count; // entries beyond the limits, wrong, or said twice (processors may be)
    struct acpi_processor processors[ACPI_PROCESSOR_LIMIT];
    struct acpi_io_apic io_apics[ACPI_IO_APIC_LIMIT];
    struct acpi_interrupt_override overrides[ACPI_OVERRIDE_LIMIT];
    struct acpi_nmi_source nmi_sources[ACPI_NMI_LIMIT];
    struct acpi_local_nmi local_nmis[ACPI_NMI_LIMIT];
};

// STATUS_CORRUPT when the table breaks off within its header. After a failure, MADT is all zero.
enum status acpi_read_madt(const struct acpi *acpi, struct acpi_madt *madt);

// The HPET description table (IA-PC HPET 1.0a, 3.2.4).
struct acpi_hpet {
    phys_addr_t address; // of its registers, in memory; a multiple of 8
    uint8_t number;
};

// STATUS_UNSUPPORTED when its registers are not in memory, STATUS_CORRUPT when the table is short or the address cannot
// be. After a failure, HPET is all zero.
enum status acpi_read_hpet(const struct acpi *acpi, struct acpi_hpet *hpet);

// What a register's address counts in (5.2.3.2).
enum acpi_space : uint8_t {
    ACPI_SPACE_MEMORY = 0,
    ACPI_SPACE_IO = 1,
    ACPI_SPACE_PCI = 2, // configuration space of bus 0: device << 32 | function << 16 | offset
};

// A register that lies in its space as a whole. Address 0: there is none.
struct acpi_register {
    uint64_t address;
    enum acpi_space space;
};

// What Hewn wants of the fixed description table (5.2.9). Zero means absent.
struct acpi_fadt {
    uint16_t pm_timer_port;    // 3.579545 MHz counter, 4 bytes
    bool is_pm_timer_32_bit;   // else 24
    uint8_t rtc_century_index; // CMOS register
    bool has_no_8042;          // the firmware says that there is none (revision 3 and later)
    bool has_no_rtc;           // the same (revision 5 and later)
    bool is_hardware_reduced;  // there are no fixed registers at all (revision 5 and later)

    struct acpi_register pm1a_control, pm1b_control; // 2 bytes each, in memory or I/O
    uint16_t smi_command_port;                       // 0: the machine is always in ACPI mode
    uint8_t acpi_enable;                             // what to write there
    struct acpi_register sleep_control;              // 1 byte, in memory or I/O; on hardware-reduced machines alone
    struct acpi_register reset;                      // 1 byte (revision 3 and later)
    uint8_t reset_value;
};

// STATUS_CORRUPT when the table is shorter than that of ACPI 1.0. After a failure, FADT is all zero.
enum status acpi_read_fadt(const struct acpi *acpi, struct acpi_fadt *fadt);

// What switches a machine off when it is written as SLP_TYP: into PM1a and PM1b control, or, the first one, into sleep
// control. 0..7 each.
struct acpi_soft_off {
    uint8_t pm1a_type, pm1b_type;
};

// Find the package \_S5 (7.4.2) in DSDT and SSDTs: by its bytes, because AML is not interpreted here. What has its name
// and is no package of constants counts as data. STATUS_CORRUPT when there are several that contradict each other.
// After a failure, OFF is all zero. O(bytes of these tables).
enum status acpi_read_soft_off(const struct acpi *acpi, struct acpi_soft_off *off);
