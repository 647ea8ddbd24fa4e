// SPDX-License-Identifier: MIT
// The PM timer driver: one port. Called by time.c. Chipsets whose timer shows wrong values while it carries (PIIX4,
// ICH4) are older than long mode, so one read is enough.
#include "pm_timer.h"
#include <arch/port.h>
#include <clock_math/scale.h>
#include <lib/section.h>

constexpr uint64_t PM_TIMER_HZ = 3'579'545;
constexpr uint64_t MASK_24_BITS = 0xff'ffff;

READ_ONLY_AFTER_INIT static uint16_t port;

static uint64_t read_counter(void)
{
    return port_read32(port);
}

enum status pm_timer_open(const struct acpi_fadt *fadt, struct clock_source *source)
{
    if (fadt->pm_timer_port == 0 || fadt->is_hardware_reduced)
        return STATUS_NOT_FOUND;
    port = fadt->pm_timer_port;
    if (!calibrate_is_running(read_counter))
        return STATUS_TIMEOUT;
    *source = (struct clock_source){
        .read = read_counter,
        .mask = fadt->is_pm_timer_32_bit ? UINT32_MAX : MASK_24_BITS,
        .hz = PM_TIMER_HZ,
        .multiplier = clock_multiplier(PM_TIMER_HZ),
    };
    return STATUS_OK;
}
