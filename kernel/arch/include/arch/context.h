// SPDX-License-Identifier: MIT
// Changing from one stack to another: what a function call does not keep, and nothing else. Knows no task. Ring 0, with
// interrupts open or closed; they stay as they are.
#pragma once
#include <stdint.h>

// Lay out a stack that ends at TOP, a multiple of 16, so that context_switch() to what this returns calls
// ENTRY(ARGUMENT), which must not return.
uint64_t context_prepare(uint64_t top, void (*entry)(void *argument), void *argument);

// Go on where *TO_RSP was saved, or prepared; *FROM_RSP, which may be the same, says from then on where this call goes
// on.
void context_switch(uint64_t *from_rsp, const uint64_t *to_rsp);
