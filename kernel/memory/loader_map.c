// SPDX-License-Identifier: MIT
// Believing the loader's memory map: what is handed out later is what this map calls usable, so a map that contradicts
// itself, or gives away the kernel, ends the boot. Called by memory_init() alone.
#include "parts.h"
#include <arch/cpu.h>
#include <lib/format.h>
#include <memory/memory.h>
#include <page_table/entry.h>

typedef unsigned long long printable_t;

constexpr uint64_t ADDRESS_END = 1ull << 52; // Intel SDM vol. 3, 4.1.4: no CPU has more than 52 bits

static char problem[160];

static const char *describe(uint32_t index, const struct boot_memory *entry, const char *what)
{
    format_string(problem, sizeof problem, "entry %u of the memory map, 0x%llx bytes at 0x%llx, %s", index,
                  (printable_t)entry->length, (printable_t)entry->base, what);
    return problem;
}

static bool overlaps(const struct boot_memory *entry, uint64_t start, uint64_t size_bytes)
{
    return start < entry->base + entry->length && entry->base < start + size_bytes;
}

// The allocator gets what is usable and what is the loader's. A module stays where it is; its name and its entry in the
// table are copied, from among what is taken first.
static const char *check_modules(uint32_t index, const struct boot_memory *entry, const struct boot_info *boot)
{
    bool is_usable = entry->kind == BOOT_MEMORY_USABLE;
    if (boot->module_count == 0 || (!is_usable && entry->kind != BOOT_MEMORY_LOADER))
        return nullptr;
    if (is_usable && overlaps(entry, boot->modules, (uint64_t)boot->module_count * boot->module_entry_size))
        return describe(index, entry, "calls usable what the loader itself left there");
    for (uint32_t i = 0; i < boot->module_count; i++) {
        const struct boot_module *module = boot_module_at(boot, i);
        bool wraps = module->base + module->size < module->base;
        if (wraps || overlaps(entry, module->base, module->size) || (is_usable && overlaps(entry, module->name, 1)))
            return describe(index, entry, "takes a module's memory for something else");
    }
    return nullptr;
}

static const char *check_ram(uint32_t index, const struct boot_memory *entry, const struct boot_info *boot)
{
    uint64_t map_bytes = (uint64_t)boot->memory_count * boot->memory_entry_size;
    if (entry->kind != BOOT_MEMORY_KERNEL && overlaps(entry, boot->kernel_phys_base, boot->kernel_size))
        return describe(index, entry, "takes the kernel's own memory for something else");
    if (entry->kind != BOOT_MEMORY_USABLE)
        return check_modules(index, entry, boot);
    if (overlaps(entry, 0, PAGE_SIZE))
        return describe(index, entry, "calls page 0 usable, which is the firmware's");
    if (overlaps(entry, (uintptr_t)boot, boot->size) || overlaps(entry, boot->memory_map, map_bytes) ||
        overlaps(entry, cpu_read_cr3() & PAGE_ENTRY_ADDRESS, PAGE_SIZE)) // its page tables, on which this runs
        return describe(index, entry, "calls usable what the loader itself left there");
    return check_modules(index, entry, boot);
}

const char *loader_map_check(const struct boot_info *boot, uint64_t phys_end)
{
    if (boot->kernel_size > phys_end || boot->kernel_phys_base > phys_end - boot->kernel_size)
        return "the kernel ends beyond any physical address of this CPU";
    uint64_t end = 0;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *entry = memory_map_entry(boot, i);
        if (entry->length == 0 || entry->length > ADDRESS_END || entry->base > ADDRESS_END - entry->length)
            return describe(i, entry, "is empty or ends beyond any physical address");
        if (entry->base < end)
            return describe(i, entry, "is not sorted, or overlaps the one before");
        end = entry->base + entry->length;
        if (!memory_is_ram(entry->kind))
            continue;
        if ((entry->base | entry->length) % PAGE_SIZE != 0)
            return describe(i, entry, "does not consist of whole pages");
        if (end > phys_end)
            return describe(i, entry, "ends beyond any physical address of this CPU");
        const char *bad = check_ram(i, entry, boot);
        if (bad != nullptr)
            return bad;
    }
    return nullptr;
}
