// SPDX-License-Identifier: MIT
// x86-64 four-level page tables (Intel SDM Vol. 3A, 4.5), built in memory that is reached through a base pointer: the
// real memory in stage 2, an array in a test. Writes tables only: no control register, no TLB, so use them on tables
// that no CPU walks yet. Not reentrant for one object.
//
// All functions return STATUS_OK, STATUS_NO_MEMORY when allocate_page gives no page (what was mapped so far stays), or
// STATUS_INVALID when an argument is not a multiple of PAGE_TABLES_PAGE_SIZE or a length is 16 TiB or more.
#pragma once
#include <lib/status.h>
#include <portable/memory_map.h>
#include <stdint.h>

constexpr uint32_t PAGE_TABLES_PAGE_SIZE = 4096;

struct page_tables {
    uintptr_t memory; // where physical address 0 is seen: 0 when addresses are physical ones

    // Gives the physical address of one zeroed page, or 0. It may claim memory from the map that is being mapped.
    uint32_t (*allocate_page)(void *context);
    void *context;

    bool has_nx;       // CPUID 80000001h EDX[20], and EFER.NXE will be set: without it everything is executable
    bool has_1g_pages; // CPUID 80000001h EDX[26]
    uint64_t root;     // like an entry one level above the top table; 0 until the first page is mapped
};

// What CR3 is to be loaded with, once something is mapped.
static inline uint32_t page_tables_cr3(const struct page_tables *tables)
{
    return (uint32_t)tables->root & ~(PAGE_TABLES_PAGE_SIZE - 1);
}

enum page_permissions : uint32_t {
    PAGE_READ_ONLY = 0,
    PAGE_EXECUTE = 1u << 0,
    PAGE_WRITE = 1u << 1,
};

// Map LENGTH bytes at VIRT to PHYS with the largest pages that fit. What was mapped there is replaced; a larger page
// that is only hit in part is split and its rest stays as it was. Pages are for the supervisor, write-back by PAT 0.
// Costs 7 instructions a page on i386 plus about 200 for each table that it touches.
enum status page_tables_map(struct page_tables *tables, uint64_t virt, uint64_t phys, uint64_t length,
                            enum page_permissions permissions);

// Map the low 4 GiB except page 0, and above them all RAM of the sanitised MAP (usable, the loader's own kinds, ACPI
// areas) but no hole and nothing reserved or bad, at virtual = physical, writable, not executable. 1 GiB pages are used
// above 4 GiB only, where no page holds anything but RAM of one kind (ACPI areas are rounded outward to 4 KiB).
enum status page_tables_map_identity(struct page_tables *tables, const struct memory_map *map);
