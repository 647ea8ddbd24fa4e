// SPDX-License-Identifier: MIT
// One row of time stamps, the loader's first. Called by main, the report and the command boot; knows no format.
#include "boot_record.h"

constexpr unsigned MARKS = BOOT_STAMP_COUNT; // where those of the kernel begin
constexpr unsigned STAMP_COUNT = MARKS + BOOT_MARK_COUNT;

static const char *const names[STAMP_COUNT] = {
    [BOOT_STAMP_BOOT_SECTOR] = nullptr, // the first stamp ends nothing
    [BOOT_STAMP_STAGE2] = "boot sector: stage 2 read",
    [BOOT_STAMP_MACHINE_READY] = "CPU, A20, memory map",
    [BOOT_STAMP_VOLUME_READY] = "volume and HEWN.CFG",
    [BOOT_STAMP_KERNEL_LOADED] = "kernel loaded",
    [BOOT_STAMP_MODULES_LOADED] = "modules loaded",
    [BOOT_STAMP_HANDOVER] = "page tables, kernel verified",
    [MARKS + BOOT_MARK_ENTRY] = "jump to the kernel",
    [MARKS + BOOT_MARK_MEMORY] = "own page tables, frames",
    [MARKS + BOOT_MARK_HEAP] = "heap",
    [MARKS + BOOT_MARK_SCREEN] = "serial port, screen",
    [MARKS + BOOT_MARK_REPORT] = "boot report",
    [MARKS + BOOT_MARK_INTERRUPTS] = "firmware tables, interrupts",
    [MARKS + BOOT_MARK_TIME] = "clocks measured, first tick",
    [MARKS + BOOT_MARK_INPUT] = "keyboard, serial input",
    [MARKS + BOOT_MARK_READY] = "memory sealed, shell",
};

static const struct boot_info *info;
static const char *words;
static uint64_t stamps[STAMP_COUNT];

void boot_record_set(const struct boot_info *boot, const char *command_line)
{
    info = boot;
    words = command_line;
    for (unsigned i = 0; i < BOOT_STAMP_COUNT; i++)
        stamps[i] = boot->tsc[i];
}

const struct boot_info *boot_record(void)
{
    return info;
}

const char *boot_record_command_line(void)
{
    return words;
}

void boot_record_mark(enum boot_mark mark, uint64_t tsc)
{
    stamps[MARKS + mark] = tsc;
}

bool boot_record_stage(unsigned *index, struct boot_stage *stage)
{
    uint64_t origin = stamps[BOOT_STAMP_BOOT_SECTOR], previous = origin;
    for (unsigned i = BOOT_STAMP_STAGE2; origin != 0 && i < STAMP_COUNT; i++) {
        if (stamps[i] == 0)
            continue;
        if (i >= *index) {
            *stage =
                (struct boot_stage){names[i], previous - origin, stamps[i] - previous, i <= MARKS + BOOT_MARK_ENTRY};
            *index = i + 1;
            return true;
        }
        previous = stamps[i];
    }
    return false;
}
