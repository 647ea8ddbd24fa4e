// SPDX-License-Identifier: MIT
// What the kernel's own page tables say: the direct map, the image with the rights of each part, nothing in the lower
// half. Written through the loader's map, in use from the moment that memory_init() loads CR3.
#include "parts.h"
#include <arch/kernel_image.h>
#include <arch/stack.h>
#include <lib/panic.h>
#include <memory/layout.h>
#include <memory/memory.h>

static uint64_t image_phys(const struct boot_info *boot, uint64_t virt)
{
    return virt - boot->kernel_virt_base + boot->kernel_phys_base;
}

static virt_addr_t direct(uint64_t phys)
{
    return (virt_addr_t){MEMORY_DIRECT_MAP.start + phys};
}

// ---- the direct map

struct run {
    uint64_t start, end; // physical; none while they are equal
    bool is_ram;
};

// ACPI areas are the firmware's to fill, so their pages begin and end where it likes.
static struct run run_of(const struct boot_memory *entry)
{
    uint64_t end = entry->base + entry->length;
    if (memory_is_ram(entry->kind))
        return (struct run){entry->base, end, true};
    if (entry->kind == BOOT_MEMORY_ACPI_TABLES || entry->kind == BOOT_MEMORY_ACPI_NVS)
        return (struct run){page_down(entry->base), page_up(end), false};
    return (struct run){};
}

static enum status map_run(struct page_tables *tables, const struct run *run)
{
    constexpr struct page_attributes DATA = {PAGE_WRITE | PAGE_GLOBAL, PAGE_WRITE_BACK};
    uint64_t end = run->end <= MEMORY_DIRECT_MAP.size_bytes ? run->end : MEMORY_DIRECT_MAP.size_bytes;
    if (run->start >= end)
        return STATUS_OK;
    return page_table_map(tables, direct(run->start), (phys_addr_t){run->start}, end - run->start, DATA);
}

// Neighbours of one kind are mapped as one, so that a page may span them.
static enum status map_memory(struct page_tables *tables, const struct boot_info *boot)
{
    struct run run = {};
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        struct run next = run_of(memory_map_entry(boot, i));
        if (next.start == next.end)
            continue;
        if (next.start == run.end && next.is_ram == run.is_ram) {
            run.end = next.end;
            continue;
        }
        enum status status = map_run(tables, &run);
        if (status != STATUS_OK)
            return status;
        if (next.start < run.end) // in the same page as an ACPI area before it
            next.start = run.end;
        run = next;
    }
    return map_run(tables, &run);
}

// ---- the image

static enum status map_part(struct page_tables *tables, const struct boot_info *boot, uint64_t start, uint64_t end,
                            enum page_rights rights)
{
    struct page_attributes attributes = {rights | PAGE_GLOBAL, PAGE_WRITE_BACK};
    return page_table_map(tables, (virt_addr_t){start}, (phys_addr_t){image_phys(boot, start)}, page_up(end) - start,
                          attributes);
}

// What may not be written must not be writable through the direct map either.
static enum status protect_alias(struct page_tables *tables, const struct boot_info *boot, uint64_t start, uint64_t end)
{
    return page_table_protect(tables, direct(image_phys(boot, start)), page_up(end) - start, PAGE_READ | PAGE_GLOBAL);
}

// Each lies above its guard and those behind one another (kernel.ld). So all are mapped as one and the guards between
// them taken away again, which is half the steps of mapping each.
static enum status map_stacks(struct page_tables *tables, const struct boot_info *boot)
{
    const struct stack *first = stack_at(0), *stack;
    uint64_t top = first->top;
    for (unsigned i = 1; (stack = stack_at(i)) != nullptr; i++) {
        ASSERT(stack->bottom == top + STACK_GUARD_SIZE);
        top = stack->top;
    }
    enum status status = map_part(tables, boot, first->bottom, top, PAGE_WRITE);
    for (unsigned i = 1; status == STATUS_OK && (stack = stack_at(i)) != nullptr; i++)
        status = page_table_unmap(tables, (virt_addr_t){stack->bottom - STACK_GUARD_SIZE}, STACK_GUARD_SIZE);
    return status;
}

// In the order of kernel.ld.
static enum status map_image(struct page_tables *tables, const struct boot_info *boot)
{
    const uint64_t text = (uint64_t)text_start, constants = (uint64_t)constants_start,
                   symbols = (uint64_t)symbol_table_start;
    enum status status = map_part(tables, boot, text, (uint64_t)text_end, PAGE_EXECUTE);
    if (status == STATUS_OK)
        status = map_part(tables, boot, constants, (uint64_t)constants_end, PAGE_READ);
    if (status == STATUS_OK)
        status = protect_alias(tables, boot, text, (uint64_t)constants_end);
    if (status == STATUS_OK)
        status = map_part(tables, boot, (uint64_t)sealed_start, (uint64_t)data_end, PAGE_WRITE);
    if (status == STATUS_OK)
        status = map_stacks(tables, boot);
    if (status == STATUS_OK)
        status = map_part(tables, boot, symbols, (uint64_t)symbol_table_end, PAGE_READ);
    if (status == STATUS_OK)
        status = protect_alias(tables, boot, symbols, (uint64_t)symbol_table_end);
    return status;
}

const char *address_space_build(struct page_tables *tables, const struct boot_info *boot)
{
    if ((uint64_t)text_start < boot->kernel_virt_base ||
        page_up((uint64_t)symbol_table_end) - boot->kernel_virt_base > boot->kernel_size ||
        boot->kernel_phys_base % PAGE_SIZE != 0 || boot->kernel_phys_base == 0)
        return "kernel_phys_base, kernel_virt_base and kernel_size of the boot information do not describe this kernel";
    enum status status = page_table_init(tables);
    if (status == STATUS_OK)
        status = map_memory(tables, boot);
    if (status == STATUS_OK)
        status = map_image(tables, boot);
    if (status == STATUS_NO_MEMORY)
        return "not enough memory for the page tables";
    return status == STATUS_OK ? nullptr : "the memory map and the kernel's place in it do not fit together";
}

enum status address_space_seal(struct page_tables *tables)
{
    virt_addr_t start = virt_of(sealed_start);
    uint64_t size_bytes = page_up((uint64_t)sealed_end) - start.value;
    phys_addr_t phys;
    ASSERT(page_table_translate(tables, start, &phys));
    enum status status = page_table_protect(tables, direct(phys.value), size_bytes, PAGE_READ | PAGE_GLOBAL);
    if (status == STATUS_OK)
        status = page_table_protect(tables, start, size_bytes, PAGE_READ | PAGE_GLOBAL);
    return status;
}
