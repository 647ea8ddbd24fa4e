// SPDX-License-Identifier: MIT
// A queue of bytes between one producer and one consumer, without locks: an interrupt handler pushes, a task pops, and
// either may interrupt the other at any instruction. What finds no room is dropped and counted. The caller owns the
// memory. Exported names start with byte_ring_. Any context; every function is O(1).
#pragma once
#include <stdatomic.h>
#include <stdint.h>

struct byte_ring {
    uint8_t *bytes;
    uint32_t size_bytes;      // a power of two
    _Atomic uint32_t written; // since the beginning, modulo 2^32; the producer's
    _Atomic uint32_t taken;   // the consumer's
    _Atomic uint32_t lost;    // bytes that found no room
};

// A ring over the array STORAGE, empty.
#define BYTE_RING_INIT(storage) {.bytes = (storage), .size_bytes = sizeof(storage)}

// Return whether there was room; if not, the byte is counted as lost.
bool byte_ring_push(struct byte_ring *ring, uint8_t byte);

// Take the oldest byte, if there is one.
[[nodiscard]] bool byte_ring_pop(struct byte_ring *ring, uint8_t *byte);

// For how many bytes there is room. Exact for the producer until the consumer takes more.
static inline uint32_t byte_ring_room(const struct byte_ring *ring)
{
    // Acquire: the consumer has read what lay there before it said so.
    return ring->size_bytes - (atomic_load_explicit(&ring->written, memory_order_relaxed) -
                               atomic_load_explicit(&ring->taken, memory_order_acquire));
}
