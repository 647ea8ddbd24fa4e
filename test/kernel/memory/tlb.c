// SPDX-License-Identifier: MIT
// What page_table_protect(), _unmap() and _map() change is what the CPU does from then on, whatever its TLB holds. With
// interrupts closed, so that nothing else empties it.
#include "access.h"
#include <allocator/frame.h>
#include <arch/cpu.h>
#include <arch/protection.h>
#include <faults.h>
#include <framework/machine.h>
#include <lib/string.h>
#include <memory/layout.h>
#include <memory/memory.h>
#include <memory/phys_map.h>

constexpr uint64_t PLACE = MEMORY_HEAP.start + (8ull << 30);
constexpr uint64_t OTHER_PLACE = PLACE + (4ull << 30);
constexpr uint64_t PF_WRITE_PRESENT = PF_WRITE | PF_PRESENT;
constexpr uint64_t SIZE_2M = PAGE_SIZE << FRAME_ORDER_2M;
constexpr struct page_attributes DATA = {PAGE_WRITE | PAGE_GLOBAL, PAGE_WRITE_BACK};

static volatile uint64_t *word_at(uint64_t address)
{
    return (volatile uint64_t *)address;
}

static phys_addr_t take(unsigned order)
{
    phys_addr_t block = frame_allocate(memory_frames(), order, FRAME_ZONE_ANY);
    CHECK(block.value != 0);
    return block;
}

static void map(uint64_t address, phys_addr_t phys, uint64_t size_bytes, struct page_attributes attributes)
{
    CHECK_EQUAL(page_table_map(memory_page_tables(), (virt_addr_t){address}, phys, size_bytes, attributes), STATUS_OK);
}

static void unmap(uint64_t address, uint64_t size_bytes)
{
    CHECK_EQUAL(page_table_unmap(memory_page_tables(), (virt_addr_t){address}, size_bytes), STATUS_OK);
}

static void protect(uint64_t address, uint64_t size_bytes, enum page_rights rights)
{
    CHECK_EQUAL(page_table_protect(memory_page_tables(), (virt_addr_t){address}, size_bytes, rights), STATUS_OK);
}

// The control: without it the tests below would say nothing about this CPU.
TEST(tlb, cpu_goes_by_what_it_remembers)
{
    uint64_t flags = cpu_interrupts_disable();
    machine_map_frame(PLACE, PAGE_WRITE | PAGE_GLOBAL);
    volatile uint64_t *entries[4];
    CHECK_EQUAL(machine_walk(PLACE, entries), 4);
    *word_at(PLACE) = 1;
    *entries[3] &= ~MACHINE_PAGE_WRITE;
    struct fault remembered = access_provoke(ACCESS_WRITE, PLACE);
    machine_forget_page(PLACE);
    struct fault looked_up = access_provoke(ACCESS_WRITE, PLACE);
    machine_unmap_frame(PLACE);
    cpu_interrupts_restore(flags);
    if (machine_is_tcg()) // a real one may have needed the room
        CHECK(!remembered.has_happened);
    CHECK_EQUAL(looked_up.vector, PAGE_FAULT);
    CHECK_EQUAL(looked_up.error_code, PF_WRITE_PRESENT);
}

