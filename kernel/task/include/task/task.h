// SPDX-License-Identifier: MIT
// Tasks: several things at once on one CPU. A task runs until it awaits something; then the next one that is ready
// runs. Nothing takes the CPU from a task, so between two awaits it has everything to itself but for interrupt
// handlers. Exported names start with task_. From time_init() on. No function here is for interrupt handlers, but for
// task_signal_raise() and where it is said.
//
// There are two ways to write a task, and everything that can be awaited serves both:
//
//   sequential  a function with a stack of its own, above a guard page: an await function returns when there is
//               something to return
//   stepwise    a function that is called again and again and keeps its state in its context: an await function
//               returns STATUS_WAITING when it has nothing. The step then returns TASK_WAITS, is called again when
//               there may be something, and calls the same await function again, until it returns something else
//
// A task awaits, and ends, with interrupts open: they are not its own but everybody's.
//
// Await functions return STATUS_CANCELLED when task_cancel() has asked the task to end, and STATUS_TIMEOUT after its
// deadline: only where they would have to wait, so what is there is never lost.
#pragma once
#include <lib/status.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct task;

// No class starves (ready_queue/ready_queue.h).
enum task_class : uint8_t {
    TASK_URGENT,
    TASK_NORMAL,
    TASK_BACKGROUND,
};

enum task_step : uint8_t {
    TASK_ENDS,
    TASK_YIELDS, // is ready to go on, after others
    TASK_WAITS,  // an await function has returned STATUS_WAITING
};

typedef enum task_step task_step_fn(void *context);
typedef void task_function(void *context);

constexpr uint32_t TASK_STACK_BYTES = 16 * 1024;

struct task_options {
    const char *name;   // for whoever lists tasks; outlives the task
    task_step_fn *step; // of a stepwise task, or nullptr
    task_function *run; // of a sequential one, or nullptr; the task ends when it returns
    void *context;      // for either
    enum task_class class;
    uint32_t stack_bytes; // of a sequential task, a multiple of PAGE_SIZE; 0: TASK_STACK_BYTES
};

// Make a task that is ready to run; from a task or from anywhere else. *HANDLE, if HANDLE is not nullptr, is the
// caller's until task_join() has returned STATUS_OK or task_detach() was called; with nullptr nobody can join the task.
// STATUS_NO_MEMORY, STATUS_INVALID: nothing has happened. O(1) for a stepwise task.
[[nodiscard]] enum status task_spawn(const struct task_options *options, struct task **handle);

// Run tasks until there are none any more. On the stack of the caller, which is no task; sleeps while none is ready.
// Interrupts are open.
void task_run(void);

// The task that runs; nullptr outside of tasks. Not for interrupt handlers.
struct task *task_current(void);

// ---- what a task can do. Only for tasks, but for task_cancel() and task_detach()

// Let the others run. Sequential tasks; a stepwise one returns TASK_YIELDS.
void task_yield(void);

// Await DEADLINE_NS, a time of time_now_ns(); until the first tick at or after it.
[[nodiscard]] enum status task_sleep_until(uint64_t deadline_ns);

// The same, from now on. Sequential tasks: a step would begin anew each time.
[[nodiscard]] enum status task_sleep_ns(uint64_t duration_ns);

// From here on this task's await functions give up at DEADLINE_NS; UINT64_MAX: never.
void task_set_deadline(uint64_t deadline_ns);

// Await the end of TASK, once; then it is gone.
[[nodiscard]] enum status task_join(struct task *task);

// Nobody will join TASK.
void task_detach(struct task *task);

// Ask TASK to end: whatever it awaits returns STATUS_CANCELLED, from now on. Any number of times.
void task_cancel(struct task *task);

// ---- for whoever makes something that can be awaited

// Tasks that wait for the same thing, first come, first served. All zero: none.
struct task_waiters {
    struct task *first, *last;
};

// One task that waits for something that an interrupt handler may bring. All zero: none. A second one takes the place
// of the first, which is woken to look again: right for a successor, and for two that both stay a loop without end.
struct task_signal {
    _Atomic(struct task *) waiter;
};

// The current task waits in WAITERS; it keeps its place if it does so already. Returns STATUS_OK when it was woken, for
// whatever reason, so the caller looks again; or STATUS_WAITING, STATUS_CANCELLED, STATUS_TIMEOUT for it to return.
[[nodiscard]] enum status task_await(struct task_waiters *waiters);

// What was awaited has been found without waiting, or after it: the current task waits nowhere any more.
void task_await_done(void);

// Wake the first of WAITERS, if there is one, or all of them. Who was woken and finds that somebody else was quicker
// goes to the end; a stepwise task that was woken and does not ask again has taken the wake-up with it.
void task_wake_first(struct task_waiters *waiters);
void task_wake_all(struct task_waiters *waiters);

// The current task will be woken by the next task_signal_raise(). Afterwards look whether what is awaited has come in
// the meantime; if not, task_await_signal(), which returns as task_await() does.
void task_signal_arm(struct task_signal *signal);
[[nodiscard]] enum status task_await_signal(void);

// Any context, interrupt handlers too. A few instructions.
void task_signal_raise(struct task_signal *signal);

// ---- what can be seen

struct task_statistics {
    const char *name;
    enum task_class class;
    bool is_sequential, is_ready, is_running, is_cancelled;
    uint64_t run_count;   // times that it was woken and ran
    uint64_t run_ticks;   // of the TSC, interrupts included
    uint64_t worst_ticks; // the longest time between two awaits
};

typedef void task_visit_fn(void *context, const struct task_statistics *statistics);

// Speak of all tasks, in the order in which they were made. VISIT makes and ends none.
void task_for_each(task_visit_fn *visit, void *context);

// How many there are, O(tasks); and what one takes, its stack not counted.
size_t task_count(void);
extern const size_t task_bytes;

// How long a task may run without awaiting before the log names it, up to a quarter more.
constexpr uint64_t TASK_PATIENCE_NS = 1'000'000'000;
