// SPDX-License-Identifier: MIT
// The instruction that describe's decoder is handed. Called by the boot report and by the command cpuid.
#include <arch/cpu.h>
#include <arch/processor.h>

static struct processor_leaf read_leaf(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result result = cpuid(leaf, subleaf);
    return (struct processor_leaf){result.eax, result.ebx, result.ecx, result.edx};
}

void cpu_identify(struct processor *processor)
{
    processor_identify(processor, read_leaf);
}
