// SPDX-License-Identifier: MIT
// What -fstack-protector-strong needs (cmake/flags.cmake): the value that each function with an array puts above it,
// and what happens when the value has changed by the time the function returns. Called by compiled code.
#include "parts.h"
#include <arch/tsc.h>
#include <debug/debug.h>
#include <lib/format.h>
#include <lib/section.h>

// The names are those of clang's code. The lowest byte is zero, so that no string carries the value out or in.
extern uintptr_t __stack_chk_guard;
[[noreturn]] void __stack_chk_fail(void);

constexpr uintptr_t LOWEST_BYTE = 0xff;

READ_ONLY_AFTER_INIT uintptr_t __stack_chk_guard = 0x5bd1'e995'7b7d'1500; // until debug_set_canary()

// Spreads what differs in VALUE over all bits. The factor is 2^64 divided by the golden ratio, made odd.
static uint64_t mix(uint64_t value)
{
    constexpr uint64_t FACTOR = 0x9e37'79b9'7f4a'7c15;
    for (unsigned round = 0; round < 3; round++)
        value = (value ^ value >> 32) * FACTOR;
    return value ^ value >> 32;
}

void debug_set_canary(uint64_t seed)
{
    __stack_chk_guard = mix(mix(seed) ^ tsc_read()) & ~LOWEST_BYTE;
}

void __stack_chk_fail(void)
{
    char place[120], message[200];
    uint64_t return_address = (uint64_t)__builtin_return_address(0);
    backtrace_describe(place, sizeof place, return_address, 1);
    format_string(message, sizeof message,
                  "the stack was smashed: %s wrote beyond an array on it, or somebody else did", place);
    debug_end(message, __builtin_frame_address(0));
}
