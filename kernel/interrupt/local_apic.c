// SPDX-License-Identifier: MIT
// The local APIC driver, its timer included. Called by irq.c and, for the timer, by time; must not know what a line
// means.
#include "local_apic.h"
#include <arch/cpu.h>
#include <arch/msr.h>
#include <interrupt/local_timer.h>
#include <lib/section.h>
#include <memory/device.h>

// Registers by their offset in xAPIC mode; in x2APIC mode, register MSR X2APIC_BASE + offset / 16 (table 11-6).
constexpr uint32_t ID = 0x20;
constexpr uint32_t VERSION = 0x30;
constexpr uint32_t TASK_PRIORITY = 0x80;
constexpr uint32_t END_OF_INTERRUPT = 0xb0;
constexpr uint32_t SPURIOUS = 0xf0;
constexpr uint32_t IN_SERVICE = 0x100; // eight registers of 32 vectors
constexpr uint32_t LVT_CORRECTED_MACHINE_CHECK = 0x2f0;
constexpr uint32_t LVT_TIMER = 0x320;
constexpr uint32_t LVT_THERMAL = 0x330;
constexpr uint32_t LVT_PERFORMANCE = 0x340;
constexpr uint32_t LVT_LINT0 = 0x350;
constexpr uint32_t LVT_LINT1 = 0x360;
constexpr uint32_t LVT_ERROR = 0x370;
constexpr uint32_t TIMER_INITIAL = 0x380;
constexpr uint32_t TIMER_CURRENT = 0x390;
constexpr uint32_t TIMER_DIVIDE = 0x3e0;
constexpr uint32_t REGISTER_STEP = 0x10;
constexpr size_t REGISTERS_SIZE = 0x400;
constexpr uint32_t X2APIC_BASE = 0x800;

constexpr uint64_t BASE_X2APIC = 1 << 10; // of MSR_APIC_BASE
constexpr uint64_t BASE_ENABLED = 1 << 11;
constexpr uint64_t BASE_ADDRESS = 0x000f'ffff'ffff'f000;

constexpr uint32_t LVT_MASKED = 1 << 16;
constexpr uint32_t LVT_PERIODIC = 1 << 17;
constexpr uint32_t LVT_NMI = 4 << 8;
constexpr uint32_t LVT_EXTERNAL = 7 << 8; // the vector comes from an 8259
constexpr uint32_t LVT_LOW = 1 << 13;
constexpr uint32_t SPURIOUS_ENABLED = 1 << 8;
constexpr uint32_t DIVIDE_BY_16 = 3;
constexpr uint32_t VERSION_LVT_SHIFT = 16; // the number of local lines - 1
constexpr uint32_t LVT_COUNT_WITH_THERMAL = 6;
constexpr uint32_t LVT_COUNT_WITH_PERFORMANCE = 5;
constexpr uint32_t LVT_COUNT_WITH_CORRECTED = 7;

constexpr uint32_t CPUID_1_EDX_APIC = 1 << 9;
constexpr unsigned VECTORS_PER_REGISTER = 32;
constexpr unsigned IN_SERVICE_REGISTERS = 256 / VECTORS_PER_REGISTER;

READ_ONLY_AFTER_INIT static struct {
    volatile uint32_t *registers; // nullptr: x2APIC mode
    uint32_t timer_line;          // what LVT_TIMER holds but for mode and mask
    bool is_in_use;               // irq_init() chose it
} apic;

static struct {
    bool is_masked, is_periodic;
} timer = {.is_masked = true};

READ_ONLY_AFTER_INIT volatile uint32_t *local_apic_end_of_interrupt;

static uint32_t read(uint32_t offset)
{
    if (apic.registers == nullptr)
        return (uint32_t)msr_read(X2APIC_BASE + offset / REGISTER_STEP);
    return apic.registers[offset / sizeof *apic.registers];
}

static void write(uint32_t offset, uint32_t value)
{
    if (apic.registers == nullptr)
        msr_write(X2APIC_BASE + offset / REGISTER_STEP, value);
    else
        apic.registers[offset / sizeof *apic.registers] = value;
}

bool local_apic_find(void)
{
    if (!(cpuid(1, 0).edx & CPUID_1_EDX_APIC))
        return false;
    uint64_t base = msr_read(MSR_APIC_BASE);
    if (!(base & BASE_ENABLED)) {
        msr_write(MSR_APIC_BASE, base | BASE_ENABLED); // some CPUs take it only once after a reset, hence the look
        base = msr_read(MSR_APIC_BASE);
        if (!(base & BASE_ENABLED))
            return false;
    }
    apic.registers = nullptr;
    local_apic_end_of_interrupt = nullptr;
    if (!(base & BASE_X2APIC)) {
        apic.registers = device_map((phys_addr_t){base & BASE_ADDRESS}, REGISTERS_SIZE, PAGE_UNCACHED);
        if (apic.registers == nullptr)
            return false;
    }
    uint32_t version = read(VERSION);
    return version != 0 && version != UINT32_MAX;
}

