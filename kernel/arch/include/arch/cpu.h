// SPDX-License-Identifier: MIT
// Single instructions of the CPU that C has no words for: CPUID, control registers, the TLB, the interrupt flag,
// halting. Everybody above arch may call them; what the values mean is the caller's business. Any context, ring 0.
#pragma once
#include <lib/address.h>
#include <stdint.h>

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

// Intel SDM vol. 2, CPUID. A LEAF above the highest one of its range returns junk: ask leaf 0 or 0x8000'0000 first.
static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
    return result;
}

// Control registers: Intel SDM vol. 3, 2.5.
static inline uint64_t cpu_read_cr0(void)
{
    uint64_t value;
    __asm__ volatile("movq %%cr0, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr0(uint64_t value)
{
    __asm__ volatile("movq %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr2(void)
{
    uint64_t value;
    __asm__ volatile("movq %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint64_t cpu_read_cr3(void)
{
    uint64_t value;
    __asm__ volatile("movq %%cr3, %0" : "=r"(value));
    return value;
}

// The address of the highest page table (vol. 3, 4.5). The TLB forgets all but global pages.
static inline void cpu_write_cr3(uint64_t value)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr4(void)
{
    uint64_t value;
    __asm__ volatile("movq %%cr4, %0" : "=r"(value));
    return value;
}

// Only bits that CPUID promises may be set: an unsupported one raises #GP, or hangs an emulator.
static inline void cpu_write_cr4(uint64_t value)
{
    __asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

// The TLB of this CPU: Intel SDM vol. 3, 4.10.4. Forget the page that ADDRESS lies in, a global one too; a large one is
// forgotten as a whole.
static inline void cpu_invalidate_page(virt_addr_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address.value) : "memory");
}

constexpr uint64_t CPU_CR4_GLOBAL_PAGES = 1u << 7;

// Forget every page, global ones too.
static inline void cpu_flush_tlb_all(void)
{
    uint64_t cr4 = cpu_read_cr4();
    if (cr4 & CPU_CR4_GLOBAL_PAGES) {
        cpu_write_cr4(cr4 & ~CPU_CR4_GLOBAL_PAGES);
        cpu_write_cr4(cr4);
    } else {
        cpu_write_cr3(cpu_read_cr3());
    }
}

constexpr uint64_t CPU_RFLAGS_INTERRUPT = 1u << 9;

// Close interrupts on this CPU and return RFLAGS as it was, for cpu_interrupts_restore(). Pairs nest.
[[nodiscard]] static inline uint64_t cpu_interrupts_disable(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq\n\t"
                     "popq %0\n\t"
                     "cli"
                     : "=r"(flags)
                     :
                     : "memory");
    return flags;
}

static inline void cpu_interrupts_restore(uint64_t flags)
{
    if (flags & CPU_RFLAGS_INTERRUPT)
        __asm__ volatile("sti" : : : "memory");
}

static inline void cpu_interrupts_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

// Raise #BP. Who has no handler for it gets a line in the log.
static inline void cpu_breakpoint(void)
{
    __asm__ volatile("int3" : : : "memory");
}

// Open interrupts and sleep until one arrives. STI takes effect after the next instruction, so one that is pending
// wakes the CPU at once and none is slept through.
static inline void cpu_wait_for_interrupt(void)
{
    __asm__ volatile("sti\n\t"
                     "hlt"
                     :
                     :
                     : "memory");
}

// Close interrupts and sleep; only an NMI or SMI wakes the CPU, and it goes back to sleep.
[[noreturn]] static inline void cpu_halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli\n\t"
                         "hlt"
                         :
                         :
                         : "memory");
}
