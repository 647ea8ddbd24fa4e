// SPDX-License-Identifier: MIT
// The clock in use, the tick and the RTC, on whatever machine this is; test/kernel/run.py runs these with each clock
// forced, and those that need a driver on a machine whose TSC counts nanoseconds exactly.
#include <arch/cpu.h>
#include <arch/tsc.h>
#include <framework/test.h>
#include <interrupt/irq.h>
#include <interrupt/local_timer.h>
#include <time/time.h>
#include <time/timer.h>

constexpr uint64_t MS = 1'000'000;
constexpr uint64_t US = 1000;
constexpr unsigned READS = 100'000;
constexpr uint64_t TICK_LIMIT = 3'000'000'000; // TSC ticks; more than any test waits for

static volatile uint64_t latest_ns;
static volatile unsigned interrupt_reads;

// A reader that interrupts another must not see earlier times either.
static void read_in_interrupt(void *backward)
{
    uint64_t before_ns = latest_ns;
    uint64_t now_ns = time_now_ns();
    if (now_ns < before_ns)
        ++*(unsigned *)backward;
    latest_ns = now_ns;
    interrupt_reads = interrupt_reads + 1;
}

TEST(time, clock_never_goes_back)
{
    static struct timer timer;
    static unsigned backward;
    constexpr unsigned INTERRUPT_READS = 2;
    unsigned backward_here = 0;
    interrupt_reads = backward = 0;
    uint64_t start_ns = time_now_ns();
    timer_start(&timer, 0, MS, read_in_interrupt, &backward);
    for (unsigned i = 0; i < READS || (interrupt_reads < INTERRUPT_READS && i < 100 * READS); i++) {
        uint64_t before_ns = latest_ns;
        uint64_t now_ns = time_now_ns();
        if (now_ns < before_ns)
            backward_here++;
        uint64_t flags = cpu_interrupts_disable();
        if (now_ns > latest_ns)
            latest_ns = now_ns;
        cpu_interrupts_restore(flags);
    }
    timer_cancel(&timer);
    uint64_t span_ns = time_now_ns() - start_ns;
    test_note("%s: %u reads and %u in interrupts in %llu us", time_source_name(time_source()), READS, interrupt_reads,
              (unsigned long long)(span_ns / US));
    CHECK_EQUAL(backward_here, 0);
    CHECK_EQUAL(backward, 0);
    CHECK(span_ns > 0);
    CHECK(interrupt_reads >= INTERRUPT_READS || !time_has_tick());
}

// For long enough that the PIT turns over ten times.
TEST(time, clock_follows_virtual_time)
{
    constexpr uint64_t SPAN = 600 * MS;
    constexpr uint64_t PPM_LIMIT = 100;
    NEEDS_DRIVER();
    uint64_t start_tsc = tsc_read(), start_ns = time_now_ns();
    while (tsc_read() - start_tsc < SPAN)
        cpu_wait_for_interrupt();
    uint64_t span_tsc = tsc_read() - start_tsc, span_ns = time_now_ns() - start_ns;
    uint64_t error = span_ns > span_tsc ? span_ns - span_tsc : span_tsc - span_ns;
    test_note("%s: %llu ns in %llu ns", time_source_name(time_source()), (unsigned long long)span_ns,
              (unsigned long long)span_tsc);
    CHECK(error * 1'000'000 / span_tsc <= PPM_LIMIT);
}

// A counter of 16 bits has turned over 10 times while nobody but the tick looked at it; with interrupts closed for less
// than a turn, nothing is lost.
TEST(time, clock_survives_closed_interrupts)
{
    constexpr uint64_t SPAN = 50 * MS; // a turn of the PIT is 54.9 ms
    NEEDS_DRIVER();
    for (unsigned i = 0; i < 5; i++) {
        uint64_t flags = cpu_interrupts_disable();
        uint64_t start_tsc = tsc_read(), start_ns = time_now_ns();
        while (tsc_read() - start_tsc < SPAN)
            continue;
        uint64_t span_tsc = tsc_read() - start_tsc, span_ns = time_now_ns() - start_ns;
        cpu_interrupts_restore(flags);
        CHECK(span_ns + 10 * US > span_tsc && span_ns < span_tsc + 10 * US);
    }
}

