// SPDX-License-Identifier: MIT
// The life of a task, from task_spawn() to task_join(). Called by whoever has something to do; must not know who runs
// when.
#include "parts.h"
#include <arch/context.h>
#include <arch/cpu_local.h>
#include <lib/panic.h>
#include <memory/heap.h>

const size_t task_bytes = sizeof(struct task);

// ---- begin

static void start(void *task)
{
    ((struct task *)task)->run(((struct task *)task)->context);
    task_end_current();
}

static enum status make_stack(struct task *task, uint32_t stack_bytes)
{
    enum status status = kernel_stack_allocate(stack_bytes != 0 ? stack_bytes : TASK_STACK_BYTES, &task->stack);
    if (status == STATUS_OK)
        task->rsp = context_prepare(task->stack.top.value - HEWN_BREAK_TASK_SHORT_STACK * PAGE_SIZE, start, task);
    return status;
}

static void link(struct task *task)
{
    struct task_link *last = executor.all.previous;
    task->link = (struct task_link){&executor.all, last};
    last->next = &task->link;
    executor.all.previous = &task->link;
}

// Only what is read before it is written: to clear all of it would be a fifth of what making a task costs.
static inline void initialise(struct task *task, const struct task_options *options, bool is_detached)
{
    atomic_store_explicit(&task->ready.is_queued, 0, memory_order_relaxed);
    task->ready.class = options->class;
    task->sleeper.previous = nullptr;
    task->rsp = 0;
    task->step = options->step;
    task->context = options->context;
    task->name = options->name;
    task->waiting_in = nullptr;
    task->armed = nullptr;
    task->deadline_ns = UINT64_MAX;
    task->run_count = task->run_ticks = task->worst_ticks = 0;
    task->joiners.first = nullptr;
    task->is_sequential = task->is_cancelled = task->has_ended = task->is_gone = false;
    task->is_detached = is_detached;
}

// In an interrupt handler the heap says what is wrong.
static struct task *allocate(void)
{
    struct task *task = executor.spare;
    if (task == nullptr || cpu_local_heap() != kernel_heap)
        return kernel_heap_allocate(sizeof *task, 0);
    executor.spare = nullptr;
    return task;
}

[[gnu::noinline]] static enum status spawn_sequential(const struct task_options *options, struct task **handle)
{
    if (options->step != nullptr || options->class >= READY_CLASS_COUNT)
        return STATUS_INVALID;
    struct task *task = allocate();
    if (task == nullptr)
        return STATUS_NO_MEMORY;
    initialise(task, options, handle == nullptr);
    task->run = options->run;
    task->is_sequential = true;
    enum status status = make_stack(task, options->stack_bytes);
    if (status != STATUS_OK) {
        kernel_heap_free(task);
        return status;
    }
    link(task);
    if (handle != nullptr)
        *handle = task;
    task_wake(task);
    return STATUS_OK;
}

enum status task_spawn(const struct task_options *options, struct task **handle)
{
    if (options->run != nullptr)
        return spawn_sequential(options, handle);
    if (options->step == nullptr || options->class >= READY_CLASS_COUNT)
        return STATUS_INVALID;
    struct task *task = allocate();
    if (task == nullptr)
        return STATUS_NO_MEMORY;
    initialise(task, options, handle == nullptr);
    link(task);
    if (handle != nullptr)
        *handle = task;
    task_wake(task);
    return STATUS_OK;
}

// ---- end

static void release(struct task *task)
{
    if (task_give_up(task))
        kernel_heap_free(task);
}

enum status task_join(struct task *task)
{
    while (!task->has_ended) {
        enum status status = task_await(&task->joiners);
        if (status != STATUS_OK)
            return status;
    }
    task_await_done();
    release(task);
    return STATUS_OK;
}

void task_detach(struct task *task)
{
    ASSERT(!task->is_detached && task->joiners.first == nullptr);
    task->is_detached = true;
    if (task->has_ended)
        release(task);
}

void task_cancel(struct task *task)
{
    task->is_cancelled = true;
    if (!task->has_ended)
        task_wake(task);
}

// ---- what can be seen

void task_for_each(task_visit_fn *visit, void *context)
{
    for (const struct task_link *link = executor.all.next; link != &executor.all; link = link->next) {
        const struct task *task = (const struct task *)((uintptr_t)link - offsetof(struct task, link));
        struct task_statistics seen = {
            .name = task->name,
            .class = (enum task_class)task->ready.class,
            .is_sequential = task->is_sequential,
            .is_ready = atomic_load_explicit(&task->ready.is_queued, memory_order_relaxed),
            .is_running = task == executor.current,
            .is_cancelled = task->is_cancelled,
            .run_count = task->run_count,
            .run_ticks = task->run_ticks,
            .worst_ticks = task->worst_ticks,
        };
        visit(context, &seen);
    }
}

size_t task_count(void)
{
    size_t count = 0;
    for (const struct task_link *link = executor.all.next; link != &executor.all; link = link->next)
        count++;
    return count;
}
