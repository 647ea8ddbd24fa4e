// SPDX-License-Identifier: MIT
// What CPUID says, decoded: vendor, name, family, model, stepping, and the features that this kernel cares about. Pure:
// the instruction itself is handed in. Any context. Source: Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct processor_leaf {
    uint32_t eax, ebx, ecx, edx;
};
typedef struct processor_leaf processor_cpuid_fn(uint32_t leaf, uint32_t subleaf);

struct processor {
    char vendor[13];
    char brand[49]; // without leading blanks; empty where the CPU has none
    uint32_t family, model, stepping;
    uint32_t highest_leaf, highest_extended_leaf; // the latter 0 where there are none
    processor_cpuid_fn *cpuid;
};

// Never asks for a leaf that the CPU does not have.
void processor_identify(struct processor *processor, processor_cpuid_fn *cpuid);

// The features worth a line in a boot report, in a fixed order; nullptr after the last.
const char *processor_feature_name(unsigned index);

// Whether the CPU has the feature at INDEX of that list.
[[nodiscard]] bool processor_has_feature(const struct processor *processor, unsigned index);
