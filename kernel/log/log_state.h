// SPDX-License-Identifier: MIT
// What log.c and emergency.c share; nobody outside this folder includes it.
#pragma once
#include <log/log.h>
#include <record_ring/record_ring.h>

struct log_state {
    uint64_t tsc_origin;
    log_clock_fn *now_ns;
    struct log_sink *first_sink;
    struct log_sink *turn; // of a fatal report
    uint32_t lost_count;
    uint32_t fatal_count;
    bool is_busy; // a line is being kept or delivered
    struct record_ring ring;
};
extern struct log_state log_state;

// Write to COM1 without knowing whether there is one; bounded.
void last_resort_write(const char *text, size_t length);
