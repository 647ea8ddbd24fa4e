// SPDX-License-Identifier: MIT
// Stands in for kernel/arch/include/arch/cpu.h where a driver of the kernel is built for this machine: the test plays
// the CPU's interrupt flag.
#pragma once
#include <stdint.h>

uint64_t cpu_interrupts_disable(void);
void cpu_interrupts_restore(uint64_t flags);
