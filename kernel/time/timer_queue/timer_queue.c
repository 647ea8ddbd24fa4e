// SPDX-License-Identifier: MIT
// A leftist heap with links to the parents. Each node is earlier than its children, and its rank, the length of the way
// to the nearest missing child, is never greater on the right: so the way down the right side has at most log2(n + 1)
// nodes, and merging two heaps along it is all that any operation needs. Chosen over balanced trees for having no cases
// of rotation, and over an array heap for needing no memory but the entries. Called by time's timers.
#include <lib/panic.h>
#include <timer_queue/timer_queue.h>

// A test counts the steps: each comparison of two entries, each node whose rank is looked at.
#ifndef TIMER_QUEUE_STEP
#define TIMER_QUEUE_STEP() ((void)0)
#endif

// No two entries are equal: the number breaks ties, in the order of adding.
static bool is_earlier(const struct timer_queue_entry *a, const struct timer_queue_entry *b)
{
    TIMER_QUEUE_STEP();
    return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static uint32_t rank_of(const struct timer_queue_entry *heap)
{
    return heap ? heap->rank : 0;
}

// Put the child of the greater rank on the left. Returns whether the rank of NODE changed.
static bool restore_rank(struct timer_queue_entry *node)
{
    TIMER_QUEUE_STEP();
    if (rank_of(node->left) < rank_of(node->right)) {
        struct timer_queue_entry *right = node->right;
        node->right = node->left;
        node->left = right;
    }
    uint32_t rank = rank_of(node->right) + 1;
    bool has_changed = rank != node->rank;
    node->rank = rank;
    return has_changed;
}

// Merge two heaps that have no parents into one: interleave their right sides by time, then walk back up.
static struct timer_queue_entry *merge(struct timer_queue_entry *a, struct timer_queue_entry *b)
{
    struct timer_queue_entry *root = nullptr, *last = nullptr;
    struct timer_queue_entry **place = &root;
    while (a && b) {
        if (is_earlier(b, a)) {
            struct timer_queue_entry *later = a;
            a = b;
            b = later;
        }
        *place = a;
        a->parent = last;
        last = a;
        place = &a->right;
        a = a->right;
    }
    struct timer_queue_entry *rest = a ? a : b;
    *place = rest;
    if (rest)
        rest->parent = last;
    for (; last; last = last->parent)
        restore_rank(last);
    return root;
}

void timer_queue_add(struct timer_queue *queue, struct timer_queue_entry *entry, uint64_t due)
{
    ASSERT(!timer_queue_has(entry));
    *entry = (struct timer_queue_entry){.due = due, .number = queue->added_count++, .rank = 1};
    queue->first = merge(queue->first, entry);
}

// Above the gap only ranks can be wrong. They are mended up to the first that stays as it was; those that change grow
// by one a level, so there are at most log2(n + 1) of them.
void timer_queue_remove(struct timer_queue *queue, struct timer_queue_entry *entry)
{
    ASSERT(timer_queue_has(entry));
    struct timer_queue_entry *parent = entry->parent, *left = entry->left, *right = entry->right;
    if (left)
        left->parent = nullptr;
    if (right)
        right->parent = nullptr;
    struct timer_queue_entry *rest = merge(left, right);
    if (rest)
        rest->parent = parent;
    if (!parent)
        queue->first = rest;
    else if (parent->left == entry)
        parent->left = rest;
    else
        parent->right = rest;
    while (parent && restore_rank(parent))
        parent = parent->parent;
    entry->rank = 0;
}

// Left, then right, then back up to where there is a right that has not been seen.
const struct timer_queue_entry *timer_queue_next(const struct timer_queue_entry *entry)
{
    if (entry->left)
        return entry->left;
    if (entry->right)
        return entry->right;
    while (entry->parent && (entry == entry->parent->right || !entry->parent->right))
        entry = entry->parent;
    return entry->parent ? entry->parent->right : nullptr;
}
