// SPDX-License-Identifier: MIT
// A queue ordered by time, for any number of entries that their owners embed in something of their own. Owns no memory
// and knows no clock: times are numbers. Exported names start with timer_queue_.
//
// An all-zero queue is empty, an all-zero entry is in no queue. With n entries queued, adding and removing are O(log n)
// in the worst case, not only on average, because they run with interrupts closed; the earliest is found in O(1).
// Nothing recurses. One caller at a time.
#pragma once
#include <stdint.h>

struct timer_queue_entry {
    uint64_t due; // as given to timer_queue_add(); all that follows belongs to the queue
    uint64_t number;
    struct timer_queue_entry *parent, *left, *right;
    uint32_t rank; // 0: in no queue
};

struct timer_queue {
    struct timer_queue_entry *first; // the earliest, or nullptr: to be read by anybody
    uint64_t added_count;
};

static inline bool timer_queue_has(const struct timer_queue_entry *entry)
{
    return entry->rank != 0;
}

// Add ENTRY, which is in no queue and must not move while it is in this one. Of entries with the same DUE, the one
// added first comes first.
void timer_queue_add(struct timer_queue *queue, struct timer_queue_entry *entry, uint64_t due);

// Go through QUEUE in no order: the entry behind ENTRY, which is in it; nullptr behind the last. The first is
// queue->first. It must not change meanwhile. All of them together take O(n).
const struct timer_queue_entry *timer_queue_next(const struct timer_queue_entry *entry);

// Take out ENTRY, which is in QUEUE: timer_queue_remove(queue, queue->first) takes the earliest.
void timer_queue_remove(struct timer_queue *queue, struct timer_queue_entry *entry);
