// SPDX-License-Identifier: MIT
// What CPUID says, decoded: vendor, name, family, model, stepping, widths of addresses, caches, and features. Pure: the
// instruction itself is handed in. Any context. Source: Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct processor_leaf {
    uint32_t eax, ebx, ecx, edx;
};
typedef struct processor_leaf processor_cpuid_fn(uint32_t leaf, uint32_t subleaf);

struct processor {
    char vendor[13];
    char brand[49];      // without leading blanks; empty where the CPU has none
    char hypervisor[13]; // what runs the CPU, by its own word; empty where nothing says that it does
    uint32_t family, model, stepping;
    uint32_t signature;                           // from which these three come
    uint32_t highest_leaf, highest_extended_leaf; // the latter 0 where there are none
    uint32_t highest_hypervisor_leaf;             // likewise
    unsigned physical_bits, virtual_bits;         // of addresses; 0 where the CPU does not say
    processor_cpuid_fn *cpuid;
};

// Never asks for a leaf that the CPU does not have.
void processor_identify(struct processor *processor, processor_cpuid_fn *cpuid);

// Whether the CPU has LEAF; what it answers for another one means nothing.
[[nodiscard]] bool processor_has_leaf(const struct processor *processor, uint32_t leaf);

enum processor_group : uint8_t {
    PROCESSOR_INSTRUCTIONS,
    PROCESSOR_MEMORY,
    PROCESSOR_PROTECTION,
    PROCESSOR_EVENTS, // interrupts and time
    PROCESSOR_GUESTS, // virtual machines
    PROCESSOR_GROUP_COUNT
};

const char *processor_group_name(enum processor_group group);

struct processor_feature {
    char name[16];
    enum processor_group group;
    bool is_reported; // worth a line in a boot report
};

// The features that this kernel can name, in a fixed order; nullptr after the last.
const struct processor_feature *processor_feature(unsigned index);

// Whether the CPU has the feature at INDEX of that list.
[[nodiscard]] bool processor_has_feature(const struct processor *processor, unsigned index);

struct processor_cache {
    const char *contents; // "data", "instructions", "unified"
    unsigned level;
    unsigned ways; // 0: a line can lie anywhere in it
    unsigned line_bytes;
    uint64_t size_bytes;
};

// The cache number INDEX. False after the last.
bool processor_cache(const struct processor *processor, unsigned index, struct processor_cache *cache);
