// SPDX-License-Identifier: MIT
// kernel/time/clock_math/tsc_rate: CPUs as their CPUID describes them.
#include <clock_math/tsc_rate.h>
#include <support/unit.h>

static void trust_follows_bit_hypervisor_and_family(void **)
{
    static const struct {
        struct tsc_rate_facts facts;
        enum tsc_rate_trust trust;
    } cpus[] = {
        {{.is_intel = true, .family = 6, .model = 0x9e, .is_invariant = true}, TSC_RATE_INVARIANT},
        {{.family = 23, .model = 1, .is_invariant = true}, TSC_RATE_INVARIANT},
        {{.family = 23, .is_invariant = true, .has_hypervisor = true}, TSC_RATE_INVARIANT},
        {{.family = 15, .model = 107, .has_hypervisor = true}, TSC_RATE_HYPERVISOR},
        {{.is_intel = true, .family = 6, .model = 0x0e}, TSC_RATE_CONSTANT},
        {{.is_intel = true, .family = 6, .model = 0x0f}, TSC_RATE_CONSTANT},
        {{.is_intel = true, .family = 6, .model = 0x17}, TSC_RATE_CONSTANT},
        {{.is_intel = true, .family = 6, .model = 0x1c}, TSC_RATE_CONSTANT},
        {{.is_intel = true, .family = 6, .model = 0x0d}, TSC_RATE_CHANGES},
        {{.is_intel = true, .family = 6, .model = 0x16}, TSC_RATE_CHANGES},
        {{.is_intel = true, .family = 15, .model = 3}, TSC_RATE_CONSTANT},
        {{.is_intel = true, .family = 15, .model = 6}, TSC_RATE_CONSTANT},
        {{.is_intel = true, .family = 15, .model = 2}, TSC_RATE_CHANGES},
        {{.family = 15, .model = 107}, TSC_RATE_CHANGES}, // K8: with the core's
        {{.family = 6, .model = 0x0f}, TSC_RATE_CHANGES},
        {{}, TSC_RATE_CHANGES},
    };
    for (unsigned i = 0; i < sizeof cpus / sizeof *cpus; i++)
        assert_int_equal(tsc_rate_trust(&cpus[i].facts), cpus[i].trust);
}

static void every_trust_has_its_own_words(void **)
{
    for (unsigned i = TSC_RATE_CHANGES; i <= TSC_RATE_HYPERVISOR; i++) {
        for (unsigned k = TSC_RATE_CHANGES; k < i; k++)
            assert_string_not_equal(tsc_rate_reason((enum tsc_rate_trust)i), tsc_rate_reason((enum tsc_rate_trust)k));
    }
}

static void the_rate_is_crystal_times_ratio_or_the_base_frequency(void **)
{
    static const struct {
        struct tsc_rate_facts facts;
        uint64_t hz;
    } cpus[] = {
        {{.denominator = 2, .numerator = 216, .crystal_hz = 24'000'000, .base_mhz = 2600}, 2'592'000'000},
        {{.denominator = 2, .numerator = 216, .base_mhz = 2600}, 2'600'000'000},
        {{.numerator = 216, .crystal_hz = 24'000'000}, 0},
        {{.denominator = 2, .crystal_hz = 24'000'000}, 0},
        {{.denominator = 1, .numerator = UINT32_MAX, .crystal_hz = UINT32_MAX}, (uint64_t)UINT32_MAX * UINT32_MAX},
        {{}, 0},
    };
    for (unsigned i = 0; i < sizeof cpus / sizeof *cpus; i++)
        assert_true(tsc_rate_hz(&cpus[i].facts) == cpus[i].hz);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trust_follows_bit_hypervisor_and_family),
        cmocka_unit_test(every_trust_has_its_own_words),
        cmocka_unit_test(the_rate_is_crystal_times_ratio_or_the_base_frequency),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
