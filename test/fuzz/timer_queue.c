// SPDX-License-Identifier: MIT
// kernel/time/timer_queue under any sequence of operations: each byte of the input adds, removes, or takes the
// earliest; after each, the first is what a search of all entries finds.
#include <lib/panic.h>
#include <stddef.h>
#include <string.h>
#include <timer_queue/timer_queue.h>

constexpr unsigned ENTRY_COUNT = 32;
constexpr uint8_t TAKE_FIRST = 0xe0; // and above; else 3 bits of time over 5 bits of entry

static struct timer_queue queue;
static struct timer_queue_entry entries[ENTRY_COUNT];

static bool comes_before(const struct timer_queue_entry *a, const struct timer_queue_entry *b)
{
    return a->due < b->due || (a->due == b->due && a->number < b->number);
}

static void check(unsigned count)
{
    const struct timer_queue_entry *first = nullptr;
    unsigned found = 0;
    for (unsigned i = 0; i < ENTRY_COUNT; i++) {
        if (!timer_queue_has(&entries[i]))
            continue;
        found++;
        if (!first || comes_before(&entries[i], first))
            first = &entries[i];
    }
    if (found != count)
        panic("%u entries are queued instead of %u", found, count);
    if (queue.first != first)
        panic("the first is not the earliest of %u", count);
}

static void remove_and_check(struct timer_queue_entry *entry, unsigned count)
{
    timer_queue_remove(&queue, entry);
    check(count - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&queue, 0, sizeof queue);
    memset(entries, 0, sizeof entries);
    unsigned count = 0;
    for (size_t i = 0; i < size; i++) {
        struct timer_queue_entry *entry = data[i] >= TAKE_FIRST ? queue.first : &entries[data[i] % ENTRY_COUNT];
        if (!entry)
            continue;
        if (timer_queue_has(entry)) {
            remove_and_check(entry, count--);
            continue;
        }
        timer_queue_add(&queue, entry, data[i] / ENTRY_COUNT);
        check(++count);
    }
    while (count > 0)
        remove_and_check(queue.first, count--);
    return 0;
}
