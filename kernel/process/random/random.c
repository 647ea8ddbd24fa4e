// SPDX-License-Identifier: MIT
// ChaCha20 as a generator. Called by process; knows no source of seeds.
#include <lib/string.h>
#include <random/random.h>

static inline uint32_t rotate(uint32_t value, unsigned count)
{
    return value << count | value >> (32 - count);
}

static inline void quarter_round(uint32_t state[static 16], unsigned a, unsigned b, unsigned c, unsigned d)
{
    state[a] += state[b];
    state[d] = rotate(state[d] ^ state[a], 16);
    state[c] += state[d];
    state[b] = rotate(state[b] ^ state[c], 12);
    state[a] += state[b];
    state[d] = rotate(state[d] ^ state[a], 8);
    state[c] += state[d];
    state[b] = rotate(state[b] ^ state[c], 7);
}

void random_block(const uint32_t key[static 8], uint32_t counter, const uint32_t nonce[static 3],
                  uint32_t block[static 16])
{
    const uint32_t constants[4] = {0x6170'7865, 0x3320'646e, 0x7962'2d32, 0x6b20'6574}; // "expand 32-byte k"
    uint32_t start[16];
    memcpy(start, constants, sizeof constants);
    memcpy(start + 4, key, 8 * sizeof *key);
    start[12] = counter;
    memcpy(start + 13, nonce, 3 * sizeof *nonce);
    memcpy(block, start, sizeof start);
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned column = 0; column < 4; column++)
            quarter_round(block, column, column + 4, column + 8, column + 12);
        for (unsigned column = 0; column < 4; column++)
            quarter_round(block, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4);
    }
    for (unsigned i = 0; i < 16; i++)
        block[i] += start[i];
}

// The key of the next call is the second half of this call's first block.
void random_fill(struct random *random, void *bytes, size_t size_bytes)
{
    constexpr size_t FIRST_BYTES = 32, BLOCK_BYTES = 64;
    const uint32_t nonce[3] = {};
    uint32_t block[16], next_key[8];
    random_block(random->key, 0, nonce, block);
    memcpy(next_key, block + 8, sizeof next_key);
    size_t room = FIRST_BYTES;
    for (uint32_t counter = 1; size_bytes > 0; counter++, room = BLOCK_BYTES) {
        size_t count = size_bytes < room ? size_bytes : room;
        memcpy(bytes, block, count);
        bytes = (uint8_t *)bytes + count;
        size_bytes -= count;
        if (size_bytes > 0)
            random_block(random->key, counter, nonce, block);
    }
    memcpy(random->key, next_key, sizeof next_key);
}

void random_seed(struct random *random, const uint64_t seed[static RANDOM_SEED_WORDS])
{
    for (unsigned i = 0; i < 8; i++)
        random->key[i] ^= (uint32_t)(seed[i / 2] >> 32 * (i % 2));
    uint8_t dropped[1];
    random_fill(random, dropped, sizeof dropped);
}