// The same, by what the kernel does. OFFSETS are bytes of one block of 2^ORDER frames, mapped as one page.
static void check_block(unsigned order, const uint64_t *offsets, unsigned count)
{
    uint64_t size_bytes = PAGE_SIZE << order;
    uint64_t flags = cpu_interrupts_disable();
    phys_addr_t block = take(order), other = take(FRAME_ORDER_4K);
    map(PLACE, block, size_bytes, DATA);
    struct page_mapping page;
    CHECK(page_table_find(memory_page_tables(), (virt_addr_t){PLACE}, &page));
    CHECK_EQUAL(page.page_size_bytes, size_bytes);

    for (unsigned i = 0; i < count; i++)
        *word_at(PLACE + offsets[i]) = i;
    protect(PLACE, size_bytes, PAGE_READ | PAGE_GLOBAL);
    for (unsigned i = 0; i < count; i++)
        access_try("protected", PLACE + offsets[i], ACCESS_WRITE, PF_WRITE_PRESENT);
    protect(PLACE, size_bytes, PAGE_WRITE | PAGE_GLOBAL);
    for (unsigned i = 0; i < count; i++)
        access_try("writable again", PLACE + offsets[i], ACCESS_WRITE, ACCESS_ALLOWED);
    unmap(PLACE, size_bytes);
    for (unsigned i = 0; i < count; i++)
        access_try("unmapped", PLACE + offsets[i], ACCESS_READ, 0);

    // Something else at the same address, the same memory at another one.
    *(volatile uint64_t *)phys_to_virt(block) = 0x1111;
    *(volatile uint64_t *)phys_to_virt(other) = 0x2222;
    map(OTHER_PLACE, block, size_bytes, DATA);
    map(PLACE, other, PAGE_SIZE, DATA);
    uint64_t at_place = *word_at(PLACE), at_other_place = *word_at(OTHER_PLACE);
    unmap(PLACE, PAGE_SIZE);
    map(PLACE, block, size_bytes, DATA);
    uint64_t back_at_place = *word_at(PLACE);
    unmap(PLACE, size_bytes);
    unmap(OTHER_PLACE, size_bytes);
    frame_free(memory_frames(), other, FRAME_ORDER_4K);
    frame_free(memory_frames(), block, order);
    cpu_interrupts_restore(flags);
    CHECK_TRIED();
    CHECK_EQUAL(at_place, 0x2222);
    CHECK_EQUAL(at_other_place, 0x1111);
    CHECK_EQUAL(back_at_place, 0x1111);
}

// OFFSETS of one large page, on pages of 4 KiB of their own. All but the second stay as they are when that is changed.
static void check_split(unsigned order, const uint64_t *offsets, unsigned count)
{
    uint64_t size_bytes = PAGE_SIZE << order;
    uint64_t small = offsets[1] & -PAGE_SIZE;
    uint64_t flags = cpu_interrupts_disable();
    phys_addr_t block = take(order);
    map(PLACE, block, size_bytes, DATA);
    for (unsigned i = 0; i < count; i++)
        *word_at(PLACE + offsets[i]) = 0xabcd'0000 + i;
    protect(PLACE + small, PAGE_SIZE, PAGE_READ | PAGE_GLOBAL);
    bool is_kept = true;
    for (unsigned i = 0; i < count; i++)
        is_kept = is_kept && *word_at(PLACE + offsets[i]) == 0xabcd'0000 + i;
    for (unsigned i = 0; i < count; i++)
        access_try("beside a protected page", PLACE + offsets[i], ACCESS_WRITE,
                   i == 1 ? PF_WRITE_PRESENT : ACCESS_ALLOWED);
    unmap(PLACE + small, PAGE_SIZE);
    for (unsigned i = 0; i < count; i++)
        access_try("beside an unmapped page", PLACE + offsets[i], ACCESS_READ, i == 1 ? 0 : ACCESS_ALLOWED);
    if (small != 0)
        unmap(PLACE, small);
    unmap(PLACE + small + PAGE_SIZE, size_bytes - small - PAGE_SIZE);
    for (unsigned i = 0; i < count; i++)
        access_try("unmapped", PLACE + offsets[i], ACCESS_READ, 0);
    frame_free(memory_frames(), block, order);
    cpu_interrupts_restore(flags);
    CHECK_TRIED();
    CHECK(is_kept);
}

// The same, but the first change is that a part is unmapped.
static void check_split_by_unmap(unsigned order, const uint64_t *offsets, unsigned count)
{
    uint64_t size_bytes = PAGE_SIZE << order;
    uint64_t small = offsets[1] & -PAGE_SIZE;
    uint64_t flags = cpu_interrupts_disable();
    phys_addr_t block = take(order);
    map(PLACE, block, size_bytes, DATA);
    for (unsigned i = 0; i < count; i++)
        *word_at(PLACE + offsets[i]) = i;
    unmap(PLACE + small, PAGE_SIZE);
    for (unsigned i = 0; i < count; i++)
        access_try("beside an unmapped page", PLACE + offsets[i], ACCESS_WRITE, i == 1 ? PF_WRITE : ACCESS_ALLOWED);
    if (small != 0)
        unmap(PLACE, small);
    unmap(PLACE + small + PAGE_SIZE, size_bytes - small - PAGE_SIZE);
    frame_free(memory_frames(), block, order);
    cpu_interrupts_restore(flags);
    CHECK_TRIED();
}

