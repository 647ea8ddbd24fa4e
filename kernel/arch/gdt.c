// SPDX-License-Identifier: MIT
// Owns the global descriptor table of the boot CPU. Called by the interrupt module; knows nothing of gates.
#include <arch/gdt.h>

// In long mode base and limit of code and data segments are ignored; type, DPL, present and L count. The accessed bit
// is set beforehand, so that the CPU never writes to the table.
constexpr uint64_t DESCRIPTOR_ACCESSED = 1ull << 40;
constexpr uint64_t DESCRIPTOR_WRITABLE = 1ull << 41; // of a data segment; readable for code
constexpr uint64_t DESCRIPTOR_CODE = 1ull << 43;
constexpr uint64_t DESCRIPTOR_CODE_OR_DATA = 1ull << 44;
constexpr uint64_t DESCRIPTOR_PRESENT = 1ull << 47;
constexpr uint64_t DESCRIPTOR_LONG = 1ull << 53;

constexpr uint64_t COMMON = DESCRIPTOR_ACCESSED | DESCRIPTOR_WRITABLE | DESCRIPTOR_CODE_OR_DATA | DESCRIPTOR_PRESENT;

static uint64_t gdt[] = {
    [GDT_KERNEL_CODE / 8] = COMMON | DESCRIPTOR_CODE | DESCRIPTOR_LONG,
    [GDT_KERNEL_DATA / 8] = COMMON,
};

struct [[gnu::packed]] table_register {
    uint16_t limit;
    uint64_t base;
};
static_assert(sizeof(struct table_register) == 10);

void gdt_load(void)
{
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
}
