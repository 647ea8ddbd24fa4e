// SPDX-License-Identifier: MIT
// The stacks that the kernel is linked with, each above a guard page that nobody maps. For whoever wants to say in
// words where an address lies. Pure data; any context.
#pragma once
#include <stdint.h>

constexpr uint64_t STACK_GUARD_SIZE = 4096;

struct stack {
    const char *name; // "boot", "double fault", "NMI", "machine check", "debug"
    uint64_t bottom;  // lowest address; the guard lies below
    uint64_t top;
};

// The stack number INDEX; nullptr after the last.
const struct stack *stack_at(unsigned index);
