// SPDX-License-Identifier: MIT
// What log.c and emergency.c share; nobody outside this folder includes it.
#pragma once
#include <log/emergency.h>
#include <log/log.h>
#include <record_ring/record_ring.h>

struct log_state {
    uint64_t tsc_origin;
    log_clock_fn *now_ns;
    struct log_sink *first_sink;
    struct log_sink *turn; // of a fatal report
    log_epilogue_fn *epilogue;
    uint32_t lost_count;    // since the line that said so
    uint64_t lost_total;    // ever
    uint64_t written_count; // lines that were kept, ever
    uint32_t fatal_count;
    bool is_busy; // a line is being kept or delivered
    bool is_in_epilogue;
    struct record_ring ring;
};
extern struct log_state log_state;

constexpr size_t LOG_LINE_LIMIT = RECORD_TEXT_LIMIT + 32; // bytes of a line with its time and its line feed

// Returns the line's length. Pure.
size_t log_render_line(char line[static LOG_LINE_LIMIT], const struct record *record);

// Write to COM1 without knowing whether there is one; bounded.
void last_resort_write(const char *text, size_t length);
