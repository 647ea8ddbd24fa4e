// SPDX-License-Identifier: MIT
// Memory in words, line by line. Called by the boot log and by commands; changes nothing.
#include "parts.h"
#include <allocator/frame.h>
#include <describe/size.h>
#include <lib/format.h>
#include <lib/string.h>
#include <memory/heap.h>
#include <memory/layout.h>
#include <memory/memory.h>

typedef unsigned long long printable_t;

constexpr size_t LINE_LIMIT = 120;

struct listener {
    memory_line_fn *line;
    void *context;
};

__attribute__((format(printf, 2, 3))) static void say(const struct listener *listener, const char *format, ...)
{
    char text[LINE_LIMIT];
    va_list arguments;
    va_start(arguments, format);
    format_string_list(text, sizeof text, format, arguments);
    va_end(arguments);
    listener->line(listener->context, text);
}

// ---- what the loader found

static const char *const range_kinds[] = {
    [BOOT_MEMORY_USABLE] = "usable",     [BOOT_MEMORY_RESERVED] = "reserved", [BOOT_MEMORY_ACPI_TABLES] = "ACPI tables",
    [BOOT_MEMORY_ACPI_NVS] = "ACPI NVS", [BOOT_MEMORY_BAD] = "bad",           [BOOT_MEMORY_LOADER] = "loader",
    [BOOT_MEMORY_KERNEL] = "kernel",     [BOOT_MEMORY_MODULE] = "module",
};
static_assert(sizeof range_kinds / sizeof *range_kinds == MEMORY_RANGE_KIND_COUNT);

unsigned memory_range_kind(const struct boot_memory *range)
{
    bool is_known = range->kind >= BOOT_MEMORY_USABLE && (unsigned)range->kind < MEMORY_RANGE_KIND_COUNT;
    return is_known ? (unsigned)range->kind : BOOT_MEMORY_RESERVED;
}

const char *memory_range_kind_name(unsigned kind)
{
    return range_kinds[kind];
}

void memory_describe_ranges(memory_line_fn *line, void *context)
{
    struct listener listener = {line, context};
    const struct boot_info *boot = memory_boot_info();
    uint64_t totals[MEMORY_RANGE_KIND_COUNT] = {};
    char size[DESCRIBE_SIZE_LIMIT];
    say(&listener, "%-14s %-14s %10s  kind", "first byte", "last byte", "size");
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *range = memory_map_entry(boot, i);
        unsigned kind = memory_range_kind(range);
        totals[kind] += range->length;
        say(&listener, "0x%012llx 0x%012llx %10s  %s", (printable_t)range->base,
            (printable_t)(range->base + range->length - 1), describe_size(size, range->length), range_kinds[kind]);
    }
    for (unsigned kind = 0; kind < MEMORY_RANGE_KIND_COUNT; kind++) {
        if (totals[kind] != 0)
            say(&listener, "%-29s %10s  %s", "total", describe_size(size, totals[kind]), range_kinds[kind]);
    }
}

// ---- the address space

static const char *region_name(uint64_t address)
{
    if (address >= MEMORY_KERNEL_IMAGE)
        return "kernel image";
    for (unsigned i = 0; i < MEMORY_REGION_COUNT; i++) {
        if (address - memory_regions[i].region.start < memory_regions[i].region.size_bytes)
            return memory_regions[i].name;
    }
    return "lower half";
}

const char *memory_describe_rights(char text[static MEMORY_RIGHTS_LIMIT], enum page_rights rights)
{
    const char letters[] = {'r', rights & PAGE_WRITE ? 'w' : '-', rights & PAGE_EXECUTE ? 'x' : '-',
                            rights & PAGE_USER ? 'u' : '-', '\0'};
    return memcpy(text, letters, sizeof letters);
}

