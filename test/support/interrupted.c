// SPDX-License-Identifier: MIT
// By the CPU's trap flag: a signal after each instruction.
#define _POSIX_C_SOURCE 200809L // sigaction, sigsetjmp
#include <signal.h>
#include <support/interrupted.h>
#include <support/unit.h>

static sigjmp_buf way_out;
static volatile unsigned steps_left;

static void count_down(int)
{
    if (steps_left == 0)
        siglongjmp(way_out, 1);
    steps_left = steps_left - 1;
}

static inline void set_trap_flag(bool is_set)
{
#ifdef __x86_64__
    constexpr unsigned long TRAP_FLAG = 1 << 8;
    unsigned long flags = is_set ? TRAP_FLAG : 0;
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t" // beyond the red zone
                     "pushfq\n\t"
                     "andq %1, (%%rsp)\n\t"
                     "orq %0, (%%rsp)\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp"
                     :
                     : "r"(flags), "r"(~TRAP_FLAG)
                     : "cc", "memory");
#else
    (void)is_set;
#endif
}

bool interrupted_after(unsigned steps, void (*operation)(void *context), void *context)
{
    struct sigaction action = {.sa_handler = count_down}, before;
    assert_int_equal(sigaction(SIGTRAP, &action, &before), 0);
    steps_left = steps + 3; // two instructions of set_trap_flag() and the call
    bool is_interrupted = sigsetjmp(way_out, 1) != 0;
    if (!is_interrupted) {
        set_trap_flag(true);
        operation(context);
        set_trap_flag(false);
    }
    assert_int_equal(sigaction(SIGTRAP, &before, nullptr), 0);
    return is_interrupted;
}
