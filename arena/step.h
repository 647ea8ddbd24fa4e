// SPDX-License-Identifier: MIT
// Counts the instructions of one call by having the CPU stop after each of them (RFLAGS.TF; Intel SDM vol.
// 3, 18.3.1.4). One thread only. A stop costs microseconds.
#pragma once
#include <stdint.h>

struct step_call {
    void *function;
    uintptr_t arguments[3];
};

// Before the first step_run().
void step_prepare(void);

// Make CALL and return what it returns. *COUNT is the number of instructions from the function's first one to the one
// that returns here, both included: 1 for an empty function. Repeated string instructions count once a repetition.
uintptr_t step_run(const struct step_call *call, uint64_t *count);
