// SPDX-License-Identifier: MIT
// Owns the interrupt descriptor table and the pointers through which arch/trap_entry.asm reaches C. Called by the
// interrupt module; knows nothing of what a vector means.
#include "table_register.h"
#include <arch/gdt.h>
#include <arch/idt.h>
#include <lib/panic.h>
#include <lib/section.h>

// A 64-bit gate: Intel SDM vol. 3, 6.14.1. From its lowest bit: 16 of the offset, 16 of the selector, 8 of the stack
// table's index, 8 of the attributes, 16 of the offset; then the rest of the offset.
struct idt_gate {
    uint64_t low, high;
};
static_assert(sizeof(struct idt_gate) == 16);
constexpr unsigned GATE_SELECTOR = 16, GATE_STACK = 32, GATE_ATTRIBUTES = 40;

constexpr uint64_t GATE_PRESENT = 0x80;
constexpr uint64_t GATE_INTERRUPT_PRESENT = GATE_PRESENT | IDT_INTERRUPT_GATE; // DPL 0, 64 bits
constexpr uint64_t GATE_RING_3 = 3 << 5;                                       // INT n may be executed there
constexpr uint64_t TRAP_ENTRY_SIZE = 16;                                       // trap_entry.asm has the same number
// trap_entry.asm has the same set.
constexpr uint32_t ERROR_CODE_VECTORS = 1u << 8 | 0x1fu << 10 | 1u << 17 | 1u << 21 | 1u << 29 | 1u << 30;

extern const uint8_t trap_entries[IDT_VECTOR_COUNT][TRAP_ENTRY_SIZE]; // trap_entry.asm
extern const uint8_t trap_exception_return[], trap_interrupt_return[], trap_anywhere_return[];

extern trap_handler_fn *exception_handler, *interrupt_handler; // read by trap_entry.asm
READ_ONLY_AFTER_INIT trap_handler_fn *exception_handler, *interrupt_handler;

constexpr unsigned BREAKPOINT = 3;
constexpr unsigned EXCEPTION_COUNT = 32; // vectors that lead to exception_handler: trap_entry.asm has the same

// All of a gate but where the page of the entries lies, which only the linker knows, below 4 GiB from the top.
#define GATE(vector)                                                                                                   \
    {                                                                                                                  \
        .low =                                                                                                         \
            (vector) * TRAP_ENTRY_SIZE | GDT_KERNEL_CODE << GATE_SELECTOR | GATE_INTERRUPT_PRESENT << GATE_ATTRIBUTES, \
        .high = UINT32_MAX,                                                                                            \
    }
#define GATES_4(first)  GATE(first), GATE((first) + 1), GATE((first) + 2), GATE((first) + 3)
#define GATES_16(first) GATES_4(first), GATES_4((first) + 4), GATES_4((first) + 8), GATES_4((first) + 12)
#define GATES_64(first) GATES_16(first), GATES_16((first) + 16), GATES_16((first) + 32), GATES_16((first) + 48)

READ_ONLY_AFTER_INIT static alignas(16) struct idt_gate idt[] = {GATES_64(0), GATES_64(64), GATES_64(128),
                                                                 GATES_64(192)};
static_assert(sizeof idt == IDT_VECTOR_COUNT * sizeof(struct idt_gate));

// trap_entry.asm has the same set.
static void give_stack(unsigned vector, uint64_t stack)
{
    idt[vector].low |= stack << GATE_STACK;
}

// Once; handlers may change later.
static void place_gates(void)
{
    uint64_t entries = (uintptr_t)trap_entries, page = (entries & 0xf000) | (entries & 0xffff'0000) << 32;
    if (idt[0].low >> 48 != 0)
        return;
#pragma clang loop unroll_count(16)
    for (unsigned vector = 0; vector < IDT_VECTOR_COUNT; vector++)
        idt[vector].low += page;
}

void idt_load(trap_handler_fn *exceptions, trap_handler_fn *interrupts)
{
    exception_handler = exceptions;
    interrupt_handler = interrupts;
    place_gates();
    give_stack(1, GDT_STACK_DEBUG); // may arrive on the first instruction of a system call, with the program's stack
    give_stack(2, GDT_STACK_NMI);   // may arrive anywhere
    // What a fault on an overflown stack becomes:
    give_stack(8, HEWN_BREAK_MISSING_IST ? GDT_STACK_CURRENT : GDT_STACK_DOUBLE_FAULT);
    give_stack(18, GDT_STACK_MACHINE_CHECK); // may arrive anywhere
    idt[BREAKPOINT].low |= GATE_RING_3 << GATE_ATTRIBUTES;
    idt[IDT_CALL_VECTOR].low |= GATE_RING_3 << GATE_ATTRIBUTES;
    struct table_register idtr = {sizeof idt - 1, (uintptr_t)idt};
    __asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

bool idt_vector_has_error_code(uint64_t vector)
{
    return vector < EXCEPTION_COUNT && (ERROR_CODE_VECTORS >> vector & 1) != 0;
}

bool idt_is_return_address(uint64_t address)
{
    return address == (uint64_t)trap_exception_return || address == (uint64_t)trap_interrupt_return ||
           address == (uint64_t)trap_anywhere_return;
}

void idt_triple_fault(void)
{
    static const struct table_register none = {};
    __asm__ volatile("cli\n\t"
                     "lidt %0\n\t"
                     "ud2"
                     :
                     : "m"(none)
                     : "memory");
    __builtin_unreachable();
}

struct idt_gate_view idt_view(unsigned vector)
{
    ASSERT(vector < IDT_VECTOR_COUNT);
    uint64_t low = idt[vector].low, attributes = low >> GATE_ATTRIBUTES;
    return (struct idt_gate_view){
        .entry = (low & 0xffff) | (low >> 48 << 16) | idt[vector].high << 32,
        .calls = vector < EXCEPTION_COUNT ? exception_handler : interrupt_handler,
        .selector = (uint16_t)(low >> GATE_SELECTOR),
        .type = attributes & 0xf,
        .ring = attributes >> 5 & 3,
        .stack = (enum gdt_stack)(low >> GATE_STACK & 7),
        .is_present = (attributes & GATE_PRESENT) != 0,
    };
}
