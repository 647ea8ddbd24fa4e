// SPDX-License-Identifier: MIT
// Where the kernel reaches physical memory: on the loader's tables, at the same address (docs/boot-protocol.md,
// "Paging"): all of the low 4 GiB but page 0, above that what the memory map says is there. Any context.
#pragma once
#include <lib/address.h>
#include <stddef.h>
#include <stdint.h>

static inline void *phys_to_virt(phys_addr_t address)
{
    return (void *)address.value;
}

// Return SIZE_BYTES at ADDRESS as readable memory, or nullptr when some page of it is not mapped. O(pages).
[[nodiscard]] const void *phys_map_readable(phys_addr_t address, size_t size_bytes);

// Return the registers of a device, or nullptr when they lie outside the low 4 GiB, where everything is mapped.
[[nodiscard]] volatile void *phys_map_device(phys_addr_t address, size_t size_bytes);
