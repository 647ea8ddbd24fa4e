// SPDX-License-Identifier: MIT
// System calls on signals: what is to be done is recorded, what is done is signal.c's. Called through call.c.
#include "call.h"
#include "error.h"
#include <lib/string.h>

constexpr uint64_t SET_BYTES = 8; // of a set of signals

int64_t call_rt_sigaction(struct program *self, const struct trap_frame *call)
{
    constexpr uint32_t STOP = 19;
    uint32_t signal = (uint32_t)call->rdi;
    uint8_t action[ACTION_BYTES];
    if (signal == 0 || signal > SIGNAL_COUNT || call->r10 != SET_BYTES)
        return -EINVAL;
    if (call->rsi != 0 && (signal == SIGNAL_KILL || signal == STOP))
        return -EINVAL;
    uint8_t *recorded = self->signals.actions[signal - 1];
    enum status status = call->rsi != 0 ? space_read(self, action, call->rsi, sizeof action) : STATUS_OK;
    if (status == STATUS_OK && call->rdx != 0)
        status = space_write(self, call->rdx, recorded, sizeof action);
    if (status != STATUS_OK)
        return error_of_copy(status);
    if (call->rsi != 0)
        memcpy(recorded, action, sizeof action);
    return 0;
}

static int64_t change_blocked(struct signals *signals, uint32_t how, uint64_t set)
{
    enum : uint32_t {
        BLOCK,
        UNBLOCK,
        SET
    };
    switch (how) {
    case BLOCK:
        signals->blocked |= set;
        return 0;
    case UNBLOCK:
        signals->blocked &= ~set;
        return 0;
    case SET:
        signals->blocked = set;
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t call_rt_sigprocmask(struct program *self, const struct trap_frame *call)
{
    uint64_t set = 0, before = self->signals.blocked;
    if (call->r10 != SET_BYTES)
        return -EINVAL;
    enum status status = call->rsi != 0 ? space_read(self, &set, call->rsi, sizeof set) : STATUS_OK;
    if (status != STATUS_OK)
        return error_of_copy(status);
    int64_t error = call->rsi != 0 ? change_blocked(&self->signals, (uint32_t)call->rdi, set) : 0;
    if (error != 0)
        return error;
    user_want_look(); // one that was held back may be let through
    status = call->rdx != 0 ? space_write(self, call->rdx, &before, sizeof before) : STATUS_OK;
    return error_of_copy(status);
}

// A program sends signals to itself alone. Signal 0 asks whether it is there.
static int64_t send(struct program *self, uint64_t id, uint64_t number)
{
    uint32_t signal = (uint32_t)number;
    if ((uint32_t)id != self->id)
        return -ESRCH;
    if (signal > SIGNAL_COUNT)
        return -EINVAL;
    if (signal != 0)
        (void)signal_send(self, signal);
    return 0;
}

int64_t call_kill(struct program *self, const struct trap_frame *call)
{
    return send(self, call->rdi, call->rsi);
}

int64_t call_tgkill(struct program *self, const struct trap_frame *call)
{
    return (uint32_t)call->rdi == self->id ? send(self, call->rsi, call->rdx) : -ESRCH;
}
