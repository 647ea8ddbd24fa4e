// SPDX-License-Identifier: MIT
// A ring of text records in which the oldest give way to the newest. Owns nothing but the structure it is handed; log
// keeps its lines in one; knows no hardware and no lock.
//
// Exported names start with record_. An all-zero ring is empty and ready. One writer at a time; a reader may interrupt
// the writer at any instruction, even by a fault, and still finds only whole records. Appending and reading are O(n) in
// the text plus the records that give way.
#pragma once
#include <stdint.h>

constexpr uint32_t RECORD_RING_SIZE = 64 * 1024; // bytes, headers included
constexpr uint32_t RECORD_TEXT_LIMIT = 1008;     // bytes of text a record; more is cut

struct record {
    uint64_t time;
    uint8_t level; // level and clock are the caller's: kept, not understood
    uint8_t clock;
    uint16_t length;  // bytes
    const char *text; // not terminated; from record_ring_read() it points into the ring
};

struct record_ring {
    _Atomic uint64_t head; // bytes ever written: where the next record goes, modulo the size
    _Atomic uint64_t tail; // the oldest whole record
    alignas(16) uint8_t bytes[RECORD_RING_SIZE];
};

void record_ring_append(struct record_ring *ring, const struct record *record);

// Read the record at *POSITION (0 for the oldest one) and move *POSITION behind it. A position that has been
// overwritten continues with the oldest record. Returns false when there is nothing newer, and also at a place where
// somebody has written over the ring: reading ends after a bounded number of records whatever it holds. RECORD is valid
// until the next append.
bool record_ring_read(const struct record_ring *ring, uint64_t *position, struct record *record);
