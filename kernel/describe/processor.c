// SPDX-License-Identifier: MIT
// Decodes CPUID. Called by the boot report; must not execute CPUID itself, so that tests can be any CPU.
#include <describe/processor.h>
#include <lib/string.h>

constexpr uint32_t EXTENDED = 0x8000'0000;
constexpr uint32_t LEAF_BRAND_FIRST = 0x8000'0002;
constexpr uint32_t LEAF_BRAND_LAST = 0x8000'0004;

enum leaf_register : uint8_t {
    EAX,
    EBX,
    ECX,
    EDX
};

static const struct {
    char name[16];
    uint32_t leaf;
    enum leaf_register leaf_register;
    uint8_t bit;
} features[] = {
    {"nx", 0x8000'0001, EDX, 20},
    {"1gib-pages", 0x8000'0001, EDX, 26},
    {"pge", 1, EDX, 13},
    {"pcid", 1, ECX, 17},
    {"smep", 7, EBX, 7},
    {"smap", 7, EBX, 20},
    {"umip", 7, ECX, 2},
    {"la57", 7, ECX, 16},
    {"syscall", 0x8000'0001, EDX, 11},
    {"apic", 1, EDX, 9},
    {"x2apic", 1, ECX, 21},
    {"tsc-deadline", 1, ECX, 24},
    {"invariant-tsc", 0x8000'0007, EDX, 8},
    {"rdrand", 1, ECX, 30},
    {"hypervisor", 1, ECX, 31},
};

static struct processor_leaf leaf_or_zero(const struct processor *processor, uint32_t leaf)
{
    uint32_t highest = leaf >= EXTENDED ? processor->highest_extended_leaf : processor->highest_leaf;
    return leaf <= highest ? processor->cpuid(leaf, 0) : (struct processor_leaf){};
}

static void decode_signature(struct processor *processor, uint32_t signature)
{
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
}

const char *processor_feature_name(unsigned index)
{
    return index < sizeof features / sizeof *features ? features[index].name : nullptr;
}

bool processor_has_feature(const struct processor *processor, unsigned index)
{
    struct processor_leaf leaf = leaf_or_zero(processor, features[index].leaf);
    const uint32_t registers[] = {[EAX] = leaf.eax, [EBX] = leaf.ebx, [ECX] = leaf.ecx, [EDX] = leaf.edx};
    return (registers[features[index].leaf_register] >> features[index].bit & 1) != 0;
}
