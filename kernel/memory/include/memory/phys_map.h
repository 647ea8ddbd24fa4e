// SPDX-License-Identifier: MIT
// Where the kernel reaches RAM and ACPI areas: in the direct map (memory/layout.h), and until that is live in the
// loader's identity map (docs/boot-protocol.md, "Paging"). Registers and the firmware's own memory: memory/device.h.
// Any context.
#pragma once
#include <lib/address.h>

// Where physical address 0 would be. Changes once, in memory_init().
extern uintptr_t phys_map_base;

static inline void *phys_to_virt(phys_addr_t address)
{
    return (void *)(phys_map_base + address.value);
}
