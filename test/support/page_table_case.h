// SPDX-License-Identifier: MIT
// kernel/memory/page_table on simulated memory, beside a model of what is mapped and a CPU that remembers translations.
// Every operation is done to both, and all that can be seen is compared: the tables, by a walker of its own that is
// written from Intel SDM vol. 3, 4.5, and by the module's; the frames in use; the number of invalidations; what the TLB
// still holds. A difference panics. Used by the unit test and the fuzzer.
#pragma once
#include <page_table/page_table.h>
#include <stddef.h>

constexpr size_t PAGE_TABLE_OPERATION_BYTES = 12;

// Begin with empty tables, FRAME_COUNT frames for them, and random numbers from SEED, which is not 0.
void page_table_case_start(bool has_1g_pages, bool has_no_execute, unsigned frame_count, uint64_t seed);

// Give back all memory of the case.
void page_table_case_end(void);

struct page_tables *page_table_case_tables(void);

// Let the allocation of number NUMBER from now on fail, the first being 1. 0: none.
void page_table_case_fail_at(unsigned number);

// The operations. Those that fail must have changed nothing.
enum status page_table_case_pin(uint64_t virt, uint64_t size_bytes);
enum status page_table_case_map(uint64_t virt, uint64_t phys, uint64_t size_bytes, struct page_attributes attributes);
enum status page_table_case_unmap(uint64_t virt, uint64_t size_bytes);
enum status page_table_case_protect(uint64_t virt, uint64_t size_bytes, enum page_rights rights);

// One operation made of any bytes: most of them are possible, some are mistakes, some run out of memory.
void page_table_case_operate(const uint8_t bytes[PAGE_TABLE_OPERATION_BYTES]);

// Let the CPU use ADDRESS, so that it remembers how, when that is mapped.
void page_table_case_touch(uint64_t address);

// Look at a range by page_table_walk(), and at an address by page_table_find() and page_table_translate().
void page_table_case_check_walk(uint64_t start, uint64_t last);
void page_table_case_check_find(uint64_t address);

unsigned page_table_case_live_frames(void);
unsigned page_table_case_invalidations(void); // since the start
