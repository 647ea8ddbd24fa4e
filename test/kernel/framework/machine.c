// SPDX-License-Identifier: MIT
// Page tables as the CPU walks them, and the question which CPU this is. For the tests of arch and interrupt.
#include "machine.h"
#include <arch/cpu.h>
#include <arch/protection.h>
#include <framework/test.h>
#include <lib/string.h>
#include <memory/memory.h>
#include <memory/phys_map.h>

unsigned machine_walk(uint64_t address, volatile uint64_t *entries[4])
{
    phys_addr_t table = {cpu_read_cr3() & MACHINE_PAGE_ADDRESS};
    for (unsigned level = 0; level < 4; level++) {
        volatile uint64_t *first = phys_to_virt(table);
        entries[level] = &first[address >> (39 - 9 * level) & 0x1ff];
        uint64_t entry = *entries[level];
        if (!(entry & MACHINE_PAGE_PRESENT) || (level > 0 && level < 3 && (entry & MACHINE_PAGE_LARGE)))
            return level + 1;
        table.value = entry & MACHINE_PAGE_ADDRESS;
    }
    return 4;
}

void *machine_map_frame(uint64_t address, enum page_rights rights)
{
    phys_addr_t frame = frame_allocate(memory_frames(), FRAME_ORDER_4K, FRAME_ZONE_ANY);
    CHECK(frame.value != 0);
    memset(phys_to_virt(frame), 0, PAGE_SIZE);
    struct page_attributes attributes = {rights, PAGE_WRITE_BACK};
    CHECK_EQUAL(page_table_map(memory_page_tables(), (virt_addr_t){address}, frame, PAGE_SIZE, attributes), STATUS_OK);
    return phys_to_virt(frame);
}

void machine_unmap_frame(uint64_t address)
{
    phys_addr_t frame;
    CHECK(page_table_translate(memory_page_tables(), (virt_addr_t){address}, &frame));
    CHECK_EQUAL(page_table_unmap(memory_page_tables(), (virt_addr_t){address}, PAGE_SIZE), STATUS_OK);
    frame_free(memory_frames(), frame, FRAME_ORDER_4K);
}

constexpr uint64_t CR0_WRITE_PROTECT = 1u << 16;

static uint64_t write_protect_before;

void machine_unseal(void)
{
    uint64_t cr0 = cpu_read_cr0();
    write_protect_before = cr0 & CR0_WRITE_PROTECT;
    cpu_write_cr0(cr0 & ~CR0_WRITE_PROTECT);
}

void machine_seal(void)
{
    cpu_write_cr0(cpu_read_cr0() | write_protect_before);
}

void machine_write_sealed(volatile uint64_t *word, uint64_t value)
{
    machine_unseal();
    *word = value;
    machine_seal();
}

uint64_t machine_fetch_bit(void)
{
    struct cpu_protections cpu = cpu_identify_protections();
    return cpu.has_no_execute || cpu.has_smep ? 1u << 4 : 0;
}

bool machine_is_tcg(void)
{
    constexpr uint32_t CPUID_1_ECX_HYPERVISOR = 1u << 31;
    constexpr uint32_t TCGT = 0x5447'4354; // "TCGT" of "TCGTCGTCGTCG" (QEMU, target/i386/cpu.c)
    return (cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) && cpuid(0x4000'0000, 0).ebx == TCGT;
}

// In long mode QEMU 7.2's TCG gives the gate's offset, 16 times its index, where 8 times is right.
bool machine_names_gate(uint64_t error_code, uint64_t vector)
{
    constexpr uint64_t IN_IDT = 2;
    return error_code == (vector * 8 | IN_IDT) || (machine_is_tcg() && error_code == (vector * 16 | IN_IDT));
}
