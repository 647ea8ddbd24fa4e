// SPDX-License-Identifier: MIT
// The HPET driver. Called by time.c. Only the lower half of the counter is read, whatever its width: on some chipsets a
// 64-bit read is two, between which the counter moves on, and a second read of some 500 ns would cost more than
// widening 32 bits, which time does anyway.
#include "hpet.h"
#include <clock_math/scale.h>
#include <lib/section.h>
#include <memory/device.h>

// Registers by their index in 32-bit words (2.3).
constexpr size_t CAPABILITIES = 0x000 / 4;
constexpr size_t PERIOD = 0x004 / 4; // of the main counter, in femtoseconds
constexpr size_t CONFIGURATION = 0x010 / 4;
constexpr size_t COUNTER = 0x0f0 / 4;
constexpr size_t TIMER_CONFIGURATION = 0x100 / 4; // of timer 0
constexpr size_t TIMER_STEP = 0x020 / 4;
constexpr size_t REGISTERS_SIZE = 0x400;

constexpr uint32_t REVISION_MASK = 0xff; // 0 is not allowed (2.3.4)
constexpr unsigned TIMER_LAST_SHIFT = 8;
constexpr uint32_t TIMER_LAST_MASK = 0x1f;
constexpr uint32_t PERIOD_LIMIT = 100'000'000; // 100 ns (2.3.4)
constexpr uint32_t PERIOD_LOWEST = 1'000'000;  // 1 GHz: ten times what there is, and 4.3 s for a turn
constexpr uint32_t CONFIGURATION_ENABLE = 1 << 0;
constexpr uint32_t CONFIGURATION_LEGACY = 1 << 1; // take the wires of the 8254 and the RTC away from them
constexpr uint32_t TIMER_INTERRUPT = 1 << 2;
constexpr uint64_t FEMTOSECONDS_PER_SECOND = 1'000'000'000'000'000;

READ_ONLY_AFTER_INIT static volatile uint32_t *registers;

static uint64_t read_counter(void)
{
    return registers[COUNTER];
}

// The firmware may have left a timer that interrupts.
static void quiet_timers(uint32_t capabilities)
{
    uint32_t last = capabilities >> TIMER_LAST_SHIFT & TIMER_LAST_MASK;
    for (size_t timer = 0; timer <= last && TIMER_CONFIGURATION + timer * TIMER_STEP < REGISTERS_SIZE / 4; timer++) {
        volatile uint32_t *configuration = &registers[TIMER_CONFIGURATION + timer * TIMER_STEP];
        *configuration &= ~TIMER_INTERRUPT;
    }
}

enum status hpet_open(const struct acpi_hpet *table, struct clock_source *source)
{
    registers = device_map(table->address, REGISTERS_SIZE, PAGE_UNCACHED);
    if (registers == nullptr)
        return STATUS_NOT_FOUND;
    uint32_t capabilities = registers[CAPABILITIES], period = registers[PERIOD];
    if (capabilities == UINT32_MAX && period == UINT32_MAX)
        return STATUS_NOT_FOUND;
    if ((capabilities & REVISION_MASK) == 0 || period < PERIOD_LOWEST || period > PERIOD_LIMIT)
        return STATUS_INVALID;
    quiet_timers(capabilities);
    registers[CONFIGURATION] = (registers[CONFIGURATION] & ~CONFIGURATION_LEGACY) | CONFIGURATION_ENABLE;
    if (!calibrate_is_running(read_counter))
        return STATUS_TIMEOUT;
    *source = (struct clock_source){
        .read = read_counter,
        .mask = UINT32_MAX,
        .hz = (FEMTOSECONDS_PER_SECOND + period / 2) / period,
        .multiplier = clock_multiplier_of_period(period),
    };
    return STATUS_OK;
}
