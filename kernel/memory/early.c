// SPDX-License-Identifier: MIT
// The first pages that the kernel takes for itself: one after another from the beginning of the largest stretch of
// usable memory, whose rest the frame allocator gets. Called by memory_init() alone.
#include "parts.h"
#include <memory/memory.h>

const char *early_init(struct early *early, const struct boot_info *boot, uint64_t fail_at)
{
    *early = (struct early){.fail_at = fail_at};
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *entry = memory_map_entry(boot, i);
        bool is_reachable = entry->base + entry->length <= LOADER_MAP_END;
        if (entry->kind == BOOT_MEMORY_USABLE && is_reachable && entry->length > early->end - early->start) {
            early->start = early->next = entry->base;
            early->end = entry->base + entry->length;
        }
    }
    return early->end != 0 ? nullptr : "the memory map has no usable memory";
}

phys_addr_t early_allocate(struct early *early, uint64_t size_bytes)
{
    early->allocation_count++;
    size_bytes = page_up(size_bytes);
    // Something is left for the frame allocator, which manages no range without a frame.
    if (early->allocation_count == early->fail_at || size_bytes >= early->end - early->next)
        return (phys_addr_t){};
    phys_addr_t pages = {early->next};
    early->next += size_bytes;
    return pages;
}
