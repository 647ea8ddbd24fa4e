// SPDX-License-Identifier: MIT
// IA32_PAT: eight memory types, a byte each.
#include <arch/cpu.h>
#include <arch/memory_type.h>
#include <arch/msr.h>
#include <lib/section.h>

constexpr uint32_t CPUID_1_EDX_PAT = 1u << 16;
// Intel SDM vol. 3, tables 11-10 and 11-12: after a reset, but for entry 4, which would be write-back again.
constexpr uint64_t TYPES = 0x0007'0401'0007'0406;
constexpr uint64_t LOWER_FOUR = 0xffff'ffff;

READ_ONLY_AFTER_INIT static bool has_write_combining;

void memory_type_init(void)
{
    if (!(cpuid(1, 0).edx & CPUID_1_EDX_PAT))
        return;
    uint64_t before = msr_read(MSR_PAGE_ATTRIBUTE_TABLE);
    msr_write(MSR_PAGE_ATTRIBUTE_TABLE, TYPES);
    // Caches have to be flushed where a page changes its type (11.12.4). Nobody has mapped a page with entries 4 to 7
    // yet, and the others are as they were, unless the firmware thought otherwise.
    if ((before & LOWER_FOUR) != (TYPES & LOWER_FOUR)) {
        __asm__ volatile("wbinvd" : : : "memory");
        cpu_flush_tlb_all();
    }
    has_write_combining = true;
}

bool memory_type_has_write_combining(void)
{
    return has_write_combining;
}

const char *memory_type_name(unsigned number)
{
    // Tables 11-10 and 11-11; without the register, the lower four numbers mean what they mean after a reset.
    static const char *const names[8] = {"uncached",      "write-combining", "reserved",   "reserved",
                                         "write-through", "write-protected", "write-back", "uncached-"};
    uint64_t types = cpuid(1, 0).edx & CPUID_1_EDX_PAT ? msr_read(MSR_PAGE_ATTRIBUTE_TABLE) : TYPES;
    return names[types >> (8 * number) & 7];
}
