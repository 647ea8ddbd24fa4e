// SPDX-License-Identifier: MIT
// The ACPI power management timer. Private to time. Source: ACPI 6.5, 4.8.2.1.
#pragma once
#include "clock_source.h"
#include <acpi/acpi.h>

// STATUS_NOT_FOUND when the firmware names none, STATUS_TIMEOUT when it does not count.
enum status pm_timer_open(const struct acpi_fadt *fadt, struct clock_source *source);