static bool describe_run(void *context, const struct page_mapping *run)
{
    static const char *const caches[] = {
        [PAGE_WRITE_BACK] = "write-back", [PAGE_UNCACHED] = "uncached", [PAGE_WRITE_COMBINING] = "write-combining"};
    char size[DESCRIBE_SIZE_LIMIT], page_size[DESCRIBE_SIZE_LIMIT], rights[MEMORY_RIGHTS_LIMIT];
    say(context, "0x%016llx %10s in pages of %s %s %s, physical 0x%llx, %s", (printable_t)run->virt.value,
        describe_size(size, run->size_bytes), describe_size(page_size, run->page_size_bytes),
        memory_describe_rights(rights, run->attributes.rights), caches[run->attributes.cache],
        (printable_t)run->phys.value, region_name(run->virt.value));
    return true;
}

void memory_describe_map(memory_line_fn *line, void *context)
{
    struct listener listener = {line, context};
    page_table_walk(memory_page_tables(), (virt_addr_t){0}, (virt_addr_t){UINT64_MAX}, describe_run, &listener);
}

static void describe_zone(const struct listener *listener, const char *name, uint64_t total, uint64_t free)
{
    char total_size[DESCRIBE_SIZE_LIMIT], free_size[DESCRIBE_SIZE_LIMIT];
    if (total != 0)
        say(listener, "%-12s %10llu frames (%s), %10llu free (%s)", name, (printable_t)total,
            describe_size(total_size, total * PAGE_SIZE), (printable_t)free,
            describe_size(free_size, free * PAGE_SIZE));
}

void memory_describe_frames(memory_line_fn *line, void *context)
{
    static const char *const zone_names[FRAME_ZONE_COUNT] = {
        [FRAME_ZONE_1M] = "below 1 MiB", [FRAME_ZONE_4G] = "below 4 GiB", [FRAME_ZONE_ANY] = "above 4 GiB"};
    struct listener listener = {line, context};
    struct frame_statistics now;
    frame_statistics_read(memory_frames(), &now);
    for (unsigned zone = 0; zone < FRAME_ZONE_COUNT; zone++)
        describe_zone(&listener, zone_names[zone], now.zones[zone].total, now.zones[zone].free);
    describe_zone(&listener, "all", now.total, now.free);
    char size[DESCRIBE_SIZE_LIMIT];
    uint64_t parts_per_million = now.total == 0 ? 0 : now.metadata_bytes * 1'000'000 / (now.total * PAGE_SIZE);
    say(&listener, "metadata %s, %llu millionths of that", describe_size(size, now.metadata_bytes),
        (printable_t)parts_per_million);
    say(&listener, "%llu frames taken before there was an allocator", (printable_t)memory_early_frames());
    if (now.free == 0)
        say(&listener, "nothing is free");
    else
        say(&listener, "largest free block %s, %llu free blocks of 2 MiB, fragmentation %u.%u %%",
            describe_size(size, PAGE_SIZE << now.largest_order), (printable_t)now.free_blocks_2m,
            now.fragmentation_permille / 10, now.fragmentation_permille % 10);
    say(&listener, "%llu allocations, %llu frees, %llu failures", (printable_t)now.allocations, (printable_t)now.frees,
        (printable_t)now.failures);
}

void memory_describe_heap(memory_line_fn *line, void *context)
{
    struct listener listener = {line, context};
    char all[DESCRIBE_SIZE_LIMIT], taken[DESCRIBE_SIZE_LIMIT], free[DESCRIBE_SIZE_LIMIT], largest[DESCRIBE_SIZE_LIMIT],
        books[DESCRIBE_SIZE_LIMIT];
    struct heap_statistics now;
    kernel_heap_statistics(&now);
    say(&listener, "heap %s, %s: %zu blocks (%s) taken, %s free, the largest %s, %s for books",
        kernel_heap_design_name(), describe_size(all, now.region_bytes), now.taken_blocks,
        describe_size(taken, now.taken_bytes), describe_size(free, now.free_bytes),
        describe_size(largest, now.largest_free_bytes), describe_size(books, now.book_bytes));
}
