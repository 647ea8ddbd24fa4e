// SPDX-License-Identifier: MIT
// Physical and virtual addresses as types of their own, so that no mistake takes one for the other or for a number;
// and the size of the smallest page, which is that of a frame. Pure; any context.
#pragma once
#include <stdint.h>

constexpr unsigned PAGE_SHIFT = 12;
constexpr uint64_t PAGE_SIZE = 1ull << PAGE_SHIFT; // bytes; Intel SDM vol. 3, 4.1

typedef struct {
    uint64_t value;
} phys_addr_t;

typedef struct {
    uint64_t value;
} virt_addr_t;

// The lowest and the highest half of 2^48 bytes are addresses, what lies between is none (Intel SDM vol. 1, 3.3.7.1).
constexpr uint64_t ADDRESS_HALF_SIZE = 1ull << 47;

static inline bool address_is_canonical(uint64_t address)
{
    return address + ADDRESS_HALF_SIZE < 2 * ADDRESS_HALF_SIZE;
}

static inline phys_addr_t phys_add(phys_addr_t address, uint64_t bytes)
{
    return (phys_addr_t){address.value + bytes};
}

static inline virt_addr_t virt_add(virt_addr_t address, uint64_t bytes)
{
    return (virt_addr_t){address.value + bytes};
}

static inline virt_addr_t virt_of(const volatile void *pointer)
{
    return (virt_addr_t){(uintptr_t)pointer};
}

static inline void *virt_pointer(virt_addr_t address)
{
    return (void *)(uintptr_t)address.value;
}
