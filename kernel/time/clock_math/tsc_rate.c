// SPDX-License-Identifier: MIT
// Decodes CPUID's words on the TSC. Called by time; must not execute CPUID itself, so that tests can be any CPU.
#include <clock_math/tsc_rate.h>

constexpr uint32_t FAMILY_P6 = 0x06;
constexpr uint32_t FAMILY_NETBURST = 0x0f;

// Vol. 3, 17.17: those of constant rate; what came later says so by the invariant bit.
static bool is_constant_family(const struct tsc_rate_facts *facts)
{
    if (!facts->is_intel)
        return false;
    if (facts->family == FAMILY_NETBURST)
        return facts->model >= 0x03;
    return facts->family == FAMILY_P6 &&
           (facts->model == 0x0e || facts->model == 0x0f || facts->model == 0x17 || facts->model == 0x1c);
}

enum tsc_rate_trust tsc_rate_trust(const struct tsc_rate_facts *facts)
{
    if (facts->is_invariant)
        return TSC_RATE_INVARIANT;
    if (facts->has_hypervisor)
        return TSC_RATE_HYPERVISOR;
    return is_constant_family(facts) ? TSC_RATE_CONSTANT : TSC_RATE_CHANGES;
}

const char *tsc_rate_reason(enum tsc_rate_trust trust)
{
    switch (trust) {
    case TSC_RATE_INVARIANT:
        return "this CPU's TSC is invariant";
    case TSC_RATE_CONSTANT:
        return "this CPU's TSC has a constant rate";
    case TSC_RATE_HYPERVISOR:
        return "a hypervisor keeps the TSC";
    case TSC_RATE_CHANGES:
        break;
    }
    return "this CPU's TSC changes its rate";
}

uint64_t tsc_rate_hz(const struct tsc_rate_facts *facts)
{
    if (facts->denominator != 0 && facts->numerator != 0 && facts->crystal_hz != 0)
        return (uint64_t)facts->crystal_hz * facts->numerator / facts->denominator;
    return (uint64_t)facts->base_mhz * 1'000'000;
}
