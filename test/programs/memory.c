// SPDX-License-Identifier: MIT
// Blocks of all sizes, each with a pattern of its own that must be there when it is freed or moved.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 200,
    ROUNDS = 20000
};

static struct {
    unsigned char *bytes;
    size_t size;
    unsigned char pattern;
} slots[SLOTS];

static uint32_t next_random(void)
{
    static uint32_t state = 1;
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

static void check(int slot)
{
    for (size_t i = 0; i < slots[slot].size; i += slots[slot].size > 4096 ? 1024 : 1) {
        if (slots[slot].bytes[i] != slots[slot].pattern) {
            printf("byte %zu of %zu has changed\n", i, slots[slot].size);
            exit(1);
        }
    }
}

static void change(int slot)
{
    unsigned kind = next_random() % 100;
    size_t size = 1 + next_random() % (kind < 90 ? 500 : kind < 99 ? 20000 : 600000);
    check(slot);
    unsigned char *bytes = realloc(slots[slot].bytes, size);
    if (bytes == NULL) {
        puts("no memory");
        exit(2);
    }
    for (size_t i = 0; i < size && i < slots[slot].size; i++) {
        if (bytes[i] != slots[slot].pattern) {
            printf("byte %zu was lost on the way\n", i);
            exit(3);
        }
    }
    slots[slot].bytes = bytes;
    slots[slot].size = size;
    slots[slot].pattern = (unsigned char)next_random();
    memset(bytes, slots[slot].pattern, size);
}

int main(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        int slot = (int)(next_random() % SLOTS);
        if (next_random() % 3 == 0) {
            check(slot);
            free(slots[slot].bytes);
            slots[slot].bytes = NULL;
            slots[slot].size = 0;
        } else {
            change(slot);
        }
    }
    puts("all blocks whole");
    return 0;
}
