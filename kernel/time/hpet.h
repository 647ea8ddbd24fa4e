// SPDX-License-Identifier: MIT
// The high precision event timer's main counter. Private to time. Source: IA-PC HPET specification 1.0a.
#pragma once
#include "clock_source.h"
#include <acpi/acpi.h>

// Start the counter and fill SOURCE. STATUS_NOT_FOUND when no HPET answers at that address, STATUS_INVALID when it
// breaks its specification, STATUS_TIMEOUT when it does not count.
enum status hpet_open(const struct acpi_hpet *table, struct clock_source *source);
