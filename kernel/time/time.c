// SPDX-License-Identifier: MIT
// Chooses the clock, measures it, and reads it. Called by main, then by everybody; must not know a clock's registers.
#include "c1e.h"
#include "clock.h"
#include "hpet.h"
#include "pit.h"
#include "pm_timer.h"
#include "tick.h"
#include "tsc.h"
#include <arch/tsc.h>
#include <clock_math/scale.h>
#include <interrupt/local_timer.h>
#include <lib/section.h>
#include <lib/string.h>
#include <log/log.h>
#include <stdatomic.h>
#include <time/time.h>

constexpr unsigned SOURCE_COUNT = TIME_SOURCE_COUNT;
constexpr unsigned READ_ATTEMPTS = 3;

static const char *const names[SOURCE_COUNT] = {"none", "tsc", "hpet", "pm", "pit"};
static const char *const described[SOURCE_COUNT] = {"nothing", "TSC", "HPET", "PM timer", "PIT"};

READ_ONLY_AFTER_INIT struct clock time_clock;

// What initialisation has found out, for those who ask later.
READ_ONLY_AFTER_INIT static struct {
    struct time_facts facts;
    struct clock_source sources[SOURCE_COUNT];
    uint64_t tsc_multiplier;
    struct acpi_fadt fadt;
    bool has_fadt;
} found;

static _Atomic uint64_t recent_count; // of a narrow clock: some widened count of less than a turn ago

// The recent count is loaded before the counter is read, so whatever interrupts in between only makes it older. It need
// not be the latest: any of less than a turn ago gives the same sum. So no lock is needed, and none is taken. Returns
// whether no other reader interrupted this one, which may have been for longer than a turn.
static inline bool read_widened(uint64_t *count)
{
    uint64_t recent = atomic_load_explicit(&recent_count, memory_order_relaxed);
    *count = clock_extend(recent, time_clock.read(), time_clock.mask);
    return atomic_compare_exchange_strong_explicit(&recent_count, &recent, *count, memory_order_relaxed,
                                                   memory_order_relaxed);
}

// Not for ever: where interrupts are that thick, the last attempt counts, and only a turn within that one would be
// lost.
[[gnu::noinline]] static uint64_t read_again(void)
{
    uint64_t count = 0;
    for (unsigned i = 1; i < READ_ATTEMPTS && !read_widened(&count); i++)
        continue;
    return count;
}

uint64_t clock_narrow_now_ns(void)
{
    uint64_t count;
    if (__builtin_expect(!read_widened(&count), false))
        count = read_again();
    return clock_scale(count - time_clock.origin, time_clock.multiplier) + time_clock.offset_ns;
}

uint64_t time_now_ns(void)
{
    return clock_now_ns();
}

enum time_source time_source(void)
{
    return time_clock.source;
}

uint64_t time_source_hz(void)
{
    return time_clock.hz;
}

const char *time_source_name(enum time_source source)
{
    return source < SOURCE_COUNT ? names[source] : "unknown";
}

