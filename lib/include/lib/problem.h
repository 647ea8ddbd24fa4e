// SPDX-License-Identifier: MIT
// How a parser says what is wrong: a sentence for the user that its caller prints after the name of the file at fault.
#pragma once
#include <lib/status.h>
#include <stdint.h>

struct problem {
    const char *format; // printf-like; at most two conversions, each %llu or %llx; no final full stop
    unsigned long long values[2];
};

// Fill PROBLEM and return STATUS, so that a check reads: return problem_report(problem, STATUS_INVALID, "...", a, b);
enum status problem_report(struct problem *problem, enum status status, const char *format, uint64_t first,
                           uint64_t second);
