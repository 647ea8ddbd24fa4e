// SPDX-License-Identifier: MIT
// Reads the tables for both ends. Called by main, once.
#include "parts.h"
#include <power/power.h>

void power_init(const struct acpi *acpi)
{
    struct acpi_fadt fadt;
    bool has_fadt = acpi_read_fadt(acpi, &fadt) == STATUS_OK;
    off_init(acpi, has_fadt ? &fadt : nullptr);
    reset_init(&fadt); // all zero after a failure
}
