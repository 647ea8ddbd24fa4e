// SPDX-License-Identifier: MIT
// The checks of blog_os, the Rust tutorial kernel, with the same meaning: what its unit tests and its four test kernels
// want to see. Those about its heap come with the heap.
#include <arch/cpu.h>
#include <framework/machine.h>
#include <framework/test.h>
#include <lib/format.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <log/log.h>
#include <memory/device.h>
#include <vga/vga.h>

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
constexpr unsigned COLUMNS = 80;
constexpr unsigned ROWS = 25;

static const volatile uint16_t *map_cells(void)
{
    return device_map(CELLS, COLUMNS * ROWS * sizeof(uint16_t), PAGE_WRITE_COMBINING);
}

static void need_text_screen(void)
{
    const volatile uint16_t *cells = map_cells();
    if (cells == nullptr)
        SKIP("this machine has no text screen");
    vga_write("?\n", 2);
    for (unsigned i = 0; i < COLUMNS * ROWS; i++) {
        if ((cells[i] & 0xff) == '?')
            return;
    }
    SKIP("this machine has no text screen");
}

// A row as text, blanks at its end removed.
static void read_row(unsigned row, char text[COLUMNS + 1])
{
    const volatile uint16_t *cells = map_cells();
    for (unsigned i = 0; i < COLUMNS; i++)
        text[i] = (char)(cells[row * COLUMNS + i] & 0xff);
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
        vga_write("\n", 1);
    vga_write(line, strlen(line));
    vga_write("\n", 1);
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
    vga_write("no table\n", 9);
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
