// SPDX-License-Identifier: MIT
// Collects the leaves that clock_math/tsc_rate.h decodes. Called by time.c.
#include "tsc.h"
#include <arch/cpu.h>
#include <describe/processor.h>
#include <lib/string.h>

// Intel SDM vol. 2, CPUID.
constexpr uint32_t LEAF_FEATURES = 1;
constexpr uint32_t LEAF_TSC = 0x15;
constexpr uint32_t LEAF_FREQUENCY = 0x16;
constexpr uint32_t LEAF_POWER = 0x8000'0007;
constexpr uint32_t FEATURES_ECX_HYPERVISOR = 1u << 31;
constexpr uint32_t POWER_EDX_INVARIANT_TSC = 1 << 8;
constexpr uint32_t FREQUENCY_EAX_MASK = 0xffff;

static struct processor_leaf read_leaf(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result result = cpuid(leaf, subleaf);
    return (struct processor_leaf){result.eax, result.ebx, result.ecx, result.edx};
}

static struct processor_leaf leaf_or_zero(uint32_t leaf, uint32_t highest)
{
    return leaf <= highest ? read_leaf(leaf, 0) : (struct processor_leaf){};
}

struct tsc_rate_facts tsc_facts(void)
{
    struct processor cpu;
    processor_identify(&cpu, read_leaf);
    struct processor_leaf tsc = leaf_or_zero(LEAF_TSC, cpu.highest_leaf);
    return (struct tsc_rate_facts){
        .is_intel = strcmp(cpu.vendor, "GenuineIntel") == 0,
        .family = cpu.family,
        .model = cpu.model,
        .is_invariant = (leaf_or_zero(LEAF_POWER, cpu.highest_extended_leaf).edx & POWER_EDX_INVARIANT_TSC) != 0,
        .has_hypervisor = (leaf_or_zero(LEAF_FEATURES, cpu.highest_leaf).ecx & FEATURES_ECX_HYPERVISOR) != 0,
        .denominator = tsc.eax,
        .numerator = tsc.ebx,
        .crystal_hz = tsc.ecx,
        .base_mhz = leaf_or_zero(LEAF_FREQUENCY, cpu.highest_leaf).eax & FREQUENCY_EAX_MASK,
    };
}
