// SPDX-License-Identifier: MIT
#include <lib/panic.h>
#include <stdlib.h>
#include <string.h>
#include <support/frame_model.h>

constexpr uint64_t NOWHERE = ~0ull;
constexpr uint64_t FRAMES_BELOW_1M = 0x100, FRAMES_BELOW_4G = 0x10'0000;

typedef unsigned long long printable_t;

void frame_model_init(struct frame_model *model, const struct frame_range *ranges, size_t count)
{
    *model = (struct frame_model){.ranges = ranges, .count = count};
    model->positions = malloc(count * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        model->positions[i] = model->bytes;
        model->bytes += ranges[i].count;
        for (uint64_t frame = ranges[i].first; frame < ranges[i].first + ranges[i].count;) {
            enum frame_zone zone = frame_model_zone(frame);
            uint64_t end = ranges[i].first + ranges[i].count;
            if (zone == FRAME_ZONE_1M && end > FRAMES_BELOW_1M)
                end = FRAMES_BELOW_1M;
            if (zone == FRAME_ZONE_4G && end > FRAMES_BELOW_4G)
                end = FRAMES_BELOW_4G;
            model->free[zone] += end - frame;
            frame = end;
        }
    }
    model->is_taken = calloc(model->bytes, 1); // of 1 TiB only what is used becomes memory
    if (!model->is_taken || !model->positions)
        panic("no memory for a model of %llu frames", (printable_t)model->bytes);
    if (ranges[0].first == 0) { // address 0 says that there is no memory
        model->is_taken[0] = true;
        model->free[FRAME_ZONE_1M]--;
    }
}

void frame_model_destroy(struct frame_model *model)
{
    free(model->is_taken);
    free(model->positions);
}

enum frame_zone frame_model_zone(uint64_t frame)
{
    if (frame < FRAMES_BELOW_1M)
        return FRAME_ZONE_1M;
    return frame < FRAMES_BELOW_4G ? FRAME_ZONE_4G : FRAME_ZONE_ANY;
}

static uint64_t position_of(const struct frame_model *model, uint64_t frame)
{
    size_t below = 0, end = model->count;
    while (end - below > 1) {
        size_t middle = (below + end) / 2;
        if (model->ranges[middle].first <= frame)
            below = middle;
        else
            end = middle;
    }
    uint64_t offset = frame - model->ranges[below].first;
    if (frame == 0 || offset >= model->ranges[below].count)
        return NOWHERE;
    return model->positions[below] + offset;
}

bool frame_model_is_managed(const struct frame_model *model, uint64_t frame)
{
    return position_of(model, frame) != NOWHERE;
}

bool frame_model_is_free(const struct frame_model *model, uint64_t frame)
{
    uint64_t position = position_of(model, frame);
    return position != NOWHERE && !model->is_taken[position];
}

// Positions of neighbouring frames are neighbours, so a run without a hole is as long there as it is in memory.
static bool is_run(const struct frame_model *model, uint64_t first, uint64_t count, bool is_taken)
{
    uint64_t position = position_of(model, first);
    uint64_t last = position_of(model, first + count - 1);
    if (position == NOWHERE || last == NOWHERE || last - position != count - 1)
        return false;
    return !memchr(model->is_taken + position, !is_taken, count);
}

bool frame_model_are_taken(const struct frame_model *model, uint64_t first, uint64_t count)
{
    return is_run(model, first, count, true);
}

bool frame_model_has_block(const struct frame_model *model, unsigned order, enum frame_zone zone)
{
    uint64_t size = 1ull << order, next = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct frame_range *range = &model->ranges[i];
        uint64_t first = (range->first + size - 1) & ~(size - 1);
        for (first = first > next ? first : next; first < range->first + range->count; first += size) {
            if (frame_model_zone(first) > zone)
                return false;
            if (is_run(model, first, size, false))
                return true;
        }
        next = first;
    }
    return false;
}

