// SPDX-License-Identifier: MIT
// What power.c puts together; private to power. The ways to reset are here one by one, so that each can be tried alone.
#pragma once
#include <acpi/acpi.h>

// Keep what switching off takes. ACPI's FADT is FADT; nullptr: there is none.
void off_init(const struct acpi *acpi, const struct acpi_fadt *fadt);

// Keep what resetting takes beyond a PC's own ports.
void reset_init(const struct acpi_fadt *fadt);

enum reset_by : uint8_t {
    RESET_BY_ACPI,
    RESET_BY_KEYBOARD_CONTROLLER,
    RESET_BY_CHIPSET,
    RESET_BY_TRIPLE_FAULT,
    RESET_WAY_COUNT,
};

struct reset_way {
    const char *name;
    bool (*pull)(void); // returns whether the machine has such a thing: then the reset may still be on its way
};

extern const struct reset_way reset_ways[RESET_WAY_COUNT];
