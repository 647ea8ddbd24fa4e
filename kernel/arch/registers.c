// SPDX-License-Identifier: MIT
// Reads what the CPU says that it has, and nothing else. Called by the command regs; must not know what a value means.
#include "registers.h"
#include <arch/cpu.h>
#include <arch/debug_registers.h>
#include <arch/msr.h>
#include <arch/processor.h>
#include <lib/string.h>

constexpr uint64_t CR4_XSAVE = 1u << 18; // XGETBV exists

constexpr uint32_t MSR_SYSCALL_ENTRY_32 = 0xc000'0083; // CSTAR, Intel SDM vol. 4, table 2-2

const char segment_names[SEGMENT_COUNT][3] = {"CS", "SS", "DS", "ES", "FS", "GS"};

static bool has_feature(const struct processor *processor, const char *name)
{
    const struct processor_feature *feature;
    for (unsigned i = 0; (feature = processor_feature(i)) != nullptr; i++) {
        if (strcmp(feature->name, name) == 0)
            return processor_has_feature(processor, i);
    }
    return false;
}

static void read_segments(struct registers *registers)
{
    uint16_t *segments = registers->segments;
    __asm__ volatile("movw %%cs, %0" : "=r"(segments[0]));
    __asm__ volatile("movw %%ss, %0" : "=r"(segments[1]));
    __asm__ volatile("movw %%ds, %0" : "=r"(segments[2]));
    __asm__ volatile("movw %%es, %0" : "=r"(segments[3]));
    __asm__ volatile("movw %%fs, %0" : "=r"(segments[4]));
    __asm__ volatile("movw %%gs, %0" : "=r"(segments[5]));
    __asm__ volatile("sldt %0" : "=r"(registers->local_table));
    __asm__ volatile("str %0" : "=r"(registers->task));
    __asm__ volatile("sgdt %0" : "=m"(registers->gdt));
    __asm__ volatile("sidt %0" : "=m"(registers->idt));
    registers->fs_base = msr_read(MSR_FS_BASE);
    registers->gs_base = msr_read(MSR_GS_BASE);
    registers->kernel_gs_base = msr_read(MSR_KERNEL_GS_BASE);
}

static void read_debug_registers(struct registers *registers)
{
    __asm__ volatile("movq %%dr0, %0" : "=r"(registers->debug_addresses[0]));
    __asm__ volatile("movq %%dr1, %0" : "=r"(registers->debug_addresses[1]));
    __asm__ volatile("movq %%dr2, %0" : "=r"(registers->debug_addresses[2]));
    __asm__ volatile("movq %%dr3, %0" : "=r"(registers->debug_addresses[3]));
    registers->dr6 = debug_status_read();
    __asm__ volatile("movq %%dr7, %0" : "=r"(registers->dr7));
}

static uint64_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static void read_optional(struct registers *registers)
{
    struct processor processor;
    cpu_identify(&processor);
    registers->has_xcr0 = (registers->cr4 & CR4_XSAVE) != 0;
    registers->has_pat = has_feature(&processor, "pat");
    registers->has_apic = has_feature(&processor, "apic");
    registers->has_syscall = has_feature(&processor, "syscall");
    if (registers->has_xcr0)
        registers->xcr0 = read_xcr0();
    if (registers->has_pat)
        registers->pat = msr_read(MSR_PAGE_ATTRIBUTE_TABLE);
    if (registers->has_apic)
        registers->apic_base = msr_read(MSR_APIC_BASE);
    if (!registers->has_syscall)
        return;
    registers->star = msr_read(MSR_SYSCALL_SELECTORS);
    registers->lstar = msr_read(MSR_SYSCALL_ENTRY);
    registers->cstar = msr_read(MSR_SYSCALL_ENTRY_32);
    registers->syscall_mask = msr_read(MSR_SYSCALL_FLAG_MASK);
}

void registers_read(struct registers *registers)
{
    *registers = (struct registers){
        .cr0 = cpu_read_cr0(),
        .cr2 = cpu_read_cr2(),
        .cr3 = cpu_read_cr3(),
        .cr4 = cpu_read_cr4(),
        .efer = msr_read(MSR_EFER),
    };
    __asm__ volatile("pushfq\n\t"
                     "popq %0"
                     : "=r"(registers->rflags));
    read_segments(registers);
    read_debug_registers(registers);
    read_optional(registers);
}
