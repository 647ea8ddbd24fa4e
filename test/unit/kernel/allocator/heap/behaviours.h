// SPDX-License-Identifier: MIT
// The behaviours that every design of a heap has, in one table. main.c runs each behaviour for each design; the files
// beside it hold them by kind.
#pragma once
#include "traits.h"
#include <support/heap_model.h>
#include <support/unit.h>

typedef void heap_behaviour_fn(const struct heap_traits *traits);

// name of the test: function behave_<name>()
#define HEAP_BEHAVIOURS(X)                                                                                             \
    /* sizes.c */                                                                                                      \
    X(blocks_of_every_size_to_a_page_serve)                                                                            \
    X(blocks_about_every_power_of_two_serve)                                                                           \
    X(sizes_near_the_largest_number_find_nothing)                                                                      \
    X(every_alignment_is_kept)                                                                                         \
    X(the_largest_alignment_is_kept)                                                                                   \
    X(the_largest_region_serves)                                                                                       \
    X(alignments_that_are_no_power_of_two_find_nothing)                                                                \
    X(blocks_of_no_bytes_are_blocks)                                                                                   \
    X(zeroed_blocks_are_zero_where_others_were)                                                                        \
    /* memory.c */                                                                                                     \
    X(the_least_region_serves)                                                                                         \
    X(less_than_the_least_region_is_refused)                                                                           \
    X(a_region_may_begin_and_end_anywhere)                                                                             \
    X(no_memory_is_null_and_nothing_changes)                                                                           \
    X(memory_comes_back_in_every_order)                                                                                \
    X(the_largest_block_comes_back)                                                                                    \
    X(the_block_of_last_time_serves_again)                                                                             \
    X(what_is_freed_serves_for_ever)                                                                                   \
    X(three_neighbours_merge_in_every_order)                                                                           \
    X(a_full_heap_with_holes_keeps_its_blocks)                                                                         \
    /* reallocate.c */                                                                                                 \
    X(reallocating_null_is_allocating)                                                                                 \
    X(reallocating_to_nothing_keeps_a_block)                                                                           \
    X(reallocating_keeps_contents_up_and_down)                                                                         \
    X(reallocating_keeps_alignment)                                                                                    \
    X(reallocating_gives_more_alignment)                                                                               \
    X(a_block_shrinks_and_grows_in_place)                                                                              \
    X(a_block_shrinks_and_the_rest_serves)                                                                             \
    X(a_failed_reallocation_leaves_the_block)                                                                          \
    /* regions.c */                                                                                                    \
    X(further_regions_serve_what_the_first_cannot)                                                                     \
    X(blocks_move_from_region_to_region)                                                                               \
    X(regions_that_touch_stay_two)                                                                                     \
    X(a_region_too_small_is_not_added)                                                                                 \
    /* growth.c */                                                                                                     \
    X(a_region_grows_when_it_is_full)                                                                                  \
    X(one_growth_serves_any_block)                                                                                     \
    X(growth_ends_where_the_reserved_range_ends)                                                                       \
    X(nothing_reserved_is_no_growth)                                                                                   \
    X(a_host_that_gives_nothing_changes_nothing)                                                                       \
    X(a_host_that_gives_more_than_asked_is_used)                                                                       \
    X(a_region_shrinks_when_all_is_freed)                                                                              \
    X(trimming_keeps_blocks)                                                                                           \
    X(a_region_never_shrinks_below_its_first_size)                                                                     \
    X(a_host_that_takes_nothing_back_is_used_again)                                                                    \
    X(a_host_that_cannot_take_back_is_fine)                                                                            \
    X(growth_that_a_design_refuses_is_taken_back)                                                                      \
    X(growth_that_nobody_takes_is_not_asked_for_again)                                                                 \
    X(regions_behind_serve_when_the_host_gives_nothing)                                                                \
    /* misuse.c */                                                                                                     \
    X(null_is_freed_without_a_word)                                                                                    \
    X(heap_free_twice_is_reported)                                                                                     \
    X(heap_free_twice_after_merging_is_reported)                                                                       \
    X(pointers_of_others_are_reported)                                                                                 \
    X(pointers_a_block_away_are_reported)                                                                              \
    X(pointers_into_blocks_are_reported)                                                                               \
    X(pointers_into_free_memory_are_reported)                                                                          \
    X(an_overrun_of_a_block_is_reported_when_it_is_freed)                                                              \
    X(an_overrun_of_a_block_is_found_by_a_check)                                                                       \
    X(a_write_to_freed_memory_is_reported_or_harmless)                                                                 \
    /* damage.c */                                                                                                     \
    X(an_overrun_of_one_byte_or_eight_is_found_by_a_check)                                                             \
    X(every_bit_of_a_link_is_checked)                                                                                  \
    X(a_damaged_heap_panics_or_does_no_harm)                                                                           \
    /* seen.c */                                                                                                       \
    X(a_new_heap_has_nothing_taken)                                                                                    \
    X(the_walk_finds_every_block_once)                                                                                 \
    X(statistics_are_sums_of_the_walk)                                                                                 \
    X(a_design_is_found_by_its_name)                                                                                   \
    /* random.c */                                                                                                     \
    X(random_operations_keep_to_the_model)                                                                             \
    X(random_mistakes_are_named)

#define DECLARE_BEHAVIOUR(name) heap_behaviour_fn behave_##name;
HEAP_BEHAVIOURS(DECLARE_BEHAVIOUR)
#undef DECLARE_BEHAVIOUR

// ---- what the behaviours share

constexpr size_t KIB = 1024;
constexpr size_t MIB = 1024 * KIB;

// One for all: a behaviour begins with begin() or begin_shape(), which forget what was before.
extern struct heap_model model;

void begin(const struct heap_traits *traits, size_t region_bytes);
void begin_shape(const struct heap_traits *traits, const struct heap_shape *shape);

size_t allocate(size_t size_bytes, size_t alignment); // which must succeed; the block's number
uint8_t *address_of(size_t index);

// Allocate blocks of SIZE_BYTES until there is no memory. How many.
size_t fill_up(size_t size_bytes);

enum heap_order {
    HEAP_ORDER_FORWARD,
    HEAP_ORDER_BACKWARD,
    HEAP_ORDER_SHUFFLED,
    HEAP_ORDER_COUNT
};
void free_all(enum heap_order order);

struct heap_statistics statistics(void);

// COUNT blocks fit where BEFORE have been before: as many. A design that merges late may lose an eighth, or gain.
void require_as_many(const struct heap_traits *traits, size_t count, size_t before);

// Blocks and regions are as they were. What is free may have been put in order in the search for more.
void require_no_change(const struct heap_statistics *before);
