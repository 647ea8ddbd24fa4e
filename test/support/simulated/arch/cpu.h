// SPDX-License-Identifier: MIT
// Stands in for kernel/arch/include/arch/cpu.h where a driver of the kernel is built for this machine: the test plays
// the CPU's interrupt flag, and CPUID.
#pragma once
#include <stdint.h>

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t cpu_interrupts_disable(void);
void cpu_interrupts_restore(uint64_t flags);
[[noreturn]] void cpu_halt_forever(void);
