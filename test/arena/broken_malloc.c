// SPDX-License-Identifier: MIT
// A malloc with one mistake, chosen by HEWN_BROKEN_MALLOC, for the arena's workers to find when it is preloaded.
// Without it, and outside a worker, a bump pointer that never frees.
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t MEMORY_BYTES = (size_t)1 << 30;
constexpr unsigned EARLY_CALLS = 100; // all is well until then

static alignas(4096) uint8_t memory[MEMORY_BYTES];
static size_t used_bytes;
static unsigned calls;

static bool is_broken(const char *name)
{
    const char *chosen = getenv("HEWN_BROKEN_MALLOC");
    return calls > EARLY_CALLS && chosen != nullptr && strcmp(chosen, name) == 0;
}

// The size stands before the block.
static void *allocate(size_t size_bytes, size_t alignment)
{
    calls++;
    if (is_broken("out_of_memory"))
        return nullptr;
    if (is_broken("overlap") && used_bytes > 64)
        used_bytes -= 16;
    size_t start = (used_bytes + sizeof(size_t) + alignment - 1) & -alignment;
    if (is_broken("misaligned"))
        start += 4;
    memcpy(&memory[start - sizeof(size_t)], &size_bytes, sizeof(size_t));
    used_bytes = start + size_bytes;
    return &memory[start];
}

size_t malloc_usable_size(void *block)
{
    size_t size_bytes;
    memcpy(&size_bytes, (uint8_t *)block - sizeof(size_t), sizeof(size_t));
    return is_broken("small") ? size_bytes - 1 : size_bytes;
}

void *malloc(size_t size_bytes)
{
    return allocate(size_bytes, 16);
}

void *calloc(size_t count, size_t each_bytes)
{
    uint8_t *block = allocate(count * each_bytes, 16);
    if (block == nullptr)
        return nullptr;
    memset(block, 0, count * each_bytes);
    if (is_broken("dirty"))
        block[count * each_bytes - 1] = 1;
    return block;
}

void *memalign(size_t alignment, size_t size_bytes)
{
    return allocate(size_bytes, alignment);
}

void *realloc(void *block, size_t size_bytes)
{
    void *moved = allocate(size_bytes, 16);
    if (block == nullptr || moved == nullptr)
        return moved;
    size_t old_bytes = malloc_usable_size(block);
    size_t kept = old_bytes < size_bytes ? old_bytes : size_bytes;
    memcpy(moved, block, is_broken("forgetful") ? kept / 2 : kept);
    return moved;
}

void free(void *block)
{
    if (block != nullptr && is_broken("scribbling"))
        memset(&memory[used_bytes / 2], 0x55, 64);
}
