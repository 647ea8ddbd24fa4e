// SPDX-License-Identifier: MIT
// A register where the firmware's tables say it is, and the wait between two of its writes; private to power. Names
// start with power_register_ and power_wait_. Opening maps memory; all else runs in any context.
#pragma once
#include <acpi/acpi.h>
#include <lib/status.h>
#include <stdint.h>

struct power_register {
    enum acpi_space space;
    uint8_t size_bytes;    // 1 or 2; 0: there is no register
    uint32_t address;      // a port, or what PCI's address port wants
    volatile void *memory; // of those in memory
};

// STATUS_NOT_FOUND: FROM is none. STATUS_UNSUPPORTED: it cannot be reached. Then REG is all zero.
enum status power_register_open(struct power_register *reg, const struct acpi_register *from, uint8_t size_bytes);

uint16_t power_register_read(const struct power_register *reg);
void power_register_write(const struct power_register *reg, uint16_t value);

// About COUNT ms, without a clock.
void power_wait_ms(unsigned count);

// One look's time: 1 us on an ISA-timed bus.
constexpr unsigned POWER_LOOKS_PER_MS = 1000;
void power_wait_look(void);
