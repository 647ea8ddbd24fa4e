// SPDX-License-Identifier: MIT
// Remembers what killed the kernel first. Called by the reports of exceptions and panics.
#include "parts.h"

constexpr int MESSAGE_LIMIT = 150; // two rows of a screen

static struct {
    uint64_t vector, rip, cr2;
    const char *message; // of a panic; it lies on the stack of whoever panicked, which nobody has left
    bool is_known;
} first;

void first_death_keep_exception(const struct exception *exception)
{
    if (first.is_known)
        return;
    first.vector = exception->frame->vector;
    first.rip = exception->frame->rip;
    first.cr2 = exception->cr2;
    first.is_known = true;
}

void first_death_keep_panic(const char *message)
{
    if (first.is_known)
        return;
    first.message = message;
    first.is_known = true;
}

void first_death_write(void)
{
    if (first.message != nullptr)
        log_emergency("first: panic: %.*s\n", MESSAGE_LIMIT, first.message);
    else
        log_emergency("first: vector %llu at rip 0x%llx, cr2 0x%llx\n", (printable_t)first.vector,
                      (printable_t)first.rip, (printable_t)first.cr2);
}
