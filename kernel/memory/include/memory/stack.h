// SPDX-License-Identifier: MIT
// Stacks made while the kernel runs, each above a page that nobody maps. Those it is linked with: arch/stack.h.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <stdint.h>

struct kernel_stack {
    virt_addr_t bottom; // lowest address; the guard lies below
    virt_addr_t top;    // page-aligned
};

// Make a stack of SIZE_BYTES, a multiple of PAGE_SIZE, contents arbitrary. STATUS_NO_MEMORY, and nothing is left
// behind; STATUS_INVALID. O(pages + log stacks).
[[nodiscard]] enum status kernel_stack_allocate(uint64_t size_bytes, struct kernel_stack *stack);

// Give STACK back; nobody may stand on it.
void kernel_stack_free(const struct kernel_stack *stack);

// The stack, or its guard, that ADDRESS lies in. False when there is none. Any context: for the report of a death.
bool kernel_stack_find(virt_addr_t address, struct kernel_stack *stack);
