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

// Leave in word INDEX of MAP what is free of it in BITS.
static void keep_in_word(struct block_map *map, unsigned index, uint64_t bits)
{
    map->words[index] &= bits;
    map->word_reach[index] = (uint8_t)block_map_word_reach_below(map->words[index], BLOCK_MAP_WORD_FREE);
}

unsigned block_map_start(struct block_map *map, unsigned unit, unsigned count)
{
    block_map_clear(map, 0, BLOCK_MAP_WORDS);
    if (count == 0)
        return 0;
    unsigned first = unit / 64, last_unit = unit + count - 1, last = last_unit / 64;
    block_map_fill(map, first, last - first + 1);
    if (unit % 64 != 0)
        keep_in_word(map, first, ~0ull << unit % 64);
    if (last_unit % 64 != 63)
        keep_in_word(map, last, ~0ull >> (63 - last_unit % 64));
    return block_map_reach_below(map->reaches, BLOCK_MAP_FREE);
}
