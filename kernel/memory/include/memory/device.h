// SPDX-License-Identifier: MIT
// Physical addresses that are no RAM: a device's registers, a framebuffer, the firmware's tables. Each page is mapped
// when it is first asked for, with the memory type it needs, and stays. What is refused is logged with the reason. Not
// in interrupt handlers.
#pragma once
#include <lib/address.h>
#include <page_table/page_table.h>
#include <stddef.h>

// Return SIZE_BYTES at ADDRESS, readable and writable, or nullptr: no memory for a table, above 16 TiB, RAM (which the
// direct map has as write-back), or mapped with another memory type already. Before memory_init() it is the loader's
// map that answers, for the low 4 GiB.
[[nodiscard]] volatile void *device_map(phys_addr_t address, size_t size_bytes, enum page_cache cache);

// Return SIZE_BYTES at ADDRESS as memory to read, wherever the firmware put it, or nullptr as above, and for page 0.
// From memory_init() on.
[[nodiscard]] const void *firmware_map(phys_addr_t address, size_t size_bytes);
