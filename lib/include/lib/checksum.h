// SPDX-License-Identifier: MIT
// Two sums chosen for their cost in the boot chain (docs/decisions/0002-checksums.md). They find damage, not malice.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Fletcher-type sum over little-endian 16-bit words, modulo 65536: what the boot sector checks stage 2 with.
// second (high half of the result) is the sum of all running values of first (low half), so that order counts.
uint32_t checksum_words16(const void *data, size_t word_count);

// Two running sums over little-endian 64-bit words, modulo 2^64: what stage 2 checks the kernel with, in long mode.
struct checksum64 {
    uint64_t first;  // sum of the words
    uint64_t second; // sum of all running values of first
};
struct checksum64 checksum_words64(struct checksum64 seed, const void *data, size_t word_count);
