// SPDX-License-Identifier: MIT
// Channels: items of one size from tasks to tasks, first in, first out, a bounded number on the way. The owner of a
// channel owns its memory; it must not go away while a task waits there. Exported names start with channel_. For tasks;
// what interrupt handlers bring goes through task/stream.h.
#pragma once
#include <lib/status.h>
#include <stdint.h>
#include <task/task.h>

// What happens to an item for which there is no room.
enum channel_policy : uint8_t {
    CHANNEL_WAITS,        // its sender waits
    CHANNEL_DROPS_NEWEST, // it is dropped and counted
    CHANNEL_DROPS_OLDEST, // the oldest is, in its place
};

struct channel {
    void *items;
    uint32_t item_bytes, capacity;
    enum channel_policy policy;
    bool is_closed;
    uint32_t first, count; // of the items in it
    uint64_t lost_count;
    struct task_waiters senders, receivers;
};

// A channel over the array STORAGE, empty.
#define CHANNEL_INIT(storage, what_if_full)                                                                            \
    {.items = (storage),                                                                                               \
     .item_bytes = sizeof *(storage),                                                                                  \
     .capacity = sizeof(storage) / sizeof *(storage),                                                                  \
     .policy = (what_if_full)}

// Put a copy of *ITEM in. STATUS_CLOSED: nobody will take it. O(item_bytes).
[[nodiscard]] enum status channel_send(struct channel *channel, const void *item);

// Take the oldest item. STATUS_CLOSED: there is none, and none will come.
[[nodiscard]] enum status channel_receive(struct channel *channel, void *item);

// Nothing more is sent. What is in the channel can still be received; who waits to send gets STATUS_CLOSED.
void channel_close(struct channel *channel);