enum status time_source_parse(const char *name, enum time_source *source)
{
    for (unsigned i = TIME_SOURCE_TSC; i < SOURCE_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *source = (enum time_source)i;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

const struct time_facts *time_facts(void)
{
    return &found.facts;
}

uint64_t time_of_ticks_ns(uint64_t ticks)
{
    return clock_scale(ticks, found.tsc_multiplier);
}

bool time_read_source(enum time_source source, struct time_reading *reading)
{
    constexpr unsigned LOOKS = 8;
    if (source >= SOURCE_COUNT || found.sources[source].read == nullptr)
        return false;
    *reading = (struct time_reading){.mask = found.sources[source].mask, .off_ns = UINT64_MAX};
    for (unsigned i = 0; i < LOOKS; i++) {
        uint64_t before_ns = clock_now_ns();
        uint64_t count = found.sources[source].read();
        uint64_t width_ns = clock_now_ns() - before_ns;
        if (width_ns / 2 < reading->off_ns) {
            reading->count = count;
            reading->now_ns = before_ns + width_ns / 2;
            reading->off_ns = width_ns / 2;
        }
    }
    return true;
}

enum status time_read_date_again(struct time_date *date)
{
    return time_read_date(found.has_fadt ? &found.fadt : nullptr, date);
}

// ---- what there is

// What initialisation finds out, on its stack. Entry TIME_SOURCE_TSC of the sources has a rate, but no function.
struct survey {
    struct clock_source sources[SOURCE_COUNT];
    struct acpi_fadt fadt;
    bool has_fadt;
    enum tsc_rate_trust trust;
    enum time_source reference; // the TSC was measured against; TIME_SOURCE_NONE: CPUID told
    uint64_t tsc_hz, local_timer_hz;
};

static void report_absence(enum time_source source, enum status status)
{
    const char *name = described[source];
    if (status == STATUS_TIMEOUT)
        log_warning("time", "the %s stands still", name);
    else if (status == STATUS_INVALID)
        log_warning("time", "the %s breaks its specification and is not used", name);
    else if (status != STATUS_OK)
        log_info("time", "no %s", name);
}

static void find_sources(const struct acpi *acpi, struct survey *survey)
{
    struct acpi_hpet hpet;
    enum status status = acpi != nullptr ? acpi_read_hpet(acpi, &hpet) : STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        status = hpet_open(&hpet, &survey->sources[TIME_SOURCE_HPET]);
    report_absence(TIME_SOURCE_HPET, status);

    survey->has_fadt = acpi != nullptr && acpi_read_fadt(acpi, &survey->fadt) == STATUS_OK;
    status = survey->has_fadt ? pm_timer_open(&survey->fadt, &survey->sources[TIME_SOURCE_PM]) : STATUS_NOT_FOUND;
    report_absence(TIME_SOURCE_PM, status);
    report_absence(TIME_SOURCE_PIT, pit_open(&survey->sources[TIME_SOURCE_PIT]));
}

// ---- rates

static uint64_t read_tsc(void)
{
    return tsc_read();
}

static uint64_t read_local_timer(void)
{
    return UINT32_MAX - local_timer_remaining();
}

static enum status measure(const struct clock_source *reference, struct survey *survey)
{
    struct calibrate_clocks clocks = {
        .tsc = read_tsc,
        .reference = reference->read,
        .reference_mask = reference->mask,
        .reference_hz = reference->hz,
        .other = local_timer_is_present() ? read_local_timer : nullptr,
    };
    struct calibrate_rates rates;
    enum status status = calibrate_measure(&clocks, &rates);
    if (status != STATUS_OK)
        return status;
    if (rates.is_disturbed)
        log_warning("time", "the CPU was taken away while clocks were measured; time may be off");
    survey->tsc_hz = rates.tsc_hz;
    survey->local_timer_hz = rates.other_hz;
    return STATUS_OK;
}

// Against the best reference that lasts for the time it takes; where there is none, as CPUID says.
static void measure_rates(const struct tsc_rate_facts *facts, struct survey *survey)
{
    if (local_timer_is_present())
        local_timer_start(UINT32_MAX, false);
    for (unsigned i = TIME_SOURCE_HPET; i < SOURCE_COUNT && survey->tsc_hz == 0; i++) {
        const struct clock_source *reference = &survey->sources[i];
        if (reference->read == nullptr)
            continue;
        if (measure(reference, survey) == STATUS_OK)
            survey->reference = (enum time_source)i;
        else
            log_warning("time", "the TSC cannot be measured against the %s", described[i]);
    }
    if (survey->tsc_hz == 0 && tsc_rate_hz(facts) >= CLOCK_LOWEST_HZ && tsc_rate_hz(facts) <= CLOCK_HIGHEST_HZ) {
        struct clock_source tsc = {.read = read_tsc, .mask = UINT64_MAX, .hz = tsc_rate_hz(facts)};
        if (measure(&tsc, survey) == STATUS_OK)
            survey->tsc_hz = tsc.hz; // what was measured is the TSC against itself; the local timer was the point
    }
    if (local_timer_is_present())
        local_timer_start(0, false);
}

// ---- the choice

static bool is_there(const struct survey *survey, enum time_source source)
{
    return source == TIME_SOURCE_TSC ? survey->tsc_hz != 0 : survey->sources[source].read != nullptr;
}

static enum time_source choose(const struct survey *survey, enum time_source forced)
{
    if (forced != TIME_SOURCE_NONE && is_there(survey, forced)) {
        if (forced == TIME_SOURCE_TSC && survey->trust == TSC_RATE_CHANGES)
            log_warning("time", "%s, but clock=tsc is obeyed; time may be off", tsc_rate_reason(survey->trust));
        return forced;
    }
    if (forced != TIME_SOURCE_NONE)
        log_error("time", "clock=%s cannot be: there is no %s that runs", names[forced], described[forced]);
    if (is_there(survey, TIME_SOURCE_TSC)) {
        if (survey->trust != TSC_RATE_CHANGES)
            return TIME_SOURCE_TSC;
        log_info("time", "%s: it is no clock", tsc_rate_reason(survey->trust));
    }
    for (unsigned i = TIME_SOURCE_HPET; i < SOURCE_COUNT; i++) {
        if (is_there(survey, (enum time_source)i))
            return (enum time_source)i;
    }
    return TIME_SOURCE_NONE;
}

// Time 0 is the same whatever the source: what has passed since is first told by the TSC.
static void start_clock(const struct survey *survey, enum time_source source, uint64_t tsc_origin)
{
    const struct clock_source *chosen = &survey->sources[source];
    uint64_t tsc_now = tsc_read();
    uint64_t origin = tsc_origin <= tsc_now ? tsc_origin : tsc_now;
    uint64_t tsc_multiplier = survey->tsc_hz != 0 ? clock_multiplier(survey->tsc_hz) : 0;
    if (source == TIME_SOURCE_TSC) {
        time_clock.origin = origin;
        time_clock.multiplier = tsc_multiplier;
    } else if (source != TIME_SOURCE_NONE) {
        time_clock.offset_ns = clock_scale(tsc_now - origin, tsc_multiplier);
        time_clock.origin = chosen->read();
        atomic_store_explicit(&recent_count, time_clock.origin, memory_order_relaxed);
        time_clock.mask = chosen->mask;
        time_clock.multiplier = chosen->multiplier;
        time_clock.read = chosen->read;
    }
    time_clock.hz = source == TIME_SOURCE_TSC ? survey->tsc_hz : chosen->hz;
    time_clock.source = source;
}

static void report_clock(const struct survey *survey)
{
    unsigned khz = (unsigned)((time_clock.hz + 500) / 1000);
    if (time_clock.source == TIME_SOURCE_NONE)
        log_error("time", "no clock: neither TSC, HPET, PM timer nor PIT can be used, and time stands still");
    else if (time_clock.source != TIME_SOURCE_TSC)
        log_info("time", "clock %s at %u.%03u MHz", names[time_clock.source], khz / 1000, khz % 1000);
    else if (survey->reference == TIME_SOURCE_NONE)
        log_info("time", "clock tsc at %u.%03u MHz, as CPUID says; %s", khz / 1000, khz % 1000,
                 tsc_rate_reason(survey->trust));
    else
        log_info("time", "clock tsc at %u.%03u MHz, measured against the %s; %s", khz / 1000, khz % 1000,
                 described[survey->reference], tsc_rate_reason(survey->trust));
}

static void report_date(const struct survey *survey)
{
    struct time_date date;
    enum status status = time_read_date(survey->has_fadt ? &survey->fadt : nullptr, &date);
    if (status == STATUS_OK)
        log_info("time", "date %04u-%02u-%02u %02u:%02u:%02u UTC", date.year, date.month, date.day, date.hour,
                 date.minute, date.second);
    else if (status == STATUS_NOT_FOUND)
        log_info("time", "no RTC: the date is not known");
    else
        log_warning("time", "the RTC %s: the date is not known",
                    status == STATUS_TIMEOUT ? "is never ready" : "holds no date");
}

static void keep(const struct survey *survey)
{
    for (unsigned i = 0; i < SOURCE_COUNT; i++) {
        found.sources[i] = survey->sources[i];
        found.facts.hz[i] = is_there(survey, (enum time_source)i) ? survey->sources[i].hz : 0;
    }
    found.facts.hz[TIME_SOURCE_TSC] = survey->tsc_hz;
    found.sources[TIME_SOURCE_TSC] =
        (struct clock_source){.read = survey->tsc_hz != 0 ? read_tsc : nullptr, .mask = UINT64_MAX};
    found.facts.tsc_reference = survey->reference;
    found.facts.tsc_reason = tsc_rate_reason(survey->trust);
    found.facts.local_timer_hz = survey->local_timer_hz;
    found.facts.has_c1e = c1e_is_on();
    found.tsc_multiplier = survey->tsc_hz != 0 ? clock_multiplier(survey->tsc_hz) : 0;
    found.fadt = survey->fadt;
    found.has_fadt = survey->has_fadt;
}

void time_init(const struct time_options *options)
{
    struct tsc_rate_facts facts = tsc_facts();
    struct survey survey = {.trust = tsc_rate_trust(&facts)};
    find_sources(options->acpi, &survey);
    measure_rates(&facts, &survey);
    start_clock(&survey, choose(&survey, options->forced_source), options->tsc_origin);
    keep(&survey);
    report_clock(&survey);
    report_date(&survey);
    tick_start(survey.local_timer_hz);
}
