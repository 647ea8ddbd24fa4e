// SPDX-License-Identifier: MIT
// The boot report: what the loader handed over and what the CPU says of itself, as log lines. main calls it once; the
// command boot repeats parts of it.
#pragma once
#include <boot/boot_info.h>
#include <stddef.h>

// The command line of BOOT, which passed boot_check(): never null, terminated within the kernel's limit.
const char *report_command_line(const struct boot_info *boot);

// What there is to say of the module INDEX of BOOT. Returns TEXT.
constexpr size_t REPORT_MODULE_LIMIT = 384;
const char *report_module(const struct boot_info *boot, uint32_t index, char text[static REPORT_MODULE_LIMIT]);

// Log the report; COMMAND_LINE is what report_command_line() returned. ENTRY_TSC is the time-stamp counter at the
// kernel's first C instruction; boot_record.h has it, too.
void report_boot(const struct boot_info *boot, const char *command_line, uint64_t entry_tsc);

// Log what has become of memory, in detail at level debug. In ticks of the time-stamp counter after the kernel's entry:
// READY_TICKS until there were frames, HEAP_TICKS until the heap had given its first block.
void report_memory(uint64_t ready_ticks, uint64_t heap_ticks);
