// SPDX-License-Identifier: MIT
// A queue of what is ready to run, in a few classes. Anybody may push, an interrupt handler at any instruction of
// anything else too: no locks, no memory but the entries, which their owners embed in something of their own. One owner
// pops. Exported names start with ready_queue_. An all-zero entry is in no queue.
//
//   class   0 comes before 1, and so on. But no class starves: while one has an entry, at most READY_PATIENCE of the
//           other classes are popped in a row, and one more for each other class that has waited for as long
//
// Pushing what is queued already does nothing. So whoever is popped must look at everything that it may have been
// pushed for: what was written before a push that did nothing is seen after the pop that follows it.
//
// What runs at each switch stands here, to become part of its caller; the rest is in ready_queue.c.
#pragma once
#include <stdatomic.h>
#include <stdint.h>

constexpr unsigned READY_CLASS_COUNT = 3;
constexpr unsigned READY_PATIENCE = 16;

struct ready_entry {
    struct ready_entry *next;
    _Atomic uint32_t is_queued; // 0 or 1; to be read by anybody
    uint8_t class;              // the owner's; constant while it is queued
};

struct ready_queue {
    _Atomic(struct ready_entry *) inbox; // what has been pushed and not sorted in yet, newest first
    struct ready_list {
        struct ready_entry *first, **end; // where the next one is linked
    } lists[READY_CLASS_COUNT];
    unsigned passed_over[READY_CLASS_COUNT]; // times in a row that another class was popped while this one had an entry
    unsigned waiting;                        // a bit for each class that has an entry
};

// An empty one, for the variable QUEUE.
#define READY_QUEUE_INIT(queue)                                                                                        \
    {                                                                                                                  \
        .lists = {                                                                                                     \
            {.end = &(queue).lists[0].first},                                                                          \
            {.end = &(queue).lists[1].first},                                                                          \
            {.end = &(queue).lists[2].first}                                                                           \
        }                                                                                                              \
    }

// ---- inside

// Mark ENTRY as queued. Returns whether it was.
static inline bool ready_queue_claim(struct ready_entry *entry)
{
    return (atomic_fetch_or_explicit(&entry->is_queued, 1, memory_order_acq_rel) & 1) != 0;
}

// From here on a push queues ENTRY again. An exchange, not a store: what the caller reads next must not be read before
// this is seen, or it may miss what was written just before a push that did nothing.
static inline void ready_queue_let_go(struct ready_entry *entry)
{
#if HEWN_BREAK_READY_QUEUE_MISSING_BARRIER
    atomic_store_explicit(&entry->is_queued, 0, memory_order_relaxed);
#else
    (void)atomic_exchange_explicit(&entry->is_queued, 0, memory_order_acq_rel);
#endif
}

static inline bool ready_queue_has_inbox(const struct ready_queue *queue)
{
    return __builtin_expect(atomic_load_explicit(&queue->inbox, memory_order_relaxed) != nullptr, false);
}

static inline void ready_queue_append(struct ready_queue *queue, struct ready_entry *entry)
{
    unsigned class = entry->class;
    struct ready_list *list = &queue->lists[class];
    entry->next = nullptr;
    *list->end = entry;
    list->end = &entry->next;
    queue->waiting |= 1u << class;
}

static inline struct ready_entry *ready_queue_take(struct ready_queue *queue, unsigned class)
{
    struct ready_list *list = &queue->lists[class];
    struct ready_entry *entry = list->first;
    queue->passed_over[class] = 0;
    list->first = entry->next;
    if (entry->next == nullptr) {
        list->end = &list->first;
        queue->waiting &= ~(1u << class);
    }
    ready_queue_let_go(entry);
    return entry;
}

// When something has been pushed, or several classes have entries.
void ready_queue_add_after_pushes(struct ready_queue *queue, struct ready_entry *entry);
struct ready_entry *ready_queue_choose_and_pop(struct ready_queue *queue);

// ---- what it is for

// Queue ENTRY if it is in no queue. Any context. Returns whether it was. A few instructions, and a few more for each
// other push that comes in between.
static inline bool ready_queue_push(struct ready_queue *queue, struct ready_entry *entry)
{
    if (ready_queue_claim(entry))
        return false;
    struct ready_entry *head = atomic_load_explicit(&queue->inbox, memory_order_relaxed);
    do
        entry->next = head;
    while (!atomic_compare_exchange_weak_explicit(&queue->inbox, &head, entry, memory_order_release,
                                                  memory_order_relaxed));
    return true;
}

// The owner's way to do the same, with fewer instructions. Others may push ENTRY meanwhile.
static inline bool ready_queue_add(struct ready_queue *queue, struct ready_entry *entry)
{
    if (ready_queue_claim(entry))
        return false;
    if (ready_queue_has_inbox(queue))
        ready_queue_add_after_pushes(queue, entry);
    else
        ready_queue_append(queue, entry);
    return true;
}

// The entry whose turn it is, in no queue any more; nullptr when there is none. O(1), and O(1) for each entry that was
// pushed since the last call. The owner alone.
static inline struct ready_entry *ready_queue_pop(struct ready_queue *queue)
{
    unsigned waiting = queue->waiting;
    if (ready_queue_has_inbox(queue))
        return ready_queue_choose_and_pop(queue);
    if (waiting == 0)
        return nullptr;
    unsigned class = (unsigned)__builtin_ctz(waiting);
    if (__builtin_expect(waiting >> class != 1, false))
        return ready_queue_choose_and_pop(queue);
    return ready_queue_take(queue, class);
}

// The quick way to queue ENTRY, the one that was popped last, and to pop: when nothing has been pushed meanwhile, and
// only entries of its class are there. nullptr: it is not so, and nothing has happened. The owner alone.
//
// Nobody has been passed over since ENTRY was popped, and behind the first there is ENTRY at least.
static inline struct ready_entry *ready_queue_pass(struct ready_queue *queue, struct ready_entry *entry)
{
    unsigned class = entry->class;
    if (ready_queue_has_inbox(queue) || __builtin_expect(queue->waiting != 1u << class, false) ||
        __builtin_expect(ready_queue_claim(entry), false))
        return nullptr;
    struct ready_list *list = &queue->lists[class];
    struct ready_entry *first = list->first;
    entry->next = nullptr;
    *list->end = entry;
    list->end = &entry->next;
    list->first = first->next;
    ready_queue_let_go(first);
    return first;
}

// Whether ready_queue_pop() would find something. The owner alone; with interrupts closed, nothing changes after it.
static inline bool ready_queue_is_empty(const struct ready_queue *queue)
{
    return queue->waiting == 0 && !ready_queue_has_inbox(queue);
}
