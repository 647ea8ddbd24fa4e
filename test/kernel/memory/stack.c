// SPDX-License-Identifier: MIT
// kernel/memory/stack.c: what a stack is good for, what its guard stops, and that nothing of one is left behind. What
// the report of an overflow says is read by test/kernel/run.py.
#include <arch/protection.h>
#include <framework/expected_fault.h>
#include <framework/test.h>
#include <lib/string.h>
#include <memory/layout.h>
#include <memory/memory.h>
#include <memory/stack.h>

constexpr uint64_t DOUBLE_FAULT = 8;
constexpr uint64_t PAGE_FAULT = 14;
constexpr uint64_t ERROR_WRITE = 1 << 1;
constexpr uint64_t ERROR_EXECUTE = 1 << 4;
constexpr uint64_t ERROR_PRESENT = 1 << 0;
constexpr uint64_t STACK_SIZE = 4 * PAGE_SIZE;

static uint64_t free_frames(void)
{
    struct frame_statistics statistics;
    frame_statistics_read(memory_frames(), &statistics);
    return statistics.free;
}

static struct kernel_stack make_stack(uint64_t size_bytes)
{
    struct kernel_stack stack = {};
    CHECK_EQUAL(kernel_stack_allocate(size_bytes, &stack), STATUS_OK);
    CHECK_EQUAL(stack.top.value - stack.bottom.value, size_bytes);
    return stack;
}

static bool is_mapped(uint64_t address)
{
    phys_addr_t phys;
    return page_table_translate(memory_page_tables(), (virt_addr_t){address}, &phys);
}

// ---- operations that fault

static uint64_t place; // where they go

static void write_there(void)
{
    *(volatile uint8_t *)place = 1;
}

static void read_there(void)
{
    (void)*(volatile uint8_t *)place;
}

static void jump_there(void)
{
    ((test_function *)place)();
}

static void push_there(void)
{
    __asm__ volatile("movq %0, %%rsp\n\tpushq %%rax" : : "r"(place) : "memory");
    __builtin_unreachable();
}

static void check_page_fault(test_function *operation, uint64_t address, uint64_t error_code)
{
    place = address;
    struct fault fault = fault_provoke(operation);
    CHECK(fault.has_happened);
    CHECK_EQUAL(fault.vector, PAGE_FAULT);
    CHECK_EQUAL(fault.error_code, error_code);
    CHECK_EQUAL(fault.cr2, address);
}

// ---- one stack

