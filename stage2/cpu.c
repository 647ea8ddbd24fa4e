// SPDX-License-Identifier: MIT
// Feature bits are those of Intel SDM Vol. 2A, CPUID, and AMD APM Vol. 3, appendix E. CPUs answer leaves that they do
// not have with rubbish (a 486 repeats leaf 1), so each leaf is asked for only below the highest one.
#include "cpu.h"
#include "console.h"
#include "hardware.h"
#include <stddef.h>

constexpr uint32_t EXTENDED_LEAVES = 0x8000'0000;

constexpr uint32_t LEAF1_ECX_RDRAND = 1u << 30;
constexpr uint32_t LEAF1_ECX_HYPERVISOR = 1u << 31;
constexpr uint32_t EXTENDED1_EDX_NX = 1u << 20;
constexpr uint32_t EXTENDED1_EDX_1G_PAGES = 1u << 26;
constexpr uint32_t EXTENDED1_EDX_LONG_MODE = 1u << 29;

// CPUID.1:EDX bits that every x86-64 CPU has and that the hand-over uses.
static const struct {
    uint8_t bit;
    char name[4];
} needed[] = {{4, "TSC"}, {5, "MSR"}, {6, "PAE"}};

static const char needs_64_bit[] = ". Hewn needs a 64-bit (x86-64) CPU";

struct cpu_features cpu_check(void)
{
    if (!cpu_has_cpuid())
        stop("this CPU has no CPUID instruction%s", needs_64_bit);

    uint32_t highest = cpu_identify(0, 0).eax;
    struct cpuid_result basic = {};
    if (highest >= 1)
        basic = cpu_identify(1, 0);
    uint32_t extended_edx = 0;
    uint32_t highest_extended = cpu_identify(EXTENDED_LEAVES, 0).eax;
    if (highest_extended > EXTENDED_LEAVES && highest_extended < EXTENDED_LEAVES + 0x1'0000)
        extended_edx = cpu_identify(EXTENDED_LEAVES + 1, 0).edx;

    if (!(extended_edx & EXTENDED1_EDX_LONG_MODE))
        stop("this CPU has no long mode (CPUID 80000001h EDX = %08x, bit 29)%s", extended_edx, needs_64_bit);
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!(basic.edx & 1u << needed[i].bit))
            stop("this CPU has no %s (CPUID 1 EDX = %08x, bit %u)%s", needed[i].name, basic.edx, needed[i].bit,
                 needs_64_bit);

    return (struct cpu_features){
        .has_nx = extended_edx & EXTENDED1_EDX_NX,
        .has_1g_pages = extended_edx & EXTENDED1_EDX_1G_PAGES,
        .has_rdrand = basic.ecx & LEAF1_ECX_RDRAND,
        .has_hypervisor = basic.ecx & LEAF1_ECX_HYPERVISOR,
    };
}
