// SPDX-License-Identifier: MIT
// The rate of the TSC, and of one more counter, against a clock whose rate is known. The counters are functions, so
// that tests can be any machine. Knows no hardware; calls nothing but them. Exported names start with calibrate_.
//
// How: at both ends of a window of CALIBRATE_WINDOW_NS the reference is caught in the act of changing, between two
// reads of the TSC; of several catches the tightest counts. A window in which two reads lay far apart (firmware took
// the CPU away, or a hypervisor did) is tried again, because a narrow reference may have gone round unseen. No wait has
// another bound than a number of reads: no clock is trusted before it has been measured.
#pragma once
#include <lib/status.h>
#include <stdint.h>

constexpr uint64_t CALIBRATE_WINDOW_NS = 10'000'000;
constexpr unsigned CALIBRATE_ATTEMPTS = 4;
constexpr uint32_t CALIBRATE_STANDSTILL = 2000;       // so many reads without a change: the clock stands still
constexpr uint32_t CALIBRATE_READ_LIMIT = 10'000'000; // of a window

typedef uint64_t calibrate_read_fn(void);

struct calibrate_clocks {
    calibrate_read_fn *tsc;
    calibrate_read_fn *reference; // counts upwards
    uint64_t reference_mask;      // 2^n - 1; a turn is longer than the window
    uint64_t reference_hz;
    calibrate_read_fn *other; // counts upwards and does not turn within the window; or nullptr
};

struct calibrate_rates {
    uint64_t tsc_hz;
    uint64_t other_hz; // 0: there is none, or it stands still
    bool is_disturbed; // no window was quiet; this is the quietest
};

// Interrupts must be closed. STATUS_TIMEOUT when the reference stands still, STATUS_RANGE when the TSC would run at
// less than 1 MHz or more than 100 GHz.
enum status calibrate_measure(const struct calibrate_clocks *clocks, struct calibrate_rates *rates);

// Whether READ changes at all within CALIBRATE_STANDSTILL reads.
[[nodiscard]] bool calibrate_is_running(calibrate_read_fn *read);
