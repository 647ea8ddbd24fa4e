// SPDX-License-Identifier: MIT
// Random bytes out of a seed: ChaCha20 (RFC 8439) with a key that each call replaces, so that what has been handed out
// cannot be computed from what is kept. How good they are is decided by the seed. Exported names start with random_.
// Pure; any context, one at a time.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct random {
    uint32_t key[8];
};

constexpr size_t RANDOM_SEED_WORDS = 4;

// Begin anew, or, when it has begun, mix SEED into what there is.
void random_seed(struct random *random, const uint64_t seed[static RANDOM_SEED_WORDS]);

void random_fill(struct random *random, void *bytes, size_t size_bytes);

// The block function (RFC 8439, 2.3).
void random_block(const uint32_t key[static 8], uint32_t counter, const uint32_t nonce[static 3],
                  uint32_t block[static 16]);
