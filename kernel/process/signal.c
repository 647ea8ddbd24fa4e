// SPDX-License-Identifier: MIT
// Signals, as far as they end programs: what is to be done with one is recorded, and what is done is the default, or
// nothing where the program ignores it. A handler in the program is never called. Called by system calls, by whoever
// kills, and before returns to ring 3.
#include "parts.h"
#include <lib/string.h>

constexpr uint64_t HANDLER_IGNORE = 1; // in the first word of an action

// Those whose default is to do nothing: SIGCHLD, SIGCONT, SIGURG, SIGWINCH; and those that stop a program, which here
// nobody could continue: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU.
static uint64_t harmless(void)
{
    return signal_bit(17) | signal_bit(18) | signal_bit(23) | signal_bit(28) | signal_bit(19) | signal_bit(20) |
           signal_bit(21) | signal_bit(22);
}

static uint64_t handler_of(const struct signals *signals, unsigned signal)
{
    uint64_t handler;
    memcpy(&handler, signals->actions[signal - 1], sizeof handler);
    return handler;
}

static bool ends_program(const struct signals *signals, unsigned signal)
{
    if (signal_bit(signal) & harmless())
        return false;
    return (signal_bit(signal) & signals_unstoppable()) != 0 || handler_of(signals, signal) != HANDLER_IGNORE;
}

bool signal_send(struct program *self, unsigned signal)
{
    self->signals.pending |= signal_bit(signal);
    user_want_look();
    return (signals_due(&self->signals) & signal_bit(signal)) != 0 && ends_program(&self->signals, signal);
}

void signal_deliver(struct program *self)
{
    for (uint64_t signals; (signals = signals_due(&self->signals)) != 0;) {
        unsigned signal = (unsigned)__builtin_ctzll(signals) + 1;
        self->signals.pending &= ~signal_bit(signal);
        if (ends_program(&self->signals, signal))
            program_end(self, (uint8_t)(EXIT_BY_SIGNAL + signal));
    }
}
