// SPDX-License-Identifier: MIT
// The checks of blog_os, the Rust tutorial kernel, with the same meaning: what its unit tests and its four test kernels
// want to see.
#include <arch/cpu.h>
#include <arch/port.h>
#include <console/console.h>
#include <framework/machine.h>
#include <framework/test.h>
#include <lib/format.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <log/log.h>
#include <memory/device.h>
#include <memory/heap.h>

// interrupts::test_breakpoint_exception
TEST(blog_os, breakpoint_exception_returns)
{
    volatile unsigned passes = 0;
    passes = passes + 1;
    __asm__ volatile("int3");
    passes = passes + 1;
    CHECK_EQUAL(passes, 2);
}

constexpr phys_addr_t CELLS = {0xb8000}; // the text screen of a PC
constexpr unsigned CELL_COUNT = 0x4000;  // of which the screen is a part that begins anywhere
constexpr unsigned COLUMNS = 80;
constexpr unsigned ROWS = 25;

static const volatile uint16_t *map_cells(void)
{
    return device_map(CELLS, CELL_COUNT * sizeof(uint16_t), PAGE_WRITE_COMBINING);
}

// The CRT controller's start address (IBM VGA technical reference, "CRT Controller Registers").
static unsigned first_cell(void)
{
    port_write8(0x3d4, 0x0c);
    unsigned high = port_read8(0x3d5);
    port_write8(0x3d4, 0x0d);
    return high << 8 | port_read8(0x3d5);
}

static void need_text_screen(void)
{
    const volatile uint16_t *cells = map_cells();
    if (cells == nullptr)
        SKIP("this machine has no text screen");
    console_show("?\n", 2);
    for (unsigned i = 0; i < CELL_COUNT; i++) {
        if ((cells[i] & 0xff) == '?')
            return;
    }
    SKIP("this machine has no text screen");
}

// A row as text, blanks at its end removed.
static void read_row(unsigned row, char text[COLUMNS + 1])
{
    const volatile uint16_t *cells = map_cells();
    unsigned first = first_cell() + row * COLUMNS;
    for (unsigned i = 0; i < COLUMNS; i++)
        text[i] = (char)(cells[(first + i) % CELL_COUNT] & 0xff);
    size_t length = COLUMNS;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
}

// vga_buffer::test_println_simple
TEST(blog_os, println_simple)
{
    need_text_screen();
    log_info("test", "println_simple output");
    char text[COLUMNS + 1];
    bool is_there = false;
    for (unsigned row = 0; row < ROWS && !is_there; row++) {
        read_row(row, text);
        is_there = strlen(text) > 27 && strcmp(text + strlen(text) - 27, "test: println_simple output") == 0;
    }
    CHECK(is_there);
}

// vga_buffer::test_println_many
TEST(blog_os, println_many)
{
    need_text_screen();
    for (unsigned i = 0; i < 200; i++)
        log_info("test", "println_many output %u", i);
    char text[COLUMNS + 1];
    for (unsigned row = 0; row < ROWS - 1; row++) {
        char wanted[COLUMNS];
        format_string(wanted, sizeof wanted, "test: println_many output %u", 200 - (ROWS - 1) + row);
        read_row(row, text);
        size_t length = strlen(wanted);
        CHECK(strlen(text) > length);
        CHECK_STRING(text + strlen(text) - length, wanted);
    }
}

// vga_buffer::test_println_output
TEST(blog_os, println_output)
{
    need_text_screen();
    static const char line[] = "Some test string that fits on a single line";
    char text[COLUMNS + 1];
    uint64_t flags = cpu_interrupts_disable();
    for (unsigned row = 0; row < ROWS; row++)
        console_show("\n", 1);
    console_show(line, strlen(line));
    console_show("\n", 1);
    read_row(ROWS - 2, text);
    cpu_interrupts_restore(flags);
    CHECK_STRING(text, line);
}

// main.rs: trivial_assertion, after the whole boot
TEST(blog_os, trivial_assertion)
{
    ASSERT(1 == 1);
    CHECK_EQUAL(1, 1);
}

