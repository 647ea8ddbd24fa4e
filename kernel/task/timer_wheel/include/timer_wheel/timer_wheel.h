// SPDX-License-Identifier: MIT
// Entries that become due, in any number and at a cost that does not grow with it. Owns no memory, for its users embed
// the entries in something of their own, and knows no clock: times are nanoseconds that only ever grow. Exported names
// start with timer_wheel_. An all-zero wheel is empty, an all-zero entry is in no wheel. One caller at a time.
//
// The price beside time's timer_queue, which is ordered: whatever is due at the same look comes in no order that
// anybody should build on.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct timer_wheel_entry {
    struct timer_wheel_entry *next, *previous; // nullptr: in no wheel
    uint64_t due_ns;
};

constexpr unsigned TIMER_WHEEL_LEVELS = 4;
constexpr unsigned TIMER_WHEEL_SHIFT = 6; // a level has so many bits of slots
constexpr unsigned TIMER_WHEEL_SLOTS = 1 << TIMER_WHEEL_SHIFT;
constexpr unsigned TIMER_WHEEL_SLOT_SHIFT = 20; // a slot of the lowest level is 2^20 ns, about a tick

struct timer_wheel {
    uint64_t turn; // the slot of the lowest level that the wheel stands at, counted from time 0
    size_t count;
    struct timer_wheel_entry heads[TIMER_WHEEL_LEVELS][TIMER_WHEEL_SLOTS];
};

static inline bool timer_wheel_has(const struct timer_wheel_entry *entry)
{
    return entry->previous != nullptr;
}

// Add ENTRY, which is in no wheel and must not move while it is in this one. O(1).
void timer_wheel_add(struct timer_wheel *wheel, struct timer_wheel_entry *entry, uint64_t due_ns);

// Take out ENTRY, which is in WHEEL. O(1).
void timer_wheel_remove(struct timer_wheel *wheel, struct timer_wheel_entry *entry);

// Take out all that are due at NOW_NS, no less than at the last call: the first one, which leads by NEXT to the others,
// or nullptr. They are in no wheel any more. O(slots since the last call, entries), and each entry is moved at most
// TIMER_WHEEL_LEVELS times between its addition and its end. An empty wheel costs nothing, however long it stood still.
struct timer_wheel_entry *timer_wheel_take_due(struct timer_wheel *wheel, uint64_t now_ns);
