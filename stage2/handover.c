// SPDX-License-Identifier: MIT
// Decides what the kernel finds mapped (docs/boot-protocol.md, "Paging"); long_mode.asm does the rest.
#include "handover.h"
#include "console.h"
#include "hardware.h"
#include <portable/page_tables.h>
#include <stddef.h>

constexpr uint32_t PAGE_BYTES = PAGE_TABLES_PAGE_SIZE;
constexpr uint32_t POOL_PAGES = 16; // page tables are claimed in pieces of this many pages
constexpr uint32_t TABLES_MINIMUM = 0x10'0000;
constexpr uint64_t TABLES_LIMIT = 0x1'0000'0000;

// Extended feature enable register (SDM Vol. 4, MSR C0000080h).
constexpr uint32_t EFER_LONG_MODE_ENABLE = 1u << 8;
constexpr uint32_t EFER_NO_EXECUTE_ENABLE = 1u << 11;

// Shared with long_mode.asm, which has the offsets.
struct handover {
    uint32_t page_table_root;
    uint32_t efer;
    uint32_t boot_info;
    uint32_t stamp; // address of the 8 bytes that take the time of the jump
    uint64_t entry;
    uint64_t first, second; // in: the sums wanted; out: the sums found
    uint32_t range_count;   // 0: no checksum to verify
    struct {
        uint32_t base;
        uint32_t word_count;
    } ranges[ELF64_SEGMENT_LIMIT];
};
static_assert(offsetof(struct handover, ranges) == 44);

// Filled in by exceptions.asm: what the kernel did before it had an IDT of its own.
struct handover_fault {
    uint32_t vector;
    uint32_t error_code;
    uint64_t rip, cr2;
};
constexpr uint32_t NO_FAULT = ~0u; // a vector that none is: the kernel's checksum is wrong instead

extern struct handover handover_state; // long_mode.asm works on it
struct handover handover_state;
extern struct handover_fault handover_fault;
struct handover_fault handover_fault;

void enter_long_mode(void);                                  // long_mode.asm: returns only when something is wrong
extern const uint8_t long_mode_code[], long_mode_code_end[]; // what must be executable while it does

struct pool {
    struct memory_map *map;
    uint32_t next, end;
};

static uint32_t allocate_page(void *context)
{
    struct pool *pool = context;
    if (pool->next == pool->end) {
        uint64_t base;
        if (memory_map_allocate(pool->map, POOL_PAGES * PAGE_BYTES, PAGE_BYTES, TABLES_MINIMUM, TABLES_LIMIT,
                                BOOT_MEMORY_LOADER, &base) != STATUS_OK)
            return 0;
        pool->next = (uint32_t)base;
        pool->end = pool->next + POOL_PAGES * PAGE_BYTES;
        memory_clear((void *)pool->next, POOL_PAGES * PAGE_BYTES);
    }
    uint32_t page = pool->next;
    pool->next += PAGE_BYTES;
    return page;
}

static enum page_permissions permissions_of(const struct elf64_segment *segment)
{
    return (segment->flags & ELF64_WRITE ? PAGE_WRITE : PAGE_READ_ONLY) |
           (segment->flags & ELF64_EXECUTE ? PAGE_EXECUTE : PAGE_READ_ONLY);
}

// The pages that hold SIZE bytes at VIRT.
static enum status map_pages(struct page_tables *tables, uint64_t virt, uint32_t phys, uint32_t size,
                             enum page_permissions permissions)
{
    uint32_t before = phys % PAGE_BYTES;
    uint32_t length = (before + size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    return page_tables_map(tables, virt - before, phys - before, length, permissions);
}

uint32_t handover_build_page_tables(const struct cpu_features *cpu, const struct loaded_kernel *kernel,
                                    struct memory_map *map)
{
    struct pool pool = {.map = map};
    struct page_tables tables = {
        .allocate_page = allocate_page, .context = &pool, .has_nx = cpu->has_nx, .has_1g_pages = cpu->has_1g_pages};
    uint32_t code = (uintptr_t)long_mode_code;
    enum status status = page_tables_map_identity(&tables, map);
    if (status == STATUS_OK)
        status = map_pages(&tables, code, code, (uint32_t)(long_mode_code_end - long_mode_code), PAGE_EXECUTE);
    for (uint32_t i = 0; status == STATUS_OK && i < kernel->image.segment_count; i++) {
        const struct elf64_segment *segment = &kernel->image.segments[i];
        status = map_pages(&tables, segment->virtual_address, load_segment_address(kernel, segment),
                           (uint32_t)segment->memory_size, permissions_of(segment));
    }
    if (status != STATUS_OK)
        stop("there is not enough usable memory for page tables (%llu KiB are left)",
             memory_map_usable_bytes(map) >> 10);
    return page_tables_cr3(&tables);
}

void handover_jump(const char *path, uint32_t page_table_root, const struct cpu_features *cpu,
                   const struct loaded_kernel *kernel, struct boot_info *info)
{
    struct handover *state = &handover_state;
    state->page_table_root = page_table_root;
    state->efer = EFER_LONG_MODE_ENABLE | (cpu->has_nx ? EFER_NO_EXECUTE_ENABLE : 0);
    state->boot_info = (uintptr_t)info;
    state->stamp = (uintptr_t)&info->tsc[BOOT_STAMP_HANDOVER];
    state->entry = kernel->image.entry;
    handover_fault.vector = NO_FAULT;
    if (kernel->has_checksum) {
        state->first = kernel->checksum.first;
        state->second = kernel->checksum.second;
        state->range_count = kernel->image.segment_count;
        for (uint32_t i = 0; i < state->range_count; i++) {
            const struct elf64_segment *segment = &kernel->image.segments[i];
            state->ranges[i].base = load_segment_address(kernel, segment);
            state->ranges[i].word_count = (segment->file_size + 7) / 8;
        }
    }
    enter_long_mode();
    if (handover_fault.vector == NO_FAULT)
        stop("%s: damaged: its checksum is %016llx %016llx, its note says %016llx %016llx. Copy it to the volume again",
             path, state->first, state->second, kernel->checksum.first, kernel->checksum.second);
    stop("%s: raised exception %u (error code %x) at RIP %llx, CR2 %llx, before it had an IDT of its own", path,
         handover_fault.vector, handover_fault.error_code, handover_fault.rip, handover_fault.cr2);
}
