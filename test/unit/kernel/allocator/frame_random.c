// SPDX-License-Identifier: MIT
// kernel/allocator/frame.c against a byte a frame (support/frame_model.h): random operations, right and wrong ones, on
// simulated memory of many shapes. No memory is there but the metadata, which begins as garbage.
#include <allocator/frame_allocator.h>
#include <stdlib.h>
#include <support/frame_model.h>
#include <support/random.h>
#include <support/unit.h>

constexpr size_t BLOCK_LIMIT = 1 << 20;
constexpr size_t RANGE_LIMIT = 8192;

struct block {
    uint64_t address, count;
};

struct world {
    struct frame_allocator allocator;
    struct frame_model model;
    void *metadata;
    size_t metadata_bytes;
    struct block *blocks; // that are taken
    size_t block_count;
    uint64_t random;
};

static void begin(struct world *world, const struct frame_range *ranges, size_t count)
{
    *world = (struct world){.random = 0x4845'574e};
    world->metadata_bytes = frame_metadata_size(ranges, count);
    assert_int_not_equal(world->metadata_bytes, 0);
    world->metadata = aligned_alloc(64, (world->metadata_bytes + 63) / 64 * 64);
    assert_non_null(world->metadata);
    uint64_t *garbage = world->metadata;
    for (size_t i = 0; i < world->metadata_bytes / sizeof(uint64_t); i++)
        garbage[i] = random_next(&world->random);
    world->blocks = malloc(BLOCK_LIMIT * sizeof(struct block));
    assert_non_null(world->blocks);
    frame_model_init(&world->model, ranges, count);
    assert_int_equal(frame_allocator_init(&world->allocator, ranges, count, world->metadata, &(struct frame_options){}),
                     STATUS_OK);
    frame_model_check(&world->model, &world->allocator, true);
}

static void end(struct world *world)
{
    frame_model_destroy(&world->model);
    free(world->blocks);
    free(world->metadata);
}

static void keep(struct world *world, uint64_t address, uint64_t count)
{
    if (count == 0)
        return;
    assert_in_range(world->block_count, 0, BLOCK_LIMIT - 1);
    world->blocks[world->block_count++] = (struct block){address, count};
}

static bool allocate(struct world *world, unsigned order, enum frame_zone zone)
{
    uint64_t address = frame_allocate(&world->allocator, order, zone).value;
    frame_model_take(&world->model, address, order, zone, false);
    keep(world, address, address ? 1ull << order : 0);
    return address != 0;
}

static void allocate_run(struct world *world, uint64_t count, enum frame_zone zone)
{
    uint64_t address = frame_allocate_run(&world->allocator, count, zone).value;
    unsigned order = 0;
    while ((1ull << order) < count)
        order++;
    if (address == 0) {
        frame_model_take(&world->model, address, order, zone, false);
        return;
    }
    frame_model_take_run(&world->model, address, count, zone);
    for (uint64_t tail = (1ull << order) - count; tail > 0; tail &= tail - 1)
        world->model.frees++;
    keep(world, address, count);
}

static void fail_once(struct world *world, unsigned order)
{
    frame_fail_at(&world->allocator, 1);
    frame_model_take(&world->model, frame_allocate(&world->allocator, order, FRAME_ZONE_ANY).value, order,
                     FRAME_ZONE_ANY, true);
}

// The order of the largest block at ADDRESS of at most COUNT frames.
static unsigned largest_order(uint64_t address, uint64_t count)
{
    unsigned order = FRAME_ORDER_COUNT - 1;
    while ((1ull << order) > count || address % (PAGE_SIZE << order) != 0)
        order--;
    return order;
}

static void give(struct world *world, uint64_t address, uint64_t count)
{
    uint64_t frees = 0;
    for (uint64_t at = address, left = count; left > 0; frees++) {
        unsigned order = largest_order(at, left);
        at += PAGE_SIZE << order;
        left -= 1ull << order;
    }
    frame_model_give(&world->model, address, count, frees);
    if (frees == 1)
        frame_free(&world->allocator, (phys_addr_t){address}, largest_order(address, count));
    else
        frame_free_run(&world->allocator, (phys_addr_t){address}, count);
}

// All of a random block, or some frames out of it.
static void give_random(struct world *world)
{
    if (world->block_count == 0)
        return;
    struct block *place = &world->blocks[random_below(&world->random, (uint32_t)world->block_count)];
    struct block block = *place;
    *place = world->blocks[--world->block_count];
    uint64_t skip = 0, count = block.count;
    if (random_below(&world->random, 4) == 0) {
        skip = random_below(&world->random, (uint32_t)block.count);
        count = 1 + random_below(&world->random, (uint32_t)(block.count - skip));
    }
    give(world, block.address + skip * PAGE_SIZE, count);
    keep(world, block.address, skip);
    keep(world, block.address + (skip + count) * PAGE_SIZE, block.count - skip - count);
}

static void give_all(struct world *world)
{
    while (world->block_count > 0) {
        struct block *block = &world->blocks[--world->block_count];
        give(world, block->address, block->count);
    }
}

// A frame near the border of a range or near a taken block, where mistakes are.
static uint64_t random_frame(struct world *world)
{
    const struct frame_range *range = &world->model.ranges[random_below(&world->random, (uint32_t)world->model.count)];
    uint64_t near = random_below(&world->random, 4);
    switch (random_below(&world->random, 4)) {
    case 0:
        return range->first + near - 2;
    case 1:
        return range->first + range->count + near - 2;
    case 2:
        return range->first + random_next(&world->random) % range->count;
    default:
        if (world->block_count == 0)
            return random_next(&world->random) >> 12;
        return world->blocks[random_below(&world->random, (uint32_t)world->block_count)].address / PAGE_SIZE + near - 1;
    }
}

static void give_wrongly(struct world *world)
{
    unsigned order = random_below(&world->random, 3) ? 0 : random_below(&world->random, FRAME_ORDER_COUNT);
    uint64_t first = random_frame(world) & ~((1ull << order) - 1) & ~0ull >> 12;
    if (frame_model_are_taken(&world->model, first, 1ull << order))
        return;
    ASSERT_PANICS(frame_free(&world->allocator, (phys_addr_t){first * PAGE_SIZE}, order), "frame 0x");
    const char *sentence = global_last_failed_assert;
    uint64_t named = strtoull(sentence + strlen("frame "), nullptr, 16) / PAGE_SIZE;
    assert_in_range(named, first, first + (1ull << order) - 1);
    if (strstr(sentence, "free already"))
        assert_true(frame_model_is_free(&world->model, named));
    else
        assert_false(frame_model_is_managed(&world->model, named));
}

static unsigned random_order(struct world *world, unsigned style)
{
    switch (style) {
    case 0:
        return random_below(&world->random, FRAME_ORDER_COUNT);
    case 1:
        return 0;
    case 2:
        return random_below(&world->random, 11);
    default:
        return random_below(&world->random, 3) ? 0 : FRAME_ORDER_2M;
    }
}

static void step(struct world *world, unsigned style, unsigned allocations_of_16)
{
    enum frame_zone zone =
        random_below(&world->random, 4) ? FRAME_ZONE_ANY : (enum frame_zone)random_below(&world->random, 3);
    unsigned dice = random_below(&world->random, 64);
    if (dice == 0)
        fail_once(world, random_order(world, style));
    else if (dice < 4)
        give_wrongly(world);
    else if (dice < 8)
        allocate_run(world, 1 + random_next(&world->random) % (1ull << random_order(world, style)), zone);
    else if (dice % 16 < allocations_of_16)
        allocate(world, random_order(world, style), zone);
    else
        give_random(world);
}

// Styles of orders, each with more allocations than frees at first and then the other way round.
static void exercise(struct world *world, unsigned steps)
{
    bool is_small = world->model.bytes < 1 << 16;
    for (unsigned style = 0; style < 4; style++) {
        for (unsigned i = 0; i < steps; i++) {
            step(world, style, i < steps / 2 ? 12 : 5);
            frame_model_check(&world->model, &world->allocator, is_small && i % 64 == 0);
        }
        frame_model_check(&world->model, &world->allocator, true);
    }
    give_all(world);
    frame_model_check(&world->model, &world->allocator, true);
}

static void run(const struct frame_range *ranges, size_t count, unsigned steps)
{
    struct world world;
    begin(&world, ranges, count);
    exercise(&world, steps);
    end(&world);
}

struct shape {
    const char *name;
    struct frame_range ranges[6];
    unsigned steps;
};

static const struct shape shapes[] = {
    {"8 MiB", {{1, 158}, {256, 1792}}, 20000},
    {"one frame", {{77, 1}}, 500},
    {"frame 0 and one more", {{0, 2}}, 500},
    {"two frames about 1 MiB", {{255, 2}}, 2000},
    {"two frames about 4 GiB", {{0xf'ffff, 2}}, 2000},
    {"128 MiB", {{1, 158}, {256, 0x7ee0}}, 20000},
    {"a section short of a frame at each end", {{0x4'0001, 0x3'fffe}}, 20000},
    {"a section and a frame at each end", {{0x7'ffff, 0x4'0002}}, 20000},
    {"holes in one area", {{512, 1}, {514, 2}, {520, 8}, {600, 100}, {1000, 23}, {1023, 1}}, 20000},
    {"the areas of a section, but one", {{0x4'0000, 0x2'0000}, {0x6'0200, 0x1'fe00}}, 20000},
    {"neighbours that make one", {{256, 1}, {257, 255}, {512, 1024}, {1536, 1}, {1537, 4095}, {5632, 999}}, 20000},
    {"8 GiB of a PC", {{1, 158}, {256, 0xb'fee0}, {0x10'0000, 0x14'0000}}, 20000},
    {"1 TiB from 1 TiB on", {{0x1000'0000, 0x1000'0000}}, 3000},
    {"1 TiB with a hole and odd ends", {{3, 0x8'1234}, {0x10'0007, 0xfff'1234}, {0x2000'0001, 0x7777}}, 3000},
    {"the last frames there can be", {{0xff'ffff'0000, 0x1'0000}}, 10000},
};

static void random_operations_keep_to_the_model(void **)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        size_t count = 0;
        while (count < 6 && shapes[i].ranges[count].count > 0)
            count++;
        print_message("%s\n", shapes[i].name);
        run(shapes[i].ranges, count, shapes[i].steps);
    }
}

static void thousands_of_ranges_keep_to_the_model(void **)
{
    static struct frame_range ranges[RANGE_LIMIT];
    for (size_t i = 0; i < RANGE_LIMIT; i++)
        ranges[i] = (struct frame_range){2 * i + 1, 1};
    run(ranges, RANGE_LIMIT, 5000);
    for (size_t i = 0; i < RANGE_LIMIT; i++)
        ranges[i] = (struct frame_range){0x400 * i + i % 7, 0x400 - i % 5 - i % 7};
    run(ranges, RANGE_LIMIT, 5000);
}

static void maps_made_at_random_keep_to_the_model(void **)
{
    uint64_t random = 17;
    for (unsigned round = 0; round < 150; round++) {
        struct frame_range ranges[40];
        size_t count = 0;
        unsigned scale = 1 + random_below(&random, 17);
        uint64_t at = round % 3 == 0 ? 0 : round % 3 == 1 ? 0xf'f000 : 0x3'fff0;
        for (size_t limit = 1 + random_below(&random, 40); count < limit; count++) {
            at += random_below(&random, 2) ? 0 : random_below(&random, 1u << random_below(&random, scale));
            ranges[count] = (struct frame_range){at, 1 + random_below(&random, 1u << random_below(&random, scale))};
            if (at == 0)
                ranges[count].count++;
            at += ranges[count].count;
        }
        run(ranges, count, 400);
    }
}

static uint64_t take_all(struct world *world, unsigned order)
{
    uint64_t count = 0;
    while (allocate(world, order, FRAME_ZONE_ANY))
        count++;
    return count;
}

static void shuffle(struct world *world)
{
    for (size_t i = world->block_count; i > 1; i--) {
        size_t other = random_below(&world->random, (uint32_t)i);
        struct block block = world->blocks[other];
        world->blocks[other] = world->blocks[i - 1];
        world->blocks[i - 1] = block;
    }
}

// Twice, and in three orders of giving back, memory goes to its last block.
static void memory_goes_to_the_last_block_and_comes_back(void **)
{
    static const struct frame_range ranges[] = {{1, 158}, {256, 0xfee0}, {0xf'f123, 0x1'4567}};
    struct world world;
    begin(&world, ranges, 3);
    struct frame_statistics before;
    frame_statistics_read(&world.allocator, &before);
    for (unsigned order = 0; order <= 16; order++) {
        uint64_t count = take_all(&world, order);
        if (order == 0)
            assert_int_equal(count, before.total);
        for (unsigned way = 0; way < 2; way++) {
            if (way == 1)
                shuffle(&world);
            give_all(&world);
            frame_model_check(&world.model, &world.allocator, true);
            assert_int_equal(take_all(&world, order), count);
        }
        give_all(&world);
    }
    struct frame_statistics after;
    frame_statistics_read(&world.allocator, &after);
    assert_int_equal(after.free, before.free);
    assert_int_equal(after.free_blocks_2m, before.free_blocks_2m);
    assert_int_equal(after.largest_order, before.largest_order);
    end(&world);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_keep_to_the_model),
        cmocka_unit_test(thousands_of_ranges_keep_to_the_model),
        cmocka_unit_test(maps_made_at_random_keep_to_the_model),
        cmocka_unit_test(memory_goes_to_the_last_block_and_comes_back),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