static void mask_all(void)
{
    uint32_t lvt_count = (read(VERSION) >> VERSION_LVT_SHIFT & 0xff) + 1;
    write(LVT_ERROR, LVT_MASKED); // first: a vector of 0 may itself be taken for an error (11.5.2)
    write(LVT_TIMER, LVT_MASKED);
    write(LVT_LINT0, LVT_MASKED);
    write(LVT_LINT1, LVT_MASKED);
    if (lvt_count >= LVT_COUNT_WITH_PERFORMANCE)
        write(LVT_PERFORMANCE, LVT_MASKED);
    if (lvt_count >= LVT_COUNT_WITH_THERMAL)
        write(LVT_THERMAL, LVT_MASKED);
    if (lvt_count >= LVT_COUNT_WITH_CORRECTED)
        write(LVT_CORRECTED_MACHINE_CHECK, LVT_MASKED);
}

// An interrupt that the firmware took and never ended would hold back all of its priority and below. An end of
// interrupt is for the highest vector in service, so these are counted from above.
static void acknowledge_leftovers(void)
{
    for (unsigned i = IN_SERVICE_REGISTERS; i-- > 0;) {
        uint32_t in_service = read(IN_SERVICE + i * REGISTER_STEP);
        for (; in_service != 0; in_service &= in_service - 1)
            local_apic_acknowledge();
    }
}

static void route_nmi(const struct acpi_madt *madt)
{
    uint32_t uid = ACPI_ALL_PROCESSORS;
    for (uint32_t i = 0; i < madt->processor_count; i++) {
        if (madt->processors[i].apic_id == local_apic_id())
            uid = madt->processors[i].uid;
    }
    for (uint32_t i = 0; i < madt->local_nmi_count; i++) {
        const struct acpi_local_nmi *nmi = &madt->local_nmis[i];
        if (nmi->processor_uid != uid && nmi->processor_uid != ACPI_ALL_PROCESSORS)
            continue;
        uint32_t polarity = nmi->polarity == ACPI_POLARITY_LOW ? LVT_LOW : 0; // the trigger is always an edge (11.5.1)
        write(nmi->lint == 0 ? LVT_LINT0 : LVT_LINT1, LVT_NMI | polarity);
    }
}

void local_apic_init(const struct acpi_madt *madt, uint8_t timer_vector)
{
    apic.is_in_use = true;
    if (apic.registers != nullptr)
        local_apic_end_of_interrupt = &apic.registers[END_OF_INTERRUPT / sizeof *apic.registers];
    apic.timer_line = timer_vector;
    mask_all();
    write(SPURIOUS, SPURIOUS_ENABLED | LOCAL_APIC_SPURIOUS_VECTOR);
    write(TASK_PRIORITY, 0);
    acknowledge_leftovers();
    route_nmi(madt);
}

void local_apic_init_for_pic(void)
{
    mask_all();
    write(SPURIOUS, SPURIOUS_ENABLED | LOCAL_APIC_SPURIOUS_VECTOR);
    write(TASK_PRIORITY, 0);
    acknowledge_leftovers();
    write(LVT_LINT0, LVT_EXTERNAL);
    write(LVT_LINT1, LVT_NMI);
}

uint32_t local_apic_id(void)
{
    constexpr unsigned XAPIC_SHIFT = 24;
    return apic.registers == nullptr ? read(ID) : read(ID) >> XAPIC_SHIFT;
}

void local_apic_acknowledge(void)
{
    write(END_OF_INTERRUPT, 0);
}

bool local_apic_is_in_service(uint8_t vector)
{
    uint32_t in_service = read(IN_SERVICE + vector / VECTORS_PER_REGISTER * REGISTER_STEP);
    return (in_service >> vector % VECTORS_PER_REGISTER & 1) != 0;
}

static void write_timer_line(void)
{
    write(LVT_TIMER, apic.timer_line | (timer.is_masked ? LVT_MASKED : 0) | (timer.is_periodic ? LVT_PERIODIC : 0));
}

void local_apic_set_timer_mask(bool is_masked)
{
    timer.is_masked = is_masked;
    write_timer_line();
}

bool local_apic_timer_is_masked(void)
{
    return timer.is_masked;
}

bool local_timer_is_present(void)
{
    return apic.is_in_use;
}

void local_timer_start(uint32_t count, bool is_periodic)
{
    write(TIMER_INITIAL, 0);
    timer.is_periodic = is_periodic;
    write_timer_line();
    write(TIMER_DIVIDE, DIVIDE_BY_16);
    write(TIMER_INITIAL, count);
}

uint32_t local_timer_remaining(void)
{
    return read(TIMER_CURRENT);
}
