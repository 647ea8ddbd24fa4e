// SPDX-License-Identifier: MIT
// The CPU's tables as the CPU has them: GDT, TSS, IDT, segment registers, per-CPU data.
#include <arch/cpu.h>
#include <arch/cpu_local.h>
#include <arch/gdt.h>
#include <arch/idt.h>
#include <arch/msr.h>
#include <arch/stack.h>
#include <framework/machine.h>
#include <framework/test.h>
#include <lib/string.h>

TEST(table, segment_registers_are_the_kernels)
{
    uint16_t cs, ds, es, fs, gs, ss, tr;
    __asm__ volatile("movw %%cs, %0\n\tmovw %%ds, %1\n\tmovw %%es, %2\n\tmovw %%fs, %3\n\tmovw %%gs, %4\n\t"
                     "movw %%ss, %5\n\tstrw %6"
                     : "=r"(cs), "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs), "=r"(ss), "=r"(tr));
    CHECK_EQUAL(cs, GDT_KERNEL_CODE);
    CHECK_EQUAL(ss, GDT_KERNEL_DATA);
    CHECK_EQUAL(ds, GDT_KERNEL_DATA);
    CHECK_EQUAL(es, GDT_KERNEL_DATA);
    CHECK_EQUAL(fs, 0);
    CHECK_EQUAL(gs, 0);
    CHECK_EQUAL(tr, GDT_TASK_STATE);
}

// What SYSCALL and SYSRET compute from the STAR register (Intel SDM vol. 2).
TEST(table, segments_are_in_the_order_of_sysret)
{
    CHECK_EQUAL(GDT_KERNEL_DATA, GDT_KERNEL_CODE + 8);
    CHECK_EQUAL(GDT_USER_DATA, GDT_SYSRET_BASE + 8);
    CHECK_EQUAL(GDT_USER_CODE, GDT_SYSRET_BASE + 16);
}

constexpr uint64_t ACCESS = 0x0020'ff00'0000'0000; // type, S, DPL, P and L of a descriptor

TEST(table, descriptors_say_what_they_are_for)
{
    CHECK_EQUAL(machine_gdt().limit, GDT_END - 1);
    CHECK_EQUAL(*machine_descriptor(0), 0);
    CHECK_EQUAL(*machine_descriptor(GDT_KERNEL_CODE) & ACCESS, 0x0020'9b00'0000'0000); // ring 0, 64-bit code, readable
    CHECK_EQUAL(*machine_descriptor(GDT_KERNEL_DATA) & ACCESS, 0x0000'9300'0000'0000); // ring 0, writable data
    CHECK_EQUAL(*machine_descriptor(GDT_USER_DATA) & ACCESS, 0x0000'f300'0000'0000);
    CHECK_EQUAL(*machine_descriptor(GDT_USER_CODE) & ACCESS, 0x0020'fb00'0000'0000);
    CHECK_EQUAL(*machine_descriptor(GDT_TASK_STATE) & ACCESS, 0x0000'8b00'0000'0000); // busy 64-bit task state
}

static const uint8_t *task_state(void)
{
    const volatile uint64_t *descriptor = machine_descriptor(GDT_TASK_STATE);
    uint64_t base = (descriptor[0] >> 16 & 0xff'ffff) | (descriptor[0] >> 56) << 24 | descriptor[1] << 32;
    return (const uint8_t *)base;
}

static uint64_t task_state_word(unsigned offset)
{
    uint64_t word;
    memcpy(&word, task_state() + offset, sizeof word);
    return word;
}

static uint64_t top_of(const char *name)
{
    const struct stack *stack;
    for (unsigned i = 0; (stack = stack_at(i)) != nullptr; i++) {
        if (strcmp(stack->name, name) == 0)
            return stack->top;
    }
    FAIL("there is no stack called %s", name);
}

// Intel SDM vol. 3, 7.7.
TEST(table, task_state_has_a_stack_for_each_purpose)
{
    constexpr unsigned INTERRUPT_STACKS = 36 - 8; // they count from 1
    CHECK_EQUAL(*machine_descriptor(GDT_TASK_STATE) & 0xffff, 103);
    CHECK_EQUAL(task_state_word(INTERRUPT_STACKS + 8 * GDT_STACK_DOUBLE_FAULT), top_of("double fault"));
    CHECK_EQUAL(task_state_word(INTERRUPT_STACKS + 8 * GDT_STACK_NMI), top_of("NMI"));
    CHECK_EQUAL(task_state_word(INTERRUPT_STACKS + 8 * GDT_STACK_MACHINE_CHECK), top_of("machine check"));
    CHECK_EQUAL(task_state_word(INTERRUPT_STACKS + 8 * GDT_STACK_DEBUG), top_of("debug"));
    CHECK_EQUAL(task_state_word(96) >> 48, 104); // no map of ports behind it
}

static uint64_t leaf_of(uint64_t address)
{
    volatile uint64_t *entries[4];
    return *entries[machine_walk(address, entries) - 1];
}

TEST(table, stacks_are_aligned_apart_and_guarded)
{
    const struct stack *stack;
    unsigned count = 0;
    for (; (stack = stack_at(count)) != nullptr; count++) {
        CHECK_EQUAL(stack->top % 4096, 0);
        CHECK_EQUAL(stack->bottom % 4096, 0);
        CHECK(stack->top - stack->bottom >= 8192);
        for (uint64_t page = stack->bottom; page < stack->top; page += 4096)
            CHECK_EQUAL(leaf_of(page) & MACHINE_PAGE_PRESENT, MACHINE_PAGE_PRESENT);
        if (leaf_of(stack->bottom - STACK_GUARD_SIZE) & MACHINE_PAGE_PRESENT)
            FAIL("the page below the %s stack is there", stack->name);
    }
    CHECK_EQUAL(count, 5);
}

TEST(table, all_gates_are_interrupt_gates_of_the_kernel)
{
    constexpr unsigned STACK_OF[32] = {
        [1] = GDT_STACK_DEBUG, [2] = GDT_STACK_NMI, [8] = GDT_STACK_DOUBLE_FAULT, [18] = GDT_STACK_MACHINE_CHECK};
    CHECK_EQUAL(machine_idt().limit, IDT_VECTOR_COUNT * 16 - 1);
    for (unsigned vector = 0; vector < IDT_VECTOR_COUNT; vector++) {
        uint64_t low = *machine_gate((uint8_t)vector);
        CHECK_EQUAL(low >> 16 & 0xffff, GDT_KERNEL_CODE);
        CHECK_EQUAL(low >> 32 & 7, vector < 32 ? STACK_OF[vector] : 0);
        CHECK_EQUAL(low >> 40 & 0xff,
                    vector == 3 || vector == IDT_CALL_VECTOR ? 0xee : 0x8e); // INT3 may be executed in ring 3
    }
}

TEST(table, gs_base_leads_to_this_cpus_data)
{
    CHECK_EQUAL(msr_read(MSR_GS_BASE), (uintptr_t)cpu_local());
    CHECK_EQUAL((uintptr_t)cpu_local()->self, (uintptr_t)cpu_local());
    CHECK_EQUAL(cpu_local()->index, 0);
    CHECK(msr_read(MSR_GS_BASE) >> 63); // by its sign, entries through the IST tell whose base it is
}
