// SPDX-License-Identifier: MIT
// Decodes CPUID. Called by the boot report and by commands; must not execute CPUID itself, so that tests can be any
// CPU.
#include <describe/processor.h>
#include <lib/string.h>

constexpr uint32_t EXTENDED = 0x8000'0000;
constexpr uint32_t HYPERVISOR = 0x4000'0000; // leaves that a hypervisor answers, if leaf 1 says that there is one
constexpr uint32_t LEAF_1_ECX_HYPERVISOR = 1u << 31;
constexpr uint32_t LEAF_ADDRESS_BITS = 0x8000'0008;
constexpr uint32_t LEAF_BRAND_FIRST = 0x8000'0002;
constexpr uint32_t LEAF_BRAND_LAST = 0x8000'0004;

enum leaf_register : uint8_t {
    EAX,
    EBX,
    ECX,
    EDX
};

struct place {
    uint32_t leaf;
    enum leaf_register leaf_register;
    uint8_t bit;
};

static const struct {
    struct processor_feature feature;
    struct place place;
} features[] = {
    {{"fpu", PROCESSOR_INSTRUCTIONS, false}, {1, EDX, 0}},
    {{"cx8", PROCESSOR_INSTRUCTIONS, false}, {1, EDX, 8}},
    {{"cx16", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 13}},
    {{"cmov", PROCESSOR_INSTRUCTIONS, false}, {1, EDX, 15}},
    {{"lahf", PROCESSOR_INSTRUCTIONS, false}, {0x8000'0001, ECX, 0}},
    {{"movbe", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 22}},
    {{"popcnt", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 23}},
    {{"lzcnt", PROCESSOR_INSTRUCTIONS, false}, {0x8000'0001, ECX, 5}},
    {{"bmi1", PROCESSOR_INSTRUCTIONS, false}, {7, EBX, 3}},
    {{"bmi2", PROCESSOR_INSTRUCTIONS, false}, {7, EBX, 8}},
    {{"adx", PROCESSOR_INSTRUCTIONS, false}, {7, EBX, 19}},
    {{"erms", PROCESSOR_INSTRUCTIONS, false}, {7, EBX, 9}},
    {{"fsrm", PROCESSOR_INSTRUCTIONS, false}, {7, EDX, 4}},
    {{"monitor", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 3}},
    {{"mmx", PROCESSOR_INSTRUCTIONS, false}, {1, EDX, 23}},
    {{"fxsr", PROCESSOR_INSTRUCTIONS, false}, {1, EDX, 24}},
    {{"sse", PROCESSOR_INSTRUCTIONS, false}, {1, EDX, 25}},
    {{"sse2", PROCESSOR_INSTRUCTIONS, false}, {1, EDX, 26}},
    {{"sse3", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 0}},
    {{"ssse3", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 9}},
    {{"sse4.1", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 19}},
    {{"sse4.2", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 20}},
    {{"aes", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 25}},
    {{"pclmul", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 1}},
    {{"sha", PROCESSOR_INSTRUCTIONS, false}, {7, EBX, 29}},
    {{"xsave", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 26}},
    {{"avx", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 28}},
    {{"fma", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 12}},
    {{"f16c", PROCESSOR_INSTRUCTIONS, false}, {1, ECX, 29}},
    {{"avx2", PROCESSOR_INSTRUCTIONS, false}, {7, EBX, 5}},
    {{"avx512f", PROCESSOR_INSTRUCTIONS, false}, {7, EBX, 16}},
    {{"rdrand", PROCESSOR_INSTRUCTIONS, true}, {1, ECX, 30}},
    {{"rdseed", PROCESSOR_INSTRUCTIONS, false}, {7, EBX, 18}},
    {{"syscall", PROCESSOR_INSTRUCTIONS, true}, {0x8000'0001, EDX, 11}},
    {{"rdpid", PROCESSOR_INSTRUCTIONS, false}, {7, ECX, 22}},
    {{"pae", PROCESSOR_MEMORY, false}, {1, EDX, 6}},
    {{"pse", PROCESSOR_MEMORY, false}, {1, EDX, 3}},
    {{"1gib-pages", PROCESSOR_MEMORY, true}, {0x8000'0001, EDX, 26}},
    {{"la57", PROCESSOR_MEMORY, true}, {7, ECX, 16}},
    {{"pge", PROCESSOR_MEMORY, true}, {1, EDX, 13}},
    {{"pcid", PROCESSOR_MEMORY, true}, {1, ECX, 17}},
    {{"invpcid", PROCESSOR_MEMORY, false}, {7, EBX, 10}},
    {{"pat", PROCESSOR_MEMORY, false}, {1, EDX, 16}},
    {{"mtrr", PROCESSOR_MEMORY, false}, {1, EDX, 12}},
    {{"clflush", PROCESSOR_MEMORY, false}, {1, EDX, 19}},
    {{"clflushopt", PROCESSOR_MEMORY, false}, {7, EBX, 23}},
    {{"nx", PROCESSOR_PROTECTION, true}, {0x8000'0001, EDX, 20}},
    {{"smep", PROCESSOR_PROTECTION, true}, {7, EBX, 7}},
    {{"smap", PROCESSOR_PROTECTION, true}, {7, EBX, 20}},
    {{"umip", PROCESSOR_PROTECTION, true}, {7, ECX, 2}},
    {{"pku", PROCESSOR_PROTECTION, false}, {7, ECX, 3}},
    {{"cet-ss", PROCESSOR_PROTECTION, false}, {7, ECX, 7}},
    {{"cet-ibt", PROCESSOR_PROTECTION, false}, {7, EDX, 20}},
    {{"fsgsbase", PROCESSOR_PROTECTION, false}, {7, EBX, 0}},
    {{"apic", PROCESSOR_EVENTS, true}, {1, EDX, 9}},
    {{"x2apic", PROCESSOR_EVENTS, true}, {1, ECX, 21}},
    {{"tsc", PROCESSOR_EVENTS, false}, {1, EDX, 4}},
    {{"tsc-deadline", PROCESSOR_EVENTS, true}, {1, ECX, 24}},
    {{"invariant-tsc", PROCESSOR_EVENTS, true}, {0x8000'0007, EDX, 8}},
    {{"tsc-adjust", PROCESSOR_EVENTS, false}, {7, EBX, 1}},
    {{"rdtscp", PROCESSOR_EVENTS, false}, {0x8000'0001, EDX, 27}},
    {{"arat", PROCESSOR_EVENTS, false}, {6, EAX, 2}},
    {{"mce", PROCESSOR_EVENTS, false}, {1, EDX, 7}},
    {{"mca", PROCESSOR_EVENTS, false}, {1, EDX, 14}},
    {{"hypervisor", PROCESSOR_GUESTS, true}, {1, ECX, 31}},
    {{"vmx", PROCESSOR_GUESTS, false}, {1, ECX, 5}},
    {{"svm", PROCESSOR_GUESTS, false}, {0x8000'0001, ECX, 2}},
};

bool processor_has_leaf(const struct processor *processor, uint32_t leaf)
{
    if (leaf >= EXTENDED)
        return leaf <= processor->highest_extended_leaf;
    return leaf <= processor->highest_leaf || (leaf >= HYPERVISOR && leaf <= processor->highest_hypervisor_leaf);
}

static struct processor_leaf leaf_or_zero(const struct processor *processor, uint32_t leaf)
{
    return processor_has_leaf(processor, leaf) ? processor->cpuid(leaf, 0) : (struct processor_leaf){};
}

static void decode_signature(struct processor *processor, uint32_t signature)
{
    processor->signature = signature;
    processor->stepping = signature & 0xf;
    processor->model = signature >> 4 & 0xf;
    processor->family = signature >> 8 & 0xf;
    // The extensions count only for these families; AMD never sets them for family 6.
    if (processor->family == 6 || processor->family == 15)
        processor->model |= (signature >> 16 & 0xf) << 4;
    if (processor->family == 15)
        processor->family += signature >> 20 & 0xff;
}

static void read_brand(struct processor *processor)
{
    if (processor->highest_extended_leaf < LEAF_BRAND_LAST)
        return;
    char brand[sizeof processor->brand] = {};
    for (uint32_t i = 0; LEAF_BRAND_FIRST + i <= LEAF_BRAND_LAST; i++) {
        struct processor_leaf leaf = processor->cpuid(LEAF_BRAND_FIRST + i, 0);
        memcpy(brand + i * sizeof leaf, &leaf, sizeof leaf);
    }
    const char *start = brand; // Intel pads on the left
    while (*start == ' ')
        start++;
    string_copy(processor->brand, start, sizeof processor->brand);
}

static void read_hypervisor(struct processor *processor)
{
    if (!(leaf_or_zero(processor, 1).ecx & LEAF_1_ECX_HYPERVISOR))
        return;
    struct processor_leaf leaf = processor->cpuid(HYPERVISOR, 0);
    memcpy(processor->hypervisor, (uint32_t[]){leaf.ebx, leaf.ecx, leaf.edx}, 12);
    if (leaf.eax >= HYPERVISOR && leaf.eax < EXTENDED)
        processor->highest_hypervisor_leaf = leaf.eax;
}

static void read_address_bits(struct processor *processor)
{
    uint32_t bits = leaf_or_zero(processor, LEAF_ADDRESS_BITS).eax;
    processor->physical_bits = bits & 0xff;
    processor->virtual_bits = bits >> 8 & 0xff;
}

void processor_identify(struct processor *processor, processor_cpuid_fn *cpuid)
{
    *processor = (struct processor){.cpuid = cpuid};
    struct processor_leaf first = cpuid(0, 0);
    processor->highest_leaf = first.eax;
    memcpy(processor->vendor, (uint32_t[]){first.ebx, first.edx, first.ecx}, 12);

    uint32_t highest_extended = cpuid(EXTENDED, 0).eax; // old CPUs answer with the data of their highest basic leaf
    if (highest_extended >= EXTENDED && highest_extended <= EXTENDED + 0xffff)
        processor->highest_extended_leaf = highest_extended;
    decode_signature(processor, leaf_or_zero(processor, 1).eax);
    read_brand(processor);
    read_hypervisor(processor);
    read_address_bits(processor);
}

// ---- features

const char *processor_group_name(enum processor_group group)
{
    static const char *const names[PROCESSOR_GROUP_COUNT] = {
        [PROCESSOR_INSTRUCTIONS] = "instructions", [PROCESSOR_MEMORY] = "memory",
        [PROCESSOR_PROTECTION] = "protection",     [PROCESSOR_EVENTS] = "events and time",
        [PROCESSOR_GUESTS] = "virtual machines",
    };
    return names[group];
}

const struct processor_feature *processor_feature(unsigned index)
{
    return index < sizeof features / sizeof *features ? &features[index].feature : nullptr;
}

bool processor_has_feature(const struct processor *processor, unsigned index)
{
    const struct place *place = &features[index].place;
    struct processor_leaf leaf = leaf_or_zero(processor, place->leaf);
    const uint32_t registers[] = {[EAX] = leaf.eax, [EBX] = leaf.ebx, [ECX] = leaf.ecx, [EDX] = leaf.edx};
    return (registers[place->leaf_register] >> place->bit & 1) != 0;
}

// ---- caches

// Leaf 4 is Intel's; AMD has the same in another place. A subleaf describes a cache, and one of type 0 is none.
constexpr uint32_t LEAF_CACHES = 4, LEAF_CACHES_AMD = 0x8000'001d;
constexpr uint32_t LEAF_L1_AMD = 0x8000'0005, LEAF_L2_AND_L3_AMD = 0x8000'0006; // before that

static bool decode_subleaf(const struct processor_leaf *leaf, struct processor_cache *cache)
{
    static const char *const contents[] = {nullptr, "data", "instructions", "unified"};
    unsigned type = leaf->eax & 0x1f, partitions = (leaf->ebx >> 12 & 0x3ff) + 1;
    if (type == 0 || type >= sizeof contents / sizeof *contents)
        return false;
    *cache = (struct processor_cache){
        .contents = contents[type],
        .level = leaf->eax >> 5 & 7,
        .ways = (leaf->ebx >> 22) + 1,
        .line_bytes = (leaf->ebx & 0xfff) + 1,
    };
    cache->size_bytes = ((uint64_t)leaf->ecx + 1) * cache->ways * partitions * cache->line_bytes;
    if (leaf->eax & 1u << 9) // fully associative
        cache->ways = 0;
    return true;
}

// Bits 12 to 15 of a register of LEAF_L2_AND_L3_AMD.
static unsigned decode_ways(uint32_t value)
{
    static const uint8_t ways[16] = {[1] = 1,  [2] = 2,   [3] = 3,   [4] = 4,   [5] = 6,   [6] = 8,
                                     [8] = 16, [10] = 32, [11] = 48, [12] = 64, [13] = 96, [14] = 128};
    return ways[value >> 12 & 0xf];
}

static bool decode_old(const struct processor *processor, unsigned index, struct processor_cache *cache)
{
    struct processor_leaf first = leaf_or_zero(processor, LEAF_L1_AMD);
    struct processor_leaf others = leaf_or_zero(processor, LEAF_L2_AND_L3_AMD);
    constexpr unsigned FULLY_ASSOCIATIVE = 0xff;
    const uint32_t firsts[] = {first.ecx, first.edx};
    if (index < 2) {
        unsigned ways = firsts[index] >> 16 & 0xff;
        *cache = (struct processor_cache){
            .contents = index == 0 ? "data" : "instructions",
            .level = 1,
            .ways = ways == FULLY_ASSOCIATIVE ? 0 : ways,
            .line_bytes = firsts[index] & 0xff,
            .size_bytes = (uint64_t)(firsts[index] >> 24) << 10,
        };
    } else if (index == 2) {
        *cache = (struct processor_cache){"unified", 2, decode_ways(others.ecx), others.ecx & 0xff,
                                          (uint64_t)(others.ecx >> 16) << 10};
    } else {
        *cache = (struct processor_cache){"unified", 3, decode_ways(others.edx), others.edx & 0xff,
                                          (uint64_t)(others.edx >> 18) << 19};
    }
    return index < 4 && cache->size_bytes != 0;
}

bool processor_cache(const struct processor *processor, unsigned index, struct processor_cache *cache)
{
    constexpr unsigned LIMIT = 16; // of subleaves, should the CPU never come to an end
    const uint32_t leaves[] = {LEAF_CACHES, LEAF_CACHES_AMD};
    for (unsigned i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        if (!processor_has_leaf(processor, leaves[i]))
            continue;
        struct processor_leaf first = processor->cpuid(leaves[i], 0), leaf = processor->cpuid(leaves[i], index);
        if (decode_subleaf(&first, cache))
            return index < LIMIT && decode_subleaf(&leaf, cache);
    }
    return decode_old(processor, index, cache);
}
