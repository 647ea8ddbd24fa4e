// SPDX-License-Identifier: MIT
// The command that lists the tasks.
#include <describe/size.h>
#include <lib/command.h>
#include <memory/heap.h>
#include <task/task.h>
#include <time/time.h>

typedef unsigned long long printable_t;

// Text goes out in between, which lets others run, so tasks are looked at all at once first.
struct seen {
    size_t count, limit;
    struct task_statistics *tasks;
};

static void see(void *seen_pointer, const struct task_statistics *statistics)
{
    struct seen *seen = seen_pointer;
    if (seen->count < seen->limit)
        seen->tasks[seen->count++] = *statistics;
}

static const char *state_of(const struct task_statistics *task)
{
    return task->is_running ? "runs" : task->is_cancelled ? "ends" : task->is_ready ? "ready" : "waits";
}

static const char *duration(char buffer[static DESCRIBE_DURATION_LIMIT], uint64_t ticks)
{
    if (time_facts()->hz[TIME_SOURCE_TSC] == 0)
        return "-";
    return describe_duration(buffer, time_of_ticks_ns(ticks));
}

static void print_task(struct command_call *call, const struct task_statistics *task)
{
    static const char *const classes[] = {
        [TASK_URGENT] = "urgent", [TASK_NORMAL] = "normal", [TASK_BACKGROUND] = "background"};
    char spent[DESCRIBE_DURATION_LIMIT], worst[DESCRIBE_DURATION_LIMIT];
    unsigned permille = describe_permille(time_of_ticks_ns(task->run_ticks), time_now_ns());
    command_print(call, "%-15s %-10s %-5s %-6s %9llu %10s %3u.%u %% %10s\n", task->name, classes[task->class],
                  task->is_sequential ? "stack" : "steps", state_of(task), (printable_t)task->run_count,
                  duration(spent, task->run_ticks), permille / 10, permille % 10, duration(worst, task->worst_ticks));
}

static enum status run_tasks(struct command_call *call)
{
    struct seen seen = {.limit = task_count()};
    seen.tasks = kernel_heap_allocate(seen.limit * sizeof *seen.tasks, 0);
    if (seen.tasks == nullptr)
        return command_fail(call, STATUS_NO_MEMORY, "no memory for a list of %zu tasks", seen.limit);
    task_for_each(see, &seen);
    uint64_t ticks = 0;
    command_print(call, "%-15s %-10s %-5s %-6s %9s %10s %7s %10s\n", "name", "class", "kind", "state", "runs",
                  "CPU time", "share", "worst run");
    for (size_t i = 0; i < seen.count; i++) {
        print_task(call, &seen.tasks[i]);
        ticks += seen.tasks[i].run_ticks;
    }
    char total[DESCRIBE_DURATION_LIMIT], up[DESCRIBE_DURATION_LIMIT];
    command_print(call, "%zu tasks of %zu bytes and their stacks; %s of the %s since the boot\n", seen.count,
                  task_bytes, duration(total, ticks), describe_duration(up, time_now_ns()));
    kernel_heap_free(seen.tasks);
    return STATUS_OK;
}

COMMAND(tasks, .summary = "list the tasks and what they have used of the CPU", .run = run_tasks,
        .details = "kind       stack: a function with a stack of its own; steps: one that is called\n"
                   "           again and again\n"
                   "state      waits: for input, a message or a time; ready: comes in its turn;\n"
                   "           ends: was asked to\n"
                   "worst run  the longest time between two awaits; more than a second is in the log\n");
