// SPDX-License-Identifier: MIT
// Stands in for kernel/arch/include/arch/msr.h where a driver of the kernel is built for this machine: the test plays
// the CPU.
#pragma once
#include <stdint.h>

constexpr uint32_t MSR_AMD_INTERRUPT_PENDING = 0xc001'0055;

uint64_t msr_read(uint32_t msr);
