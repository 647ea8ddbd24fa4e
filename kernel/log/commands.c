// SPDX-License-Identifier: MIT
// The command that shows the log again.
#include "log_state.h"
#include <arch/cpu.h>
#include <lib/command.h>
#include <lib/string.h>
#include <stdatomic.h>

typedef unsigned long long printable_t;

static const char *level_name(size_t index)
{
    return index < LOG_LEVEL_COUNT ? log_level_name((enum log_level)index) : nullptr;
}

// The next line at *POSITION, with interrupts closed: what somebody adds may take its place.
static bool read_line(uint64_t *position, uint64_t end, enum log_level *level, char line[static LOG_LINE_LIMIT],
                      size_t *length)
{
    struct record record;
    uint64_t flags = cpu_interrupts_disable();
    bool is_there = record_ring_read(&log_state.ring, position, &record) && *position <= end;
    if (is_there) {
        *level = (enum log_level)record.level;
        *length = log_render_line(line, &record);
    }
    cpu_interrupts_restore(flags);
    return is_there;
}

static void print_line(struct command_call *call, enum log_level level, const char *line, size_t length)
{
    static const char *const colours[] = {[LOG_LEVEL_ERROR] = "\033[91m",
                                          [LOG_LEVEL_WARNING] = "\033[93m",
                                          [LOG_LEVEL_INFO] = "",
                                          [LOG_LEVEL_DEBUG] = "\033[90m"};
    command_print(call, "%s%.*s%s\n", colours[level], (int)(length - 1), line, level == LOG_LEVEL_INFO ? "" : "\033[m");
}

static enum status print_lines(struct command_call *call, enum log_level least, uint64_t *shown, uint64_t *held)
{
    uint64_t position = 0, end = atomic_load_explicit(&log_state.ring.head, memory_order_relaxed);
    char line[LOG_LINE_LIMIT];
    enum log_level level;
    size_t length;
    for (; read_line(&position, end, &level, line, &length); (*held)++) {
        if (level > least)
            continue;
        if (!command_goes_on(call))
            return STATUS_CANCELLED;
        print_line(call, level, line, length);
        (*shown)++;
    }
    return STATUS_OK;
}

static enum status run_log(struct command_call *call)
{
    enum log_level least = LOG_LEVEL_DEBUG;
    if (call->argument_count == 1)
        (void)log_level_parse(call->arguments[0].text, &least); // the choice has let nothing else through
    uint64_t shown = 0, held = 0, written = log_state.written_count;
    enum status status = print_lines(call, least, &shown, &held);
    if (status != STATUS_OK)
        return status;
    command_print(call, "\033[7m%llu lines of %llu that are kept\033[m; %llu older ones gave way", (printable_t)shown,
                  (printable_t)held, (printable_t)(written > held ? written - held : 0));
    command_print(call,
                  log_state.lost_total != 0 ? "; %llu came while another was being written and are lost\n"
                                            : "; none was lost\n",
                  (printable_t)log_state.lost_total);
    return STATUS_OK;
}

COMMAND(log, .summary = "show the log again, from a level on", .run = run_log,
        .details = "Without a level, all that is kept: the last 64 KiB, lines included that\n"
                   "loglevel= held back.\n",
        .parameters = {{"level", level_name, COMMAND_WORD, .is_optional = true}});
