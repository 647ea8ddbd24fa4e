// SPDX-License-Identifier: MIT
// The command that measures what the kernel's ordinary work costs on this machine, now.
#include <arch/cpu.h>
#include <arch/tsc.h>
#include <console/console.h>
#include <describe/size.h>
#include <interrupt/exception.h>
#include <lib/command.h>
#include <lib/string.h>
#include <log/log.h>
#include <memory/heap.h>
#include <memory/memory.h>
#include <task/task.h>
#include <time/time.h>

typedef unsigned long long printable_t;

constexpr unsigned ROUND_COUNT = 11; // odd: one of them is the median
constexpr size_t BLOCK_BYTES = 4096;

// Do it COUNT times. False: it cannot be done, for want of memory.
typedef bool work_fn(unsigned count);

struct row {
    const char *name, *what;
    work_fn *work;
    unsigned count;      // of times a round: some tens of microseconds, so that few rounds meet a tick
    unsigned per_time;   // how often WHAT is done each time
    unsigned byte_count; // that are moved each time
};

// ---- the CPU and interrupts

static void nothing(void)
{
}
static void (*volatile call_nothing)(void) = nothing;

static bool call(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        call_nothing();
    return true;
}

static bool read_tsc(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        (void)tsc_read();
    return true;
}

static bool read_clock(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        (void)time_now_ns();
    return true;
}

static bool return_at_once(struct trap_frame *)
{
    return true;
}

static bool interrupt(unsigned count)
{
    constexpr uint8_t BREAKPOINT = 3;
    exception_set_handler(BREAKPOINT, return_at_once);
    for (unsigned i = 0; i < count; i++)
        cpu_breakpoint();
    exception_set_handler(BREAKPOINT, nullptr);
    return true;
}

// ---- memory

static bool allocate_blocks(unsigned count, size_t size_bytes)
{
    for (unsigned i = 0; i < count; i++) {
        void *block = kernel_heap_allocate(size_bytes, 0);
        if (block == nullptr)
            return false;
        kernel_heap_free(block);
    }
    return true;
}

static bool allocate_64(unsigned count)
{
    return allocate_blocks(count, 64);
}

static bool allocate_4k(unsigned count)
{
    return allocate_blocks(count, 4096);
}

static bool allocate_frames(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        phys_addr_t frame = frame_allocate(memory_frames(), FRAME_ORDER_4K, FRAME_ZONE_ANY);
        if (frame.value == 0)
            return false;
        frame_free(memory_frames(), frame, FRAME_ORDER_4K);
    }
    return true;
}

// Two blocks, the second one behind the first.
static void *blocks;

// Called through these, no call can be left out because another one does the same.
static void *(*volatile copy_function)(void *restrict, const void *restrict, size_t) = memcpy;
static void *(*volatile set_function)(void *, int, size_t) = memset;

static bool copy(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        copy_function(blocks, (const char *)blocks + BLOCK_BYTES, BLOCK_BYTES);
    return true;
}

static bool set(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        set_function(blocks, 0, BLOCK_BYTES);
    return true;
}

// ---- tasks

static bool is_partner_wanted;

static void yield_on(void *)
{
    while (is_partner_wanted)
        task_yield();
}

static void end_at_once(void *)
{
}

static bool start(task_function *run, struct task **task)
{
    struct task_options options = {.name = "bench", .run = run, .class = TASK_NORMAL};
    return task_spawn(&options, task) == STATUS_OK;
}

// Who is cancelled cannot await anybody's end; the task ends all the same.
static void see_off(struct task *task)
{
    if (task_join(task) != STATUS_OK)
        task_detach(task);
}

// To the partner and back.
static bool switch_tasks(unsigned count)
{
    struct task *partner;
    is_partner_wanted = true;
    if (!start(yield_on, &partner))
        return false;
    for (unsigned i = 0; i < count; i++)
        task_yield();
    is_partner_wanted = false;
    see_off(partner);
    return true;
}

static bool spawn_tasks(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct task *task;
        if (!start(end_at_once, &task))
            return false;
        see_off(task);
    }
    return true;
}

// ---- text

// The cursor and the row where it stands are as before.
static bool show_rows(unsigned count)
{
    static const char row[] = "\0337\rWhat this row says is seen for the time that it takes, and for no longer."
                              "\r\033[K\0338";
    for (unsigned i = 0; i < count; i++)
        console_show(row, sizeof row - 1);
    return true;
}

static bool log_lines(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        log_debug("bench", "a line of the usual length, written to be measured");
    return true;
}

// ---- the table

