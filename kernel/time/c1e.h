// SPDX-License-Identifier: MIT
// Whether this CPU's local APIC timer stops while the CPU sleeps. Private to time.
#pragma once

// Whether firmware has switched on AMD's C1E, in which HLT on all cores stops that timer. Never reads a register that
// the CPU may lack.
[[nodiscard]] bool c1e_is_on(void);
