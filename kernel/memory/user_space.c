// SPDX-License-Identifier: MIT
// Page tables whose upper half is the kernel's. Called by process; knows no program.
#include "parts.h"
#include <arch/cpu.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <memory/layout.h>
#include <memory/memory.h>
#include <memory/user_space.h>
#include <page_table/entry.h>

constexpr uint64_t LOWER_HALF_END = 1ull << 47;

// While a CPU may go through the tables, and when none does any more.
static const struct page_table_host seen_host = {memory_take_table, memory_release_table, memory_invalidate, nullptr};
static const struct page_table_host unseen_host = {memory_take_table, memory_release_table, nullptr, nullptr};

static uint64_t *kernel_half(const struct page_tables *tables)
{
    constexpr uint64_t HALF = PAGE_TABLE_ENTRIES / 2;
    return (uint64_t *)phys_to_virt(tables->root) + HALF;
}

// Image and direct map have all their entries, and stacks and heap are pinned; a device may be mapped late.
enum status user_space_init(void)
{
    return device_pin();
}

enum status user_space_create(struct user_space *space)
{
    const struct page_tables *kernel = memory_page_tables();
    *space = (struct user_space){.tables = *kernel};
    space->tables.host = &seen_host;
    enum status status = page_table_init(&space->tables);
    if (status == STATUS_OK)
        memcpy(kernel_half(&space->tables), kernel_half(kernel), PAGE_SIZE / 2);
    return status;
}

void user_space_destroy(struct user_space *space)
{
    ASSERT((cpu_read_cr3() & PAGE_ENTRY_ADDRESS) != space->tables.root.value);
    space->tables.host = &unseen_host;
    (void)user_space_remove(space, (virt_addr_t){}, (virt_addr_t){LOWER_HALF_END});
    frame_free(memory_frames(), space->tables.root, FRAME_ORDER_4K);
}

void user_space_load(const struct user_space *space)
{
#if HEWN_BREAK_TLB_NOT_FLUSHED
    if ((cpu_read_cr3() & PAGE_ENTRY_ADDRESS) != memory_page_tables()->root.value)
        return; // what the TLB has goes on to count
#endif
    cpu_write_cr3(space->tables.root.value);
}

void user_space_load_kernel(void)
{
    cpu_write_cr3(memory_page_tables()->root.value);
}

static bool keep_first(void *context, const struct page_mapping *run)
{
    *(struct page_mapping *)context = *run;
    return false;
}

// The first run of pages from START on, below END. Returns whether there is one.
static bool find_run(const struct user_space *space, virt_addr_t start, virt_addr_t end, struct page_mapping *run)
{
    run->size_bytes = 0;
    if (start.value < end.value)
        page_table_walk(&space->tables, start, (virt_addr_t){end.value - 1}, keep_first, run);
    return run->size_bytes != 0;
}

// All pages are small, so nothing has to be split and nothing can fail.
uint64_t user_space_remove(struct user_space *space, virt_addr_t start, virt_addr_t end)
{
    uint64_t count = 0;
    struct page_mapping run;
    space->window = (struct page_window){};
    for (; find_run(space, start, end, &run); start = virt_add(run.virt, run.size_bytes)) {
        count += run.size_bytes / PAGE_SIZE;
        ASSERT(page_table_unmap(&space->tables, run.virt, run.size_bytes) == STATUS_OK);
        for (uint64_t offset = 0; offset < run.size_bytes; offset += PAGE_SIZE)
            frame_free(memory_frames(), phys_add(run.phys, offset), FRAME_ORDER_4K);
    }
    return count;
}

void user_space_protect(struct user_space *space, virt_addr_t start, virt_addr_t end, enum page_rights rights,
                        bool is_reachable)
{
    struct page_mapping run;
    rights |= is_reachable ? PAGE_USER : 0;
    for (; find_run(space, start, end, &run); start = virt_add(run.virt, run.size_bytes))
        ASSERT(page_table_protect(&space->tables, run.virt, run.size_bytes, rights) == STATUS_OK);
}

void *user_space_pointer(const struct user_space *space, virt_addr_t address)
{
    phys_addr_t phys;
    return page_table_translate(&space->tables, address, &phys) ? phys_to_virt(phys) : nullptr;
}
