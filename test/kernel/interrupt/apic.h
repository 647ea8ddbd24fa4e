// SPDX-License-Identifier: MIT
// The registers of this CPU's local APIC, in whichever mode it is, and of the I/O APIC, read and written without the
// kernel's drivers. For the tests of interrupt, on machines that have them. Sources: Intel SDM vol. 3, chapter 11;
// 82093AA data sheet.
#pragma once
#include <stdint.h>

// Whether this CPU has a local APIC that is switched on. What follows is for those.
bool apic_is_present(void);

// A register by its offset in xAPIC mode.
uint32_t apic_read(uint32_t offset);
void apic_write(uint32_t offset, uint32_t value);

constexpr uint32_t APIC_ID = 0x20;
constexpr uint32_t APIC_TASK_PRIORITY = 0x80;
constexpr uint32_t APIC_SPURIOUS = 0xf0;
constexpr uint32_t APIC_LVT_TIMER = 0x320;
constexpr uint32_t APIC_LVT_THERMAL = 0x330;
constexpr uint32_t APIC_LVT_PERFORMANCE = 0x340;
constexpr uint32_t APIC_LVT_LINT0 = 0x350;
constexpr uint32_t APIC_LVT_LINT1 = 0x360;
constexpr uint32_t APIC_LVT_ERROR = 0x370;

// Of MSR_APIC_BASE.
constexpr uint64_t APIC_BASE_X2APIC = 1u << 10;
constexpr uint64_t APIC_BASE_ADDRESS = 0x000f'ffff'ffff'f000;

// Of local lines (11.5.1) and of I/O APIC entries (3.2.4) alike.
constexpr uint32_t APIC_MASKED = 1u << 16;
constexpr uint32_t APIC_LEVEL = 1u << 15;
constexpr uint32_t APIC_LOW = 1u << 13;
constexpr uint32_t APIC_NMI = 4u << 8;
constexpr uint32_t APIC_EXTERNAL = 7u << 8;

// Raise VECTOR on this CPU, as a device would.
void apic_send_to_self(uint8_t vector);

// How many interrupts are delivered and not acknowledged.
unsigned apic_in_service_count(void);

// Where a PC's only I/O APIC is.
constexpr uint32_t APIC_IO_ADDRESS = 0xfec0'0000;

// The entry of the line GSI, its lower half: how it is delivered; its upper: to whom.
uint32_t apic_read_io_entry(uint32_t gsi);
uint32_t apic_read_io_destination(uint32_t gsi);
void apic_write_io_entry(uint32_t gsi, uint32_t lower_half);