TEST(kernel_stack, every_byte_can_be_written_and_none_beside_it)
{
    struct kernel_stack stack = make_stack(STACK_SIZE);
    volatile uint64_t *words = virt_pointer(stack.bottom);
    for (uint64_t i = 0; i < STACK_SIZE / sizeof *words; i++)
        words[i] = i * 0x0101'0101'0101'0101;
    for (uint64_t i = 0; i < STACK_SIZE / sizeof *words; i++)
        CHECK_EQUAL(words[i], i * 0x0101'0101'0101'0101);
    check_page_fault(write_there, stack.bottom.value - 1, ERROR_WRITE);
    check_page_fault(write_there, stack.bottom.value - PAGE_SIZE, ERROR_WRITE);
    check_page_fault(read_there, stack.bottom.value - 1, 0);
    check_page_fault(write_there, stack.top.value, ERROR_WRITE); // the next one's guard, or nothing
    if (cpu_identify_protections().has_no_execute)
        check_page_fault(jump_there, stack.bottom.value, ERROR_PRESENT | ERROR_EXECUTE);
    kernel_stack_free(&stack);
}

static uint64_t seen_place;

static void look_around(void)
{
    volatile uint8_t locals[2 * PAGE_SIZE];
    for (unsigned i = 0; i < sizeof locals; i++)
        locals[i] = (uint8_t)i;
    seen_place = (uintptr_t)locals;
}

TEST(kernel_stack, function_runs_on_it)
{
    struct kernel_stack stack = make_stack(STACK_SIZE);
    uint64_t top = stack.top.value;
    __asm__ volatile("movq %%rsp, %%rbx\n\tmovq %0, %%rsp\n\tcallq *%1\n\tmovq %%rbx, %%rsp"
                     : "+r"(top)
                     : "r"(look_around)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
    CHECK(seen_place >= stack.bottom.value);
    CHECK(seen_place < stack.top.value);
    kernel_stack_free(&stack);
}

TEST(kernel_stack, overflow_is_a_double_fault)
{
    struct kernel_stack stack = make_stack(STACK_SIZE);
    place = stack.bottom.value;
    struct fault fault = fault_provoke(push_there);
    CHECK_EQUAL(fault.vector, DOUBLE_FAULT);
    CHECK_EQUAL(fault.rsp, stack.bottom.value);
    CHECK(fault.cr2 < stack.bottom.value);
    CHECK(fault.cr2 >= stack.bottom.value - PAGE_SIZE);
    kernel_stack_free(&stack);
}

TEST_DIES_BY(kernel_stack, overflow_ends_the_kernel, 8)
{
    place = make_stack(STACK_SIZE).bottom.value;
    push_there();
}

TEST_DIES_BY(kernel_stack, write_below_ends_the_kernel, 14)
{
    struct kernel_stack others[] = {make_stack(PAGE_SIZE), make_stack(STACK_SIZE), make_stack(PAGE_SIZE)};
    place = others[1].bottom.value - 8;
    write_there();
}

TEST(kernel_stack, freed_stack_is_gone_with_its_frames)
{
    struct kernel_stack first = make_stack(PAGE_SIZE); // so that there are nodes for ranges
    kernel_stack_free(&first);
    uint64_t before = free_frames();
    struct kernel_stack stack = make_stack(STACK_SIZE);
    CHECK(free_frames() <= before - STACK_SIZE / PAGE_SIZE);
    memset(virt_pointer(stack.bottom), 0x5a, STACK_SIZE); // the TLB has every page
    kernel_stack_free(&stack);
    CHECK_EQUAL(free_frames(), before);
    for (uint64_t page = stack.bottom.value; page < stack.top.value; page += PAGE_SIZE)
        check_page_fault(write_there, page, ERROR_WRITE);
}

TEST(kernel_stack, every_page_is_writable_data_for_all_address_spaces)
{
    unsigned executable = cpu_identify_protections().has_no_execute ? 0 : PAGE_EXECUTE; // as everything is
    struct kernel_stack stack = make_stack(STACK_SIZE);
    for (uint64_t page = stack.bottom.value; page < stack.top.value; page += PAGE_SIZE) {
        struct page_mapping mapping;
        CHECK(page_table_find(memory_page_tables(), (virt_addr_t){page}, &mapping));
        CHECK_EQUAL(mapping.attributes.rights, PAGE_WRITE | PAGE_GLOBAL | executable);
        CHECK_EQUAL(mapping.attributes.cache, PAGE_WRITE_BACK);
        CHECK_EQUAL(mapping.page_size_bytes, PAGE_SIZE);
    }
    CHECK(!is_mapped(stack.bottom.value - PAGE_SIZE));
    CHECK(!is_mapped(stack.top.value));
    kernel_stack_free(&stack);
}

TEST(kernel_stack, thousand_rounds_leave_the_count_of_frames)
{
    uint64_t before = 0;
    for (unsigned round = 0; round <= 1000; round++) {
        struct kernel_stack stacks[3];
        for (unsigned i = 0; i < 3; i++)
            stacks[i] = make_stack((1 + (round + i) % 5) * PAGE_SIZE);
        for (unsigned i = 0; i < 3; i++)
            kernel_stack_free(&stacks[(round + i) % 3]);
        if (round == 0)
            before = free_frames();
    }
    CHECK_EQUAL(free_frames(), before);
}

// ---- finding

static void check_found(uint64_t address, const struct kernel_stack *expected)
{
    struct kernel_stack found = {};
    CHECK(kernel_stack_find((virt_addr_t){address}, &found));
    CHECK_EQUAL(found.bottom.value, expected->bottom.value);
    CHECK_EQUAL(found.top.value, expected->top.value);
}

TEST(kernel_stack, stack_is_found_by_each_of_its_addresses_and_its_guards)
{
    struct kernel_stack none, stacks[3];
    for (unsigned i = 0; i < 3; i++)
        stacks[i] = make_stack((1 + i) * PAGE_SIZE);
    for (unsigned i = 0; i < 3; i++) {
        check_found(stacks[i].bottom.value - PAGE_SIZE, &stacks[i]);
        check_found(stacks[i].bottom.value - 1, &stacks[i]);
        check_found(stacks[i].bottom.value, &stacks[i]);
        check_found(stacks[i].top.value - 1, &stacks[i]);
    }
    for (unsigned i = 0; i < 3; i++)
        kernel_stack_free(&stacks[i]);
    CHECK(!kernel_stack_find(stacks[1].bottom, &none));
    CHECK(!kernel_stack_find((virt_addr_t){MEMORY_STACKS.start - 1}, &none));
    CHECK(!kernel_stack_find((virt_addr_t){MEMORY_STACKS.start + MEMORY_STACKS.size_bytes}, &none));
    CHECK(!kernel_stack_find((virt_addr_t){0}, &none));
}

// ---- refusals

TEST(kernel_stack, sizes_that_are_no_pages_are_refused)
{
    static const struct {
        uint64_t size_bytes;
        enum status status;
    } rows[] = {
        {0, STATUS_INVALID},
        {1, STATUS_INVALID},
        {PAGE_SIZE + 8, STATUS_INVALID},
        {UINT64_MAX, STATUS_INVALID},
        {-PAGE_SIZE, STATUS_NO_MEMORY},
        {MEMORY_STACKS.size_bytes, STATUS_NO_MEMORY},
    };
    uint64_t before = free_frames();
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kernel_stack stack;
        CHECK_EQUAL(kernel_stack_allocate(rows[i].size_bytes, &stack), rows[i].status);
    }
    CHECK_EQUAL(free_frames(), before);
}

// More stacks than one page of nodes describes. A failed one may have taken such a page: the next one has it.
TEST(kernel_stack, failure_at_any_allocation_leaves_nothing_behind)
{
    constexpr unsigned COUNT = 100;
    static struct kernel_stack stacks[COUNT];
    uint64_t at_first = free_frames();
    unsigned kept_pages = 0, failures = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        enum status status = STATUS_NO_MEMORY;
        for (uint64_t number = 1; status != STATUS_OK; number++) {
            uint64_t before = free_frames();
            frame_fail_at(memory_frames(), number);
            status = kernel_stack_allocate(2 * PAGE_SIZE, &stacks[i]);
            frame_fail_at(memory_frames(), 0);
            if (status == STATUS_OK)
                break;
            CHECK_EQUAL(status, STATUS_NO_MEMORY);
            failures++;
            kept_pages += before != free_frames();
            CHECK(before - free_frames() <= 1);
            CHECK(number < 10);
        }
        CHECK(i == 0 || stacks[i].bottom.value == stacks[i - 1].top.value + PAGE_SIZE);
    }
    for (unsigned i = 0; i < COUNT; i++)
        kernel_stack_free(&stacks[i]);
    CHECK(failures >= 2 * COUNT);
    CHECK(kept_pages <= 2);
    CHECK_EQUAL(free_frames() + kept_pages, at_first);
}

