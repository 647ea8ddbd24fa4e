// SPDX-License-Identifier: MIT
// The interrupt controller inside the CPU, in xAPIC or x2APIC mode. For irq.c; interrupts are closed in every call.
// Source: Intel SDM vol. 3, chapter 11.
#pragma once
#include <acpi/acpi.h>
#include <stdint.h>

constexpr uint8_t LOCAL_APIC_SPURIOUS_VECTOR = 0xff; // its low four bits are fixed to 1 on old CPUs

// Whether this CPU has one that answers. Must come before everything below.
[[nodiscard]] bool local_apic_find(void);

// Take interrupts from I/O APICs: enabled, all local lines masked but the NMI lines that MADT names, leftovers of the
// firmware acknowledged. TIMER_VECTOR is where the timer's interrupts go once it is unmasked.
void local_apic_init(const struct acpi_madt *madt, uint8_t timer_vector);

// Let the 8259 pair through, as an old PC has it.
void local_apic_init_for_pic(void);

uint32_t local_apic_id(void);

// The register that takes the end of an interrupt, for whoever is in a hurry; nullptr in x2APIC mode, and unless the
// local APIC serves I/O APICs.
extern volatile uint32_t *local_apic_end_of_interrupt;

// In either mode.
void local_apic_acknowledge(void);

// Whether the interrupt VECTOR was delivered and has not been acknowledged.
bool local_apic_is_in_service(uint8_t vector);

void local_apic_set_timer_mask(bool is_masked);
[[nodiscard]] bool local_apic_timer_is_masked(void);
