// SPDX-License-Identifier: MIT
// Records lie in one piece, on 16-byte boundaries, each behind a header; one that would cross the end of the ring is
// preceded by a filler up to the end. The tail moves before anything is overwritten and the head after everything is
// written: that order is what keeps the ring readable at any instant. Called by log; must not know what a level means.
#include <lib/panic.h>
#include <lib/string.h>
#include <record_ring/record_ring.h>
#include <stdatomic.h>

struct record_header {
    uint64_t time;
    uint16_t size_bytes; // of the whole record, a multiple of its alignment
    uint16_t length;     // of the text
    uint8_t level;
    uint8_t clock;
    bool is_filler;
    uint8_t reserved;
};

constexpr uint32_t RECORD_ALIGNMENT = 16;
static_assert(sizeof(struct record_header) == RECORD_ALIGNMENT, "a filler always has room for its header");
static_assert(RECORD_RING_SIZE % RECORD_ALIGNMENT == 0);
static_assert((RECORD_RING_SIZE & (RECORD_RING_SIZE - 1)) == 0, "offsets are taken from counters that wrap");
static_assert(RECORD_TEXT_LIMIT + sizeof(struct record_header) <= UINT16_MAX, "sizes fit the header");

static uint32_t offset_of(uint64_t position)
{
    return (uint32_t)(position % RECORD_RING_SIZE);
}

static struct record_header header_at(const struct record_ring *ring, uint64_t position)
{
    struct record_header header;
    memcpy(&header, ring->bytes + offset_of(position), sizeof header);
    return header;
}

// The ring is read once more when the kernel dies, and then somebody may have written over it.
static bool is_sound(const struct record_header *header, uint64_t position)
{
    return header->size_bytes >= RECORD_ALIGNMENT && header->size_bytes % RECORD_ALIGNMENT == 0 &&
           header->size_bytes <= RECORD_RING_SIZE - offset_of(position) &&
           header->length <= header->size_bytes - sizeof *header && header->length <= RECORD_TEXT_LIMIT;
}

// Let the oldest records go until SIZE_BYTES at HEAD belong to nobody.
static void make_room(struct record_ring *ring, uint64_t head, uint32_t size_bytes)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    while (head + size_bytes - tail > RECORD_RING_SIZE) {
        struct record_header oldest = header_at(ring, tail);
        ASSERT(is_sound(&oldest, tail));
        tail += oldest.size_bytes;
    }
    atomic_store_explicit(&ring->tail, tail, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); // not one byte is written before the tail has moved
}

static void append_piece(struct record_ring *ring, const struct record_header *header, const char *text)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    make_room(ring, head, header->size_bytes);
    uint8_t *place = ring->bytes + offset_of(head);
    memcpy(place, header, sizeof *header);
    if (header->length > 0)
        memcpy(place + sizeof *header, text, header->length);
    atomic_store_explicit(&ring->head, head + header->size_bytes, memory_order_release);
}

void record_ring_append(struct record_ring *ring, const struct record *record)
{
    uint32_t length = record->length <= RECORD_TEXT_LIMIT ? record->length : RECORD_TEXT_LIMIT;
    uint32_t size_bytes = (uint32_t)sizeof(struct record_header) + length;
    size_bytes = (size_bytes + RECORD_ALIGNMENT - 1) / RECORD_ALIGNMENT * RECORD_ALIGNMENT;

    uint32_t contiguous = RECORD_RING_SIZE - offset_of(atomic_load_explicit(&ring->head, memory_order_relaxed));
    if (size_bytes > contiguous)
        append_piece(ring, &(struct record_header){.size_bytes = (uint16_t)contiguous, .is_filler = true}, nullptr);

    struct record_header header = {
        .time = record->time,
        .size_bytes = (uint16_t)size_bytes,
        .length = (uint16_t)length,
        .level = record->level,
        .clock = record->clock,
    };
    append_piece(ring, &header, record->text);
}

bool record_ring_read(const struct record_ring *ring, uint64_t *position, struct record *record)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (head - tail > RECORD_RING_SIZE)
        return false;
    uint64_t place = *position > tail ? *position : tail;
    struct record_header header;
    do {
        if (place >= head || place % RECORD_ALIGNMENT != 0)
            return false;
        header = header_at(ring, place);
        if (!is_sound(&header, place))
            return false;
        place += header.size_bytes;
    } while (header.is_filler);

    uint32_t text_offset = offset_of(place - header.size_bytes) + (uint32_t)sizeof header;
    *record = (struct record){
        .time = header.time,
        .level = header.level,
        .clock = header.clock,
        .length = header.length,
        .text = (const char *)ring->bytes + text_offset,
    };
    *position = place;
    return true;
}
