// SPDX-License-Identifier: MIT
// Two lists: the ranges, and the copies that were handed out. See the header.
#include <lib/panic.h>
#include <stdlib.h>
#include <string.h>
#include <support/physical_memory.h>

struct range {
    uint64_t address;
    uint8_t *bytes;
    size_t size_bytes;
};

struct mapping {
    uint8_t *block; // the copy is one byte behind
    size_t size_bytes;
};

constexpr unsigned RANGE_LIMIT = 512;
constexpr unsigned MAPPING_LIMIT = 4096;
constexpr size_t RECORD_HEADER_BYTES = 10;

static struct range ranges[RANGE_LIMIT];
static unsigned range_count;
static struct mapping mappings[MAPPING_LIMIT];
static unsigned mapping_count;
static unsigned map_count;

static uint8_t *allocate(size_t size_bytes)
{
    uint8_t *block = calloc(1, size_bytes);
    ASSERT(block != nullptr);
    return block;
}

void physical_memory_clear(void)
{
    while (range_count > 0)
        free(ranges[--range_count].bytes);
    while (mapping_count > 0)
        free(mappings[--mapping_count].block);
    map_count = 0;
}

uint8_t *physical_memory_put(uint64_t address, const void *bytes, size_t size_bytes)
{
    if (range_count == RANGE_LIMIT)
        return nullptr;
    uint8_t *copy = allocate(size_bytes + 1); // no block is empty
    if (bytes != nullptr)
        memcpy(copy, bytes, size_bytes);
    ranges[range_count++] = (struct range){address, copy, size_bytes};
    return copy;
}

uint64_t physical_memory_load(const uint8_t *dump, size_t size_bytes)
{
    uint64_t first = 0;
    while (size_bytes > RECORD_HEADER_BYTES) {
        uint64_t address;
        uint16_t length;
        memcpy(&address, dump, sizeof address);
        memcpy(&length, dump + sizeof address, sizeof length);
        dump += RECORD_HEADER_BYTES;
        size_bytes -= RECORD_HEADER_BYTES;
        if (length > size_bytes)
            length = (uint16_t)size_bytes;
        physical_memory_put(address, dump, length);
        if (first == 0)
            first = address;
        dump += length;
        size_bytes -= length;
    }
    return first;
}

uint8_t *physical_memory_at(uint64_t address, size_t size_bytes)
{
    for (unsigned i = 0; i < range_count; i++) {
        uint64_t offset = address - ranges[i].address; // huge when the address is below
        if (offset <= ranges[i].size_bytes && size_bytes <= ranges[i].size_bytes - offset)
            return ranges[i].bytes + offset;
    }
    return nullptr;
}

const void *physical_memory_map(phys_addr_t address, size_t size_bytes)
{
    ASSERT(address.value != 0 && size_bytes > 0 && size_bytes - 1 <= UINT64_MAX - address.value);
    map_count++;
    const uint8_t *bytes = physical_memory_at(address.value, size_bytes);
    if (bytes == nullptr)
        return nullptr;
    ASSERT(mapping_count < MAPPING_LIMIT);
    uint8_t *block = allocate(size_bytes + 1);
    memcpy(block + 1, bytes, size_bytes);
    mappings[mapping_count++] = (struct mapping){block, size_bytes};
    return block + 1;
}

bool physical_memory_is_mapped(const uint8_t *bytes, size_t size_bytes)
{
    for (unsigned i = 0; i < mapping_count; i++) {
        if (bytes == mappings[i].block + 1)
            return size_bytes <= mappings[i].size_bytes;
    }
    return false;
}

unsigned physical_memory_map_count(void)
{
    return map_count;
}
