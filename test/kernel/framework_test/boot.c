// SPDX-License-Identifier: MIT
// What the loader has to leave for C.
#include <framework/test.h>

static uint8_t never_written[128 * 1024];

// Says nothing when memory was zero before: test/kernel/run.py fills it with A5h.
TEST(boot, bss_is_zero)
{
    const volatile uint8_t *bytes = never_written;
    for (size_t i = 0; i < sizeof never_written; i++) {
        if (bytes[i] != 0)
            FAIL("byte %zu of an array in .bss is 0x%02x", i, bytes[i]);
    }
}
