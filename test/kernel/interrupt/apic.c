// SPDX-License-Identifier: MIT
// Accesses to APICs. Called by tests; knows no driver of the kernel.
#include "apic.h"
#include <arch/cpu.h>
#include <arch/msr.h>
#include <framework/test.h>
#include <memory/device.h>

constexpr uint32_t IN_SERVICE = 0x100; // eight registers
constexpr uint32_t INTERRUPT_COMMAND = 0x300;
constexpr uint32_t REGISTERS_END = 0x400;
constexpr uint32_t REGISTER_STEP = 0x10;
constexpr uint32_t MSR_X2APIC = 0x800;
constexpr uint32_t MSR_SELF_IPI = 0x83f;

bool apic_is_present(void)
{
    constexpr uint32_t CPUID_1_EDX_APIC = 1u << 9;
    constexpr uint64_t BASE_ENABLED = 1u << 11;
    return (cpuid(1, 0).edx & CPUID_1_EDX_APIC) && (msr_read(MSR_APIC_BASE) & BASE_ENABLED);
}

static volatile uint32_t *registers_at(phys_addr_t address, size_t size_bytes)
{
    volatile uint32_t *registers = device_map(address, size_bytes, PAGE_UNCACHED);
    CHECK(registers != nullptr);
    return registers;
}

static volatile uint32_t *local_register(uint64_t base, uint32_t offset)
{
    return &registers_at((phys_addr_t){base & APIC_BASE_ADDRESS}, REGISTERS_END)[offset / sizeof(uint32_t)];
}

uint32_t apic_read(uint32_t offset)
{
    uint64_t base = msr_read(MSR_APIC_BASE);
    if (base & APIC_BASE_X2APIC)
        return (uint32_t)msr_read(MSR_X2APIC + offset / REGISTER_STEP);
    return *local_register(base, offset);
}

void apic_write(uint32_t offset, uint32_t value)
{
    uint64_t base = msr_read(MSR_APIC_BASE);
    if (base & APIC_BASE_X2APIC)
        msr_write(MSR_X2APIC + offset / REGISTER_STEP, value);
    else
        *local_register(base, offset) = value;
}

// Fixed delivery (11.6.1).
void apic_send_to_self(uint8_t vector)
{
    constexpr uint32_t SHORTHAND_SELF = 1u << 18;
    if (msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC)
        msr_write(MSR_SELF_IPI, vector);
    else
        apic_write(INTERRUPT_COMMAND, SHORTHAND_SELF | vector);
}

unsigned apic_in_service_count(void)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < 8; i++)
        count += (unsigned)__builtin_popcount(apic_read(IN_SERVICE + i * REGISTER_STEP));
    return count;
}

static volatile uint32_t *select_io_register(uint32_t index)
{
    constexpr size_t WINDOW = 4; // 32-bit words from the start
    volatile uint32_t *registers = registers_at((phys_addr_t){APIC_IO_ADDRESS}, 0x20);
    registers[0] = index;
    return &registers[WINDOW];
}

static uint32_t entry_index(uint32_t gsi)
{
    constexpr uint32_t REDIRECTION = 0x10;
    return REDIRECTION + 2 * gsi;
}

uint32_t apic_read_io_entry(uint32_t gsi)
{
    return *select_io_register(entry_index(gsi));
}

uint32_t apic_read_io_destination(uint32_t gsi)
{
    constexpr unsigned DESTINATION_SHIFT = 24;
    return *select_io_register(entry_index(gsi) + 1) >> DESTINATION_SHIFT;
}

void apic_write_io_entry(uint32_t gsi, uint32_t lower_half)
{
    *select_io_register(entry_index(gsi)) = lower_half;
}
