// SPDX-License-Identifier: MIT
// How many instructions the paths take that run most often. The driver's part is an emulator that counts one tick of
// the TSC for each instruction. test/speed/table.py makes the table of docs/performance.md from the notes.
#include <arch/cpu.h>
#include <framework/test.h>
#include <interrupt/exception.h>
#include <interrupt/irq.h>
#include <speed/cost.h>
#include <speed/gap.h>
#include <time/time.h>

constexpr uint32_t KEYBOARD_LINE = 1;
constexpr unsigned ROUNDS = 10;
constexpr uint64_t PATIENCE_TICKS = 5'000'000'000; // of the TSC: seconds

static uint32_t tick_line(void)
{
    return irq_controller() == IRQ_CONTROLLER_APIC ? IRQ_LINE_LOCAL_TIMER : 0;
}

static uint64_t interrupt_count(uint32_t line)
{
    struct irq_counters counters = {};
    CHECK_EQUAL(irq_read_counters(line, &counters), STATUS_OK);
    return counters.count;
}

// The gap that one interrupt of LINE tears into a loop that does nothing else.
static uint64_t gap_of(uint32_t line)
{
    uint64_t before = interrupt_count(line);
    uint64_t gap = gap_wait(PATIENCE_TICKS);
    CHECK(gap != 0);
    CHECK_EQUAL(interrupt_count(line) - before, 1);
    return gap;
}

TEST(speed, timer_interrupt)
{
    NEEDS_DRIVER();
    constexpr uint64_t LIMIT = 100;
    uint64_t least = UINT64_MAX, most = 0;
    gap_of(tick_line()); // the first one sets what the longest has been
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t gap = gap_of(tick_line());
        least = gap < least ? gap : least;
        most = gap > most ? gap : most;
    }
    test_note("measured: timer interrupt: %llu..%llu", (unsigned long long)least, (unsigned long long)most);
    CHECK(least >= 40); // fewer than the registers that have to be saved: something else was measured
    CHECK(!HAS_LIMITS || most <= LIMIT);
}

TEST(speed, keyboard_interrupt)
{
    NEEDS_DRIVER();
    constexpr uint64_t LIMIT = 175;
    irq_mask(tick_line());
    test_note("ready");
    uint64_t gap = gap_of(KEYBOARD_LINE);
    irq_unmask(tick_line());
    test_note("measured: keyboard interrupt to ring: %llu", (unsigned long long)gap);
    CHECK(!HAS_LIMITS || gap <= LIMIT);
}

static bool return_at_once(struct trap_frame *)
{
    return true;
}

TEST(speed, software_interrupt)
{
    NEEDS_DRIVER();
    constexpr uint8_t BREAKPOINT = 3;
    constexpr uint64_t LIMIT = 85;
    uint64_t flags = cpu_interrupts_disable();
    exception_set_handler(BREAKPOINT, return_at_once);
    uint64_t start = tsc_read();
    __asm__ volatile("int3");
    uint64_t ticks = tsc_read() - start - cost_of_tsc();
    exception_set_handler(BREAKPOINT, nullptr);
    cpu_interrupts_restore(flags);
    test_note("measured: empty software interrupt: %llu", (unsigned long long)ticks);
    CHECK(ticks >= 40);
    CHECK(!HAS_LIMITS || ticks <= LIMIT);
}

TEST(speed, time_now)
{
    NEEDS_DRIVER();
    static const uint64_t limits[] = {
        [TIME_SOURCE_TSC] = 30, [TIME_SOURCE_HPET] = 60, [TIME_SOURCE_PM] = 60, [TIME_SOURCE_PIT] = 80};
    uint64_t flags = cpu_interrupts_disable();
    (void)time_now_ns();
    uint64_t start = tsc_read();
    (void)time_now_ns();
    uint64_t ticks = tsc_read() - start - cost_of_tsc();
    cpu_interrupts_restore(flags);
    test_note("measured: time_now_ns %s: %llu", time_source_name(time_source()), (unsigned long long)ticks);
    CHECK(ticks >= 5);
    CHECK(!HAS_LIMITS || ticks <= limits[time_source()]);
}
