// SPDX-License-Identifier: MIT
// INT n for each vector, as functions that keep every register and flag; and the handlers behind the vectors. For the
// tests of arch and interrupt.
#pragma once
#include <arch/idt.h>
#include <framework/machine.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t INT_INSTRUCTION_SIZE = 4; // int_instruction.asm has the same number
extern const uint8_t int_instructions[IDT_VECTOR_COUNT][INT_INSTRUCTION_SIZE];

// The kernel's own handlers, which arch keeps where its trap entries read them (arch/idt.c).
extern trap_handler_fn *exception_handler, *interrupt_handler;

// Send interrupts to HANDLER from here on.
static inline void int_set_interrupt_handler(trap_handler_fn *handler)
{
    machine_unseal();
    interrupt_handler = handler;
    machine_seal();
}
