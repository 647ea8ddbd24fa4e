// SPDX-License-Identifier: MIT
// kernel/describe/processor.c: CPUID answers of made-up CPUs, decoded.
#include <describe/processor.h>
#include <support/unit.h>

static struct {
    uint32_t highest_leaf, highest_extended_leaf;
    struct processor_leaf one, seven, extended_one;
    char brand[49];
    bool was_asked_too_high;
} cpu;

static struct processor_leaf answer(uint32_t leaf, uint32_t)
{
    struct processor_leaf result = {};
    bool is_extended = leaf >= 0x8000'0000;
    // Leaf 8000'0000h is how one asks; CPUs without it answer with anything.
    if (leaf > (is_extended ? cpu.highest_extended_leaf : cpu.highest_leaf) && leaf != 0x8000'0000)
        cpu.was_asked_too_high = true;
    if (leaf == 0)
        result = (struct processor_leaf){cpu.highest_leaf, 0x756e'6547, 0x6c65'746e, 0x4965'6e69}; // GenuineIntel
    if (leaf == 1)
        result = cpu.one;
    if (leaf == 7)
        result = cpu.seven;
    if (leaf == 0x8000'0000)
        result.eax = cpu.highest_extended_leaf;
    if (leaf == 0x8000'0001)
        result = cpu.extended_one;
    if (leaf >= 0x8000'0002 && leaf <= 0x8000'0004)
        memcpy(&result, cpu.brand + (leaf - 0x8000'0002) * sizeof result, sizeof result);
    return result;
}

static int plain_cpu(void **)
{
    memset(&cpu, 0, sizeof cpu);
    cpu.highest_leaf = 1;
    return 0;
}

static struct processor identify(void)
{
    struct processor processor;
    processor_identify(&processor, answer);
    return processor;
}

static bool has(const struct processor *processor, const char *name)
{
    for (unsigned i = 0; processor_feature_name(i); i++) {
        if (strcmp(processor_feature_name(i), name) == 0)
            return processor_has_feature(processor, i);
    }
    fail_msg("no feature is called %s", name);
    return false;
}

static void vendor_and_brand_are_text(void **)
{
    cpu.highest_extended_leaf = 0x8000'0004;
    memcpy(cpu.brand, "   A processor with a name", 26);
    struct processor processor = identify();
    assert_string_equal(processor.vendor, "GenuineIntel");
    assert_string_equal(processor.brand, "A processor with a name");
}

static void a_brand_of_all_48_bytes_ends(void **)
{
    cpu.highest_extended_leaf = 0x8000'0004;
    memset(cpu.brand, 'b', 48);
    assert_int_equal(strlen(identify().brand), 48);
    memset(cpu.brand, ' ', 48);
    assert_string_equal(identify().brand, "");
}

static void the_signature_is_split_as_the_manuals_say(void **)
{
    static const struct {
        uint32_t signature, family, model, stepping;
    } cases[] = {
        {0x0000'0543, 5, 4, 3},       {0x000f'0543, 5, 4, 3}, // extensions do not count for family 5
        {0x0009'06ea, 6, 0x9e, 10},                           // an Intel Core
        {0x00a2'0f12, 0x19, 0x21, 2},                         // an AMD Zen 3
        {0x0006'0fb1, 15, 0x6b, 1},                           // what QEMU's qemu64 says
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        cpu.one.eax = cases[i].signature;
        struct processor processor = identify();
        assert_int_equal(processor.family, cases[i].family);
        assert_int_equal(processor.model, cases[i].model);
        assert_int_equal(processor.stepping, cases[i].stepping);
    }
}

static void features_come_from_their_own_bits(void **)
{
    cpu.highest_leaf = 7;
    cpu.highest_extended_leaf = 0x8000'0001;
    cpu.one.ecx = 1u << 31;
    cpu.seven.ebx = 1u << 20;
    cpu.extended_one.edx = 1u << 20;
    struct processor processor = identify();
    assert_true(has(&processor, "hypervisor"));
    assert_true(has(&processor, "smap"));
    assert_true(has(&processor, "nx"));
    assert_false(has(&processor, "smep"));
    assert_false(has(&processor, "1gib-pages"));
    assert_false(has(&processor, "apic"));
}

static void leaves_that_the_cpu_lacks_are_never_asked_for(void **)
{
    cpu.seven.ebx = UINT32_MAX;
    cpu.extended_one.edx = UINT32_MAX;
    cpu.highest_extended_leaf = 0x0000'0543; // a CPU without the range answers with its signature
    struct processor processor = identify();
    assert_int_equal(processor.highest_extended_leaf, 0);
    assert_string_equal(processor.brand, "");
    assert_false(has(&processor, "smap"));
    assert_false(has(&processor, "nx"));
    assert_false(has(&processor, "invariant-tsc"));
    cpu.highest_leaf = 0;
    processor = identify();
    assert_int_equal(processor.family, 0);
    assert_false(cpu.was_asked_too_high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(vendor_and_brand_are_text, plain_cpu),
        cmocka_unit_test_setup(a_brand_of_all_48_bytes_ends, plain_cpu),
        cmocka_unit_test_setup(the_signature_is_split_as_the_manuals_say, plain_cpu),
        cmocka_unit_test_setup(features_come_from_their_own_bits, plain_cpu),
        cmocka_unit_test_setup(leaves_that_the_cpu_lacks_are_never_asked_for, plain_cpu),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
