// SPDX-License-Identifier: MIT
// Stacks made while the kernel runs, each above a page that nobody maps. Those it is linked with: arch/stack.h. From
// memory_init() on, one context at a time, never in an interrupt handler, but for what is said.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <stdint.h>

struct kernel_stack {
    virt_addr_t bottom; // lowest address; the guard lies below
    virt_addr_t top;    // page-aligned
};

// Have a region to take stacks from. STATUS_NO_MEMORY. Once, after memory_init().
[[nodiscard]] enum status kernel_stack_init(void);

// Make a stack of SIZE_BYTES, a multiple of PAGE_SIZE, contents arbitrary. STATUS_INVALID, or STATUS_NO_MEMORY; then
// nothing is left behind, but for a page of the list of stacks that the next one will use. O(pages + log stacks).
[[nodiscard]] enum status kernel_stack_allocate(uint64_t size_bytes, struct kernel_stack *stack);

// Give STACK back. Panics when there is no such stack, and when the caller stands on it; nobody else may.
void kernel_stack_free(const struct kernel_stack *stack);

// The stack that ADDRESS lies in, its guard included. False when there is none. For the report of a death: any context
// in which arch/probe.h can be used, before memory_init() too, and in the middle of one of the functions above; then it
// may miss a stack.
bool kernel_stack_find(virt_addr_t address, struct kernel_stack *stack);
