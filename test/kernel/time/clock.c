// SPDX-License-Identifier: MIT
// The clock in use, the tick and the RTC, on whatever machine this is; test/kernel/run.py runs these with each clock
// forced, and those that need a driver on a machine whose TSC counts nanoseconds exactly.
#include <arch/cpu.h>
#include <arch/tsc.h>
#include <framework/test.h>
#include <interrupt/exception.h>
#include <interrupt/irq.h>
#include <interrupt/local_timer.h>
#include <time/time.h>
#include <time/timer.h>

constexpr uint64_t MS = 1'000'000;
constexpr uint64_t US = 1000;
constexpr unsigned READS = 100'000;
constexpr uint64_t TICK_LIMIT = 20'000'000'000; // TSC ticks; more than any test waits for

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
    if (!time_has_tick())
        SKIP("this machine has no tick");
    CHECK(interrupt_reads >= INTERRUPT_READS);
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

// ---- readers that interrupt readers, at each instruction that there is

constexpr uint8_t DEBUG_EXCEPTION = 1;

// Read the time with a debug exception after each instruction.
static uint64_t read_step_by_step(void)
{
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" : : : "memory", "cc");
    uint64_t now_ns = time_now_ns();
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" : : : "memory", "cc");
    return now_ns;
}

static void wait_tsc(uint64_t span)
{
    uint64_t start_tsc = tsc_read();
    while (tsc_read() - start_tsc < span)
        continue;
}

// How far the clock is from where the TSC, which counts nanoseconds here, says that it should be.
static struct {
    uint64_t start_tsc, start_ns;
} origin;

static void set_origin(void)
{
    origin.start_tsc = tsc_read();
    origin.start_ns = time_now_ns();
}

static bool is_right(void)
{
    uint64_t span_tsc = tsc_read() - origin.start_tsc, span_ns = time_now_ns() - origin.start_ns;
    return span_ns + 10 * US > span_tsc && span_ns < span_tsc + 10 * US;
}

static volatile unsigned step_count, chosen_step, backward_steps;

static bool read_at_each_step(struct trap_frame *)
{
    uint64_t now_ns = time_now_ns();
    if (now_ns < latest_ns)
        backward_steps = backward_steps + 1;
    latest_ns = now_ns;
    step_count = step_count + 1;
    return true;
}

TEST(time, clock_bears_a_reader_at_every_instruction)
{
    NEEDS_DRIVER();
    uint64_t flags = cpu_interrupts_disable();
    step_count = backward_steps = 0;
    unsigned backward = 0;
    exception_set_handler(DEBUG_EXCEPTION, read_at_each_step);
    set_origin();
    latest_ns = origin.start_ns;
    for (unsigned i = 0; i < 200; i++) {
        uint64_t before_ns = latest_ns;
        if (read_step_by_step() < before_ns)
            backward++;
        wait_tsc(i * 37);
    }
    bool was_right = is_right();
    exception_set_handler(DEBUG_EXCEPTION, nullptr);
    cpu_interrupts_restore(flags);
    test_note("%s: %u reads between the instructions of 200", time_source_name(time_source()), step_count);
    CHECK(step_count > 200);
    CHECK_EQUAL(backward_steps, 0);
    CHECK_EQUAL(backward, 0);
    CHECK(was_right);
}

static volatile unsigned first_chosen_step;

// At the last of the steps so late that every counter has moved on since the instruction before.
static bool read_at_chosen_steps(struct trap_frame *)
{
    step_count = step_count + 1;
    if (step_count < first_chosen_step || step_count > chosen_step)
        return true;
    if (step_count == chosen_step)
        wait_tsc(2 * US);
    uint64_t now_ns = time_now_ns();
    if (now_ns < latest_ns)
        backward_steps = backward_steps + 1;
    latest_ns = now_ns;
    return true;
}

// Return how many steps it took.
static unsigned read_interrupted_at(unsigned first_step, unsigned last_step)
{
    step_count = 0;
    first_chosen_step = first_step;
    chosen_step = last_step;
    (void)read_step_by_step();
    return step_count;
}

// A reader that is interrupted until a certain instruction, however often it begins anew, must leave nothing behind
// that misleads whoever interrupts the next reader at another one.
TEST(time, clock_bears_readers_at_any_two_instructions)
{
    NEEDS_DRIVER();
    uint64_t flags = cpu_interrupts_disable();
    exception_set_handler(DEBUG_EXCEPTION, read_at_chosen_steps);
    set_origin();
    backward_steps = 0;
    latest_ns = origin.start_ns;
    unsigned most_steps = read_interrupted_at(1, UINT32_MAX), steps = read_interrupted_at(0, 0), until = 1;
    bool was_right = true;
    for (; until <= most_steps && was_right; until++) {
        for (unsigned at = 1; at <= steps && was_right; at++) {
            read_interrupted_at(1, until);
            read_interrupted_at(at, at);
            was_right = is_right();
        }
    }
    exception_set_handler(DEBUG_EXCEPTION, nullptr);
    cpu_interrupts_restore(flags);
    test_note("%s: %u steps, or %u; up to %u", time_source_name(time_source()), steps, most_steps, until - 1);
    CHECK(steps > 5);
    CHECK_EQUAL(backward_steps, 0);
    CHECK(was_right);
}

// Like a scheduler: wherever interrupts are open, somebody else may run for a while.
static bool sleep_at_chosen_step(struct trap_frame *frame)
{
    constexpr uint64_t SPAN = 60 * MS; // a turn of the PIT is 54.9 ms
    step_count = step_count + 1;
    if (step_count != chosen_step || !(frame->rflags & CPU_RFLAGS_INTERRUPT))
        return true;
    uint64_t start_tsc = tsc_read();
    while (tsc_read() - start_tsc < SPAN)
        cpu_wait_for_interrupt();
    return cpu_interrupts_disable() != 0;
}

// The reader sees a time when it was not asleep, and who comes after it sees the right one.
TEST(time, clock_bears_a_reader_that_sleeps_for_a_turn)
{
    NEEDS_DRIVER();
    CHECK(time_has_tick());
    exception_set_handler(DEBUG_EXCEPTION, sleep_at_chosen_step);
    step_count = chosen_step = 0;
    (void)read_step_by_step();
    unsigned steps = step_count;
    bool was_right = true, was_awake = true;
    set_origin();
    for (chosen_step = 1; chosen_step <= steps && was_right && was_awake; chosen_step = chosen_step + 1) {
        step_count = 0;
        uint64_t before_ns = time_now_ns(), now_ns = read_step_by_step(), after_ns = time_now_ns();
        was_awake = now_ns - before_ns < MS || after_ns - now_ns < MS;
        was_right = is_right();
    }
    exception_set_handler(DEBUG_EXCEPTION, nullptr);
    test_note("%s: %u steps, up to %u", time_source_name(time_source()), steps, chosen_step - 1);
    CHECK(steps > 5);
    CHECK(was_awake);
    CHECK(was_right);
}

// ---- the choice

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
