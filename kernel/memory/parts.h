// SPDX-License-Identifier: MIT
// What memory_init() is made of. Each step may fail and returns a sentence without full stop, or nullptr; the words are
// valid until the next failure. Nobody outside this folder includes it.
#pragma once
#include <boot/boot_info.h>
#include <lib/address.h>
#include <lib/status.h>
#include <memory/phys_map.h>
#include <page_table/page_table.h>
#include <stddef.h>

constexpr uint64_t LOADER_MAP_END = 1ull << 44; // of the loader's identity map
constexpr uint64_t LOADER_LOW_END = 1ull << 32; // below, it maps devices too

static inline uint64_t page_down(uint64_t address)
{
    return address & -PAGE_SIZE;
}

static inline uint64_t page_up(uint64_t address)
{
    return page_down(address + PAGE_SIZE - 1);
}

static inline const struct boot_module *boot_module_at(const struct boot_info *boot, uint32_t index)
{
    return phys_to_virt((phys_addr_t){boot->modules + (uint64_t)index * boot->module_entry_size});
}

// ---- loader_map.c: the memory map, looked at before it is believed

// PHYS_END: what no physical address of this CPU reaches.
const char *loader_map_check(const struct boot_info *boot, uint64_t phys_end);

// ---- early.c: pages in a row, before there is a frame allocator. They are never given back.

struct early {
    uint64_t start, next, end; // physical; START..NEXT is taken, NEXT..END free
    uint64_t allocation_count;
    uint64_t fail_at;
};

const char *early_init(struct early *early, const struct boot_info *boot, uint64_t fail_at);

// SIZE_BYTES, rounded up to pages, contents arbitrary; address 0 when there is no more.
phys_addr_t early_allocate(struct early *early, uint64_t size_bytes);

// ---- boot_copy.c: what the loader left, out of the memory that is about to be reused

// Put a copy of BOOT and of what it points to at *COPY. Entries have this kernel's size there.
const char *boot_copy(const struct boot_info *boot, struct early *early, phys_addr_t *copy);

// ---- address_space.c: the kernel's half, written while the loader's tables are still in use

const char *address_space_build(struct page_tables *tables, const struct boot_info *boot);

// The pages of SEALED, in both places where they are mapped.
enum status address_space_seal(struct page_tables *tables);

// ---- own_frames.c

constexpr struct page_attributes OWN_FRAMES_ATTRIBUTES = {PAGE_WRITE | PAGE_GLOBAL, PAGE_WRITE_BACK};

// Map a new frame at each page from START to END, writable data for all address spaces. STATUS_NO_MEMORY; then nothing
// has changed.
enum status own_frames_map(virt_addr_t start, virt_addr_t end);

// Undo that for pages from START to END, in whatever order they were mapped.
void own_frames_unmap(virt_addr_t start, virt_addr_t end);

// ---- memory.c: for struct page_table_host, from the one frame allocator and this CPU's TLB

phys_addr_t memory_take_table(void *context);
void memory_release_table(void *context, phys_addr_t frame);
void memory_invalidate(void *context, virt_addr_t page);

// ---- describe.c

constexpr size_t MEMORY_RIGHTS_LIMIT = 5;

// "rw--": a letter each for read, write, execute, ring 3. Returns TEXT.
const char *memory_describe_rights(char text[static MEMORY_RIGHTS_LIMIT], enum page_rights rights);

// ---- device.c

// The kernel's own tables are live, on a CPU whose physical addresses have PHYS_BITS bits.
void device_init(unsigned phys_bits);

// Give the region all its entries of the root, as far as this CPU's physical addresses reach. STATUS_NO_MEMORY.
enum status device_pin(void);
