// SPDX-License-Identifier: MIT
// Which program has the CPU, and until when. Called by whatever touches memory of a program, and by arch before each
// return to ring 3 that something stands in the way of; knows no system call.
#include "parts.h"
#include <arch/cpu.h>
#include <arch/fpu.h>
#include <lib/panic.h>
#include <time/timer.h>

constexpr uint64_t SLICE_NS = 10'000'000;

struct program *current_loaded;
static bool is_slice_over;
static unsigned runner_count;
static struct timer slice;

static void end_slice(void *)
{
    is_slice_over = true;
    user_want_look();
}

void current_begin_slices(void)
{
    if (runner_count++ == 0)
        timer_start(&slice, SLICE_NS, SLICE_NS, end_slice, nullptr);
}

void current_end_slices(void)
{
    if (--runner_count == 0)
        (void)timer_cancel(&slice);
}

// Interrupts are closed: one in between would find neither the one nor the other.
static void switch_to(struct program *self)
{
    fpu_switch(current_loaded != nullptr ? current_loaded->context.fpu : nullptr, self->context.fpu);
    user_space_load(&self->space);
    user_load(&self->context);
    current_loaded = self;
}

void current_load(struct program *self)
{
    if (current_loaded == self)
        return;
    uint64_t flags = cpu_interrupts_disable();
    switch_to(self);
    cpu_interrupts_restore(flags);
}

void current_unload(const struct program *self)
{
    if (current_loaded != self)
        return;
    uint64_t flags = cpu_interrupts_disable();
    user_space_load_kernel();
    user_unload();
    current_loaded = nullptr;
    cpu_interrupts_restore(flags);
}

void current_load_bases(const struct program *self)
{
    DEBUG_ASSERT(current_loaded == self);
    uint64_t flags = cpu_interrupts_disable();
    user_load(&self->context);
    cpu_interrupts_restore(flags);
}

static bool has_to_wait(const struct program *self, const struct trap_frame *frame)
{
    return signals_due(&self->signals) != 0 || is_slice_over || frame->rip >= USER_END;
}

[[gnu::noinline]] static void wait(struct program *self, const struct trap_frame *frame)
{
    if (frame->rip >= USER_END)
        program_end(self, EXIT_BY_SIGNAL + SIGNAL_SEGMENT);
    signal_deliver(self);
    if (!is_slice_over)
        return;
    is_slice_over = false;
    task_yield();
}

// From the last time that there is nothing to wait for, interrupts stay closed up to ring 3.
void current_before_return(struct trap_frame *frame)
{
    struct program *self = program_of(frame);
    user_look_done();
    while (__builtin_expect(has_to_wait(self, frame), false)) {
        cpu_interrupts_enable();
        wait(self, frame);
        (void)cpu_interrupts_disable();
        user_look_done();
    }
    if (current_loaded != self)
        switch_to(self);
}
