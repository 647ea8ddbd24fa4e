// SPDX-License-Identifier: MIT
// The interrupt descriptor table: 256 gates that end in two C functions. Called once by the interrupt module, after
// gdt_load(); knows no vector's meaning.
#pragma once
#include <arch/gdt.h>
#include <arch/trap_frame.h>

constexpr unsigned IDT_VECTOR_COUNT = 256;
constexpr uint8_t IDT_CALL_VECTOR = 0x80; // no line may have it; trap_entry.asm has the same number

// Runs with interrupts closed and DF clear, on the interrupted stack (#DB, NMI, #DF and #MC: on their own; from ring 3:
// on the kernel's), from any context. Returning resumes what was interrupted.
typedef void trap_handler_fn(struct trap_frame *frame);

// Send vectors 0..31 to EXCEPTIONS and those above to INTERRUPTS from here on. All gates are interrupt gates; ring 3
// may execute INT3, and INT 80h, which is a system call there (arch/user.h).
void idt_load(trap_handler_fn *exceptions, trap_handler_fn *interrupts);

// Whether ADDRESS is where a trap handler returns to: in a chain of stack frames, the struct trap_frame of what was
// interrupted then lies right above the return address.
bool idt_is_return_address(uint64_t address);

// Whether the CPU pushes an error code for VECTOR (Intel SDM vol. 3, table 6-1; AMD APM vol. 2, 8.2 for 29 and 30).
bool idt_vector_has_error_code(uint64_t vector);

// Leave no gate and raise an exception: the CPU shuts down, which the board of a PC answers with a reset (Intel SDM
// vol. 3, 6.15, double fault). Any context; closes interrupts.
[[noreturn]] void idt_triple_fault(void);

// What a gate says, for whoever explains it.
struct idt_gate_view {
    uint64_t entry;         // where the CPU goes
    trap_handler_fn *calls; // the C function that this leads to
    uint16_t selector;
    uint8_t type; // IDT_INTERRUPT_GATE or IDT_TRAP_GATE, or one that no gate has
    uint8_t ring; // the highest in which INT may name the vector
    enum gdt_stack stack;
    bool is_present;
};
constexpr uint8_t IDT_INTERRUPT_GATE = 14; // closes interrupts
constexpr uint8_t IDT_TRAP_GATE = 15;

// The gate of VECTOR, less than IDT_VECTOR_COUNT, as it stands in the table.
struct idt_gate_view idt_view(unsigned vector);
