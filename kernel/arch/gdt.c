// SPDX-License-Identifier: MIT
// Owns what the CPU wants to have in memory for itself: its global descriptor table and its task-state segment. Called
// by the interrupt module; knows nothing of gates.
#include "table_register.h"
#include <arch/cpu_local.h>
#include <arch/gdt.h>
#include <arch/msr.h>
#include <lib/section.h>
#include <stddef.h>

// In long mode base and limit of code and data segments are ignored; type, DPL, present and L count. The accessed bit
// is set beforehand, so that the CPU writes to the table when it loads the task register and never again.
constexpr uint64_t DESCRIPTOR_ACCESSED = 1ull << 40;
constexpr uint64_t DESCRIPTOR_WRITABLE = 1ull << 41; // of a data segment; readable for code
constexpr uint64_t DESCRIPTOR_CODE = 1ull << 43;
constexpr uint64_t DESCRIPTOR_CODE_OR_DATA = 1ull << 44;
constexpr uint64_t DESCRIPTOR_RING_3 = 3ull << 45;
constexpr uint64_t DESCRIPTOR_PRESENT = 1ull << 47;
constexpr uint64_t DESCRIPTOR_LONG = 1ull << 53;
constexpr uint64_t DESCRIPTOR_TASK_STATE = 9ull << 40; // available 64-bit TSS; takes two entries (7.2.3)

constexpr uint64_t DATA = DESCRIPTOR_ACCESSED | DESCRIPTOR_WRITABLE | DESCRIPTOR_CODE_OR_DATA | DESCRIPTOR_PRESENT;
constexpr uint64_t CODE = DATA | DESCRIPTOR_CODE | DESCRIPTOR_LONG;

// Of the task-state segment only the stack pointers count here (7.7).
struct [[gnu::packed]] task_state {
    uint32_t reserved0;
    uint64_t privilege_stacks[3];
    uint64_t reserved1;
    uint64_t interrupt_stacks[7]; // gates count them from 1
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base; // at or beyond the limit: no map
};
static_assert(sizeof(struct task_state) == 104);
static_assert(offsetof(struct task_state, privilege_stacks) == 4);
static_assert(offsetof(struct task_state, interrupt_stacks) == 36);

struct cpu {
    struct cpu_local local;
    alignas(16) struct task_state task_state;
};

extern uint8_t boot_stack_top[], double_fault_stack_top[], nmi_stack_top[], machine_check_stack_top[],
    db_stack_top[]; // stacks.asm

static struct cpu boot_cpu = {
    .local = {.self = &boot_cpu.local, .kernel_rsp = (uint64_t)boot_stack_top},
    .task_state =
        {
            .privilege_stacks = {(uint64_t)boot_stack_top},
            .interrupt_stacks =
                {
                    [GDT_STACK_DOUBLE_FAULT - 1] = (uint64_t)double_fault_stack_top,
                    [GDT_STACK_NMI - 1] = (uint64_t)nmi_stack_top,
                    [GDT_STACK_MACHINE_CHECK - 1] = (uint64_t)machine_check_stack_top,
                    [GDT_STACK_DEBUG - 1] = (uint64_t)db_stack_top,
                },
            .io_map_base = sizeof(struct task_state),
        },
};

READ_ONLY_AFTER_INIT static uint64_t boot_gdt[GDT_END / 8] = {
    [GDT_KERNEL_CODE / 8] = CODE,
    [GDT_KERNEL_DATA / 8] = DATA,
    [GDT_USER_DATA / 8] = DATA | DESCRIPTOR_RING_3,
    [GDT_USER_CODE / 8] = CODE | DESCRIPTOR_RING_3,
};

static void describe_task_state(uint64_t *gdt, const struct task_state *task_state)
{
    uint64_t base = (uint64_t)task_state;
    gdt[GDT_TASK_STATE / 8] = DESCRIPTOR_PRESENT | DESCRIPTOR_TASK_STATE | (sizeof *task_state - 1) |
                              (base & 0xff'ffff) << 16 | (base >> 24 & 0xff) << 56;
    gdt[GDT_TASK_STATE / 8 + 1] = base >> 32;
}

void gdt_load(void)
{
    struct cpu *cpu = &boot_cpu;
    describe_task_state(boot_gdt, &cpu->task_state);
    struct table_register gdtr = {sizeof boot_gdt - 1, (uintptr_t)boot_gdt};
    // Only a far transfer reloads CS; in long mode a far return is the one that takes a selector from a register.
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %q1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %2, %%ss\n\t"
                     "movl %2, %%ds\n\t"
                     "movl %2, %%es\n\t"
                     "movl %3, %%fs\n\t"
                     "movl %3, %%gs"
                     :
                     : "m"(gdtr), "r"((uint64_t)GDT_KERNEL_CODE), "r"((uint32_t)GDT_KERNEL_DATA), "r"(0u)
                     : "rax", "memory");
    __asm__ volatile("ltr %0" : : "r"(GDT_TASK_STATE) : "memory");
    __asm__ volatile("lldt %0" : : "r"((uint16_t)0)); // none, instead of the 64 KiB at 0 that a reset leaves
    msr_write(MSR_GS_BASE, (uint64_t)&cpu->local);    // after GS, whose load clears the base
    msr_write(MSR_KERNEL_GS_BASE, 0);                 // ring 3 begins without one
}

void gdt_set_kernel_stack(uint64_t stack_top)
{
    boot_cpu.task_state.privilege_stacks[0] = stack_top;
    boot_cpu.local.kernel_rsp = stack_top;
}