TEST(time, source_is_the_one_that_was_asked_for_or_the_best)
{
    CHECK(time_source() != TIME_SOURCE_NONE);
    CHECK(time_source_hz() > 0);
    enum time_source source = TIME_SOURCE_NONE;
    CHECK_EQUAL(time_source_parse(time_source_name(time_source()), &source), STATUS_OK);
    CHECK_EQUAL(source, time_source());
}

TEST(time, words_for_sources_are_known)
{
    static const char *const words[] = {"tsc", "hpet", "pm", "pit"};
    for (unsigned i = 0; i < 4; i++) {
        enum time_source source = TIME_SOURCE_NONE;
        CHECK_EQUAL(time_source_parse(words[i], &source), STATUS_OK);
        CHECK_EQUAL(source, TIME_SOURCE_TSC + i);
        CHECK_STRING(time_source_name(source), words[i]);
    }
    enum time_source source = TIME_SOURCE_PM;
    CHECK_EQUAL(time_source_parse("none", &source), STATUS_NOT_FOUND);
    CHECK_EQUAL(time_source_parse("", &source), STATUS_NOT_FOUND);
    CHECK_EQUAL(time_source_parse("TSC", &source), STATUS_NOT_FOUND);
    CHECK_EQUAL(source, TIME_SOURCE_PM);
    CHECK_STRING(time_source_name((enum time_source)99), "unknown");
}

static uint64_t ticks_in(uint64_t span_tsc)
{
    uint64_t start_tsc = tsc_read(), start = time_tick_count();
    while (tsc_read() - start_tsc < span_tsc)
        cpu_wait_for_interrupt();
    return time_tick_count() - start;
}

TEST(time, tick_comes_a_thousand_times_a_second)
{
    NEEDS_DRIVER();
    CHECK(time_has_tick());
    uint64_t count = ticks_in(500 * MS);
    test_note("%llu ticks in 500 ms", (unsigned long long)count);
    CHECK(count >= 499 && count <= 502); // the PIT's are 0.02 % shorter
}

static bool tick_goes_on(void)
{
    uint64_t start_tsc = tsc_read(), start = time_tick_count();
    while (time_tick_count() == start && tsc_read() - start_tsc < TICK_LIMIT)
        continue;
    return time_tick_count() != start;
}

TEST(time, tick_goes_on_after_closed_interrupts)
{
    if (!time_has_tick())
        SKIP("this machine has no tick");
    CHECK(tick_goes_on());
    uint64_t flags = cpu_interrupts_disable();
    uint64_t start = time_tick_count(), start_tsc = tsc_read();
    while (tsc_read() - start_tsc < 10 * MS)
        continue;
    uint64_t closed_count = time_tick_count() - start;
    cpu_interrupts_restore(flags);
    CHECK_EQUAL(closed_count, 0);
    CHECK(tick_goes_on());
}

// A local APIC timer whose interrupt is lost: nothing can bring that one back, so this test runs alone.
TEST(time, pit_takes_over_when_the_local_timer_is_mute)
{
    NEEDS_DRIVER();
    CHECK(local_timer_is_present());
    irq_mask(IRQ_LINE_LOCAL_TIMER);
    time_check_tick();
    CHECK(time_has_tick());
    struct irq_counters counters;
    CHECK_EQUAL(irq_read_counters(IRQ_LINE_LOCAL_TIMER, &counters), STATUS_NOT_FOUND);
    CHECK(tick_goes_on());
    CHECK_EQUAL(irq_read_counters(0, &counters), STATUS_OK);
    CHECK(counters.count > 0);
}

TEST(time, tick_is_given_up_when_no_interrupt_arrives)
{
    NEEDS_DRIVER();
    uint64_t flags = cpu_interrupts_disable();
    time_check_tick();
    cpu_interrupts_restore(flags);
    CHECK_EQUAL(time_has_tick(), false);
    CHECK(time_source() == TIME_SOURCE_TSC);
    uint64_t before_ns = time_now_ns();
    CHECK(time_now_ns() > before_ns);
}

TEST(time, date_is_a_date)
{
    struct time_date date = {};
    CHECK_EQUAL(time_read_date(nullptr, &date), STATUS_OK);
    CHECK(date.year >= 2020 && date.year < 2080);
    CHECK(date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31);
    struct acpi_fadt fadt = {.has_no_rtc = true};
    CHECK_EQUAL(time_read_date(&fadt, &date), STATUS_NOT_FOUND);
}
