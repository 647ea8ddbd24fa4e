// SPDX-License-Identifier: MIT
// Streams: a ring without locks, and a signal for each side. A side that finds nothing says that it waits, and looks
// once more: what comes between the first look and that is seen by the second, what comes later wakes it.
#include <task/stream.h>

bool stream_push(struct stream *stream, uint8_t byte)
{
    bool has_room = byte_ring_push(&stream->ring, byte);
    task_signal_raise(&stream->readable);
    return has_room;
}

bool stream_pop(struct stream *stream, uint8_t *byte)
{
    bool has_byte = byte_ring_pop(&stream->ring, byte);
    if (has_byte)
        task_signal_raise(&stream->writable);
    return has_byte;
}

enum status stream_write(struct stream *stream, uint8_t byte)
{
    while (byte_ring_room(&stream->ring) == 0) {
        task_signal_arm(&stream->writable);
        if (byte_ring_room(&stream->ring) != 0)
            break;
        enum status status = task_await_signal();
        if (status != STATUS_OK)
            return status;
    }
    task_await_done();
    (void)stream_push(stream, byte);
    return STATUS_OK;
}

enum status stream_read(struct stream *stream, uint8_t *byte)
{
    while (!stream_pop(stream, byte)) {
        task_signal_arm(&stream->readable);
        if (!HEWN_BREAK_TASK_LOST_WAKE_UP && stream_pop(stream, byte))
            break;
        enum status status = task_await_signal();
        if (status != STATUS_OK)
            return status;
    }
    task_await_done();
    return STATUS_OK;
}
