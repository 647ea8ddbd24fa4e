// SPDX-License-Identifier: MIT
// The interrupt controllers on the board, which turn wires (GSIs) into messages to local APICs. For irq.c; interrupts
// are closed in every call. Source: Intel 82093AA data sheet.
#pragma once
#include <acpi/acpi.h>
#include <stdint.h>

// Take over every I/O APIC that MADT names and that answers like one, all lines masked. Returns how many lines there
// are.
uint32_t io_apic_init(const struct acpi_madt *madt);

// From here on lines go to the CPU DESTINATION (its local APIC's number, below 255); those that MADT calls non-maskable
// do at once.
void io_apic_route_all_to(const struct acpi_madt *madt, uint8_t destination);

// Whether a controller has the wire GSI.
[[nodiscard]] bool io_apic_has(uint32_t gsi);

// Route GSI, which a controller has, to VECTOR of that CPU. It stays masked.
void io_apic_route(uint32_t gsi, uint8_t vector, bool is_low, bool is_level);

// What GSI's controller is set to.
struct io_apic_route {
    uint8_t controller, pin; // in the order of MADT; of that controller
    bool is_masked, is_low, is_level;
};
struct io_apic_route io_apic_read_route(uint32_t gsi);

void io_apic_set_mask(uint32_t gsi, bool is_masked);
