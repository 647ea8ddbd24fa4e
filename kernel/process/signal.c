// SPDX-License-Identifier: MIT
// Signals, as far as they end programs: what is to be done with one is recorded, and what is done is the default, or
// nothing where the program ignores it. A handler in the program is never called. Called by system calls, by whoever
// kills, and before returns to ring 3.
#include "parts.h"
#include <lib/string.h>

constexpr uint64_t HANDLER_IGNORE = 1; // in the first word of an action

static uint64_t bit_of(unsigned signal)
{
    return 1ull << (signal - 1);
}

// What cannot be held back or ignored: SIGKILL and SIGSTOP.
static uint64_t unstoppable(void)
{
    constexpr unsigned STOP = 19;
    return bit_of(SIGNAL_KILL) | bit_of(STOP);
}

// Those whose default is to do nothing: SIGCHLD, SIGCONT, SIGURG, SIGWINCH; and those that stop a program, which here
// nobody could continue: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU.
static uint64_t harmless(void)
{
    return bit_of(17) | bit_of(18) | bit_of(23) | bit_of(28) | bit_of(19) | bit_of(20) | bit_of(21) | bit_of(22);
}

static uint64_t handler_of(const struct signals *signals, unsigned signal)
{
    uint64_t handler;
    memcpy(&handler, signals->actions[signal - 1], sizeof handler);
    return handler;
}

static bool ends_program(const struct signals *signals, unsigned signal)
{
    if (bit_of(signal) & harmless())
        return false;
    return (bit_of(signal) & unstoppable()) != 0 || handler_of(signals, signal) != HANDLER_IGNORE;
}

static uint64_t deliverable(const struct signals *signals)
{
    return signals->pending & ~(signals->blocked & ~unstoppable());
}

bool signal_send(struct program *self, unsigned signal)
{
    self->signals.pending |= bit_of(signal);
    user_want_look();
    return (deliverable(&self->signals) & bit_of(signal)) != 0 && ends_program(&self->signals, signal);
}

void signal_deliver(struct program *self)
{
    for (uint64_t signals; (signals = deliverable(&self->signals)) != 0;) {
        unsigned signal = (unsigned)__builtin_ctzll(signals) + 1;
        self->signals.pending &= ~bit_of(signal);
        if (ends_program(&self->signals, signal))
            program_end(self, (uint8_t)(EXIT_BY_SIGNAL + signal));
    }
}
