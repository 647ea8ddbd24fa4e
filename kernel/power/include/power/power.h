// SPDX-License-Identifier: MIT
// The end of a machine's run: off, or from the beginning. Owns ACPI's S5, the reset register and what PCs had before
// them; knows nothing of who asks, nor of what has to be saved first. Exported names start with power_.
//
// Any context from power_init() on, a panic included: everything that is needed was read and mapped there, and nothing
// below allocates, takes a lock or waits without a bound. Waits are counted in port reads of about 1 us, so that they
// need no clock. Before power_init(), power_off() finds no way, and power_reset() has those that need no table.
#pragma once
#include <acpi/acpi.h>
#include <lib/status.h>

// Keep what ACPI's tables say of power. From memory_init() on, and before memory_seal(). Logs at debug what it found,
// and a warning for each thing that is there and cannot be used.
void power_init(const struct acpi *acpi);

// Switch the machine off. STATUS_UNSUPPORTED: the firmware does not say how (no ACPI tables, no \_S5, no register for
// it); the log has a sentence that names what is missing, and nothing has changed. Otherwise it does not return: what
// was to be sent has left the serial line first, and where the machine is still on some seconds later, every output
// says what was tried and that the power may be turned off by hand; then the CPU halts, interrupts closed.
enum status power_off(void);

// Begin again from the firmware on: by ACPI's reset register, the keyboard controller, the chipset's reset control and
// at last a triple fault, each given its time before the next. Each is logged at debug before it is tried, and has left
// the serial line by then. A CPU cannot live through the last one.
[[noreturn]] void power_reset(void);
