// SPDX-License-Identifier: MIT
// Streams: bytes from one writer to one reader, a bounded number on the way. Either side may be an interrupt handler,
// which never waits. The owner of a stream owns its memory. Exported names start with stream_.
#pragma once
#include <lib/byte_ring.h>
#include <lib/status.h>
#include <task/task.h>

struct stream {
    struct byte_ring ring; // counts what was lost
    struct task_signal readable, writable;
};

// A stream over the array STORAGE, whose size is a power of two; empty.
#define STREAM_INIT(storage) {.ring = BYTE_RING_INIT(storage)}

// Put BYTE in, if there is room; if not, it is lost and counted. Any context.
bool stream_push(struct stream *stream, uint8_t byte);

// Put BYTE in, as soon as there is room. For a task.
[[nodiscard]] enum status stream_write(struct stream *stream, uint8_t byte);

// Take the oldest byte, if there is one. Any context.
[[nodiscard]] bool stream_pop(struct stream *stream, uint8_t *byte);

// Await a byte. For a task.
[[nodiscard]] enum status stream_read(struct stream *stream, uint8_t *byte);