// tests/basic_boot: test_println, before anything is initialised: here, without a handler for any exception
TEST(blog_os, println_without_interrupt_table)
{
    need_text_screen();
    uint64_t flags = cpu_interrupts_disable();
    struct machine_table idt = machine_idt();
    machine_load_idt((struct machine_table){0, 0});
    log_info("test", "println_without_interrupt_table output");
    console_show("no table\n", 9);
    machine_load_idt(idt);
    char text[COLUMNS + 1];
    read_row(ROWS - 2, text);
    cpu_interrupts_restore(flags);
    CHECK_STRING(text, "no table");
}

// tests/should_panic: should_fail
TEST_DIES(blog_os, should_panic, "assertion failed: 0 == 1")
{
    ASSERT(0 == 1);
}

static volatile uint64_t depth_limit = UINT64_MAX; // so that the compiler takes the recursion for finite

[[gnu::noinline]] static uint64_t recurse(uint64_t depth)
{
    volatile uint64_t local = depth;
    if (depth >= depth_limit)
        return 0;
    return recurse(depth + 1) + local; // not a tail call
}

// tests/stack_overflow: stack_overflow
TEST_DIES_BY(blog_os, stack_overflow, 8)
{
    recurse(0);
}

// ---- tests/heap_allocation, each with a heap of the size that it has there, and with the kernel's own

constexpr size_t HEAP_BYTES = 100 * 1024;

[[nodiscard]] static uint64_t *make_box(struct heap *heap, uint64_t value)
{
    uint64_t *box = heap_allocate(heap, sizeof *box, alignof(uint64_t));
    CHECK(box != nullptr);
    *box = value;
    return box;
}

static void allocate_two(struct heap *heap)
{
    uint64_t *first = make_box(heap, 41), *second = make_box(heap, 13);
    CHECK_EQUAL(*first, 41);
    CHECK_EQUAL(*second, 13);
    heap_free(heap, second);
    heap_free(heap, first);
}

// A vector doubles its room, from four elements on.
static void push_thousand(struct heap *heap)
{
    constexpr uint64_t COUNT = 1000;
    uint64_t *vector = nullptr, room = 0, sum = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        if (i == room) {
            room = room == 0 ? 4 : 2 * room;
            vector = heap_reallocate(heap, vector, room * sizeof *vector, alignof(uint64_t));
            CHECK(vector != nullptr);
        }
        vector[i] = i;
    }
    for (uint64_t i = 0; i < COUNT; i++)
        sum += vector[i];
    CHECK_EQUAL(sum, (COUNT - 1) * COUNT / 2);
    heap_free(heap, vector);
}

static void make_as_many_boxes_as_bytes(struct heap *heap)
{
    for (uint64_t i = 0; i < HEAP_BYTES; i++) {
        uint64_t *box = make_box(heap, i);
        CHECK_EQUAL(*box, i);
        heap_free(heap, box);
    }
}

static void make_boxes_beside_one(struct heap *heap)
{
    uint64_t *long_lived = make_box(heap, 1);
    make_as_many_boxes_as_bytes(heap);
    CHECK_EQUAL(*long_lived, 1);
    heap_free(heap, long_lived);
}

// BODY, with each design. MUST_REUSE: needs one that gives a freed block again while another lives.
static void with_each_heap(void (*body)(struct heap *heap), bool must_reuse)
{
    void *memory = kernel_heap_allocate(HEAP_BYTES, 4096);
    CHECK(memory != nullptr);
    for (unsigned i = 0; i < HEAP_DESIGN_COUNT; i++) {
        if (must_reuse && heap_designs[i] == &heap_bump)
            continue;
        struct heap *heap = heap_create(heap_designs[i], memory, HEAP_BYTES, &(struct heap_options){});
        CHECK(heap != nullptr);
        body(heap);
        const char *problem = heap_validate(heap);
        if (problem != nullptr)
            FAIL("%s: %s", heap_designs[i]->name, problem);
    }
    kernel_heap_free(memory);
    body(cpu_local_heap());
}

TEST(blog_os, simple_allocation)
{
    with_each_heap(allocate_two, false);
}

TEST(blog_os, large_vec)
{
    with_each_heap(push_thousand, false);
}

TEST(blog_os, many_boxes)
{
    with_each_heap(make_as_many_boxes_as_bytes, false);
}

TEST(blog_os, many_boxes_long_lived)
{
    with_each_heap(make_boxes_beside_one, true);
}
