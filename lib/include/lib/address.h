// SPDX-License-Identifier: MIT
// Physical and virtual addresses as two types, so that no mistake mixes them. Pure; any context.
#pragma once
#include <stdint.h>

typedef struct {
    uint64_t value;
} phys_addr_t;

typedef struct {
    uint64_t value;
} virt_addr_t;

static inline phys_addr_t phys_add(phys_addr_t address, uint64_t size_bytes)
{
    return (phys_addr_t){address.value + size_bytes};
}

// Bytes from START to END.
static inline uint64_t phys_diff(phys_addr_t end, phys_addr_t start)
{
    return end.value - start.value;
}
