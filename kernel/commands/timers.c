// SPDX-License-Identifier: MIT
// The command that shows the clocks, the tick and the timers that are running.
#include <debug/debug.h>
#include <describe/size.h>
#include <lib/command.h>
#include <lib/string.h>
#include <time/time.h>
#include <time/timer.h>

typedef unsigned long long printable_t;

constexpr unsigned VIEW_LIMIT = 32;
constexpr uint64_t NS_PER_SECOND = 1'000'000'000;
constexpr uint64_t WINDOW_NS = 20'000'000; // shorter than a turn of any clock's counter

// ---- clocks

static const char *method_of(enum time_source source)
{
    const struct time_facts *facts = time_facts();
    if (source != TIME_SOURCE_TSC)
        return source == TIME_SOURCE_HPET ? "its period register says" : "fixed by its specification";
    return facts->tsc_reference == TIME_SOURCE_NONE ? "CPUID says" : "measured against";
}

static void print_clock(struct command_call *call, enum time_source source, int64_t off_ppm, uint64_t error_ppm)
{
    const struct time_facts *facts = time_facts();
    bool is_measured = source == TIME_SOURCE_TSC && facts->tsc_reference != TIME_SOURCE_NONE;
    uint64_t khz = (facts->hz[source] + 500) / 1000;
    command_print(call, "%s%-5s %6llu.%03llu MHz", source == time_source() ? "* " : "  ", time_source_name(source),
                  (printable_t)(khz / 1000), (printable_t)(khz % 1000));
    if (source == time_source())
        command_print(call, "   %18s", "the clock in use");
    else
        command_print(call, "   %+6lld ppm +- %5llu", (long long)off_ppm, (printable_t)error_ppm);
    command_print(call, "   %s%s%s\n", method_of(source), is_measured ? " " : "",
                  is_measured ? time_source_name(facts->tsc_reference) : "");
}

// How far the clock SOURCE is off the one in use, as both count the time from FIRST to SECOND.
static int64_t deviation_ppm(enum time_source source, const struct time_reading *first,
                             const struct time_reading *second)
{
    uint64_t ticks = (second->count - first->count) & first->mask;
    int64_t counted_ns = (int64_t)(ticks * NS_PER_SECOND / time_facts()->hz[source]);
    int64_t passed_ns = (int64_t)(second->now_ns - first->now_ns);
    return (counted_ns - passed_ns) * 1'000'000 / passed_ns;
}

// A tick of the clock may be hardly begun or nearly over at each end.
static uint64_t error_ppm(enum time_source source, const struct time_reading *first, const struct time_reading *second)
{
    uint64_t tick_ns = NS_PER_SECOND / time_facts()->hz[source] + 1;
    return (first->off_ns + second->off_ns + tick_ns) * 1'000'000 / (second->now_ns - first->now_ns);
}

// Others run meanwhile, and must not do so for a turn of the counter.
static enum status compare(struct command_call *call, enum time_source source)
{
    struct time_reading first, second;
    if (!time_read_source(source, &first))
        return STATUS_OK;
    do {
        if (!command_goes_on(call))
            return STATUS_CANCELLED;
        (void)time_read_source(source, &second);
    } while (second.now_ns - first.now_ns < WINDOW_NS);
    print_clock(call, source, deviation_ppm(source, &first, &second), error_ppm(source, &first, &second));
    return STATUS_OK;
}

static enum status print_clocks(struct command_call *call)
{
    command_print(call, "  clock       rate        against it            how the rate is known\n");
    for (unsigned i = TIME_SOURCE_TSC; i < TIME_SOURCE_COUNT; i++) {
        enum status status = compare(call, (enum time_source)i);
        if (status != STATUS_OK)
            return status;
    }
    command_print(call, "%s\n", time_facts()->tsc_reason);
    return STATUS_OK;
}

// ---- the tick

static void print_tick(struct command_call *call)
{
    const struct time_facts *facts = time_facts();
    if (!time_has_tick())
        command_print(call, "tick: none, so timers do not run\n");
    else
        command_print(call, "tick: %u Hz from the %s, %llu so far\n", TIME_TICKS_PER_SECOND,
                      time_tick_is_local() ? "local APIC timer" : "PIT", (printable_t)time_tick_count());
    if (facts->local_timer_hz != 0)
        command_print(call, "local APIC timer: counts %llu.%03llu MHz; %s\n",
                      (printable_t)(facts->local_timer_hz / 1'000'000),
                      (printable_t)(facts->local_timer_hz / 1000 % 1000),
                      facts->has_c1e ? "C1E is on and stops it in the CPU's sleep" : "no C1E that would stop it");
    else
        command_print(call, "local APIC timer: none\n");
}

// ---- timers

static void print_timer(struct command_call *call, const struct timer_view *view, uint64_t now_ns)
{
    char due[DESCRIBE_DURATION_LIMIT], period[DESCRIBE_DURATION_LIMIT] = "once";
    bool is_for_each_tick = view->period_ns != 0 && view->period_ns < NS_PER_SECOND / TIME_TICKS_PER_SECOND;
    if (is_for_each_tick)
        string_copy(period, "each tick", sizeof period);
    else if (view->period_ns != 0)
        describe_duration(period, view->period_ns);
    describe_duration(due, view->due_ns > now_ns ? view->due_ns - now_ns : 0);
    command_print(call, "%10s  %10s  %s\n", due, period, debug_function_name((const void *)view->function));
}

static void print_timers(struct command_call *call)
{
    struct timer_view views[VIEW_LIMIT];
    uint64_t now_ns = time_now_ns();
    unsigned count = timer_list(views, VIEW_LIMIT);
    command_print(call, "\n%10s  %10s  %s\n", "due in", "every", "function");
    for (unsigned i = 0; i < count && i < VIEW_LIMIT; i++)
        print_timer(call, &views[i], now_ns);
    if (count > VIEW_LIMIT)
        command_print(call, "and %u more\n", count - VIEW_LIMIT);
}

static enum status run_timers(struct command_call *call)
{
    if (time_source() == TIME_SOURCE_NONE) {
        command_print(call, "no clock was found: time stands still\n");
        return STATUS_OK;
    }
    enum status status = print_clocks(call);
    if (status != STATUS_OK)
        return status;
    print_tick(call);
    print_timers(call);
    return STATUS_OK;
}

COMMAND(timers, .summary = "show the clocks, the tick and the timers that are running", .run = run_timers,
        .details = "* is the clock in use. The others are compared with it for 20 ms each: one at\n"
                   "+5 ppm gains five microseconds a second on it, as far as 20 ms can tell.\n");
