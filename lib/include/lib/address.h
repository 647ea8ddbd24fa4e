// SPDX-License-Identifier: MIT
// Physical addresses as a type of their own, so that no mistake takes one for a pointer. Pure; any context.
#pragma once
#include <stdint.h>

typedef struct {
    uint64_t value;
} phys_addr_t;
