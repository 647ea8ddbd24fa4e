// SPDX-License-Identifier: MIT
// Owns the global descriptor table of the boot CPU and its task-state segment. Called by the interrupt module; knows
// nothing of gates.
#include "table_register.h"
#include <arch/gdt.h>

// In long mode base and limit of code and data segments are ignored; type, DPL, present and L count. The accessed bit
// is set beforehand, so that the CPU never writes to the table.
constexpr uint64_t DESCRIPTOR_ACCESSED = 1ull << 40;
constexpr uint64_t DESCRIPTOR_WRITABLE = 1ull << 41; // of a data segment; readable for code
constexpr uint64_t DESCRIPTOR_CODE = 1ull << 43;
constexpr uint64_t DESCRIPTOR_CODE_OR_DATA = 1ull << 44;
constexpr uint64_t DESCRIPTOR_PRESENT = 1ull << 47;
constexpr uint64_t DESCRIPTOR_LONG = 1ull << 53;
constexpr uint64_t DESCRIPTOR_TASK_STATE = 9ull << 40; // available 64-bit TSS; takes two entries (7.2.3)

constexpr uint64_t COMMON = DESCRIPTOR_ACCESSED | DESCRIPTOR_WRITABLE | DESCRIPTOR_CODE_OR_DATA | DESCRIPTOR_PRESENT;

static uint64_t gdt[] = {
    [GDT_KERNEL_CODE / 8] = COMMON | DESCRIPTOR_CODE | DESCRIPTOR_LONG,
    [GDT_KERNEL_DATA / 8] = COMMON,
    [GDT_TASK_STATE / 8 + 1] = 0, // its base takes the next entry too; gdt_load() fills in both
};

// Of the task-state segment only the stack pointers count here (Intel SDM vol. 3, 7.7).
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

extern uint8_t double_fault_stack_top[]; // entry.asm

static struct task_state task_state = {
    .interrupt_stacks = {[GDT_STACK_DOUBLE_FAULT - 1] = (uint64_t)double_fault_stack_top},
    .io_map_base = sizeof task_state,
};

static void describe_task_state(void)
{
    uint64_t base = (uint64_t)&task_state;
    gdt[GDT_TASK_STATE / 8] = DESCRIPTOR_PRESENT | DESCRIPTOR_TASK_STATE | (sizeof task_state - 1) |
                              (base & 0xff'ffff) << 16 | (base >> 24 & 0xff) << 56;
    gdt[GDT_TASK_STATE / 8 + 1] = base >> 32;
}

void gdt_load(void)
{
    describe_task_state();
    struct table_register gdtr = {sizeof gdt - 1, (uintptr_t)gdt};
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
}
