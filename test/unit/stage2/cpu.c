// SPDX-License-Identifier: MIT
// Tests of stage 2's CPU check on simulated CPUs, with what real ones answer to leaves that they do not have.
#include <support/unit.h>

#include "simulated.h"
#include <stage2/cpu.h>

constexpr uint32_t EXTENDED = 0x8000'0000;
constexpr uint32_t BASIC_EDX = 1u << 4 | 1u << 5 | 1u << 6; // TSC, MSRs, PAE
constexpr uint32_t NX = 1u << 20, GIANT_PAGES = 1u << 26, LONG_MODE = 1u << 29;
constexpr uint32_t RDRAND = 1u << 30, HYPERVISOR = 1u << 31;

static struct {
    bool has_cpuid;
    bool repeats_leaf_1; // whatever leaf beyond it is asked for
    uint32_t highest, highest_extended;
    uint32_t basic_ecx, basic_edx, extended_edx;
    uint32_t calls;
} cpu;

bool cpu_has_cpuid(void)
{
    return cpu.has_cpuid;
}

struct cpuid_result cpu_identify(uint32_t leaf, uint32_t)
{
    struct cpuid_result leaf_1 = {.eax = 0x480, .ecx = cpu.basic_ecx, .edx = cpu.basic_edx};
    struct cpuid_result rubbish = {GARBAGE, ~0u, ~0u, ~0u};
    assert_true(cpu.has_cpuid); // elsewhere it is an invalid opcode
    cpu.calls++;
    if (leaf == 0)
        return (struct cpuid_result){.eax = cpu.highest};
    if (leaf == 1)
        return cpu.highest >= 1 ? leaf_1 : rubbish;
    if (cpu.repeats_leaf_1)
        return leaf_1;
    if (leaf == EXTENDED)
        return (struct cpuid_result){.eax = cpu.highest_extended};
    if (leaf == EXTENDED + 1 && cpu.highest_extended >= leaf && cpu.highest_extended < EXTENDED + 0x1'0000)
        return (struct cpuid_result){.edx = cpu.extended_edx};
    return rubbish;
}

static int make_good_cpu(void **)
{
    simulated_reset();
    cpu = (typeof(cpu)){.has_cpuid = true,
                        .highest = 13,
                        .highest_extended = EXTENDED + 0x1e,
                        .basic_edx = BASIC_EDX,
                        .extended_edx = LONG_MODE | NX};
    return 0;
}

static void good_cpu_is_taken(void **)
{
    struct cpu_features features = cpu_check();
    assert_true(features.has_nx);
    assert_false(features.has_1g_pages);
    assert_false(features.has_rdrand);
    assert_false(features.has_hypervisor);
    assert_string_equal(said, "");
}

static void each_feature_is_its_own_bit(void **)
{
    cpu.extended_edx = LONG_MODE | GIANT_PAGES;
    cpu.basic_ecx = RDRAND;
    struct cpu_features features = cpu_check();
    assert_false(features.has_nx);
    assert_true(features.has_1g_pages);
    assert_true(features.has_rdrand);
    assert_false(features.has_hypervisor);
    cpu.basic_ecx = HYPERVISOR;
    features = cpu_check();
    assert_true(features.has_hypervisor);
    assert_false(features.has_rdrand);
}

// AMD's first 64-bit CPUs: only leaves 0 and 1, few extended ones.
static void amd_k8_is_taken(void **)
{
    cpu.highest = 1;
    cpu.highest_extended = EXTENDED + 0x18;
    assert_true(cpu_check().has_nx);
}

static void extended_leaf_1_is_enough(void **)
{
    cpu.highest_extended = EXTENDED + 1;
    assert_true(cpu_check().has_nx);
}

static void cpu_without_cpuid_is_refused(void **)
{
    cpu.has_cpuid = false;
    ASSERT_STOPS(cpu_check(), "CPUID");
    assert_int_equal(cpu.calls, 0);
}

// What it repeats has the bits that stand for long mode in the leaf that it does not have.
static void cpu_that_repeats_leaf_1_is_refused(void **)
{
    cpu.highest = 1;
    cpu.repeats_leaf_1 = true;
    cpu.basic_edx = BASIC_EDX | LONG_MODE;
    ASSERT_STOPS(cpu_check(), "long mode");
}

static void rubbish_of_missing_leaves_is_not_believed(void **)
{
    cpu.highest_extended = EXTENDED;
    ASSERT_STOPS(cpu_check(), "long mode");
    cpu.highest_extended = 0;
    ASSERT_STOPS(cpu_check(), "long mode");
    cpu.highest_extended = 0xffff'ffff;
    ASSERT_STOPS(cpu_check(), "long mode");
}

static void cpu_with_leaf_0_alone_is_refused(void **)
{
    cpu.highest = 0;
    ASSERT_STOPS(cpu_check(), "TSC", "00000000");
}

static void cpu_without_long_mode_is_refused(void **)
{
    cpu.extended_edx = NX;
    ASSERT_STOPS(cpu_check(), "long mode", "00100000");
}

static void each_missing_feature_is_named(void **)
{
    cpu.basic_edx = BASIC_EDX & ~(1u << 4);
    ASSERT_STOPS(cpu_check(), "TSC", "bit 4");
    cpu.basic_edx = BASIC_EDX & ~(1u << 5);
    ASSERT_STOPS(cpu_check(), "MSR", "bit 5");
    cpu.basic_edx = BASIC_EDX & ~(1u << 6);
    ASSERT_STOPS(cpu_check(), "PAE", "bit 6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_cpu_is_taken, make_good_cpu),
        cmocka_unit_test_setup(each_feature_is_its_own_bit, make_good_cpu),
        cmocka_unit_test_setup(amd_k8_is_taken, make_good_cpu),
        cmocka_unit_test_setup(extended_leaf_1_is_enough, make_good_cpu),
        cmocka_unit_test_setup(cpu_without_cpuid_is_refused, make_good_cpu),
        cmocka_unit_test_setup(cpu_that_repeats_leaf_1_is_refused, make_good_cpu),
        cmocka_unit_test_setup(rubbish_of_missing_leaves_is_not_believed, make_good_cpu),
        cmocka_unit_test_setup(cpu_with_leaf_0_alone_is_refused, make_good_cpu),
        cmocka_unit_test_setup(cpu_without_long_mode_is_refused, make_good_cpu),
        cmocka_unit_test_setup(each_missing_feature_is_named, make_good_cpu),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
