// SPDX-License-Identifier: MIT
// Model-specific registers. Ring 0, any context. A register that the CPU lacks raises #GP on real hardware: ask CPUID
// first. Intel SDM vol. 4.
#pragma once
#include <stdint.h>

constexpr uint32_t MSR_APIC_BASE = 0x1b;
constexpr uint32_t MSR_PAGE_ATTRIBUTE_TABLE = 0x277;
constexpr uint32_t MSR_EFER = 0xc000'0080;
constexpr uint32_t MSR_SYSENTER_CS = 0x174;             // 0: SYSENTER raises #GP
constexpr uint32_t MSR_SYSCALL_SELECTORS = 0xc000'0081; // STAR
constexpr uint32_t MSR_SYSCALL_ENTRY = 0xc000'0082;     // LSTAR
constexpr uint32_t MSR_SYSCALL_FLAG_MASK = 0xc000'0084; // FMASK: bits of RFLAGS that SYSCALL clears
constexpr uint32_t MSR_FS_BASE = 0xc000'0100;
constexpr uint32_t MSR_GS_BASE = 0xc000'0101;
constexpr uint32_t MSR_KERNEL_GS_BASE = 0xc000'0102;        // what SWAPGS exchanges the former with
constexpr uint32_t MSR_AMD_INTERRUPT_PENDING = 0xc001'0055; // AMD families 0Fh and 10h alone

static inline uint64_t msr_read(uint32_t msr)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr) : "memory");
}
