// SPDX-License-Identifier: MIT
// What is kept of the boot for whoever asks later: the loader's information, and when each stage ended. For the
// kernel's top: main writes it, the report and the command boot read it.
#pragma once
#include <boot/boot_info.h>
#include <stdint.h>

// The kernel's own stages, after those of enum boot_stamp.
enum boot_mark : uint8_t {
    BOOT_MARK_ENTRY, // its first instruction
    BOOT_MARK_MEMORY,
    BOOT_MARK_HEAP,
    BOOT_MARK_SCREEN,
    BOOT_MARK_REPORT,
    BOOT_MARK_INTERRUPTS,
    BOOT_MARK_TIME,
    BOOT_MARK_INPUT,
    BOOT_MARK_READY,
    BOOT_MARK_COUNT
};

// From here on BOOT is what the loader said, and COMMAND_LINE, which the memory of the loader held, besides. Both stay
// where they are.
void boot_record_set(const struct boot_info *boot, const char *command_line);
const struct boot_info *boot_record(void);
const char *boot_record_command_line(void);

// The stage that ends with MARK ends at TSC.
void boot_record_mark(enum boot_mark mark, uint64_t tsc);

struct boot_stage {
    const char *name;
    uint64_t start, ticks; // of the TSC; START counts from the boot sector's first instruction
    bool is_loaders;       // up to the kernel's first instruction
};

// Describe the first stage at or behind *INDEX, 0 to begin with, and move *INDEX behind it. Stages that were not passed
// are left out; the next one covers them. False: there is none, or the loader left no stamps.
[[nodiscard]] bool boot_record_stage(unsigned *index, struct boot_stage *stage);
