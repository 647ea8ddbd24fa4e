// SPDX-License-Identifier: MIT
// What a frame allocator has to do, told with a byte a frame and by searching all of them: for the unit test and the
// fuzzer, which hold kernel/allocator/frame.c against it. Breaks of the contract end in panic().
#pragma once
#include <allocator/frame.h>
#include <stddef.h>
#include <stdint.h>

struct frame_model {
    const struct frame_range *ranges; // as the allocator was given them
    size_t count;
    uint64_t *positions; // in IS_TAKEN, of the first frame of each range
    uint8_t *is_taken;
    size_t bytes;                    // of IS_TAKEN
    uint64_t free[FRAME_ZONE_COUNT]; // frames
    uint64_t allocations, failures, frees;
};

void frame_model_init(struct frame_model *model, const struct frame_range *ranges, size_t count);
void frame_model_destroy(struct frame_model *model);

enum frame_zone frame_model_zone(uint64_t frame);
bool frame_model_is_managed(const struct frame_model *model, uint64_t frame);
bool frame_model_is_free(const struct frame_model *model, uint64_t frame); // false for what is not managed

// Whether all of the frames are managed and taken.
bool frame_model_are_taken(const struct frame_model *model, uint64_t first, uint64_t count);

// Whether an aligned block of ORDER is free in ZONE or below. Looks at every frame.
bool frame_model_has_block(const struct frame_model *model, unsigned order, enum frame_zone zone);

// The allocator gave the block at ADDRESS, or 0 for none; IS_FAILING: it was told to fail.
void frame_model_take(struct frame_model *model, uint64_t address, unsigned order, enum frame_zone zone,
                      bool is_failing);
void frame_model_take_run(struct frame_model *model, uint64_t address, uint64_t count, enum frame_zone zone);
void frame_model_give(struct frame_model *model, uint64_t address, uint64_t count, uint64_t frees);

// The allocator's statistics are the model's; IS_DEEP: also those that need a look at every frame.
void frame_model_check(const struct frame_model *model, const struct frame_allocator *allocator, bool is_deep);
