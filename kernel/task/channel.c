// SPDX-License-Identifier: MIT
// Channels. Tasks alone come here, and none of them is interrupted by another, so nothing needs a lock. Whoever is
// woken looks again, because a third task may have been quicker.
#include <lib/panic.h>
#include <lib/string.h>
#include <task/channel.h>

static void *item_at(const struct channel *channel, uint32_t index)
{
    return (uint8_t *)channel->items + (size_t)(index % channel->capacity) * channel->item_bytes;
}

static void take(struct channel *channel, void *item)
{
    memcpy(item, item_at(channel, channel->first), channel->item_bytes);
    channel->first = (channel->first + 1) % channel->capacity;
    channel->count--;
}

static void put(struct channel *channel, const void *item)
{
    memcpy(item_at(channel, channel->first + channel->count), item, channel->item_bytes);
    channel->count++;
}

enum status channel_send(struct channel *channel, const void *item)
{
    ASSERT(channel->capacity != 0);
    while (!channel->is_closed && channel->count == channel->capacity && channel->policy == CHANNEL_WAITS) {
        enum status status = task_await(&channel->senders);
        if (status != STATUS_OK)
            return status;
    }
    task_await_done();
    if (channel->is_closed)
        return STATUS_CLOSED;
    if (channel->count == channel->capacity) {
        channel->lost_count++;
        if (channel->policy == CHANNEL_DROPS_NEWEST)
            return STATUS_OK;
        channel->first = (channel->first + 1) % channel->capacity;
        channel->count--;
    }
    put(channel, item);
    task_wake_first(&channel->receivers);
    return STATUS_OK;
}

enum status channel_receive(struct channel *channel, void *item)
{
    while (channel->count == 0 && !channel->is_closed) {
        enum status status = task_await(&channel->receivers);
        if (status != STATUS_OK)
            return status;
    }
    task_await_done();
    if (channel->count == 0)
        return STATUS_CLOSED;
    take(channel, item);
    task_wake_first(&channel->senders);
    return STATUS_OK;
}

void channel_close(struct channel *channel)
{
    channel->is_closed = true;
    task_wake_all(&channel->senders);
    task_wake_all(&channel->receivers);
}
