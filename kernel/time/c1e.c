// SPDX-License-Identifier: MIT
// AMD's C1E. Called by tick.c. Source: BIOS and kernel developer's guides for families 0Fh (32559) and 10h (31116),
// "Interrupt Pending and CMP-Halt Register"; revision guide for family 10h (41322), erratum 400.
#include "c1e.h"
#include <arch/cpu.h>
#include <arch/msr.h>
#include <describe/processor.h>
#include <lib/string.h>

constexpr uint32_t FAMILY_K8 = 0x0f;
constexpr uint32_t K8_FIRST_MODEL = 0x40; // those before it have neither C1E nor, perhaps, the register
constexpr uint32_t FAMILY_10H = 0x10;
constexpr uint32_t LEAF_FEATURES = 1;
constexpr uint32_t FEATURES_ECX_HYPERVISOR = 1u << 31; // its timers do not sleep, and it may lack the register
constexpr uint64_t SMI_ON_CMP_HALT = 1 << 27;          // the chipset is asked for C1E by an SMI
constexpr uint64_t C1E_ON_CMP_HALT = 1 << 28;          // the CPU enters it by itself

static struct processor_leaf read_leaf(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result result = cpuid(leaf, subleaf);
    return (struct processor_leaf){result.eax, result.ebx, result.ecx, result.edx};
}

bool c1e_is_on(void)
{
    struct processor cpu;
    processor_identify(&cpu, read_leaf);
    if (strcmp(cpu.vendor, "AuthenticAMD") != 0)
        return false;
    if (cpu.family != FAMILY_10H && (cpu.family != FAMILY_K8 || cpu.model < K8_FIRST_MODEL))
        return false;
    if (cpuid(LEAF_FEATURES, 0).ecx & FEATURES_ECX_HYPERVISOR)
        return false;
    return (msr_read(MSR_AMD_INTERRUPT_PENDING) & (SMI_ON_CMP_HALT | C1E_ON_CMP_HALT)) != 0;
}
