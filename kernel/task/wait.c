// SPDX-License-Identifier: MIT
// How a task waits, and how it is woken: lists for what tasks bring about, signals for what interrupt handlers do.
// Called by whatever can be awaited; must not know what that is.
#include "parts.h"
#include <lib/panic.h>
#include <time/time.h>

// ---- waiting

enum status task_pause(uint64_t due_ns)
{
    struct task *self = executor.current;
    ASSERT(self != nullptr);
    if (self->is_cancelled)
        return STATUS_CANCELLED;
    if (self->deadline_ns != UINT64_MAX && time_now_ns() >= self->deadline_ns)
        return STATUS_TIMEOUT;
    due_ns = due_ns < self->deadline_ns ? due_ns : self->deadline_ns;
    if (due_ns != UINT64_MAX && !(timer_wheel_has(&self->sleeper) && self->sleeper.due_ns == due_ns)) {
        if (timer_wheel_has(&self->sleeper))
            timer_wheel_remove(&executor.sleepers, &self->sleeper);
        timer_wheel_add(&executor.sleepers, &self->sleeper, due_ns);
    }
    if (self->rsp == 0)
        return STATUS_WAITING;
    task_switch_away();
    return STATUS_OK;
}

enum status task_sleep_until(uint64_t deadline_ns)
{
    while (time_now_ns() < deadline_ns) {
        enum status status = task_pause(deadline_ns);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status task_sleep_ns(uint64_t duration_ns)
{
    ASSERT(executor.current != nullptr && executor.current->rsp != 0);
    uint64_t now_ns = time_now_ns();
    return task_sleep_until(duration_ns < UINT64_MAX - now_ns ? now_ns + duration_ns : UINT64_MAX);
}

void task_set_deadline(uint64_t deadline_ns)
{
    ASSERT(executor.current != nullptr);
    executor.current->deadline_ns = deadline_ns;
}

// ---- lists

static void leave_list(struct task *task)
{
    struct task_waiters *waiters = task->waiting_in;
    if (task->wait_previous != nullptr)
        task->wait_previous->wait_next = task->wait_next;
    else
        waiters->first = task->wait_next;
    if (task->wait_next != nullptr)
        task->wait_next->wait_previous = task->wait_previous;
    else
        waiters->last = task->wait_previous;
    task->waiting_in = nullptr;
}

static void join_list(struct task *task, struct task_waiters *waiters)
{
    task->wait_previous = waiters->first != nullptr ? waiters->last : nullptr;
    task->wait_next = nullptr;
    if (waiters->first != nullptr)
        waiters->last->wait_next = task;
    else
        waiters->first = task;
    waiters->last = task;
    task->waiting_in = waiters;
}

enum status task_await(struct task_waiters *waiters)
{
    struct task *self = executor.current;
    ASSERT(self != nullptr);
    if (self->waiting_in != waiters) {
        task_leave(self);
        join_list(self, waiters);
    }
    enum status status = task_pause(UINT64_MAX);
    if (status != STATUS_OK && status != STATUS_WAITING)
        task_leave(self);
    return status;
}

void task_wake_first(struct task_waiters *waiters)
{
    struct task *task = waiters->first;
    if (task == nullptr)
        return;
    leave_list(task);
    task_wake(task);
}

void task_wake_all(struct task_waiters *waiters)
{
    while (waiters->first != nullptr)
        task_wake_first(waiters);
}

// ---- signals

// An exchange, not a store: what the caller looks at next must not be looked at before this is seen, or something may
// come in between and find nobody to wake.
void task_signal_arm(struct task_signal *signal)
{
    struct task *self = executor.current;
    ASSERT(self != nullptr);
    if (self->armed != signal)
        task_leave(self);
    self->armed = signal;
    struct task *other = atomic_exchange_explicit(&signal->waiter, self, memory_order_acq_rel);
    if (other != nullptr && other != self)
        task_wake(other); // looks again, and takes its place back if SELF is about to give up
}

enum status task_await_signal(void)
{
    enum status status = task_pause(UINT64_MAX);
    if (status != STATUS_OK && status != STATUS_WAITING)
        task_leave(executor.current);
    return status;
}

void task_signal_raise(struct task_signal *signal)
{
    if (atomic_load_explicit(&signal->waiter, memory_order_relaxed) == nullptr)
        return;
    struct task *task = atomic_exchange_explicit(&signal->waiter, nullptr, memory_order_acq_rel);
    if (task != nullptr)
        (void)ready_queue_push(&executor.ready, &task->ready);
}

void task_leave(struct task *task)
{
    if (task->waiting_in != nullptr)
        leave_list(task);
    if (task->armed != nullptr) {
        struct task *waiter = task; // if it is another by now, that one goes on waiting
        (void)atomic_compare_exchange_strong_explicit(&task->armed->waiter, &waiter, nullptr, memory_order_acq_rel,
                                                      memory_order_relaxed);
        task->armed = nullptr;
    }
}

void task_await_done(void)
{
    ASSERT(executor.current != nullptr);
    task_leave(executor.current);
}
