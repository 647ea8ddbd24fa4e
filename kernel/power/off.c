// SPDX-License-Identifier: MIT
// Soft off: ACPI's S5, by PM1 control, or by the sleep control register of machines that have no fixed hardware. \_PTS,
// a program in AML that some firmware wants run before, is not run. Called by whoever wants the machine off.
#include "parts.h"
#include "register.h"
#include <arch/cpu.h>
#include <arch/port.h>
#include <lib/section.h>
#include <log/emergency.h>
#include <log/log.h>
#include <power/power.h>
#include <serial/serial.h>

// PM1 control (ACPI 6.5, 4.8.3.2.1).
constexpr uint16_t PM1_SCI_ENABLED = 1 << 0; // the machine is in ACPI mode
constexpr unsigned PM1_SLEEP_TYPE = 10;
constexpr uint16_t PM1_SLEEP_TYPE_MASK = 7 << PM1_SLEEP_TYPE;
constexpr uint16_t PM1_SLEEP = 1 << 13;

// Sleep control (4.8.3.7).
constexpr unsigned SLEEP_CONTROL_TYPE = 2;
constexpr uint8_t SLEEP_CONTROL_SLEEP = 1 << 5;

constexpr unsigned ACPI_MODE_LIMIT_MS = 3000;
constexpr unsigned OFF_LIMIT_MS = 3000; // a power supply goes within some ms; firmware that is asked takes its time

READ_ONLY_AFTER_INIT static struct {
    const char *obstacle; // why the machine cannot be switched off; nullptr: it can
    struct acpi_soft_off type;
    struct power_register pm1a, pm1b, sleep_control;
    uint16_t smi_command_port;
    uint8_t acpi_enable;
} off = {.obstacle = "the firmware's tables have not been read yet"};

// A FADT names those of its own kind of machine alone.
static const char *open_registers(const struct acpi_fadt *fadt)
{
    enum status sleep = power_register_open(&off.sleep_control, &fadt->sleep_control, sizeof(uint8_t));
    enum status a = power_register_open(&off.pm1a, &fadt->pm1a_control, sizeof(uint16_t));
    enum status b = power_register_open(&off.pm1b, &fadt->pm1b_control, sizeof(uint16_t));
    if (fadt->is_hardware_reduced)
        return sleep == STATUS_OK ? nullptr : "ACPI's tables name no sleep control register that can be reached";
    if (a != STATUS_OK)
        return "ACPI's tables name no PM1a control register that can be reached";
    return b != STATUS_UNSUPPORTED ? nullptr : "ACPI's PM1b control register cannot be reached";
}

static const char *find_obstacle(const struct acpi *acpi, const struct acpi_fadt *fadt)
{
    if (acpi->table_count == 0)
        return "the firmware has no ACPI tables";
    if (fadt == nullptr)
        return "ACPI's tables have no FADT, which would name the registers";
    enum status status = acpi_read_soft_off(acpi, &off.type);
    if (status == STATUS_CORRUPT)
        return "ACPI's tables define \\_S5 several times, and not in the same way";
    if (status != STATUS_OK)
        return "ACPI's tables define no \\_S5 that can be read without running AML";
    return open_registers(fadt);
}

void off_init(const struct acpi *acpi, const struct acpi_fadt *fadt)
{
    off.obstacle = find_obstacle(acpi, fadt);
    if (off.obstacle != nullptr) {
        log_debug("power", "the machine cannot be switched off: %s", off.obstacle);
        return;
    }
    off.smi_command_port = fadt->smi_command_port;
    off.acpi_enable = fadt->acpi_enable;
    log_debug("power", "S5 is type %u, %u in %s", off.type.pm1a_type, off.type.pm1b_type,
              fadt->is_hardware_reduced ? "sleep control" : "PM1 control");
}

static bool is_in_acpi_mode(void)
{
    return power_register_read(&off.pm1a) & PM1_SCI_ENABLED;
}

// Where the firmware still has the power button and the registers, they are asked for (4.8.2.5). Returns whether ACPI
// has them.
static bool enter_acpi_mode(void)
{
    if (is_in_acpi_mode())
        return true;
    if (off.smi_command_port == 0 || off.acpi_enable == 0)
        return false;
    port_write8(off.smi_command_port, off.acpi_enable);
    for (unsigned i = 0; i < ACPI_MODE_LIMIT_MS * POWER_LOOKS_PER_MS; i++) {
        if (is_in_acpi_mode())
            return true;
        power_wait_look();
    }
    return false;
}

static uint16_t with_type(const struct power_register *reg, uint8_t type)
{
    uint16_t kept = power_register_read(reg) & (uint16_t)~(PM1_SLEEP_TYPE_MASK | PM1_SLEEP);
    return kept | (uint16_t)(type << PM1_SLEEP_TYPE);
}

// The type stands before the bit that sleeps is set, so that no chipset has to take both at once.
static void write_pm1_control(void)
{
    bool has_b = off.pm1b.size_bytes != 0;
    uint16_t a = with_type(&off.pm1a, off.type.pm1a_type);
    uint16_t b = has_b ? with_type(&off.pm1b, off.type.pm1b_type) : 0;
    power_register_write(&off.pm1a, a);
    if (has_b)
        power_register_write(&off.pm1b, b);
    power_register_write(&off.pm1a, a | PM1_SLEEP);
    if (has_b)
        power_register_write(&off.pm1b, b | PM1_SLEEP);
}

static const char *go_to_s5(void)
{
    if (off.sleep_control.size_bytes != 0) {
        power_register_write(&off.sleep_control,
                             (uint16_t)(off.type.pm1a_type << SLEEP_CONTROL_TYPE | SLEEP_CONTROL_SLEEP));
        return "S5 was asked for in its sleep control register";
    }
    bool is_in_mode = enter_acpi_mode();
    write_pm1_control();
    return is_in_mode ? "S5 was asked for in its PM1 control register"
                      : "it did not enter ACPI mode, and S5 was asked for in its PM1 control register all the same";
}

enum status power_off(void)
{
    if (off.obstacle != nullptr) {
        log_error("power", "the machine cannot be switched off by software: %s", off.obstacle);
        return STATUS_UNSUPPORTED;
    }
    (void)cpu_interrupts_disable();
    log_debug("power", "switching off");
    serial_drain();
    const char *tried = go_to_s5();
    power_wait_ms(OFF_LIMIT_MS);
    log_emergency("The machine is still on: %s, and nothing happened. It is now safe to turn off the power.\n", tried);
    cpu_halt_forever();
}