void frame_model_take_run(struct frame_model *model, uint64_t address, uint64_t count, enum frame_zone zone)
{
    uint64_t first = address / PAGE_SIZE;
    if (!is_run(model, first, count, false))
        panic("%llu frames at 0x%llx were handed out and are not all free", (printable_t)count, (printable_t)address);
    if (frame_model_zone(first) > zone || frame_model_zone(first + count - 1) > zone)
        panic("0x%llx was handed out and is not in zone %u", (printable_t)address, zone);
    memset(model->is_taken + position_of(model, first), true, count);
    model->free[frame_model_zone(first)] -= count;
    model->allocations++;
}

void frame_model_take(struct frame_model *model, uint64_t address, unsigned order, enum frame_zone zone,
                      bool is_failing)
{
    if (address == 0) {
        if (!is_failing && frame_model_has_block(model, order, zone))
            panic("no block of order %u in zone %u was found, and there is one", order, zone);
        model->failures++;
        return;
    }
    if (is_failing)
        panic("0x%llx was handed out by an allocation that was to fail", (printable_t)address);
    if (address % (PAGE_SIZE << order) != 0)
        panic("0x%llx was handed out as a block of order %u and is not aligned", (printable_t)address, order);
    frame_model_take_run(model, address, 1ull << order, zone);
}

void frame_model_give(struct frame_model *model, uint64_t address, uint64_t count, uint64_t frees)
{
    uint64_t first = address / PAGE_SIZE;
    if (!is_run(model, first, count, true))
        panic("the test gave back what was not taken, 0x%llx", (printable_t)address);
    memset(model->is_taken + position_of(model, first), false, count);
    model->free[frame_model_zone(first)] += count;
    model->frees += frees;
}

static void check_number(const char *name, uint64_t is, uint64_t should_be)
{
    if (is != should_be)
        panic("statistics: %s is %llu instead of %llu", name, (printable_t)is, (printable_t)should_be);
}

static uint64_t free_areas(const struct frame_model *model)
{
    constexpr uint64_t size = 1ull << FRAME_ORDER_2M;
    uint64_t count = 0, next = size;
    for (size_t i = 0; i < model->count; i++) {
        const struct frame_range *range = &model->ranges[i];
        uint64_t first = (range->first + size - 1) & ~(size - 1);
        for (first = first > next ? first : next; first < range->first + range->count; first += size)
            count += is_run(model, first, size, false);
        next = first;
    }
    return count;
}

static void check_deep(const struct frame_model *model, const struct frame_statistics *statistics, uint64_t free)
{
    uint64_t areas = free_areas(model);
    check_number("free_blocks_2m", statistics->free_blocks_2m, areas);
    uint64_t scattered = free - (areas << FRAME_ORDER_2M);
    check_number("fragmentation_permille", statistics->fragmentation_permille, free ? scattered * 1000 / free : 0);
    unsigned order = FRAME_ORDER_COUNT;
    while (order > 0 && !frame_model_has_block(model, order - 1, FRAME_ZONE_ANY))
        order--;
    check_number("largest_order", statistics->largest_order, order > 0 ? order - 1 : FRAME_ORDER_COUNT);
}

void frame_model_check(const struct frame_model *model, const struct frame_allocator *allocator, bool is_deep)
{
    struct frame_statistics statistics;
    frame_statistics_read(allocator, &statistics);
    uint64_t free = 0;
    for (unsigned zone = 0; zone < FRAME_ZONE_COUNT; zone++) {
        check_number("free of a zone", statistics.zones[zone].free, model->free[zone]);
        free += model->free[zone];
    }
    check_number("free", statistics.free, free);
    check_number("total", statistics.total, model->bytes - (model->ranges[0].first == 0));
    check_number("allocations", statistics.allocations, model->allocations);
    check_number("failures", statistics.failures, model->failures);
    check_number("frees", statistics.frees, model->frees);
    if (is_deep)
        check_deep(model, &statistics, free);
}
