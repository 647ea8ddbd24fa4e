// SPDX-License-Identifier: MIT
// Where the C handler of a trap returns to (trap_entry.asm). Whoever follows a chain of return addresses and comes to
// one of these has left the handler: a struct trap_frame lies right above that return address. Pure; any context.
#pragma once
#include <stdint.h>

extern const uint8_t trap_return[], trap_anywhere_return[]; // addresses, nothing to read

static inline bool is_trap_return(uint64_t address)
{
    return address == (uint64_t)trap_return || address == (uint64_t)trap_anywhere_return;
}
