// SPDX-License-Identifier: MIT
// How many instructions text takes on its way to the screen, the log's way included: a line that makes the screen
// scroll, a MiB of them, and all of the screen anew. The driver's part is the card's mode, and an emulator that counts
// one tick of the TSC for each instruction.
#include <arch/cpu.h>
#include <console/console.h>
#include <framework/test.h>
#include <lib/string.h>
#include <speed/cost.h>

typedef unsigned long long printable_t;

constexpr unsigned LINE_COUNT = 1000;
constexpr size_t MIB = 1024 * 1024;

static void note(const char *what, uint64_t ticks)
{
    test_note("measured: %s: %llu", what, (printable_t)ticks);
}

static void fill_screen(void)
{
    for (unsigned i = 0; i < 300; i++)
        console_show("a line of some length, to be scrolled away\n", 43);
}

static uint64_t line_cost(void)
{
    static const char line[] = "Hello World!\n";
    uint64_t sum = 0, most = 0;
    for (unsigned i = 0; i < LINE_COUNT; i++) {
        uint64_t start = tsc_read();
        console_show(line, sizeof line - 1);
        uint64_t ticks = tsc_read() - start - cost_of_tsc();
        sum += ticks;
        most = ticks > most ? ticks : most;
    }
    note("12 characters and a line feed with scroll", sum / LINE_COUNT);
    note("the same, most", most);
    return sum / LINE_COUNT;
}

// PIECE_LINES lines of 64 bytes in each write.
static void measure_a_mib(unsigned piece_lines, const char *what)
{
    static char text[64 * 64];
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = i % 64 == 63 ? '\n' : (char)('!' + (i * 7 + i / 64) % 90);
    size_t piece = 64 * piece_lines;
    uint64_t start = tsc_read();
    for (size_t done = 0; done < MIB; done += piece)
        console_show(text, piece);
    note(what, tsc_read() - start);
}

// From one screen full of text to another, whose lines are no line of the first one. LEAST: fewer have not shown it.
static void measure_repaint(uint64_t least)
{
    static char line[240]; // as wide as the widest screen here
    for (unsigned i = 0; i < 500; i++) {
        for (unsigned column = 0; column < sizeof line - 1; column++)
            line[column] = (char)('!' + (i * 31 + column * 7) % 90);
        line[sizeof line - 1] = '\n';
        console_show(line, sizeof line);
    }
    console_look_back(8);
    uint64_t start = tsc_read();
    console_look_back(-8);
    uint64_t ticks = tsc_read() - start;
    note("all of the screen anew", ticks);
    CHECK(ticks >= least);
}

// LIMIT: of the cost of a line.
static void measure(uint64_t limit, uint64_t least_of_repaint)
{
    uint64_t flags = cpu_interrupts_disable();
    fill_screen();
    uint64_t line = line_cost();
    measure_a_mib(1, "1 MiB of log text, a line a write");
    measure_a_mib(64, "1 MiB of log text, 4 KiB a write");
    measure_repaint(least_of_repaint);
    cpu_interrupts_restore(flags);
    CHECK(line >= 50); // fewer: something else was measured
    CHECK(!HAS_LIMITS || line <= limit);
}

TEST(speed, console)
{
    NEEDS_DRIVER();
    measure(1000, 10'000);
}

TEST(speed, console_of_pixels)
{
    NEEDS_DRIVER();
    measure(100'000, 500'000);
}
