// SPDX-License-Identifier: MIT
// Physical addresses that are no RAM, at a fixed distance in a region of their own: the place of a page says what it
// is, so asking twice gives the same mapping and asking for two memory types is noticed. Called by drivers.
#include "parts.h"
#include <arch/memory_type.h>
#include <lib/section.h>
#include <log/log.h>
#include <memory/device.h>
#include <memory/layout.h>
#include <memory/memory.h>

READ_ONLY_AFTER_INIT static uint64_t phys_end; // of what CPU and region reach; 0 until the kernel's own tables are live

void device_init(unsigned phys_bits)
{
    phys_end = 1ull << phys_bits < MEMORY_DEVICES.size_bytes ? 1ull << phys_bits : MEMORY_DEVICES.size_bytes;
}

enum status device_pin(void)
{
    constexpr uint64_t ENTRY_SPAN = 1ull << 39; // of the root
    uint64_t size_bytes = (phys_end + ENTRY_SPAN - 1) & -ENTRY_SPAN;
    return page_table_pin(memory_page_tables(), (virt_addr_t){MEMORY_DEVICES.start}, size_bytes);
}

static bool is_in_reach(phys_addr_t address, size_t size_bytes, uint64_t limit)
{
    return size_bytes != 0 && address.value >= PAGE_SIZE && address.value < limit &&
           size_bytes <= limit - address.value;
}

// Whoever asked goes without, and the log says why.
static void *refuse(phys_addr_t address, size_t size_bytes, const char *reason)
{
    log_warning("memory", "%zu bytes at physical 0x%llx cannot be mapped: %s", size_bytes,
                (unsigned long long)address.value, reason);
    return nullptr;
}

static bool keep_first(void *context, const struct page_mapping *run)
{
    *(uint64_t *)context = run->virt.value;
    return false;
}

// The first address from START on, below END, that is mapped; END when there is none.
static uint64_t first_mapped(uint64_t start, uint64_t end)
{
    uint64_t first = end;
    page_table_walk(memory_page_tables(), (virt_addr_t){start}, (virt_addr_t){end - 1}, keep_first, &first);
    return first;
}

// The first address from START on, below END, that is not mapped as WANTED needs it; END when all is.
static uint64_t first_unfit(uint64_t start, uint64_t end, struct page_attributes wanted)
{
    struct page_mapping page;
    while (start < end && page_table_find(memory_page_tables(), (virt_addr_t){start}, &page)) {
        bool is_as_wanted = page.attributes.cache == wanted.cache && (page.attributes.rights & PAGE_WRITE);
        if ((wanted.rights & PAGE_WRITE) && !is_as_wanted)
            break;
        start = page.virt.value + page.size_bytes;
    }
    return start < end ? start : end;
}

// Whether what is mapped already between START and END is mapped as WANTED needs it.
static bool serves(uint64_t start, uint64_t end, struct page_attributes wanted)
{
    for (uint64_t mapped; (mapped = first_mapped(start, end)) < end;) {
        start = first_unfit(mapped, end, wanted);
        if (start < end && first_mapped(start, end) == start)
            return false;
    }
    return true;
}

// Pages that were mapped before a failure are as they were wanted, and stay.
static void *map(phys_addr_t address, size_t size_bytes, struct page_attributes wanted)
{
    uint64_t position = MEMORY_DEVICES.start + page_down(address.value);
    uint64_t end = MEMORY_DEVICES.start + page_up(address.value + size_bytes);
    if (!serves(position, end, wanted))
        return refuse(address, size_bytes, "a part of it is mapped with other rights or another memory type");
    while (position < end) {
        uint64_t gap_end = first_mapped(position, end);
        if (gap_end > position &&
            page_table_map(memory_page_tables(), (virt_addr_t){position},
                           (phys_addr_t){position - MEMORY_DEVICES.start}, gap_end - position, wanted) != STATUS_OK)
            return refuse(address, size_bytes, "there is no memory for a page table");
        position = first_unfit(position, end, wanted);
    }
    return virt_pointer((virt_addr_t){MEMORY_DEVICES.start + address.value});
}

volatile void *device_map(phys_addr_t address, size_t size_bytes, enum page_cache cache)
{
    if (phys_end == 0) // the loader's map has all of the low 4 GiB
        return is_in_reach(address, size_bytes, LOADER_LOW_END) ? phys_to_virt(address) : nullptr;
    if (!is_in_reach(address, size_bytes, phys_end))
        return refuse(address, size_bytes, "it is out of reach");
    uint64_t start = (uintptr_t)phys_to_virt(address), end = start + size_bytes;
    if (first_mapped(start, end) != end)
        return refuse(address, size_bytes, "it is memory, not a device");
    if (cache == PAGE_WRITE_COMBINING && !memory_type_has_write_combining())
        cache = PAGE_UNCACHED;
    return map(address, size_bytes, (struct page_attributes){PAGE_WRITE | PAGE_GLOBAL, cache});
}

const void *firmware_map(phys_addr_t address, size_t size_bytes)
{
    if (!is_in_reach(address, size_bytes, phys_end))
        return refuse(address, size_bytes, "it is out of reach");
    constexpr struct page_attributes FIRMWARE = {PAGE_READ | PAGE_GLOBAL, PAGE_WRITE_BACK};
    uint64_t start = (uintptr_t)phys_to_virt(address), end = start + size_bytes;
    if (first_unfit(start, end, FIRMWARE) == end)
        return phys_to_virt(address);
    return map(address, size_bytes, FIRMWARE);
}
