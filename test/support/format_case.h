// SPDX-License-Identifier: MIT
// Random conversions that C defines, printed by lib/format.h and by libc: shared by the unit test (seeded generator)
// and the fuzzer (libFuzzer's bytes).
#pragma once
#include <stddef.h>
#include <stdint.h>

// Where the choices come from: NEXT returns a number below LIMIT.
struct choices {
    uint32_t (*next)(void *context, uint32_t limit);
    void *context;
};

// Builds one format string with one conversion, once or twice, and its arguments, prints it both ways into a buffer of
// a random size and compares text, terminator, returned length and that nothing was written beyond. Returns null when
// all agree, else a description of the difference, valid until the next call.
const char *format_case_difference(const struct choices *choices);
