// SPDX-License-Identifier: MIT
// Physical memory and the kernel's address space: owns the one frame allocator, the kernel's page tables and the copy
// of what the loader left. Exported names begin with memory_. Called by everybody above; knows no device.
//
// Context of every function: from memory_init() on, one context at a time, never an interrupt handler, unless it says
// otherwise.
#pragma once
#include <allocator/frame.h>
#include <boot/boot_info.h>
#include <lib/status.h>
#include <memory/phys_map.h>
#include <page_table/page_table.h>

struct memory_options {
    uint64_t fail_at;    // 0, or the number of the one allocation of a frame that fails; counted from the first
    bool poisons_frames; // fill what is free, and look at allocation whether somebody has written to it
};

// Leave the loader's tables for the kernel's own, switch on what the CPU has to keep it to its rights (write protect,
// NX, SMEP, SMAP, UMIP, global pages, PAT), copy what the loader left and take over all usable memory, the loader's
// included. Interrupts are closed. Return nullptr, or what went wrong as a sentence without full stop; then the kernel
// cannot go on, and the serial port and the screen are still where the loader mapped them.
// On success *BOOT points to the copy: its addresses are physical, for phys_to_virt().
const char *memory_init(const struct boot_info **boot, const struct memory_options *options);

// The entry INDEX of the map that BOOT points to. Any context.
static inline const struct boot_memory *memory_map_entry(const struct boot_info *boot, uint32_t index)
{
    return phys_to_virt((phys_addr_t){boot->memory_map + (uint64_t)index * boot->memory_entry_size});
}

// Whether memory of KIND is RAM that belongs to the kernel, now or once the loader is gone. Pure.
static inline bool memory_is_ram(enum boot_memory_kind kind)
{
    return kind == BOOT_MEMORY_USABLE || kind == BOOT_MEMORY_LOADER || kind == BOOT_MEMORY_KERNEL ||
           kind == BOOT_MEMORY_MODULE;
}

// What *BOOT was set to, for whoever speaks of the machine later.
const struct boot_info *memory_boot_info(void);

// What RANGE of the loader's map is: its kind, or BOOT_MEMORY_RESERVED where a later protocol has one that nobody knows
// here. Pure.
constexpr unsigned MEMORY_RANGE_KIND_COUNT = BOOT_MEMORY_MODULE + 1; // 0 is none
unsigned memory_range_kind(const struct boot_memory *range);
const char *memory_range_kind_name(unsigned kind);

// Make read-only what only initialisation writes (READ_ONLY_AFTER_INIT). STATUS_NO_MEMORY.
[[nodiscard]] enum status memory_seal(void);

// The frames of this machine, and the kernel's address space. For allocator/frame.h and page_table/page_table.h.
struct frame_allocator *memory_frames(void);
struct page_tables *memory_page_tables(void);

// Frames that memory_init() has taken for good before there was an allocator, and that its statistics do not count.
uint64_t memory_early_frames(void);

// Speak about memory, a line a call, without line feed: the ranges of the loader's map with their sums; the map of the
// address space with its rights; the frames; the heap (memory/heap.h).
typedef void memory_line_fn(void *context, const char *line);
void memory_describe_ranges(memory_line_fn *line, void *context);
void memory_describe_map(memory_line_fn *line, void *context);
void memory_describe_frames(memory_line_fn *line, void *context);
void memory_describe_heap(memory_line_fn *line, void *context);
