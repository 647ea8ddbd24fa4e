// SPDX-License-Identifier: MIT
// Which program has the CPU, and until when. Called by whatever touches memory of a program, and by arch before each
// return to ring 3 that something stands in the way of; knows no system call.
#include "parts.h"
#include <arch/cpu.h>
#include <arch/fpu.h>
#include <lib/panic.h>
#include <time/timer.h>

constexpr uint64_t SLICE_NS = 10'000'000;

static struct program *loaded; // nullptr: the kernel's tables are, which have no lower half
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

// In between, an interrupt would find neither the one nor the other.
void current_load(struct program *self)
{
    if (loaded == self)
        return;
    uint64_t flags = cpu_interrupts_disable();
    if (loaded != nullptr)
        fpu_save(loaded->context.fpu);
    user_space_load(&self->space);
    user_load(&self->context);
    fpu_restore(self->context.fpu);
    loaded = self;
    cpu_interrupts_restore(flags);
}

void current_unload(const struct program *self)
{
    if (loaded != self)
        return;
    uint64_t flags = cpu_interrupts_disable();
    user_space_load_kernel();
    user_unload();
    loaded = nullptr;
    cpu_interrupts_restore(flags);
}

void current_load_bases(const struct program *self)
{
    DEBUG_ASSERT(loaded == self);
    uint64_t flags = cpu_interrupts_disable();
    user_load(&self->context);
    cpu_interrupts_restore(flags);
}

bool current_is_any(void)
{
    return loaded != nullptr;
}

// What wants a look while others run, or while this looks, is found by another round.
void current_before_return(struct trap_frame *frame)
{
    struct program *self = program_of(frame);
    do {
        user_look_done();
        cpu_interrupts_enable();
        if (frame->rip >= USER_END)
            program_end(self, EXIT_BY_SIGNAL + SIGNAL_SEGMENT);
        signal_deliver(self);
        if (is_slice_over) {
            is_slice_over = false;
            task_yield();
            signal_deliver(self);
        }
        (void)cpu_interrupts_disable();
        current_load(self);
    } while (cpu_local()->is_look_wanted != 0);
}