TEST(kernel_stack, stack_larger_than_memory_leaves_nothing_behind)
{
    struct kernel_stack stack = make_stack(PAGE_SIZE), none;
    kernel_stack_free(&stack);
    uint64_t before = free_frames();
    CHECK_EQUAL(kernel_stack_allocate((before + 1) * PAGE_SIZE, &none), STATUS_NO_MEMORY);
    CHECK_EQUAL(free_frames(), before);
    struct kernel_stack again = make_stack(PAGE_SIZE);
    CHECK_EQUAL(again.bottom.value, stack.bottom.value);
    kernel_stack_free(&again);
}

TEST_DIES(kernel_stack, freeing_twice_panics, "cannot be freed: there is none")
{
    struct kernel_stack stack = make_stack(STACK_SIZE);
    kernel_stack_free(&stack);
    kernel_stack_free(&stack);
}

TEST_DIES(kernel_stack, freeing_a_part_panics, "cannot be freed: there is none")
{
    struct kernel_stack stack = make_stack(STACK_SIZE);
    stack.top = (virt_addr_t){stack.top.value - PAGE_SIZE};
    kernel_stack_free(&stack);
}

static struct kernel_stack stood_on;

static void free_it(void)
{
    kernel_stack_free(&stood_on);
}

TEST_DIES(kernel_stack, freeing_the_one_in_use_panics, "cannot be freed: it is in use")
{
    stood_on = make_stack(STACK_SIZE);
    __asm__ volatile("movq %0, %%rsp\n\tcallq *%1" : : "r"(stood_on.top.value), "r"(free_it) : "memory");
    __builtin_unreachable();
}