static void need_block(unsigned order)
{
    struct frame_statistics statistics;
    frame_statistics_read(memory_frames(), &statistics);
    if (statistics.free == 0 || statistics.largest_order < order)
        SKIP("no free block of that size");
}

static const uint64_t offsets_4k[] = {0, 8, PAGE_SIZE - 8};
static const uint64_t offsets_2m[] = {0, 123 * PAGE_SIZE + 8, 124 * PAGE_SIZE, SIZE_2M - 8};
static const uint64_t offsets_1g[] = {0, 77 * SIZE_2M + 5 * PAGE_SIZE, 77 * SIZE_2M, 78 * SIZE_2M,
                                      (PAGE_SIZE << FRAME_ORDER_1G) - 8};
#define COUNT(array) (sizeof(array) / sizeof *(array))

TEST(tlb, changes_of_a_page_of_4_kib_are_seen_at_once)
{
    check_block(FRAME_ORDER_4K, offsets_4k, COUNT(offsets_4k));
}

TEST(tlb, changes_of_a_page_of_2_mib_are_seen_at_once)
{
    need_block(FRAME_ORDER_2M);
    check_block(FRAME_ORDER_2M, offsets_2m, COUNT(offsets_2m));
}

TEST(tlb, parts_of_a_page_of_2_mib_change_at_once)
{
    need_block(FRAME_ORDER_2M);
    check_split(FRAME_ORDER_2M, offsets_2m, COUNT(offsets_2m));
    check_split_by_unmap(FRAME_ORDER_2M, offsets_2m, COUNT(offsets_2m));
}

static void need_1g_page(void)
{
    need_block(FRAME_ORDER_1G);
    if (!cpu_identify_protections().has_1g_pages)
        SKIP("the CPU has no pages of 1 GiB");
}

TEST(tlb, changes_of_a_page_of_1_gib_are_seen_at_once)
{
    need_1g_page();
    check_block(FRAME_ORDER_1G, offsets_1g, COUNT(offsets_1g));
}

TEST(tlb, parts_of_a_page_of_1_gib_change_at_once)
{
    need_1g_page();
    check_split(FRAME_ORDER_1G, offsets_1g, COUNT(offsets_1g));
    check_split_by_unmap(FRAME_ORDER_1G, offsets_1g, COUNT(offsets_1g));
}

// Neither takes what it has not: tables come and go with what they map.
TEST(tlb, tables_are_given_back)
{
    struct frame_statistics before, after;
    frame_statistics_read(memory_frames(), &before);
    for (unsigned i = 0; i < 3; i++) {
        machine_map_frame(PLACE + i * (512ull << 30), PAGE_WRITE);
        machine_unmap_frame(PLACE + i * (512ull << 30));
    }
    frame_statistics_read(memory_frames(), &after);
    CHECK_EQUAL(after.free, before.free);
    CHECK_EQUAL(after.failures, before.failures);
}

// Which writing CR3 does not.
TEST(tlb, flushing_all_flushes_global_pages)
{
    if (!cpu_identify_protections().has_global_pages)
        return;
    uint64_t flags = cpu_interrupts_disable();
    machine_map_frame(PLACE, PAGE_WRITE | PAGE_GLOBAL);
    volatile uint64_t *entries[4];
    CHECK_EQUAL(machine_walk(PLACE, entries), 4);
    *word_at(PLACE) = 1;
    *entries[3] &= ~MACHINE_PAGE_WRITE;
    cpu_flush_tlb_all();
    struct fault fault = access_provoke(ACCESS_WRITE, PLACE);
    bool is_on = cpu_read_cr4() & CPU_CR4_GLOBAL_PAGES;
    machine_unmap_frame(PLACE);
    cpu_interrupts_restore(flags);
    CHECK(is_on);
    CHECK_EQUAL(fault.vector, PAGE_FAULT);
    CHECK_EQUAL(fault.error_code, PF_WRITE_PRESENT);
}
