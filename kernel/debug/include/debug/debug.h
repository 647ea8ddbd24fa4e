// SPDX-License-Identifier: MIT
// The explanation of a death: the report of a fatal exception and of a panic, with cause in words, registers, page
// walk, backtrace and the last lines of the log. Supplies the kernel's panic() (lib/panic.h) and the compiler's stack
// check. Exported names start with debug_.
//
// Works from the first C line on and in any context, a smashed stack, a broken chain of frame pointers and a fault
// inside the report included. Takes no lock. The grammar of a report stands in docs/panic-report.md; tests parse it:
// lines may be added, not changed.
#pragma once
#include <arch/trap_frame.h>
#include <stddef.h>
#include <stdint.h>

// Report a fatal exception and end the kernel (log/emergency.h). An exception_report_fn.
void debug_report_exception(const struct trap_frame *frame, uint64_t cr2);

// Give the stack check another value, made from SEED and the TSC. For functions that never return alone: one that was
// entered with the old value and returns is taken for smashed.
void debug_set_canary(uint64_t seed);

// The name of the function that begins at PLACE; "?" when the kernel does not know it.
const char *debug_function_name(const void *place);

// Put function, file and line of the call that returns to PLACE into TEXT of SIZE_BYTES, and return TEXT.
const char *debug_name_call(char *text, size_t size_bytes, const void *place);
