// SPDX-License-Identifier: MIT
// Two counters that only ever grow, each written by one side alone; their difference is what the ring holds, and what
// they leave when divided by its size are the two places. Called by drivers of the kernel, from interrupt handlers and
// from those who read; must not know what the bytes mean.
#include <lib/byte_ring.h>
#include <lib/panic.h>

static uint8_t *place_of(const struct byte_ring *ring, uint32_t counter)
{
    DEBUG_ASSERT(ring->size_bytes > 0 && (ring->size_bytes & (ring->size_bytes - 1)) == 0);
    return ring->bytes + (counter & (ring->size_bytes - 1));
}

bool byte_ring_push(struct byte_ring *ring, uint8_t byte)
{
    uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    // Acquire: the consumer has read the byte that lay here before it said so.
    if (written - atomic_load_explicit(&ring->taken, memory_order_acquire) >= ring->size_bytes) {
        uint32_t lost = atomic_load_explicit(&ring->lost, memory_order_relaxed);
        atomic_store_explicit(&ring->lost, lost + 1, memory_order_relaxed);
        return false;
    }
    *place_of(ring, written) = byte;
    atomic_store_explicit(&ring->written, written + 1, memory_order_release); // the byte first
    return true;
}

bool byte_ring_pop(struct byte_ring *ring, uint8_t *byte)
{
    uint32_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    if (taken == atomic_load_explicit(&ring->written, memory_order_acquire))
        return false;
    *byte = *place_of(ring, taken);
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release); // the byte is out first
    return true;
}
