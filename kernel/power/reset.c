// SPDX-License-Identifier: MIT
// The ways to begin again, the kindest first: what the firmware names, what each PC has had, what chipsets have, and
// what no CPU lives through. Called by whoever wants the machine back at its firmware.
#include "parts.h"
#include "register.h"
#include <arch/cpu.h>
#include <arch/idt.h>
#include <arch/port.h>
#include <lib/section.h>
#include <log/log.h>
#include <power/power.h>
#include <serial/serial.h>

constexpr unsigned RESET_LIMIT_MS = 200; // of one way; the board's pulse is far shorter

// The keyboard controller's output port: bit 0 is wired to the CPU's reset (IBM PS/2 Hardware Interface Technical
// Reference, "Keyboard and Auxiliary Device Controller"). A pulse of it is 6 us long.
constexpr uint16_t KEYBOARD_STATUS = 0x64;  // read
constexpr uint16_t KEYBOARD_COMMAND = 0x64; // write
constexpr uint8_t KEYBOARD_ABSENT = 0xff;
constexpr uint8_t KEYBOARD_INPUT_FULL = 1 << 1;
constexpr uint8_t KEYBOARD_PULSE_RESET = 0xfe;
constexpr unsigned KEYBOARD_LIMIT_MS = 100;

// Reset control register (Intel ICH9 datasheet, 13.7.5; PIIX3 has the same): the kind of reset is chosen first, and
// bit 2 going from 0 to 1 pulls it.
constexpr uint16_t RESET_CONTROL = 0xcf9;
constexpr uint8_t RESET_CONTROL_SYSTEM = 1 << 1;
constexpr uint8_t RESET_CONTROL_PULL = 1 << 2;

READ_ONLY_AFTER_INIT static struct {
    struct power_register control;
    uint8_t value;
} acpi_reset;

void reset_init(const struct acpi_fadt *fadt)
{
    acpi_reset.value = fadt->reset_value;
    if (power_register_open(&acpi_reset.control, &fadt->reset, sizeof(uint8_t)) == STATUS_UNSUPPORTED)
        log_warning("power", "ACPI's reset register cannot be reached; there are other ways");
}

static bool pull_acpi(void)
{
    if (acpi_reset.control.size_bytes == 0)
        return false;
    power_register_write(&acpi_reset.control, acpi_reset.value);
    return true;
}

// A controller that never listens gets the command all the same: nothing is lost any more.
static bool pull_keyboard_controller(void)
{
    if (port_read8(KEYBOARD_STATUS) == KEYBOARD_ABSENT)
        return false;
    for (unsigned i = 0; i < KEYBOARD_LIMIT_MS * POWER_LOOKS_PER_MS; i++) {
        if (!(port_read8(KEYBOARD_STATUS) & KEYBOARD_INPUT_FULL))
            break;
    }
    port_write8(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
    return true;
}

static bool pull_chipset(void)
{
    port_write8(RESET_CONTROL, RESET_CONTROL_SYSTEM);
    power_wait_look();
    port_write8(RESET_CONTROL, RESET_CONTROL_SYSTEM | RESET_CONTROL_PULL);
    return true;
}

[[noreturn]] static bool pull_cpu(void)
{
    idt_triple_fault();
}

const struct reset_way reset_ways[RESET_WAY_COUNT] = {
    [RESET_BY_ACPI] = {"ACPI's reset register", pull_acpi},
    [RESET_BY_KEYBOARD_CONTROLLER] = {"the keyboard controller", pull_keyboard_controller},
    [RESET_BY_CHIPSET] = {"the chipset's reset control", pull_chipset},
    [RESET_BY_TRIPLE_FAULT] = {"a triple fault", pull_cpu},
};

void power_reset(void)
{
    (void)cpu_interrupts_disable();
    for (const struct reset_way *way = reset_ways; way < reset_ways + RESET_WAY_COUNT; way++) {
        log_debug("power", "reset by %s", way->name);
        serial_drain();
        if (way->pull())
            power_wait_ms(RESET_LIMIT_MS);
    }
    cpu_halt_forever(); // a CPU that lives through a triple fault
}
