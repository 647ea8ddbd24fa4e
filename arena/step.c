// SPDX-License-Identifier: MIT
// The counter behind step.h: a function that sets the trap flag around a call, and a handler of the signal that follows
// every instruction. Called by worst.c.
#include "step.h"
#include "worker.h"
#include <signal.h>
#include <ucontext.h>

constexpr greg_t TRAP_FLAG = 1 << 8;
constexpr uint64_t PROGRESS_STEPS = 1 << 17;

static volatile uint64_t steps;
static uint64_t all_steps;

extern const char step_end[]; // in step_through()

// The first stop is that before the function's first instruction; the one at step_end, after its last, is not counted.
static void stopped(int, siginfo_t *, void *state)
{
    greg_t *registers = ((ucontext_t *)state)->uc_mcontext.gregs;
    if (registers[REG_RIP] == (greg_t)(uintptr_t)step_end) {
        registers[REG_EFL] &= ~TRAP_FLAG;
        return;
    }
    steps = steps + 1;
    all_steps++;
    if (all_steps % PROGRESS_STEPS == 0)
        worker_say("progress");
}

// Calls FUNCTION with the first three arguments as they are. TF takes effect after the instruction that follows popfq.
[[gnu::naked]] static uintptr_t step_through(uintptr_t, uintptr_t, uintptr_t, void *)
{
    __asm__("push %rbx\n\t" // for the stack's alignment
            "pushfq\n\t"
            "orl $0x100, (%rsp)\n\t"
            "popfq\n\t"
            "call *%rcx\n"
            ".globl step_end\n"
            "step_end:\n\t"
            "nop\n\t"
            "pop %rbx\n\t"
            "ret");
}

void step_prepare(void)
{
    struct sigaction action = {.sa_sigaction = stopped, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, nullptr);
}

uintptr_t step_run(const struct step_call *call, uint64_t *count)
{
    steps = 0;
    uintptr_t result = step_through(call->arguments[0], call->arguments[1], call->arguments[2], call->function);
    *count = steps;
    return result;
}
