// SPDX-License-Identifier: MIT
// The memory map: from what the firmware claims to a sorted list without overlaps, out of which the loader claims what
// it needs. The entries are those of the boot protocol: stage 2 hands this very array to the kernel. Asks no firmware.
// Pure; not reentrant for one map; no allocation.
//
//   raw map        filled by memory_map_add() in any order, overlaps and nonsense included
//   sanitised map  made by memory_map_sanitise(); all other functions need one, and keep it one
#pragma once
#include <boot/boot_info.h>
#include <lib/status.h>
#include <stdint.h>

constexpr uint32_t MEMORY_MAP_LIMIT = 192; // 128 from the firmware, the rest for splits and claims
// 16 TiB: more than any machine with a BIOS has. A mad map cannot ask for more page tables than that, and page numbers
// fit 32 bits.
constexpr uint64_t MEMORY_MAP_ADDRESS_LIMIT = 1ull << 44;
constexpr uint64_t MEMORY_MAP_PAGE_SIZE = 4096;

// Zero-initialised is an empty map.
struct memory_map {
    struct boot_memory entries[MEMORY_MAP_LIMIT];
    uint32_t count;
};

// ACPI 6.5, table 15.3, says 1..5 as the boot protocol does; whatever else a firmware names is reserved.
enum boot_memory_kind memory_kind_from_e820(uint32_t e820_type);

// Append a range as the firmware gave it. Empty ranges are dropped; what wraps round is cut off. STATUS_RANGE when MAP
// is full.
enum status memory_map_add(struct memory_map *map, uint64_t base, uint64_t length_bytes, uint32_t e820_type);

// Make MAP from RAW (another object): each byte gets the most severe kind of all ranges that hold it,
// BAD > RESERVED > ACPI_NVS > ACPI_TABLES > MODULE, KERNEL, LOADER > USABLE; a byte in no range, or beyond
// MEMORY_MAP_ADDRESS_LIMIT, is in no entry. Then neighbours of one kind are merged and usable ranges shrink to whole
// pages; others stay as they are. Sanitising a sanitised map changes nothing. STATUS_RANGE when that takes more than
// MEMORY_MAP_LIMIT entries (each raw range can split another in two). Costs O(count^2), 5000 instructions for 11
// ranges.
enum status memory_map_sanitise(const struct memory_map *raw, struct memory_map *map);

// Turn whole pages of usable memory, those that hold BASE .. BASE + LENGTH_BYTES - 1, into KIND (one of LOADER, KERNEL,
// MODULE). Merges with its neighbours. STATUS_RANGE when a byte is not usable or LENGTH_BYTES is 0, STATUS_NO_MEMORY
// when MAP cannot take two more entries.
enum status memory_map_claim(struct memory_map *map, uint64_t base, uint64_t length_bytes, enum boot_memory_kind kind);

// Claim the lowest usable LENGTH_BYTES that start at a multiple of ALIGNMENT (a power of two, at least a page) not
// below MINIMUM and end not above LIMIT. STATUS_NO_MEMORY when there is no such place, or as memory_map_claim().
enum status memory_map_allocate(struct memory_map *map, uint64_t length_bytes, uint32_t alignment, uint64_t minimum,
                                uint64_t limit, enum boot_memory_kind kind, uint64_t *base);

// Whether every byte of a range is usable; false for an empty one.
bool memory_map_covers(const struct memory_map *map, uint64_t base, uint64_t length_bytes);

uint64_t memory_map_usable_bytes(const struct memory_map *map);
