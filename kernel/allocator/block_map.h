// SPDX-License-Identifier: MIT
// A map of 512 units of which each is free or taken, that finds an aligned run of 2^order free units in a fixed number
// of steps. The frame allocator uses it twice: for the frames of an area and for the areas of a section; it knows
// neither. Everything is inline: with a constant order a take is about twenty instructions.
//
//   word   64 units, a bit each, 1 = free
//   reach  1 + the order of the largest free run of a word (0..7) or of the map (0..10); 0: nothing is free
//
// The reaches of the words follow from the words; they are there to find the word.
#pragma once
#include <allocator/frame_allocator.h>
#include <stdint.h>

constexpr unsigned BLOCK_MAP_ORDER = 9; // of the whole map
constexpr unsigned BLOCK_MAP_UNITS = 1u << BLOCK_MAP_ORDER;
constexpr unsigned BLOCK_MAP_WORD_ORDER = 6;
constexpr unsigned BLOCK_MAP_WORDS = 8;
constexpr unsigned BLOCK_MAP_WORD_FREE = BLOCK_MAP_WORD_ORDER + 1;
constexpr unsigned BLOCK_MAP_FREE = BLOCK_MAP_ORDER + 1;

struct block_map {
    struct frame_link link; // these three are the owner's; first, so that a link is cast to its map
    uint32_t rank;
    uint32_t area; // the number of the first area that the map speaks of
    uint64_t words[BLOCK_MAP_WORDS];
    union {
        uint64_t reaches; // a byte a word
        uint8_t word_reach[BLOCK_MAP_WORDS];
    };
};

extern const uint64_t block_map_lane_low[BLOCK_MAP_WORD_ORDER + 1];  // the lowest bit of each run of 2^order bits
extern const uint64_t block_map_lane_high[BLOCK_MAP_WORD_ORDER + 1]; // the highest
extern const uint64_t block_map_reach_test[BLOCK_MAP_WORD_FREE + 1]; // added to the reaches, sets bit 7 of those >= n

constexpr uint64_t BLOCK_MAP_BYTE_TOPS = 0x8080'8080'8080'8080;
constexpr uint64_t BLOCK_MAP_ALL_FREE = 0x0707'0707'0707'0707;

// The highest bit of each lane of which all bits are free, exactly so up to the lowest such lane; 0 without any.
static inline uint64_t block_map_free_lanes(uint64_t word, uint64_t order)
{
    return ~(word + block_map_lane_low[order]) & word & block_map_lane_high[order];
}

// The lowest run of 2^ORDER bits of a word.
static inline uint64_t block_map_run(unsigned order)
{
    return ~0ull >> (64 - (1u << order));
}

// Nothing of COUNT words from INDEX on is free.
static inline void block_map_clear(struct block_map *map, unsigned index, unsigned count)
{
    for (unsigned i = index; i < index + count; i++) {
        map->words[i] = 0;
        map->word_reach[i] = 0;
    }
}

static inline void block_map_fill(struct block_map *map, unsigned index, unsigned count)
{
    for (unsigned i = index; i < index + count; i++) {
        map->words[i] = ~0ull;
        map->word_reach[i] = BLOCK_MAP_WORD_FREE;
    }
}

// Whether a map of these REACHES has a free run of order REACH - 1, when it is known to have none above that order.
static inline bool block_map_reaches(uint64_t reaches, unsigned reach)
{
    if (__builtin_expect(reach <= BLOCK_MAP_WORD_FREE, true))
        return (reaches + block_map_reach_test[reach]) & BLOCK_MAP_BYTE_TOPS;
    uint64_t free_words = (reaches + block_map_reach_test[BLOCK_MAP_WORD_FREE]) & BLOCK_MAP_BYTE_TOPS;
    uint64_t pairs = free_words & (free_words >> 8) & 0x0080'0080'0080'0080;
    if (reach == BLOCK_MAP_WORD_FREE + 1)
        return pairs;
    uint64_t quads = pairs & (pairs >> 16) & 0x0000'0080'0000'0080;
    if (reach == BLOCK_MAP_WORD_FREE + 2)
        return quads;
    return reaches == BLOCK_MAP_ALL_FREE;
}

// The reach of a map that has none above LIMIT.
static inline unsigned block_map_reach_below(uint64_t reaches, unsigned limit)
{
    while (limit > 0 && !block_map_reaches(reaches, limit))
        limit--;
    return limit;
}

// The same for a word.
static inline unsigned block_map_word_reach_below(uint64_t word, unsigned limit)
{
    while (limit > 0 && !block_map_free_lanes(word, limit - 1))
        limit--;
    return limit;
}

