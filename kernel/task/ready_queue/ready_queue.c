// SPDX-License-Identifier: MIT
// The owner's side of the queue, as far as it does not run at each switch. Pushes go to an inbox, a list whose head
// alone is shared: whoever pushes exchanges it, and the owner takes the whole list at once, so that no entry can be
// taken and come back unnoticed in between. What was pushed first is last in that list; sorting it into the classes
// turns it round. Called by the executor.
#include <ready_queue/ready_queue.h>

static struct ready_entry *reversed(struct ready_entry *list)
{
    struct ready_entry *result = nullptr;
    while (list != nullptr) {
        struct ready_entry *next = list->next;
        list->next = result;
        result = list;
        list = next;
    }
    return result;
}

static void sort_in(struct ready_queue *queue)
{
    // Acquire: an entry's NEXT and CLASS were written before it was pushed.
    struct ready_entry *list = reversed(atomic_exchange_explicit(&queue->inbox, nullptr, memory_order_acquire));
    while (list != nullptr) {
        struct ready_entry *entry = list;
        list = entry->next;
        ready_queue_append(queue, entry);
    }
}

void ready_queue_add_after_pushes(struct ready_queue *queue, struct ready_entry *entry)
{
    sort_in(queue);
    ready_queue_append(queue, entry);
}

// The class whose turn it is: the first one that has an entry, unless another has waited for too long.
static unsigned choose(struct ready_queue *queue)
{
    unsigned first = (unsigned)__builtin_ctz(queue->waiting), chosen = first;
    for (unsigned class = first + 1; class < READY_CLASS_COUNT; class ++) {
        if ((queue->waiting >> class & 1) != 0 && ++queue->passed_over[class] > READY_PATIENCE)
            chosen = class;
    }
    return chosen;
}

struct ready_entry *ready_queue_choose_and_pop(struct ready_queue *queue)
{
    if (ready_queue_has_inbox(queue))
        sort_in(queue);
    return ready_queue_take(queue, choose(queue));
}
