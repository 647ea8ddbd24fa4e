// SPDX-License-Identifier: MIT
// The part of the maps that is not in the way of every allocation: their beginning, and looking for the culprit.
#include "block_map.h"

const uint64_t block_map_lane_low[] = {
    0xffff'ffff'ffff'ffff, 0x5555'5555'5555'5555, 0x1111'1111'1111'1111, 0x0101'0101'0101'0101,
    0x0001'0001'0001'0001, 0x0000'0001'0000'0001, 0x0000'0000'0000'0001,
};

const uint64_t block_map_lane_high[] = {
    0xffff'ffff'ffff'ffff, 0xaaaa'aaaa'aaaa'aaaa, 0x8888'8888'8888'8888, 0x8080'8080'8080'8080,
    0x8000'8000'8000'8000, 0x8000'0000'8000'0000, 0x8000'0000'0000'0000,
};

const uint64_t block_map_reach_test[] = {
    0x8080'8080'8080'8080, 0x7f7f'7f7f'7f7f'7f7f, 0x7e7e'7e7e'7e7e'7e7e, 0x7d7d'7d7d'7d7d'7d7d,
    0x7c7c'7c7c'7c7c'7c7c, 0x7b7b'7b7b'7b7b'7b7b, 0x7a7a'7a7a'7a7a'7a7a, 0x7979'7979'7979'7979,
};

unsigned block_map_first_free(const struct block_map *map, unsigned unit, unsigned order)
{
    unsigned last = unit + (1u << order) - 1;
    while (unit < last && !block_map_is_free(map, unit))
        unit++;
    return unit;
}

// The bits of a word that lie in the units from FIRST to END, counted from the word's first.
static uint64_t word_of_range(unsigned first, unsigned end)
{
    if (first >= 64 || end == 0 || first >= end)
        return 0;
    uint64_t below_end = end >= 64 ? ~0ull : (1ull << end) - 1;
    return below_end & ~0ull << first;
}

// All words but those at the ends of a range are whole or empty.
static unsigned reach_of(uint64_t word)
{
    if (word == ~0ull)
        return BLOCK_MAP_WORD_FREE;
    return word == 0 ? 0 : block_map_word_reach_below(word, BLOCK_MAP_WORD_FREE);
}

unsigned block_map_start(struct block_map *map, unsigned unit, unsigned count)
{
    for (unsigned i = 0; i < BLOCK_MAP_WORDS; i++) {
        unsigned start = i * 64, end = unit + count;
        map->words[i] = word_of_range(unit > start ? unit - start : 0, end > start ? end - start : 0);
        map->word_reach[i] = (uint8_t)reach_of(map->words[i]);
    }
    return block_map_reach_below(map->reaches, BLOCK_MAP_FREE);
}
