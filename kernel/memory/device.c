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

static bool is_mapped(virt_addr_t address)
{
    phys_addr_t phys;
    return page_table_translate(memory_page_tables(), address, &phys);
}

// How many of the pages that SIZE_BYTES at ADDRESS touch are in the direct map.
static uint64_t count_direct(phys_addr_t address, size_t size_bytes)
{
    uint64_t count = 0;
    for (uint64_t page = page_down(address.value); page < address.value + size_bytes; page += PAGE_SIZE)
        count += is_mapped(virt_of(phys_to_virt((phys_addr_t){page})));
    return count;
}

// The end of the pages from START on, below END, that are not mapped.
static uint64_t end_of_gap(uint64_t start, uint64_t end)
{
    while (start < end && !is_mapped((virt_addr_t){start}))
        start += PAGE_SIZE;
    return start;
}

static bool serves(const struct page_mapping *page, struct page_attributes wanted)
{
    bool is_as_wanted = page->attributes.cache == wanted.cache && (page->attributes.rights & PAGE_WRITE);
    return !(wanted.rights & PAGE_WRITE) || is_as_wanted;
}

static void *map(phys_addr_t address, size_t size_bytes, struct page_attributes wanted)
{
    uint64_t position = MEMORY_DEVICES.start + page_down(address.value);
    uint64_t end = MEMORY_DEVICES.start + page_up(address.value + size_bytes);
    while (position < end) {
        struct page_mapping page;
        if (page_table_find(memory_page_tables(), (virt_addr_t){position}, &page)) {
            if (!serves(&page, wanted))
                return refuse(address, size_bytes, "a part of it is mapped with other rights or another memory type");
            position = page.virt.value + page.size_bytes;
            continue;
        }
        uint64_t gap_end = end_of_gap(position, end);
        if (page_table_map(memory_page_tables(), (virt_addr_t){position},
                           (phys_addr_t){position - MEMORY_DEVICES.start}, gap_end - position, wanted) != STATUS_OK)
            return refuse(address, size_bytes, "there is no memory for a page table");
        position = gap_end;
    }
    return virt_pointer((virt_addr_t){MEMORY_DEVICES.start + address.value});
}

volatile void *device_map(phys_addr_t address, size_t size_bytes, enum page_cache cache)
{
    if (phys_end == 0) // the loader's map has all of the low 4 GiB
        return is_in_reach(address, size_bytes, LOADER_LOW_END) ? phys_to_virt(address) : nullptr;
    if (!is_in_reach(address, size_bytes, phys_end))
        return refuse(address, size_bytes, "it is out of reach");
    if (count_direct(address, size_bytes) != 0)
        return refuse(address, size_bytes, "it is memory, not a device");
    if (cache == PAGE_WRITE_COMBINING && !memory_type_has_write_combining())
        cache = PAGE_UNCACHED;
    return map(address, size_bytes, (struct page_attributes){PAGE_WRITE | PAGE_GLOBAL, cache});
}

const void *firmware_map(phys_addr_t address, size_t size_bytes)
{
    if (!is_in_reach(address, size_bytes, phys_end))
        return refuse(address, size_bytes, "it is out of reach");
    uint64_t page_count = (page_up(address.value + size_bytes) - page_down(address.value)) / PAGE_SIZE;
    if (count_direct(address, size_bytes) == page_count)
        return phys_to_virt(address);
    return map(address, size_bytes, (struct page_attributes){PAGE_READ | PAGE_GLOBAL, PAGE_WRITE_BACK});
}