static const struct row rows[] = {
    {"call", "call of an empty function", call, 2000, 1, 0},
    {"tsc", "read of the time-stamp counter", read_tsc, 1000, 1, 0},
    {"clock", "time_now_ns()", read_clock, 500, 1, 0},
    {"interrupt", "INT3, its handler and back", interrupt, 50, 1, 0},
    {"heap-64", "block of 64 bytes, taken and given back", allocate_64, 200, 1, 0},
    {"heap-4k", "block of 4 KiB, taken and given back", allocate_4k, 100, 1, 0},
    {"frame", "page frame, taken and given back", allocate_frames, 200, 1, 0},
    {"memcpy", "copy of 4 KiB", copy, 50, 1, BLOCK_BYTES},
    {"memset", "4 KiB set to zero", set, 50, 1, BLOCK_BYTES},
    {"switch", "switch from one task to another", switch_tasks, 100, 2, 0},
    {"spawn", "task made, run and joined", spawn_tasks, 10, 1, 0},
    {"screen", "row of the screen, shown and erased", show_rows, 4, 1, 0},
    {"log", "line of the log, at level debug", log_lines, 2, 1, 0},
};
constexpr size_t ROW_COUNT = sizeof rows / sizeof *rows;

static const char *row_name(size_t index)
{
    return index < ROW_COUNT ? rows[index].name : nullptr;
}

static void sort(uint64_t values[static ROUND_COUNT])
{
    for (unsigned i = 1; i < ROUND_COUNT; i++) {
        uint64_t value = values[i];
        unsigned place = i;
        for (; place > 0 && values[place - 1] > value; place--)
            values[place] = values[place - 1];
        values[place] = value;
    }
}

// The first round warms up and does not count.
static enum status measure(struct command_call *request, const struct row *row, uint64_t *median)
{
    uint64_t ticks[ROUND_COUNT] = {};
    for (unsigned i = 0; i <= ROUND_COUNT; i++) {
        if (!command_goes_on(request))
            return STATUS_CANCELLED;
        uint64_t start_tsc = tsc_read();
        if (!row->work(row->count))
            return command_fail(request, STATUS_NO_MEMORY, "no memory for %s", row->name);
        if (i > 0)
            ticks[i - 1] = tsc_read() - start_tsc;
    }
    sort(ticks);
    *median = ticks[ROUND_COUNT / 2];
    return STATUS_OK;
}

static void print_row(struct command_call *request, const struct row *row, uint64_t ticks)
{
    uint64_t times = (uint64_t)row->count * row->per_time;
    uint64_t tenths = ticks * 10 / times, ns_tenths = time_of_ticks_ns(ticks) * 10 / times;
    command_print(request, "%-9s %-40s %8llu.%llu %8llu.%llu", row->name, row->what, (printable_t)(tenths / 10),
                  (printable_t)(tenths % 10), (printable_t)(ns_tenths / 10), (printable_t)(ns_tenths % 10));
    uint64_t bytes = (uint64_t)row->byte_count * row->count, ns = time_of_ticks_ns(ticks);
    if (bytes != 0 && ns != 0)
        command_print(request, " %4llu.%llu", (printable_t)(bytes / ns), (printable_t)(bytes * 10 / ns % 10));
    command_print(request, "\n");
}

static bool has_hypervisor(void)
{
    constexpr uint32_t CPUID_1_ECX_HYPERVISOR = 1u << 31;
    return (cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) != 0;
}

static enum status run_rows(struct command_call *request)
{
    const char *wanted = request->argument_count == 1 ? request->arguments[0].text : nullptr;
    command_print(request, "%-9s %-40s %10s %10s %6s\n", "name", "what", "TSC ticks", "ns", "B/ns");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (wanted != nullptr && strcmp(wanted, rows[i].name) != 0)
            continue;
        uint64_t ticks = 0;
        enum status status = measure(request, &rows[i], &ticks);
        if (status != STATUS_OK)
            return status;
        print_row(request, &rows[i], ticks);
    }
    command_print(request, "medians of %u rounds, the loop and the call of the function included\n", ROUND_COUNT);
    if (has_hypervisor())
        command_print(request, "under a hypervisor or an emulator: good for comparison within this table alone\n");
    return STATUS_OK;
}

static enum status run_bench(struct command_call *request)
{
    blocks = kernel_heap_allocate_zeroed(2 * BLOCK_BYTES, 0);
    if (blocks == nullptr)
        return command_fail(request, STATUS_NO_MEMORY, "no memory for two blocks of %zu bytes", BLOCK_BYTES);
    enum status status = run_rows(request);
    kernel_heap_free(blocks);
    return status;
}

COMMAND(bench, .summary = "measure what the kernel's ordinary work costs here", .run = run_bench,
        .details = "Interrupts stay open; the median leaves out the rounds that they fall into.\n"
                   "\"log\" leaves some lines in the log.\n",
        .parameters = {{"name", row_name, .kind = COMMAND_WORD, .is_optional = true}});
