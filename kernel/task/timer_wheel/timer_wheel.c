// SPDX-License-Identifier: MIT
// Four wheels of 64 slots, each of which turns once while the next one moves on by a slot. An entry lies in the slot of
// its time on the lowest wheel that reaches so far; when a wheel comes to a slot, what lies there moves to the wheel
// below. So nothing is ever compared with anything but the time. Called by the executor.
#include <lib/panic.h>
#include <timer_wheel/timer_wheel.h>

// ---- slots: rings that begin and end in their head

static struct timer_wheel_entry *head_of(struct timer_wheel *wheel, unsigned level, uint64_t turn)
{
    return &wheel->heads[level][turn >> level * TIMER_WHEEL_SHIFT & (TIMER_WHEEL_SLOTS - 1)];
}

static void append(struct timer_wheel_entry *head, struct timer_wheel_entry *entry)
{
    if (head->next == nullptr)
        head->next = head->previous = head;
    entry->next = head;
    entry->previous = head->previous;
    head->previous->next = entry;
    head->previous = entry;
}

static void unlink(struct timer_wheel_entry *entry)
{
    entry->previous->next = entry->next;
    entry->next->previous = entry->previous;
    entry->previous = nullptr;
}

// ---- levels

static struct timer_wheel_entry *place_of(struct timer_wheel *wheel, uint64_t due_ns)
{
    constexpr uint64_t REACH = 1ull << TIMER_WHEEL_LEVELS * TIMER_WHEEL_SHIFT;
    uint64_t turn = due_ns >> TIMER_WHEEL_SLOT_SHIFT;
    if (turn <= wheel->turn)
        return head_of(wheel, 0, wheel->turn);
    uint64_t distance = turn - wheel->turn;
    if (distance >= REACH) {
        distance = REACH - 1; // is looked at again when the wheel comes there
        turn = wheel->turn + distance;
    }
    unsigned level = (63 - (unsigned)__builtin_clzll(distance)) / TIMER_WHEEL_SHIFT;
    return head_of(wheel, level, turn);
}

// The wheel of LEVEL has come to a slot: what lies there moves down.
static void move_down(struct timer_wheel *wheel, unsigned level)
{
    struct timer_wheel_entry *head = head_of(wheel, level, wheel->turn), *entry = head->next;
    if (entry == nullptr)
        return;
    head->next = head->previous = nullptr;
    while (entry != head) {
        struct timer_wheel_entry *next = entry->next;
        append(place_of(wheel, entry->due_ns), entry);
        entry = next;
    }
}

static void go_on(struct timer_wheel *wheel)
{
    wheel->turn++;
    unsigned level = 0;
    while (level < TIMER_WHEEL_LEVELS - 1 && (wheel->turn & ((1ull << (level + 1) * TIMER_WHEEL_SHIFT) - 1)) == 0)
        level++;
    for (; level > 0; level--)
        move_down(wheel, level);
}

// ---- for everybody

void timer_wheel_add(struct timer_wheel *wheel, struct timer_wheel_entry *entry, uint64_t due_ns)
{
    ASSERT(!timer_wheel_has(entry));
    entry->due_ns = due_ns;
    append(place_of(wheel, due_ns), entry);
    wheel->count++;
}

void timer_wheel_remove(struct timer_wheel *wheel, struct timer_wheel_entry *entry)
{
    ASSERT(timer_wheel_has(entry));
    unlink(entry);
    wheel->count--;
}

// Append to the chain that ends at END what is due in the slot that the wheel stands at.
static struct timer_wheel_entry **take_from_slot(struct timer_wheel *wheel, uint64_t now_ns,
                                                 struct timer_wheel_entry **end)
{
    struct timer_wheel_entry *head = head_of(wheel, 0, wheel->turn), *entry = head->next;
    while (entry != nullptr && entry != head) {
        struct timer_wheel_entry *next = entry->next;
        if (entry->due_ns <= now_ns) {
            timer_wheel_remove(wheel, entry);
            *end = entry;
            end = &entry->next;
        }
        entry = next;
    }
    return end;
}

struct timer_wheel_entry *timer_wheel_take_due(struct timer_wheel *wheel, uint64_t now_ns)
{
    uint64_t now_turn = now_ns >> TIMER_WHEEL_SLOT_SHIFT;
    struct timer_wheel_entry *first = nullptr, **end = &first;
    for (; wheel->turn < now_turn && wheel->count != 0; go_on(wheel))
        end = take_from_slot(wheel, now_ns, end);
    if (wheel->count != 0)
        end = take_from_slot(wheel, now_ns, end);
    else if (wheel->turn < now_turn)
        wheel->turn = now_turn;
    *end = nullptr;
    return first;
}
