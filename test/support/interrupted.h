// SPDX-License-Identifier: MIT
// An exception in the middle of an operation that is never gone back to: what a panic does to whatever it interrupts.
// For tests on x86-64; elsewhere they have to skip.
#pragma once
#include <stdbool.h>

#ifdef __x86_64__
constexpr bool CAN_INTERRUPT = true;
#else
constexpr bool CAN_INTERRUPT = false;
#endif

// Call OPERATION and leave it for good before its instruction number STEPS (from 0 on). Returns false when it returned
// before that.
bool interrupted_after(unsigned steps, void (*operation)(void *context), void *context);
