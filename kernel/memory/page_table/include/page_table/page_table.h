// SPDX-License-Identifier: MIT
// An address space: what is mapped where, with which rights. Exported names begin with page_table_. Writes the tables
// that the CPU walks (Intel SDM vol. 3, 4.5); where their frames come from and how the TLB forgets is handed in, so the
// host tests run the same source on simulated memory.
//
// Sizes and addresses are multiples of PAGE_SIZE, addresses canonical. Every function that changes a range either does
// all of it or returns a failure and has changed nothing. Nothing is locked: one context at a time.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <stdint.h>

// Readable always. Never writable and executable at once. User mode reaches no address of the high half.
enum page_rights : uint8_t {
    PAGE_READ = 0,
    PAGE_WRITE = 1 << 0,
    PAGE_EXECUTE = 1 << 1,
    PAGE_USER = 1 << 2,
    PAGE_GLOBAL = 1 << 3, // the same in every address space
};

// By its number in the PAT as arch/memory_type.h sets that register up.
enum page_cache : uint8_t {
    PAGE_WRITE_BACK = 0,
    PAGE_UNCACHED = 3,
    PAGE_WRITE_COMBINING = 4,
};

struct page_attributes {
    enum page_rights rights;
    enum page_cache cache;
};

// What an address space needs from whoever runs it.
struct page_table_host {
    phys_addr_t (*allocate)(void *context); // one frame, its contents arbitrary; address 0 when there is none
    void (*release)(void *context, phys_addr_t frame);
    // Forget what the TLB has for the page that begins at PAGE, and all that the CPU remembers of the way to any page.
    // Called once for each page that was mapped and is changed, removed or split; never for a new one. nullptr while
    // no CPU uses the tables.
    void (*invalidate)(void *context, virt_addr_t page);
    void *context;
};

struct page_tables {
    phys_addr_t root;  // for CR3
    uint8_t *physical; // where this code sees physical address 0
    const struct page_table_host *host;
    bool has_1g_pages;   // CPUID 0x8000'0001 EDX bit 26
    bool has_no_execute; // CPUID 0x8000'0001 EDX bit 20. Without it all that is mapped is executable, and said to be
};

// Make an empty address space in TABLES, whose other fields are filled in. STATUS_NO_MEMORY.
[[nodiscard]] enum status page_table_init(struct page_tables *tables);

// Give the region of SIZE_BYTES at VIRT, multiples of 512 GiB, its tables of the second highest level now and for ever,
// so that address spaces made later can share them by copying the root's entries, which never change again.
// STATUS_NO_MEMORY, STATUS_INVALID.
[[nodiscard]] enum status page_table_pin(struct page_tables *tables, virt_addr_t virt, uint64_t size_bytes);

// Map SIZE_BYTES at VIRT to those at PHYS, with the largest pages that alignment and CPU allow. Fails with STATUS_BUSY
// when a part of it is mapped already, STATUS_NO_MEMORY, or STATUS_INVALID (alignment, canonical form, an address of
// more than 52 bits, W and X at once, user mode in the high half).
[[nodiscard]] enum status page_table_map(struct page_tables *tables, virt_addr_t virt, phys_addr_t phys,
                                         uint64_t size_bytes, struct page_attributes attributes);

// The table that the last small page went into. All zero: none. Good until something is unmapped.
struct page_window {
    uint64_t span; // the page's address without the bits that tell the table's pages apart
    uint64_t *entries, *parent;
};

// As page_table_map() for one page of 4 KiB, write-back; a third of its instructions when the page before was a
// neighbour.
[[nodiscard]] enum status page_table_map_near(struct page_tables *tables, struct page_window *window, virt_addr_t virt,
                                              phys_addr_t phys, enum page_rights rights);

// Take away what is mapped in the range; larger pages that reach over its ends are split first, tables that become
// empty are released. STATUS_NOT_FOUND when a part of it is not mapped, STATUS_NO_MEMORY when a split needs a frame,
// STATUS_INVALID as page_table_map().
[[nodiscard]] enum status page_table_unmap(struct page_tables *tables, virt_addr_t virt, uint64_t size_bytes);

// Give what is mapped in the range new rights; memory type stays, and a page that has the rights already stays whole.
// Fails as page_table_unmap() does.
[[nodiscard]] enum status page_table_protect(struct page_tables *tables, virt_addr_t virt, uint64_t size_bytes,
                                             enum page_rights rights);

struct page_mapping {
    virt_addr_t virt; // first byte of what is described: a page, or a run of pages cut to what was asked for
    phys_addr_t phys;
    uint64_t size_bytes;
    uint64_t page_size_bytes; // PAGE_SIZE, 2 MiB or 1 GiB
    struct page_attributes attributes;
};

// What maps ADDRESS: the page that it lies in. False when nothing does.
bool page_table_find(const struct page_tables *tables, virt_addr_t address, struct page_mapping *page);

// Where ADDRESS lies in physical memory. False when it is not mapped.
bool page_table_translate(const struct page_tables *tables, virt_addr_t address, phys_addr_t *phys);

// Called with each run of pages of one size and with the same attributes whose addresses, virtual and physical, follow
// one another. Returns whether the walk goes on.
typedef bool page_table_visit_fn(void *context, const struct page_mapping *run);

// Visit what is mapped from START to LAST, the last byte's address, in ascending order. VISIT changes no tables.
void page_table_walk(const struct page_tables *tables, virt_addr_t start, virt_addr_t last, page_table_visit_fn *visit,
                     void *context);
