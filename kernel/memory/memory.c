// SPDX-License-Identifier: MIT
// From the loader's memory to the kernel's: the order of the steps, and the one frame allocator and address space that
// they make. Called by main, once; everybody above reaches them through here.
#include "parts.h"
#include <allocator/frame_allocator.h>
#include <arch/cpu.h>
#include <arch/memory_type.h>
#include <arch/protection.h>
#include <lib/panic.h>
#include <lib/section.h>
#include <memory/heap.h>
#include <memory/layout.h>
#include <memory/memory.h>

static struct frame_allocator frames;
READ_ONLY_AFTER_INIT static struct page_tables tables;
READ_ONLY_AFTER_INIT static struct early early;
READ_ONLY_AFTER_INIT uintptr_t phys_map_base;
READ_ONLY_AFTER_INIT static const struct boot_info *boot_info;

// ---- what the page tables ask for

static phys_addr_t table_from_early(void *)
{
    return early_allocate(&early, PAGE_SIZE);
}

// The boot has failed then, and what is left of memory with it.
static void leave_table(void *, phys_addr_t)
{
}

phys_addr_t memory_take_table(void *)
{
    return frame_allocate(&frames, FRAME_ORDER_4K, FRAME_ZONE_ANY);
}

void memory_release_table(void *, phys_addr_t frame)
{
    frame_free(&frames, frame, FRAME_ORDER_4K);
}

void memory_invalidate(void *, virt_addr_t page)
{
    cpu_invalidate_page(page);
}

static const struct page_table_host early_host = {table_from_early, leave_table, nullptr, nullptr};
static const struct page_table_host frame_host = {memory_take_table, memory_release_table, memory_invalidate, nullptr};

// ---- what the frame allocator gets

// Where the allocator finds what it starts from. Physical, because the address changes in between.
struct estate {
    phys_addr_t ranges, metadata;
    size_t range_count;
};

// All that is usable, with what has been taken from it already. *EARLY_RANGE is the one it was taken from.
static size_t list_ranges(struct frame_range *ranges, const struct boot_info *boot, struct frame_range **early_range)
{
    size_t count = 0;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *entry = memory_map_entry(boot, i);
        uint64_t end = entry->base + entry->length;
        if (end > MEMORY_DIRECT_MAP.size_bytes)
            end = MEMORY_DIRECT_MAP.size_bytes;
        if ((entry->kind != BOOT_MEMORY_USABLE && entry->kind != BOOT_MEMORY_LOADER) || entry->base >= end)
            continue;
        if (entry->base == early.start)
            *early_range = &ranges[count];
        ranges[count++] = (struct frame_range){entry->base / PAGE_SIZE, (end - entry->base) / PAGE_SIZE};
    }
    return count;
}

static const char *reserve_metadata(struct estate *estate, const struct boot_info *boot)
{
    estate->ranges = early_allocate(&early, boot->memory_count * sizeof(struct frame_range));
    if (estate->ranges.value == 0)
        return "not enough memory for the list of usable ranges";
    struct frame_range *ranges = phys_to_virt(estate->ranges), *early_range = nullptr;
    estate->range_count = list_ranges(ranges, boot, &early_range);
    size_t size_bytes = frame_metadata_size(ranges, estate->range_count);
    if (size_bytes == 0)
        return "the usable ranges of the memory map cannot be managed";
    estate->metadata = early_allocate(&early, size_bytes);
    if (estate->metadata.value == 0)
        return "not enough memory for the frame allocator's metadata";
    ASSERT(early_range != nullptr);
    uint64_t taken = (early.next - early.start) / PAGE_SIZE;
    early_range->first += taken;
    early_range->count -= taken;
    return nullptr;
}

static void start_frames(const struct estate *estate, const struct memory_options *options, uint64_t poison)
{
    uint64_t fail_at = options->fail_at > early.allocation_count ? options->fail_at - early.allocation_count : 0;
    struct frame_options frame_options = {
        .physical = phys_to_virt((phys_addr_t){}),
        .poison = options->poisons_frames ? poison | 1 : 0,
        .fail_at = fail_at,
    };
    enum status status = frame_allocator_init(&frames, phys_to_virt(estate->ranges), estate->range_count,
                                              phys_to_virt(estate->metadata), &frame_options);
    ASSERT(status == STATUS_OK); // reserve_metadata() has asked
}

// ---- the order

// After this, no address of the lower half means anything.
static void leave_loader_map(const struct cpu_protections *protections)
{
    cpu_enable_no_execute(protections);
    cpu_write_cr3(tables.root.value);
    phys_map_base = MEMORY_DIRECT_MAP.start;
    tables.physical = phys_to_virt((phys_addr_t){});
    cpu_protect(protections);
    memory_type_init();
    device_init(protections->phys_bits);
}

const char *memory_init(const struct boot_info **boot, const struct memory_options *options)
{
    kernel_heap_open(); // a heap that says that there is none
    struct cpu_protections protections = cpu_identify_protections();
    tables = (struct page_tables){
        .host = &early_host,
        .has_1g_pages = protections.has_1g_pages,
        .has_no_execute = protections.has_no_execute,
    };
    struct estate estate;
    phys_addr_t copy;
    const char *problem = loader_map_check(*boot, 1ull << protections.phys_bits);
    if (problem == nullptr)
        problem = early_init(&early, *boot, options->fail_at);
    if (problem == nullptr)
        problem = address_space_build(&tables, *boot);
    if (problem == nullptr)
        problem = boot_copy(*boot, &early, &copy);
    if (problem == nullptr)
        problem = reserve_metadata(&estate, *boot);
    if (problem != nullptr)
        return problem;

    leave_loader_map(&protections);
    *boot = boot_info = phys_to_virt(copy);
    start_frames(&estate, options, (*boot)->entropy[1]);
    tables.host = &frame_host;
    return nullptr;
}

const struct boot_info *memory_boot_info(void)
{
    return boot_info;
}

enum status memory_seal(void)
{
    return address_space_seal(&tables);
}

struct frame_allocator *memory_frames(void)
{
    return &frames;
}

struct page_tables *memory_page_tables(void)
{
    return &tables;
}

uint64_t memory_early_frames(void)
{
    return (early.next - early.start) / PAGE_SIZE;
}
