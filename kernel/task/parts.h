// SPDX-License-Identifier: MIT
// What a task is made of, and the executor. For this folder alone.
#pragma once
#include <memory/stack.h>
#include <ready_queue/ready_queue.h>
#include <task/task.h>
#include <timer_wheel/timer_wheel.h>

// In the ring of all tasks, which begins and ends in the executor.
struct task_link {
    struct task_link *next, *previous;
};

struct task {
    struct ready_entry ready;
    struct timer_wheel_entry sleeper; // in the executor's sleepers
    uint64_t rsp;                     // where a sequential task waits; 0: a stepwise task, or one that has ended
    union {
        task_step_fn *step;
        task_function *run;
    };
    void *context;
    const char *name;
    struct task_waiters *waiting_in;
    struct task *wait_next, *wait_previous;
    struct task_signal *armed;
    uint64_t deadline_ns;
    uint64_t run_count, run_ticks, worst_ticks;
    struct task_waiters joiners;
    struct task_link link;
    struct kernel_stack stack; // of a sequential task
    bool is_sequential, is_cancelled, has_ended;
    bool is_gone; // but still in READY, which is where the executor finds and releases it
    bool is_detached;
};

struct executor {
    struct ready_queue ready;
    struct task *current;
    struct task *handed_over; // taken from READY by a sequential task, which cannot run it
    uint64_t since_tsc;       // when CURRENT began to run
    uint64_t own_rsp;         // where task_run() waits while a sequential task runs
    struct timer_wheel sleepers;
    struct task waker; // of sleepers; woken by each tick, and not among all tasks
    struct task_link all;
    struct task *spare; // the memory of one that has ended, for the next; while tasks run
};

// One a CPU; there is one CPU.
extern struct executor executor;

static inline struct task *task_of_ready(struct ready_entry *entry)
{
    return (struct task *)entry;
}
static_assert(offsetof(struct task, ready) == 0);

// Not for interrupt handlers.
static inline void task_wake(struct task *task)
{
    ready_queue_add(&executor.ready, &task->ready);
}

// TASK waits for nothing any more.
void task_leave(struct task *task);

// The current task is woken at DUE_NS at the latest, or at its deadline, or when somebody else wakes it. Returns as
// task_await() does.
[[nodiscard]] enum status task_pause(uint64_t due_ns);

// The current task, a sequential one, goes on when somebody has woken it.
void task_switch_away(void);

// The current task, a sequential one, has returned from its function.
[[noreturn]] void task_end_current(void);

// TASK, which has ended, is nobody's any more. Returns whether its memory is free to be used or given back; false: it
// is still in READY, and the executor does that once it comes out.
static inline bool task_give_up(struct task *task)
{
    task->is_gone = atomic_load_explicit(&task->ready.is_queued, memory_order_relaxed) != 0;
    if (__builtin_expect(task->is_gone, false))
        return false;
    if (task->is_sequential)
        kernel_stack_free(&task->stack);
    return true;
}
