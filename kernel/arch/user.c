// SPDX-License-Identifier: MIT
// The registers that lead from ring 3 into the kernel and those that a program has to itself. Called by process; the
// way itself is trap_entry.asm's and user_enter.asm's.
#include <arch/cpu.h>
#include <arch/gdt.h>
#include <arch/msr.h>
#include <arch/user.h>
#include <lib/section.h>

constexpr uint64_t EFER_SYSCALL = 1u << 0;
constexpr uint32_t CPUID_1_EDX_SEP = 1u << 11;

// Of RFLAGS. Besides IF and DF: a trap flag would raise #DB on SYSCALL's first instruction, NT fail an IRETQ, AC open
// programs' memory.
constexpr uint64_t CLEARED_BY_SYSCALL = 1u << 8 | CPU_RFLAGS_INTERRUPT | 1u << 10 | 1u << 14 | 1u << 18;

extern user_call_fn *user_call_handler; // read by trap_entry.asm
extern user_return_fn *user_return_handler;
READ_ONLY_AFTER_INIT user_call_fn *user_call_handler;
READ_ONLY_AFTER_INIT user_return_fn *user_return_handler;
READ_ONLY_AFTER_INIT static uint64_t first_kernel_rsp;

extern const uint8_t user_syscall[]; // trap_entry.asm

// Selectors of SYSRET come from the upper 16 bits, those of SYSCALL from the 16 below (Intel SDM vol. 2, SYSCALL).
void user_init(user_call_fn *call, user_return_fn *returning)
{
    user_call_handler = call;
    user_return_handler = returning;
    first_kernel_rsp = cpu_local()->kernel_rsp;
    msr_write(MSR_SYSCALL_SELECTORS, (uint64_t)(GDT_SYSRET_BASE | GDT_RING_3) << 48 | (uint64_t)GDT_KERNEL_CODE << 32);
    msr_write(MSR_SYSCALL_ENTRY, (uint64_t)user_syscall);
    msr_write(MSR_SYSCALL_FLAG_MASK, CLEARED_BY_SYSCALL);
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SYSCALL);
    if (cpuid(1, 0).edx & CPUID_1_EDX_SEP)
        msr_write(MSR_SYSENTER_CS, 0);
}

bool user_is_call_entry(uint64_t address)
{
    return address == (uint64_t)user_syscall;
}

// A null selector in GS takes the base with it that is loaded, so that has to be the program's.
void user_load(const struct user_context *context)
{
    __asm__ volatile("movl %0, %%ds\n\t"
                     "movl %0, %%es\n\t"
                     "movl %0, %%fs\n\t"
                     "swapgs\n\t"
                     "movl %0, %%gs\n\t"
                     "swapgs"
                     :
                     : "r"(0)
                     : "memory");
    msr_write(MSR_FS_BASE, context->fs_base);
    msr_write(MSR_KERNEL_GS_BASE, context->gs_base);
    gdt_set_kernel_stack(context->kernel_rsp);
}

void user_unload(void)
{
    gdt_set_kernel_stack(first_kernel_rsp);
    msr_write(MSR_FS_BASE, 0);
    msr_write(MSR_KERNEL_GS_BASE, 0);
}
