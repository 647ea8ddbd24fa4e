// SPDX-License-Identifier: MIT
// Reading memory that may not be there (arch/probe.h).
#include "faults.h"
#include <arch/probe.h>
#include <arch/protection.h>
#include <arch/stack.h>
#include <framework/expected_fault.h>
#include <framework/machine.h>
#include <framework/test.h>
#include <lib/string.h>

constexpr uint64_t NON_CANONICAL = 0x8000'0000'0000'0000;

static uint8_t source[64], destination[64];

static void fill_source(void)
{
    for (unsigned i = 0; i < sizeof source; i++)
        source[i] = (uint8_t)(i * 7 + 1);
    memset(destination, 0, sizeof destination);
}

TEST(probe, good_memory_is_copied)
{
    fill_source();
    for (size_t size = 0; size <= sizeof source; size++) {
        memset(destination, 0, sizeof destination);
        CHECK_EQUAL(probe_copy(destination, source, size), 0);
        CHECK_EQUAL(memcmp(destination, source, size), 0);
        CHECK(size == sizeof destination || destination[size] == 0);
    }
}

TEST(probe, bad_source_copies_nothing)
{
    const uint64_t addresses[] = {
        0, 8, 0xfff - 7, NON_CANONICAL, UINT64_MAX - 63, 0x0000'8000'0000'0000, stack_at(0)->bottom - 64};
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        fill_source();
        CHECK_EQUAL(probe_copy(destination, (const void *)addresses[i], 8), 8);
        CHECK_EQUAL(destination[0], 0);
    }
}

TEST(probe, bad_destination_copies_nothing)
{
    fill_source();
    CHECK_EQUAL(probe_copy((void *)8, source, 8), 8);
    CHECK_EQUAL(probe_copy((void *)NON_CANONICAL, source, 8), 8);
    CHECK_EQUAL(probe_copy((void *)(uintptr_t)probe_copy, source, 8), 8); // text is read-only
}

alignas(4096) static uint8_t two_pages[8192];

TEST(probe, copy_stops_at_the_page_that_is_missing)
{
    volatile uint64_t *entries[4];
    uint64_t second = (uintptr_t)two_pages + 4096;
    CHECK_EQUAL(machine_walk(second, entries), 4);
    memset(two_pages, 0x5a, sizeof two_pages);
    memset(destination, 0, sizeof destination);
    *entries[3] &= ~MACHINE_PAGE_PRESENT;
    machine_forget_page(second);
    size_t left = probe_copy(destination, two_pages + 4096 - 24, sizeof destination);
    size_t left_to_write = probe_copy(two_pages + 4096 - 10, destination, 32);
    *entries[3] |= MACHINE_PAGE_PRESENT;
    machine_forget_page(second);
    CHECK_EQUAL(left, sizeof destination - 24);
    CHECK_EQUAL(destination[23], 0x5a);
    CHECK_EQUAL(destination[24], 0);
    CHECK_EQUAL(left_to_write, 22);
}

constexpr uint64_t PROGRAM = 0x40'0000;

// By SMAP; without it, nothing keeps the kernel from what it can address.
TEST(probe, memory_of_programs_is_copied_on_request_alone)
{
    constexpr uint64_t RFLAGS_ACCESS = 1u << 18;
    bool has_smap = cpu_identify_protections().has_smap;
    memset(machine_map_frame(PROGRAM, PAGE_USER | PAGE_WRITE), 0x5a, PAGE_SIZE);
    memset(destination, 0, sizeof destination);
    size_t unasked = probe_copy(destination, (const void *)PROGRAM, 8);
    size_t into_it = probe_copy((void *)PROGRAM, source, 8);
    size_t asked = probe_copy_from_user(destination, (const void *)PROGRAM, 16);
    size_t cut = probe_copy_from_user(destination + 16, (const void *)(PROGRAM + PAGE_SIZE - 8), 16);
    uint64_t rflags;
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(rflags));
    machine_unmap_frame(PROGRAM);
    size_t gone = probe_copy_from_user(destination, (const void *)PROGRAM, 8);
    CHECK_EQUAL(unasked, has_smap ? 8 : 0);
    CHECK_EQUAL(into_it, has_smap ? 8 : 0);
    CHECK_EQUAL(asked, 0);
    CHECK_EQUAL(cut, 8);
    CHECK_EQUAL(gone, 8);
    CHECK_EQUAL(destination[15], 0x5a);
    CHECK_EQUAL(destination[23], 0x5a);
    CHECK_EQUAL(destination[24], 0);
    CHECK_EQUAL(rflags & RFLAGS_ACCESS, 0);
}

TEST(probe, memory_of_the_kernel_is_no_programs)
{
    const uint64_t addresses[] = {(uintptr_t)source, (1ull << 47) - 4, 1ull << 47, NON_CANONICAL, UINT64_MAX - 7};
    fill_source();
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++)
        CHECK_EQUAL(probe_copy_from_user(destination, (const void *)addresses[i], 8), 8);
    CHECK_EQUAL(destination[0], 0);
}

