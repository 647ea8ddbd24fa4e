// SPDX-License-Identifier: MIT
// What CPUID says of the time-stamp counter: whether its rate ever changes, and what it is. Pure; any context. Exported
// names start with tsc_rate_. Source: Intel SDM vol. 3, 17.17 (Time-Stamp Counter) and 19.7.3 (Determining the
// Processor Base Frequency); AMD APM vol. 2, 13.2.4.
#pragma once
#include <stdint.h>

struct tsc_rate_facts {
    bool is_intel;
    uint32_t family, model; // with their extensions: "DisplayFamily_DisplayModel"
    bool is_invariant;      // leaf 8000'0007h, EDX bit 8
    bool has_hypervisor;    // leaf 1, ECX bit 31
    uint32_t denominator;   // leaf 15h, EAX; these four are 0 where the CPU has no such leaf
    uint32_t numerator;     // leaf 15h, EBX: TSC ticks for each DENOMINATOR of the crystal
    uint32_t crystal_hz;    // leaf 15h, ECX
    uint32_t base_mhz;      // leaf 16h, EAX
};

enum tsc_rate_trust : uint8_t {
    TSC_RATE_CHANGES,    // with the core's own
    TSC_RATE_INVARIANT,  // in every state of the CPU
    TSC_RATE_CONSTANT,   // in every state that Hewn uses: this family stops it in sleep deeper than HLT only
    TSC_RATE_HYPERVISOR, // keeps it so for its guests
};

enum tsc_rate_trust tsc_rate_trust(const struct tsc_rate_facts *facts);

// Why it may be trusted, or that it may not: for a log line, after "because ".
const char *tsc_rate_reason(enum tsc_rate_trust trust);

// The rate without measuring it, 0 when CPUID does not say.
uint64_t tsc_rate_hz(const struct tsc_rate_facts *facts);
