// SPDX-License-Identifier: MIT
// A callable INT instruction for each vector (stub.asm). For the tests of arch and interrupt.
#pragma once
#include <arch/idt.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t STUB_INSTRUCTION_SIZE = 4; // stub.asm has the same number
extern const uint8_t stub_instructions[IDT_VECTOR_COUNT][STUB_INSTRUCTION_SIZE];

// The kernel's own handlers, which arch keeps where its trap entries read them (arch/idt.c).
extern trap_handler_fn *exception_handler, *interrupt_handler;
