// SPDX-License-Identifier: MIT
// A way back out of a function that will not return: by its own decision, or because it faulted. Pure stack work; for
// the framework alone.
#pragma once
#include <framework/test.h>
#include <stdint.h>

// Where the way back ends: the stack pointer below which landing_call() has put all that it must restore. Empty: 0.
struct landing {
    uint64_t rsp;
};

enum landing_way : uint64_t {
    LANDING_RETURNED = 0, // the operation came back by itself
    LANDING_LEFT = 1,
};

// Call OPERATION. LANDING is filled in before, and good until this returns. RFLAGS, IF included, are then as before.
enum landing_way landing_call(test_function *operation, struct landing *landing);

// Leave the operation that LANDING belongs to.
[[noreturn]] void landing_jump(const struct landing *landing);

// Where an exception handler sends RIP, with LANDING's rsp in RSP, to do the same. No function: never call it.
void landing_resume(void);
