// SPDX-License-Identifier: MIT
// The kernel's half of the address space (docs/memory.md has the map). Pure data; any context.
#pragma once
#include <stdint.h>

struct memory_region {
    uint64_t start;
    uint64_t size_bytes;
};

constexpr uint64_t TEBIBYTE = 1ull << 40;

// RAM and ACPI areas at a fixed distance. Never executable; kernel text and constants are read-only here too.
constexpr struct memory_region MEMORY_DIRECT_MAP = {0xffff'8000'0000'0000, 64 * TEBIBYTE};
constexpr struct memory_region MEMORY_HEAP = {0xffff'c000'0000'0000, 16 * TEBIBYTE};
constexpr struct memory_region MEMORY_STACKS = {0xffff'd000'0000'0000, TEBIBYTE / 2};
// Registers and firmware tables at a fixed distance, so that no byte can be mapped with two memory types.
constexpr struct memory_region MEMORY_DEVICES = {0xffff'e000'0000'0000, 16 * TEBIBYTE};
constexpr uint64_t MEMORY_KERNEL_IMAGE = 0xffff'ffff'8000'0000;

// The regions above but for the image, whose parts have names of their own.
struct memory_named_region {
    const char *name;
    struct memory_region region;
};
constexpr unsigned MEMORY_REGION_COUNT = 4;
extern const struct memory_named_region memory_regions[MEMORY_REGION_COUNT];
