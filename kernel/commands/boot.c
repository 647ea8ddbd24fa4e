// SPDX-License-Identifier: MIT
// The command that tells how the machine came to its prompt, and how long each stage took.
#include "../boot_record.h"
#include "../report.h"
#include <describe/size.h>
#include <lib/command.h>
#include <lib/string.h>
#include <time/time.h>

typedef unsigned long long printable_t;

constexpr unsigned BAR_COLUMNS = 19;
static const char LOADER_COLOUR[] = "\033[36m", KERNEL_COLOUR[] = "\033[32m", USUAL[] = "\033[m";

static void print_origin(struct command_call *call, const struct boot_info *boot)
{
    const char *command_line = boot_record_command_line();
    command_print(call, "drive 0x%02x, volume at LBA %llu; kernel at physical 0x%llx, %sverified\n", boot->boot_drive,
                  (printable_t)boot->volume_lba, (printable_t)boot->kernel_phys_base,
                  boot->flags & BOOT_FLAG_KERNEL_VERIFIED ? "" : "not ");
    command_print(call, "command line from %s: %s\n", boot->flags & BOOT_FLAG_COMMAND_LINE_QEMU ? "QEMU" : "the loader",
                  command_line[0] != '\0' ? command_line : "(empty)");
    for (uint32_t i = 0; i < boot->module_count; i++) {
        char module[REPORT_MODULE_LIMIT];
        command_print(call, "%s\n", report_module(boot, i, module));
    }
    if (boot->module_count == 0)
        command_print(call, "no modules\n");
}

static void print_row(struct command_call *call, const char *name, uint64_t ticks, uint64_t total)
{
    char duration[DESCRIBE_DURATION_LIMIT] = "-"; // where nobody knows how fast the TSC counts
    if (time_facts()->hz[TIME_SOURCE_TSC] != 0)
        describe_duration(duration, time_of_ticks_ns(ticks));
    unsigned permille = describe_permille(ticks, total);
    command_print(call, "%-28s %12llu %9s %3u.%u %%", name, (printable_t)ticks, duration, permille / 10, permille % 10);
}

// From where the stage began to where it ended; never nothing.
static void print_bar(struct command_call *call, const struct boot_stage *stage, uint64_t total)
{
    static const char marks[] = "###################";
    static_assert(sizeof marks == BAR_COLUMNS + 1);
    unsigned first = describe_permille(stage->start, total) * BAR_COLUMNS / 1000;
    unsigned end = describe_permille(stage->start + stage->ticks, total) * BAR_COLUMNS / 1000;
    first = first < BAR_COLUMNS ? first : BAR_COLUMNS - 1;
    unsigned length = end > first ? end - first : 1;
    command_print(call, " %*s%s%.*s%s\n", (int)first, "", stage->is_loaders ? LOADER_COLOUR : KERNEL_COLOUR,
                  (int)length, marks, USUAL);
}

static uint64_t total_ticks(void)
{
    uint64_t total = 0;
    struct boot_stage stage;
    for (unsigned i = 0; boot_record_stage(&i, &stage);)
        total = stage.start + stage.ticks;
    return total;
}

static enum status run_boot(struct command_call *call)
{
    const struct boot_info *boot = boot_record();
    print_origin(call, boot);
    uint64_t total = total_ticks();
    if (total == 0) {
        command_print(call, "the loader left no time stamps\n");
        return STATUS_OK;
    }
    struct boot_stage stage;
    command_print(call, "\n%-28s %12s %9s %7s\n", "stage", "TSC ticks", "time", "share");
    for (unsigned i = 0; boot_record_stage(&i, &stage);) {
        print_row(call, stage.name, stage.ticks, total);
        print_bar(call, &stage, total);
    }
    print_row(call, "total", total, total);
    command_print(call, "\n");
    print_row(call, "in INT 13h since stage 2", boot->tsc_in_firmware, total);
    command_print(call, "\n");
    return STATUS_OK;
}

COMMAND(boot, .summary = "tell where the kernel came from, and how long each stage took", .run = run_boot,
        .details = "From the boot sector's first instruction to the prompt; what the firmware did\n"
                   "before is not in it. Bars of the loader are cyan, those of the kernel green.\n");
