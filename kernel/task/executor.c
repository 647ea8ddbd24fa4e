// SPDX-License-Identifier: MIT
// The executor: who runs, who is next, and sleep while nobody is. Called by main; must not know what tasks wait for.
//
// A sequential task that stops picks the next one itself and goes there in one change of stacks, if that is a
// sequential task too. Steps run on the stack of task_run() alone, because nobody knows how much of a task's stack is
// left. One of them is the executor's own, the waker, which each tick makes ready, and which wakes those who sleep.
#include "parts.h"
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/tsc.h>
#include <lib/panic.h>
#include <log/log.h>
#include <memory/heap.h>
#include <time/time.h>
#include <time/timer.h>

static enum task_step wake_sleepers(void *);

struct executor executor = {
    .ready = READY_QUEUE_INIT(executor.ready),
    .all = {&executor.all, &executor.all},
    .waker = {.name = "waker", .step = wake_sleepers, .ready.class = TASK_URGENT},
};

// ---- time

constexpr unsigned HOG_LOOKS = 4; // in TASK_PATIENCE_NS

// The current task has stopped. What runs next is charged from the same moment on.
static inline void charge(struct task *task)
{
    uint64_t now = tsc_read(), ticks = now - executor.since_tsc;
    executor.since_tsc = now;
    task->run_ticks += ticks;
    if (ticks > task->worst_ticks)
        task->worst_ticks = ticks;
}

// Somebody who runs at so many looks in a row has awaited nothing between them. Runs in the tick, and logs there: what
// that costs is nothing beside what the task does.
static void watch_for_hogs(void *)
{
    static uint64_t seen_tsc;
    static unsigned looks;
    const struct task *task = executor.current;
    looks = task != nullptr && executor.since_tsc == seen_tsc ? looks + 1 : 0;
    seen_tsc = executor.since_tsc;
    if (looks == HOG_LOOKS)
        log_warning("task", "%s has run for %llu ms without awaiting anything, and nobody else can", task->name,
                    (unsigned long long)(TASK_PATIENCE_NS / 1'000'000));
}

static void note_tick(void *)
{
    (void)ready_queue_push(&executor.ready, &executor.waker.ready);
}

static enum task_step wake_sleepers(void *)
{
    struct timer_wheel_entry *next, *sleeper = timer_wheel_take_due(&executor.sleepers, time_now_ns());
    for (; sleeper != nullptr; sleeper = next) {
        next = sleeper->next;
        task_wake((struct task *)((uintptr_t)sleeper - offsetof(struct task, sleeper)));
    }
    return TASK_WAITS;
}

// ---- from one sequential task to the next

static inline void begin(struct task *task)
{
    executor.current = task;
    task->run_count++;
}

static inline void go_on_with(struct task *self, struct task *next)
{
    charge(self);
    if (__builtin_expect(next->rsp != 0, true)) {
        begin(next);
        context_switch(&self->rsp, &next->rsp);
    } else {
        executor.handed_over = next;
        context_switch(&self->rsp, &executor.own_rsp);
    }
}

void task_switch_away(void)
{
    struct task *self = executor.current, *next = task_of_ready(ready_queue_pop(&executor.ready));
    if (next != nullptr) {
        go_on_with(self, next);
    } else {
        charge(self);
        context_switch(&self->rsp, &executor.own_rsp);
    }
}

[[gnu::noinline]] static void yield_to_another_class(void)
{
    task_wake(executor.current);
    task_switch_away();
}

void task_yield(void)
{
    struct task *self = executor.current;
    ASSERT(self->rsp != 0); // and without any task this is a page fault
    struct ready_entry *next = ready_queue_pass(&executor.ready, &self->ready);
    if (next != nullptr)
        go_on_with(self, task_of_ready(next));
    else
        yield_to_another_class();
}

// Its stack is given back by task_run(), which does not stand on it.
[[noreturn]] void task_end_current(void)
{
    struct task *self = executor.current;
    charge(self);
    self->has_ended = true;
    context_switch(&self->rsp, &executor.own_rsp);
    panic("task %s goes on after its end", self->name);
}

// ---- the end of a task

// Its memory is kept for the next one, if none is kept already.
static inline void release(struct task *task)
{
    if (!task_give_up(task))
        return;
    if (executor.spare == nullptr)
        executor.spare = task;
    else
        kernel_heap_free(task);
}

// From here on nobody wakes it. But somebody may have done so since it ran last. Whoever joins it is woken; afterwards
// it may be gone.
static inline void finish(struct task *task)
{
    task->has_ended = true;
    if (task->waiting_in != nullptr || task->armed != nullptr)
        task_leave(task);
    if (timer_wheel_has(&task->sleeper))
        timer_wheel_remove(&executor.sleepers, &task->sleeper);
    task->link.previous->next = task->link.next;
    task->link.next->previous = task->link.previous;
    if (task->joiners.first != nullptr)
        task_wake_all(&task->joiners);
    if (task->is_detached)
        release(task);
}

// ---- run

static inline void take_step(struct task *task)
{
    begin(task);
    enum task_step step = task->step(task->context);
    charge(task);
    if (step == TASK_ENDS)
        finish(task);
    else if (step == TASK_YIELDS)
        task_wake(task);
    else
        ASSERT(step == TASK_WAITS);
}

// Until a task has stopped that is followed by none or by a stepwise one. Returns the latter.
static struct task *run_sequential(struct task *task)
{
    executor.handed_over = nullptr;
    begin(task);
    context_switch(&executor.own_rsp, &task->rsp);
    task = executor.current;
    if (task->has_ended) {
        task->rsp = 0;
        finish(task);
    }
    return executor.handed_over;
}

static inline void run(struct task *task)
{
    if (task->rsp != 0)
        task = run_sequential(task);
    if (task == nullptr)
        return;
    if (__builtin_expect(!task->has_ended, true))
        take_step(task);
    else if (task->is_gone)
        release(task);
}

// Between the last look and the sleep nothing may come unnoticed: an interrupt that is held back wakes the CPU.
static void sleep(void)
{
    (void)cpu_interrupts_disable();
    if (ready_queue_is_empty(&executor.ready))
        cpu_wait_for_interrupt();
    cpu_interrupts_enable();
    executor.since_tsc = tsc_read();
}

void task_run(void)
{
    static struct timer tick, watchdog;
    ASSERT(executor.current == nullptr);
    timer_start(&tick, 0, 1, note_tick, nullptr); // a period shorter than the tick's: at each
    timer_start(&watchdog, 0, TASK_PATIENCE_NS / HOG_LOOKS, watch_for_hogs, nullptr);
    (void)wake_sleepers(nullptr); // there are none, but from here on the wheel stands at the present
    executor.since_tsc = tsc_read();
    for (;;) {
        struct task *task = task_of_ready(ready_queue_pop(&executor.ready));
        if (__builtin_expect(task != nullptr, true)) {
            run(task);
            continue;
        }
        executor.current = nullptr;
        if (executor.all.next == &executor.all)
            break;
        sleep();
    }
    timer_cancel(&watchdog);
    timer_cancel(&tick);
    kernel_heap_free(executor.spare);
    executor.spare = nullptr;
}

struct task *task_current(void)
{
    return executor.current;
}
