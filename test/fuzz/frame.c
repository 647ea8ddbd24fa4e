// SPDX-License-Identifier: MIT
// kernel/allocator/frame.c under any sequence of operations on any map, against a byte a frame (support/frame_model.h).
// The input is a count of ranges, two bytes for each (what lies free before it, and its frames, both in steps that grow
// with the number), and then operations of two bytes.
#include <allocator/frame_allocator.h>
#include <lib/panic.h>
#include <stdlib.h>
#include <string.h>
#include <support/frame_model.h>

constexpr size_t RANGE_LIMIT = 8;
constexpr size_t BLOCK_LIMIT = 4096;
constexpr uint64_t FRAME_LIMIT = 1 << 19; // that the model has to look at, and be quick
constexpr uint64_t STARTS[] = {0, 0xf0, 0x200, 0x3'fff0, 0xf'fe00, 0x100'0000, 0x3'fe00, 0xff'fff0'0000};

struct block {
    uint64_t address;
    unsigned order;
};

struct input {
    const uint8_t *data;
    size_t size;
};

static struct frame_allocator allocator;
static struct frame_model model;
static struct block blocks[BLOCK_LIMIT];
static size_t block_count;

static uint8_t next_byte(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

// Five bits of a byte shifted by the other three, doubled: 0 to some 500 000, small numbers exactly.
static uint64_t next_length(struct input *input)
{
    uint8_t byte = next_byte(input);
    return (uint64_t)(byte & 31) << (byte >> 5) * 2;
}

static size_t read_ranges(struct input *input, struct frame_range *ranges)
{
    size_t limit = 1 + next_byte(input) % RANGE_LIMIT, count = 0;
    uint64_t at = STARTS[next_byte(input) % 8], total = 0;
    for (; count < limit; count++) {
        at += next_length(input);
        uint64_t frames = next_length(input) + (at == 0 ? 2 : 1);
        total += frames;
        if (total > FRAME_LIMIT || at + frames > 1ull << 40)
            break;
        ranges[count] = (struct frame_range){.first = at, .count = frames};
        at += frames;
    }
    return count;
}

static void keep(uint64_t address, unsigned order)
{
    if (block_count == BLOCK_LIMIT)
        panic("the fuzzer has no place for another block");
    blocks[block_count++] = (struct block){address, order};
}

static void allocate(unsigned order, enum frame_zone zone, bool is_failing)
{
    if (block_count + FRAME_ORDER_COUNT >= BLOCK_LIMIT)
        return;
    if (is_failing)
        frame_fail_at(&allocator, 1);
    uint64_t address = frame_allocate(&allocator, order, zone).value;
    frame_model_take(&model, address, order, zone, is_failing);
    if (address != 0)
        keep(address, order);
}

// All of a block, or of it the part of PART_ORDER that PATH leads to.
static void give(size_t index, unsigned part_order, unsigned path)
{
    struct block block = blocks[index];
    blocks[index] = blocks[--block_count];
    for (; block.order > part_order && block_count < BLOCK_LIMIT; path >>= 1) {
        block.order--;
        uint64_t half = PAGE_SIZE << block.order;
        keep(path & 1 ? block.address : block.address + half, block.order);
        block.address += path & 1 ? half : 0;
    }
    frame_model_give(&model, block.address, 1ull << block.order, 1);
    frame_free(&allocator, (phys_addr_t){block.address}, block.order);
}

// Two bits of what, and for an allocation its order and zone; for a block its number and part.
static void operate(struct input *input)
{
    uint8_t what = next_byte(input), which = next_byte(input);
    enum frame_zone zone = (enum frame_zone)(which % FRAME_ZONE_COUNT);
    if (what < 0x40)
        allocate(what % FRAME_ORDER_COUNT, zone, which >= 0xf0);
    else if (what < 0x80)
        allocate(0, FRAME_ZONE_ANY, false);
    else if (block_count > 0)
        give(which * 16 % block_count, what < 0xc0 ? FRAME_ORDER_COUNT : what % FRAME_ORDER_COUNT, which);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct frame_range ranges[RANGE_LIMIT];
    size_t count = read_ranges(&input, ranges);
    size_t bytes = frame_metadata_size(ranges, count);
    if (bytes == 0)
        return 0;
    void *metadata = malloc(bytes);
    if (!metadata)
        return 0;
    memset(metadata, 0xa5, bytes);
    block_count = 0;
    if (frame_allocator_init(&allocator, ranges, count, metadata, &(struct frame_options){}) != STATUS_OK)
        panic("a map whose metadata have a size was refused");
    frame_model_init(&model, ranges, count);
    while (input.size > 0) {
        operate(&input);
        frame_model_check(&model, &allocator, false);
    }
    frame_model_check(&model, &allocator, true);
    while (block_count > 0)
        give(block_count - 1, FRAME_ORDER_COUNT, 0);
    frame_model_check(&model, &allocator, true);
    frame_model_destroy(&model);
    free(metadata);
    return 0;
}
