// SPDX-License-Identifier: MIT
// A made-up physical memory: ranges at any address, nothing between them. What it maps is a copy of exactly the size
// that was asked for, at an odd address, so that ASan sees each byte read beyond. Used by the tests and the fuzzer of
// kernel/acpi.
#pragma once
#include <lib/address.h>
#include <stddef.h>
#include <stdint.h>

// Forget all ranges and all that was mapped.
void physical_memory_clear(void);

// Put SIZE_BYTES at ADDRESS, zero when BYTES is nullptr. Returns them, to be changed until they are mapped; nullptr
// when there is no room for more ranges. A mapping must lie inside one range; of two that hold it, the first put
// counts.
uint8_t *physical_memory_put(uint64_t address, const void *bytes, size_t size_bytes);

// Put the ranges of a dump: each an address (8 bytes, little-endian), a size (2 bytes), and its bytes, the last of
// which may be fewer than it says. Returns the first range's address, or 0.
uint64_t physical_memory_load(const uint8_t *dump, size_t size_bytes);

// Return the bytes of a range, to be changed, or nullptr.
uint8_t *physical_memory_at(uint64_t address, size_t size_bytes);

// An acpi_map_fn. Fails the run when asked for what its contract excludes.
const void *physical_memory_map(phys_addr_t address, size_t size_bytes);

// Whether one mapping holds all that.
bool physical_memory_is_mapped(const uint8_t *bytes, size_t size_bytes);

// How often memory was asked for since it was cleared.
unsigned physical_memory_map_count(void);