// A run of whole words: order 7 to 9.
static inline unsigned block_map_take_words(struct block_map *map, unsigned order, unsigned reach, unsigned *unit)
{
    unsigned count = 1u << (order - BLOCK_MAP_WORD_ORDER);
    uint64_t run = BLOCK_MAP_ALL_FREE >> (64 - count * 8);
    unsigned index = 0;
    while ((map->reaches >> index * 8 & run) != run)
        index += count;
    *unit = index * 64;
    block_map_clear(map, index, count);
    return block_map_reach_below(map->reaches, reach);
}

// Take 2^ORDER units out of MAP, whose REACH is above ORDER: *UNIT is the first. Returns what its reach is then.
__attribute__((always_inline)) static inline unsigned block_map_take(struct block_map *map, unsigned order,
                                                                     unsigned reach, unsigned *unit)
{
    if (order > BLOCK_MAP_WORD_ORDER)
        return block_map_take_words(map, order, reach, unit);
    uint64_t fitting = map->reaches; // any bit of a byte that is not 0
    if (order > 0)
        fitting = (fitting + block_map_reach_test[order + 1]) & BLOCK_MAP_BYTE_TOPS;
    uint64_t index = (uint64_t)__builtin_ctzll(fitting) / 8;
    unsigned word_reach = map->word_reach[index];
    uint64_t word = map->words[index];
    unsigned bit;
    if (order == 0) {
        bit = (unsigned)__builtin_ctzll(word);
        word &= word - 1;
    } else {
        bit = (unsigned)__builtin_ctzll(block_map_free_lanes(word, order)) + 1 - (1u << order);
        word &= ~(block_map_run(order) << bit);
    }
    *unit = (unsigned)index * 64 + bit;
    map->words[index] = word;
    if (block_map_free_lanes(word, word_reach - 1))
        return reach;
    if (order == 0 || order + 1 < word_reach) // half of the run that was split is left
        map->word_reach[index]--;
    else
        map->word_reach[index] = (uint8_t)block_map_word_reach_below(word, word_reach);
    if (word_reach < reach && word_reach < BLOCK_MAP_WORD_FREE)
        return reach;
    if (block_map_reaches(map->reaches, reach))
        return reach;
    return order == 0 || order + 1 < reach ? reach - 1 : block_map_reach_below(map->reaches, reach);
}

static inline bool block_map_give_words(struct block_map *map, unsigned unit, unsigned order)
{
    unsigned index = unit / 64, count = 1u << (order - BLOCK_MAP_WORD_ORDER);
    if (map->reaches & BLOCK_MAP_ALL_FREE >> (64 - count * 8) << index * 8)
        return false;
    block_map_fill(map, index, count);
    return true;
}

// Give 2^ORDER units from UNIT on, a multiple of 2^ORDER, back to MAP. False, and nothing has changed, when one of them
// is free; else block_map_risen() with the same UNIT and ORDER has to follow.
__attribute__((always_inline)) static inline bool block_map_give(struct block_map *map, unsigned unit, unsigned order)
{
    if (order > BLOCK_MAP_WORD_ORDER)
        return block_map_give_words(map, unit, order);
    uint64_t index = unit / 64, word = map->words[index], run = block_map_run(order);
    if (__builtin_expect((word >> unit % 64 & run) != 0, false))
        return false;
    map->words[index] = word | run << unit % 64;
    return true;
}

// The new reach of a word, or with orders above a word's of whole words, if it has risen by what was given; else 0.
__attribute__((always_inline)) static inline unsigned block_map_risen(struct block_map *map, unsigned unit,
                                                                      unsigned order)
{
    unsigned risen = order + 1;
    if (order > BLOCK_MAP_WORD_ORDER)
        return risen;
    uint64_t index = unit / 64, reach = map->word_reach[index];
    if (order == 0 || order < reach) {
        if (!block_map_free_lanes(map->words[index], reach))
            return 0;
        risen = (unsigned)reach + 1;
    }
    map->word_reach[index] = (uint8_t)risen;
    return risen;
}

// The first free unit among 2^ORDER from UNIT on, of which there is one.
unsigned block_map_first_free(const struct block_map *map, unsigned unit, unsigned order);

static inline bool block_map_is_free(const struct block_map *map, unsigned unit)
{
    return map->words[unit / 64] >> unit % 64 & 1;
}

// A map of which COUNT units from UNIT on are free and the others taken. Returns its reach.
unsigned block_map_start(struct block_map *map, unsigned unit, unsigned count);
