// SPDX-License-Identifier: MIT
// Time since boot, the tick, and the date. Owns the TSC's rate, HPET, ACPI PM timer, 8254 and RTC; what wants to be
// called later uses time/timer.h. Exported names start with time_.
#pragma once
#include <acpi/acpi.h>
#include <clock_math/rtc_date.h>
#include <lib/status.h>
#include <stdint.h>

enum time_source : uint8_t {
    TIME_SOURCE_NONE, // no clock could be found; time stands still
    TIME_SOURCE_TSC,
    TIME_SOURCE_HPET,
    TIME_SOURCE_PM,
    TIME_SOURCE_PIT,
};
constexpr unsigned TIME_SOURCE_COUNT = TIME_SOURCE_PIT + 1;

constexpr uint32_t TIME_TICKS_PER_SECOND = 1000;

struct time_options {
    const struct acpi *acpi;        // nullptr: there are no tables
    uint64_t tsc_origin;            // TSC at time 0; 0: when it began to count
    enum time_source forced_source; // TIME_SOURCE_NONE: the best there is
};

// Find the word of the command line's clock=: "tsc", "hpet", "pm", "pit". STATUS_NOT_FOUND leaves SOURCE alone.
[[nodiscard]] enum status time_source_parse(const char *name, enum time_source *source);

// Choose and calibrate the clock, start the tick, and log the date. Interrupts are closed before and after, and the
// lines of irq.h are ready; takes some 10 ms, bounded whatever the hardware does. Logs what it chose, and each thing
// that is missing. A forced source that is not there is an error in the log, and the best one is used.
void time_init(const struct time_options *options);

// Wait for the first tick, half a second at most, with interrupts open. When the local APIC's timer raises none, the
// 8254 takes over; when that does not either, there is no tick. Logs what it finds missing.
void time_check_tick(void);

// Nanoseconds since time 0, never less than before. Any context from time_init() on; before, or without a source, 0.
// Sources other than the TSC are counters that turn over, and the tick keeps count of that: while it is held back for
// longer than a turn (8254: 55 ms, PM timer: 4.7 s, HPET: 4.3 s at least), time loses whole turns.
uint64_t time_now_ns(void);

enum time_source time_source(void);
const char *time_source_name(enum time_source source); // never nullptr
uint64_t time_source_hz(void);                         // as calibrated; 0 without a source

// What time_init() found.
struct time_facts {
    uint64_t hz[TIME_SOURCE_COUNT]; // of each clock that runs, 0 for the others
    enum time_source tsc_reference; // what the TSC was measured against; TIME_SOURCE_NONE: CPUID says its rate
    const char *tsc_reason;         // why its rate can be trusted, or not
    uint64_t local_timer_hz;        // 0: there is no local APIC timer
    bool has_c1e;                   // which stops that timer while the CPU sleeps
};
const struct time_facts *time_facts(void);

// A clock's count at a moment of the clock in use. Counters are as wide as MASK.
struct time_reading {
    uint64_t count, mask;
    uint64_t now_ns; // time_now_ns() when it was read,
    uint64_t off_ns; // ... and how far that can be wrong
};

// Read the clock SOURCE, one of those that run, between two looks at the clock in use: the closest of a few.
[[nodiscard]] bool time_read_source(enum time_source source, struct time_reading *reading);

// TICKS of the TSC in nanoseconds; 0 where its rate is not known.
uint64_t time_of_ticks_ns(uint64_t ticks);

// Whether interrupts drive the tick, and how many there have been.
bool time_has_tick(void);
bool time_tick_is_local(void); // from the local APIC's timer; otherwise from the 8254
uint64_t time_tick_count(void);

// Read the battery-backed clock, as time_init()'s tables describe it. For the rest as time_read_date(). For a task.
enum status time_read_date_again(struct time_date *date);

// Read the battery-backed clock; what it says is taken as UTC. FADT may be nullptr. Takes at most 10 ms, where no clock
// runs 20'000 accesses to its ports (some 20 ms), and in either case 200 more. STATUS_NOT_FOUND when there is none,
// STATUS_INVALID when what it says is no date, STATUS_TIMEOUT when it is never ready to be read.
enum status time_read_date(const struct acpi_fadt *fadt, struct time_date *date);
