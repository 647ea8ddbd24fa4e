// SPDX-License-Identifier: MIT
// The loader's identity map, asked page by page. Called by whoever follows addresses that the firmware wrote.
#include <arch/phys_map.h>
#include <arch/probe.h>

constexpr uint64_t DEVICE_END = 1ull << 32; // below, the loader maps everything
constexpr uint64_t MAP_END = 1ull << 47;    // the end of the lower half

const void *phys_map_readable(phys_addr_t address, size_t size_bytes)
{
    if (size_bytes == 0 || address.value >= MAP_END || size_bytes > MAP_END - address.value)
        return nullptr;
    uint64_t last = address.value + size_bytes - 1;
    for (uint64_t page = address.value & -PAGE_SIZE; page <= last; page += PAGE_SIZE) {
        uint8_t byte;
        if (probe_copy(&byte, phys_to_virt((phys_addr_t){page}), sizeof byte) != 0)
            return nullptr;
    }
    return phys_to_virt(address);
}

volatile void *phys_map_device(phys_addr_t address, size_t size_bytes)
{
    if (address.value < PAGE_SIZE || address.value >= DEVICE_END || size_bytes > DEVICE_END - address.value)
        return nullptr;
    return phys_to_virt(address);
}
