// SPDX-License-Identifier: MIT
// A design of kernel/allocator/heap, HEAP_DESIGN, under any sequence of operations, against a model that poisons what
// the heap must not touch (support/heap_model.h). The input is six bytes of what the regions are like, and then
// operations of three bytes. Where an operation does not find its block, it is another operation, so that none is
// wasted.
//
// HEWN_FUZZ_OPERATIONS=<n> in the environment ends the run, well, after that many operations, and says so.
#include <lib/panic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/heap_model.h>
#include <unistd.h>

constexpr size_t KIB = 1024;
constexpr size_t MIB = 1024 * KIB;
constexpr size_t BLOCK_LIMIT = 4096;
constexpr size_t EDGE_BYTES = 32; // the rest of a block is watched by its poison alone
constexpr size_t OPERATION_BYTES = 3;
constexpr unsigned CHECK_EVERY = 256; // operations

static struct heap_model model;
static uint64_t operations, operation_limit;

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t next_byte(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

static size_t next_pair(struct input *input)
{
    size_t low = next_byte(input);
    return low | (size_t)next_byte(input) << 8;
}

// ---- regions

// Enough wherever the region begins.
static size_t region_bytes(uint8_t byte)
{
    return HEAP_REGION_LEAST + HEAP_ALIGNMENT + ((size_t)(byte & 31) << ((byte >> 5) + 6)) + (byte & 7);
}

static struct heap_shape read_shape(struct input *input)
{
    uint8_t kind = next_byte(input);
    struct heap_shape shape = {.secret = next_byte(input) * 0x0123'4567'89ab'cdefull};
    shape.region_bytes[0] = region_bytes(next_byte(input));
    uint8_t second = next_byte(input), third = next_byte(input), reserved = next_byte(input);
    if (kind & 1) {
        shape.region_bytes[0] &= -(size_t)4096;
        shape.reserved_bytes = shape.region_bytes[0] + reserved * 4 * KIB;
        shape.grow_bytes = kind & 2 ? 256 * KIB : 0;
    } else {
        shape.skipped_bytes = kind >> 1 & 31;
    }
    if (kind & 64)
        shape.region_bytes[1] = region_bytes(second);
    if ((kind & 192) == 192)
        shape.region_bytes[2] = region_bytes(third);
    return shape;
}

// ---- operations

// Twelve bits cut to a length that the other four say: 0 to 4095 in eight steps, then to half a MiB in seven more.
static size_t size_of(size_t pair)
{
    size_t number = pair & 0xfff, scale = pair >> 12;
    return scale < 8 ? number >> (8 - scale) : number << (scale - 8);
}

static bool has_room(void)
{
    return model.block_count < BLOCK_LIMIT;
}

// What the byte says beyond the three bits of what is to be done: most are not aligned, some to up to 128 KiB.
static size_t alignment_of(uint8_t what)
{
    unsigned choice = what >> 3;
    return choice < 14 ? 0 : (size_t)1 << (choice - 14);
}

static void free_some(size_t which, unsigned count)
{
    for (; count > 0 && model.block_count > 0; count--)
        heap_model_free(&model, which % model.block_count);
}

static void fill(size_t size_bytes)
{
    constexpr unsigned MOST = 256;
    unsigned count = 0;
    while (count < MOST && has_room() && heap_model_allocate(&model, size_bytes, 0) != HEAP_MODEL_NONE)
        count++;
}

static void seldom(uint8_t what, size_t pair)
{
    switch (what >> 3) {
    case 0:
        heap_model_check(&model);
        break;
    case 1:
        model.is_grow_failing = pair & 1;
        model.is_shrink_failing = pair & 2;
        break;
    case 2:
        heap_model_free_all(&model);
        break;
    case 3:
        if (has_room())
            (void)heap_model_allocate(&model, SIZE_MAX - pair, 0);
        break;
    case 4:
        if (has_room())
            (void)heap_model_allocate(&model, pair, pair);
        break;
    case 5:
        fill(size_of(pair));
        break;
    case 6:
        heap_trim(model.heap);
        break;
    default:
        free_some(pair, what >> 3);
        break;
    }
}

static void operate(struct input *input)
{
    uint8_t what = next_byte(input);
    size_t pair = next_pair(input), count = model.block_count;
    switch (what & 7) {
    case 0:
    case 1:
        if (has_room())
            (void)heap_model_allocate(&model, size_of(pair), alignment_of(what));
        break;
    case 2: // a small one more often than not
        if (has_room())
            (void)heap_model_allocate(&model, pair % 600, 0);
        break;
    case 3:
        if (has_room())
            (void)heap_model_allocate_zeroed(&model, size_of(pair), alignment_of(what));
        break;
    case 4:
    case 5:
        free_some(count - 1 - (pair >> (what >> 4)), 1);
        break;
    case 6:
        if (count > 0)
            (void)heap_model_reallocate(&model, (what >> 3) % count, size_of(pair), 0);
        break;
    default:
        seldom(what, pair);
        break;
    }
}

// ---- the runs

static void report(void)
{
    fprintf(stderr, "heap %s: %llu operations\n", HEAP_DESIGN.name, (unsigned long long)operations);
}

static void begin_once(void)
{
    static bool has_begun;
    if (has_begun)
        return;
    has_begun = true;
    heap_model_init(&model, 8 * MIB, BLOCK_LIMIT, EDGE_BYTES);
    const char *limit = getenv("HEWN_FUZZ_OPERATIONS");
    operation_limit = limit != nullptr ? strtoull(limit, nullptr, 10) : UINT64_MAX;
    atexit(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin_once();
    struct input input = {data, size};
    struct heap_shape shape = read_shape(&input);
    heap_model_begin(&model, &HEAP_DESIGN, &shape);
    model.operations = 0;
    for (unsigned count = 1; input.size >= OPERATION_BYTES; count++) {
        operate(&input);
        if (count % CHECK_EVERY == 0)
            heap_model_check(&model);
    }
    heap_model_check(&model);
    heap_model_free_all(&model);
    heap_model_check(&model);
    operations += model.operations;
    if (operations >= operation_limit) {
        report();
        _exit(0); // libFuzzer takes exit() for a crash
    }
    return 0;
}