// All of it is asked for, so none is copied, even where the beginning is there.
TEST(probe, end_of_the_lower_half_ends_a_program)
{
    constexpr uint64_t END = 1ull << 47;
    memset(machine_map_frame(END - PAGE_SIZE, PAGE_USER), 0x5a, PAGE_SIZE);
    memset(destination, 0, sizeof destination);
    size_t beyond = probe_copy_from_user(destination, (const void *)(END - 4), 5);
    uint8_t first_beyond = destination[0];
    size_t within = probe_copy_from_user(destination, (const void *)(END - 4), 4);
    machine_unmap_frame(END - PAGE_SIZE);
    CHECK_EQUAL(beyond, 5);
    CHECK_EQUAL(first_beyond, 0);
    CHECK_EQUAL(within, 0);
    CHECK_EQUAL(destination[3], 0x5a);
}

TEST(probe, nothing_else_may_fault)
{
    struct trap_frame frame = {.vector = 14, .rip = (uintptr_t)memcpy};
    CHECK(!probe_land(&frame));
    CHECK_EQUAL(frame.rip, (uintptr_t)memcpy);
}

extern const uint64_t landings_start[], landings_end[]; // kernel.ld: pairs of instruction and landing place

TEST(probe, table_of_landings_is_whole)
{
    uint64_t bytes = (uintptr_t)landings_end - (uintptr_t)landings_start;
    CHECK(bytes > 0);
    CHECK_EQUAL(bytes % 16, 0);
    CHECK_EQUAL((uintptr_t)landings_start % 16, 0);
    for (uint64_t i = 0; i < bytes / 16; i++) {
        struct trap_frame frame = {.vector = 14, .rip = landings_start[2 * i]};
        CHECK(probe_land(&frame));
        CHECK_EQUAL(frame.rip, landings_start[2 * i + 1]);
        CHECK(frame.rip >> 63); // in the kernel
    }
}

constexpr uint64_t HOLE = 0xffff'f000'0000'0000;
static const unsigned widths[] = {1, 2, 4, 8};

// A value of WIDTH bytes, of which all are different.
static uint64_t value_of(unsigned width)
{
    return 0x8182'8384'8586'8788 >> (64 - 8 * width);
}

TEST(probe, load_and_store_touch_as_many_bytes_as_they_say)
{
    for (unsigned i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct probe_fault fault;
        uint64_t loaded, value = value_of(widths[i]);
        memset(destination, 0x5a, sizeof destination);
        CHECK(probe_store(value, virt_of(destination + 5), widths[i], &fault));
        CHECK_EQUAL(memcmp(destination + 5, &value, widths[i]), 0);
        CHECK_EQUAL(destination[4], 0x5a);
        CHECK_EQUAL(destination[5 + widths[i]], 0x5a);
        CHECK(probe_load(&loaded, virt_of(destination + 5), widths[i], &fault));
        CHECK_EQUAL(loaded, value);
    }
}

static void check_page_fault(const struct probe_fault *fault, uint64_t error_code, uint64_t cr2)
{
    CHECK_EQUAL(fault->vector, PAGE_FAULT);
    CHECK_EQUAL(fault->error_code, error_code);
    CHECK_EQUAL(fault->cr2, cr2);
}

TEST(probe, load_and_store_say_how_they_failed)
{
    constexpr uint64_t UNTOUCHED = 0x1234;
    uint64_t text = (uintptr_t)probe_load, value = UNTOUCHED;
    for (unsigned i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct probe_fault fault = {};
        CHECK(!probe_load(&value, (virt_addr_t){HOLE}, widths[i], &fault));
        check_page_fault(&fault, 0, HOLE);
        CHECK(!probe_store(0, (virt_addr_t){HOLE + 8}, widths[i], &fault));
        check_page_fault(&fault, PF_WRITE, HOLE + 8);
        CHECK(!probe_store(0, (virt_addr_t){text}, widths[i], &fault));
        check_page_fault(&fault, PF_WRITE | PF_PRESENT, text);
        CHECK(!probe_load(&value, (virt_addr_t){NON_CANONICAL}, widths[i], &fault));
        CHECK_EQUAL(fault.vector, GENERAL_PROTECTION);
        CHECK_EQUAL(fault.error_code, 0);
        fault.vector = 0;
        CHECK(!probe_store(0, (virt_addr_t){NON_CANONICAL}, widths[i], &fault));
        CHECK_EQUAL(fault.vector, GENERAL_PROTECTION);
    }
    CHECK_EQUAL(value, UNTOUCHED);
}

TEST(probe, load_names_the_byte_that_is_missing)
{
    volatile uint64_t *entries[4];
    uint64_t value, second = (uintptr_t)two_pages + 4096;
    CHECK_EQUAL(machine_walk(second, entries), 4);
    *entries[3] &= ~MACHINE_PAGE_PRESENT;
    machine_forget_page(second);
    struct probe_fault fault = {};
    bool is_loaded = probe_load(&value, (virt_addr_t){second - 3}, 8, &fault);
    *entries[3] |= MACHINE_PAGE_PRESENT;
    machine_forget_page(second);
    CHECK(!is_loaded);
    check_page_fault(&fault, 0, second);
}
