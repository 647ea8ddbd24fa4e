// SPDX-License-Identifier: MIT
// kernel/describe/processor.c: CPUID answers of made-up CPUs, decoded.
#include <describe/processor.h>
#include <support/unit.h>

constexpr unsigned CACHE_LIMIT = 4;

static struct {
    uint32_t highest_leaf, highest_extended_leaf;
    struct processor_leaf one, seven, extended_one, hypervisor, address_bits;
    struct processor_leaf caches[CACHE_LIMIT], amd_caches[CACHE_LIMIT], old_first, old_others;
    char brand[49];
    bool was_asked_too_high;
} cpu;

// Leaf 8000'0000h is how one asks; CPUs without it answer with anything. A hypervisor answers for itself.
static bool is_there(uint32_t leaf)
{
    if (leaf == 0x4000'0000)
        return cpu.one.ecx >> 31;
    return leaf == 0x8000'0000 || leaf <= (leaf > 0x8000'0000 ? cpu.highest_extended_leaf : cpu.highest_leaf);
}

static struct processor_leaf answer(uint32_t leaf, uint32_t subleaf)
{
    struct processor_leaf result = {};
    if (!is_there(leaf))
        cpu.was_asked_too_high = true;
    if (leaf == 4) // the last one for ever
        result = cpu.caches[subleaf < CACHE_LIMIT ? subleaf : CACHE_LIMIT - 1];
    if (leaf == 0x8000'001d && subleaf < CACHE_LIMIT)
        result = cpu.amd_caches[subleaf];
    if (leaf == 0x8000'0005)
        result = cpu.old_first;
    if (leaf == 0x8000'0006)
        result = cpu.old_others;
    if (leaf == 0x8000'0008)
        result = cpu.address_bits;
    if (leaf == 0x4000'0000)
        result = cpu.hypervisor;
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
    for (unsigned i = 0; processor_feature(i); i++) {
        if (strcmp(processor_feature(i)->name, name) == 0)
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

static void features_have_a_group_and_a_name_of_their_own(void **)
{
    unsigned counts[PROCESSOR_GROUP_COUNT] = {};
    for (unsigned i = 0; processor_feature(i); i++) {
        assert_true(processor_feature(i)->group < PROCESSOR_GROUP_COUNT);
        counts[processor_feature(i)->group]++;
        assert_true(strlen(processor_feature(i)->name) > 1);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(processor_feature(i)->name, processor_feature(j)->name);
    }
    for (unsigned group = 0; group < PROCESSOR_GROUP_COUNT; group++) {
        assert_true(counts[group] > 0);
        assert_non_null(processor_group_name((enum processor_group)group));
    }
}

static void a_hypervisor_is_asked_only_where_there_is_one(void **)
{
    cpu.hypervisor = (struct processor_leaf){0x4000'0001, 0x5447'4354, 0x4354'4743, 0x4743'5447};
    struct processor processor = identify();
    assert_string_equal(processor.hypervisor, "");
    assert_false(processor_has_leaf(&processor, 0x4000'0000));
    assert_false(cpu.was_asked_too_high);
    cpu.one.ecx = 1u << 31;
    processor = identify();
    assert_string_equal(processor.hypervisor, "TCGTCGTCGTCG");
    assert_true(processor_has_leaf(&processor, 0x4000'0001));
    assert_false(processor_has_leaf(&processor, 0x4000'0002));
    assert_false(processor_has_leaf(&processor, 0x3fff'ffff));
}

static void addresses_have_the_widths_that_the_cpu_says(void **)
{
    cpu.address_bits.eax = 0x3028;
    struct processor processor = identify();
    assert_int_equal(processor.physical_bits, 0);
    cpu.highest_extended_leaf = 0x8000'0008;
    processor = identify();
    assert_int_equal(processor.physical_bits, 40);
    assert_int_equal(processor.virtual_bits, 48);
}

static void check_cache(unsigned index, const char *contents, unsigned level, unsigned ways, unsigned line_bytes,
                        uint64_t size_bytes)
{
    struct processor processor = identify();
    struct processor_cache cache;
    assert_true(processor_cache(&processor, index, &cache));
    assert_string_equal(cache.contents, contents);
    assert_int_equal(cache.level, level);
    assert_int_equal(cache.ways, ways);
    assert_int_equal(cache.line_bytes, line_bytes);
    assert_int_equal(cache.size_bytes, size_bytes);
}

static unsigned cache_count(void)
{
    struct processor processor = identify();
    struct processor_cache cache;
    unsigned count = 0;
    while (processor_cache(&processor, count, &cache))
        count++;
    assert_false(cpu.was_asked_too_high);
    return count;
}

// Ways, partitions and line size minus 1, then sets minus 1: 8 ways of 64 sets of 64 bytes.
constexpr struct processor_leaf DATA_32K = {0x121, 7u << 22 | 63, 63, 0};
constexpr struct processor_leaf UNIFIED_FULL = {0x243, 15u << 22 | 1u << 12 | 127, 0, 0}; // fully associative

static void caches_are_those_of_leaf_4(void **)
{
    cpu.highest_leaf = 4;
    cpu.caches[0] = DATA_32K;
    cpu.caches[1] = UNIFIED_FULL;
    check_cache(0, "data", 1, 8, 64, 32 * 1024);
    check_cache(1, "unified", 2, 0, 128, 16 * 2 * 128);
    assert_int_equal(cache_count(), 2);
}

static void caches_come_from_the_other_places_where_leaf_4_is_empty(void **)
{
    cpu.highest_leaf = 4;
    cpu.highest_extended_leaf = 0x8000'0006;
    cpu.old_first = (struct processor_leaf){0, 0, 64u << 24 | 2u << 16 | 64, 32u << 24 | 0xffu << 16 | 32};
    cpu.old_others = (struct processor_leaf){0, 0, 512u << 16 | 8u << 12 | 64, 0};
    check_cache(0, "data", 1, 2, 64, 64 * 1024);
    check_cache(1, "instructions", 1, 0, 32, 32 * 1024);
    check_cache(2, "unified", 2, 16, 64, 512 * 1024);
    assert_int_equal(cache_count(), 3);
    cpu.old_others.edx = 32u << 18 | 15u << 12 | 64;
    check_cache(3, "unified", 3, 0, 64, 16 * 1024 * 1024);
    assert_int_equal(cache_count(), 4);
    cpu.highest_extended_leaf = 0x8000'001d;
    cpu.amd_caches[0] = DATA_32K;
    check_cache(0, "data", 1, 8, 64, 32 * 1024);
    assert_int_equal(cache_count(), 1);
}

static void a_cpu_that_says_nothing_of_caches_has_none(void **)
{
    assert_int_equal(cache_count(), 0);
}

// One whose list has no end is left alone after a while.
static void a_list_of_caches_ends(void **)
{
    cpu.highest_leaf = 4;
    for (unsigned i = 0; i < CACHE_LIMIT; i++)
        cpu.caches[i] = DATA_32K;
    assert_int_equal(cache_count(), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(vendor_and_brand_are_text, plain_cpu),
        cmocka_unit_test_setup(a_brand_of_all_48_bytes_ends, plain_cpu),
        cmocka_unit_test_setup(the_signature_is_split_as_the_manuals_say, plain_cpu),
        cmocka_unit_test_setup(features_come_from_their_own_bits, plain_cpu),
        cmocka_unit_test_setup(leaves_that_the_cpu_lacks_are_never_asked_for, plain_cpu),
        cmocka_unit_test(features_have_a_group_and_a_name_of_their_own),
        cmocka_unit_test_setup(a_hypervisor_is_asked_only_where_there_is_one, plain_cpu),
        cmocka_unit_test_setup(addresses_have_the_widths_that_the_cpu_says, plain_cpu),
        cmocka_unit_test_setup(caches_are_those_of_leaf_4, plain_cpu),
        cmocka_unit_test_setup(caches_come_from_the_other_places_where_leaf_4_is_empty, plain_cpu),
        cmocka_unit_test_setup(a_cpu_that_says_nothing_of_caches_has_none, plain_cpu),
        cmocka_unit_test_setup(a_list_of_caches_ends, plain_cpu),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
