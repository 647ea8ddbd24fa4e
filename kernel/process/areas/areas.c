// SPDX-License-Identifier: MIT
// An array of areas, sorted. Every change is made of three steps: an area that reaches over an end of the range is cut
// in two, what lies within is changed, and neighbours that say the same are joined again. Called by process.
#include <areas/areas.h>
#include <lib/panic.h>
#include <lib/string.h>

// The first area that ends beyond ADDRESS; COUNT when there is none.
static uint32_t first_beyond(const struct area_map *map, uint64_t address)
{
    uint32_t low = 0, high = map->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (map->areas[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

const struct area *areas_search(struct area_map *map, uint64_t address)
{
    uint32_t index = first_beyond(map, address);
    if (index == map->count || map->areas[index].start > address)
        return nullptr;
    map->last_found = index;
    return &map->areas[index];
}

bool areas_is_free(const struct area_map *map, uint64_t start, uint64_t end)
{
    uint32_t index = first_beyond(map, start);
    return index == map->count || map->areas[index].start >= end;
}

bool areas_find_gap(const struct area_map *map, uint64_t bottom, uint64_t top, uint64_t size_bytes, uint64_t *start)
{
    for (uint32_t i = first_beyond(map, top); top > bottom && top - bottom >= size_bytes;) {
        if (i < map->count && map->areas[i].start < top) // reaches over TOP
            top = map->areas[i].start;
        uint64_t floor = i > 0 && map->areas[i - 1].end > bottom ? map->areas[i - 1].end : bottom;
        if (floor <= top && top - floor >= size_bytes) {
            *start = top - size_bytes;
            return true;
        }
        if (i == 0)
            return false;
        top = map->areas[--i].start;
    }
    return false;
}

static void insert(struct area_map *map, uint32_t index, const struct area *area)
{
    memmove(&map->areas[index + 1], &map->areas[index], (map->count - index) * sizeof *map->areas);
    map->areas[index] = *area;
    map->count++;
}

static void erase(struct area_map *map, uint32_t index, uint32_t count)
{
    memmove(&map->areas[index], &map->areas[index + count], (map->count - index - count) * sizeof *map->areas);
    map->count -= count;
}

// Move the beginning of AREA to START, which lies in it.
static void cut_beginning(struct area *area, uint64_t start)
{
    uint64_t distance = start - area->start;
    area->start = start;
    if (area->source_bytes > distance) {
        area->source += distance;
        area->source_bytes -= distance;
    } else {
        area->source = nullptr;
        area->source_bytes = 0;
    }
}

static void cut_end(struct area *area, uint64_t end)
{
    uint64_t size_bytes = end - area->start;
    area->end = end;
    if (area->source_bytes > size_bytes)
        area->source_bytes = size_bytes;
}

// An area begins at ADDRESS or none lies over it. Returns the number of the first one from there on.
static uint32_t cut(struct area_map *map, uint64_t address)
{
    uint32_t index = first_beyond(map, address);
    if (index == map->count || map->areas[index].start >= address)
        return index;
    struct area upper = map->areas[index];
    cut_beginning(&upper, address);
    cut_end(&map->areas[index], address);
    insert(map, index + 1, &upper);
    return index + 1;
}

// What a page of either holds is told by neither alone, unless both hold zeros.
static bool say_the_same(const struct area *lower, const struct area *upper)
{
    return lower->end == upper->start && lower->rights == upper->rights && lower->source == nullptr &&
           upper->source == nullptr;
}

// Join what can be joined, from the neighbour below FIRST to the one above LAST.
static void join(struct area_map *map, uint32_t first, uint32_t last)
{
    uint32_t index = first > 0 ? first - 1 : 0;
    for (uint32_t rounds = last - index + 1; rounds > 0 && index + 1 < map->count; rounds--) {
        struct area *lower = &map->areas[index];
        if (say_the_same(lower, lower + 1)) {
            lower->end = lower[1].end;
            erase(map, index + 1, 1);
        } else {
            index++;
        }
    }
}

static bool has_room(const struct area_map *map)
{
    return map->capacity - map->count >= AREAS_SLACK;
}

enum status areas_add(struct area_map *map, const struct area *area)
{
    DEBUG_ASSERT(area->start < area->end && (area->start | area->end) % PAGE_SIZE == 0);
    if (!has_room(map))
        return STATUS_NO_MEMORY;
    if (!areas_is_free(map, area->start, area->end))
        return STATUS_BUSY;
    uint32_t index = first_beyond(map, area->start);
    insert(map, index, area);
    map->total_bytes += area->end - area->start;
    join(map, index, index);
    return STATUS_OK;
}

enum status areas_remove(struct area_map *map, uint64_t start, uint64_t end)
{
    if (!has_room(map))
        return STATUS_NO_MEMORY;
    uint32_t first = cut(map, start), behind = cut(map, end);
    for (uint32_t i = first; i < behind; i++)
        map->total_bytes -= map->areas[i].end - map->areas[i].start;
    erase(map, first, behind - first);
    join(map, first, first); // what is left of one may hold zeros alone now
    return STATUS_OK;
}

static bool is_taken(const struct area_map *map, uint64_t start, uint64_t end)
{
    for (uint32_t i = first_beyond(map, start); start < end; start = map->areas[i++].end) {
        if (i == map->count || map->areas[i].start > start)
            return false;
    }
    return true;
}

enum status areas_protect(struct area_map *map, uint64_t start, uint64_t end, enum area_rights rights)
{
    if (!has_room(map))
        return STATUS_NO_MEMORY;
    if (!is_taken(map, start, end))
        return STATUS_NOT_FOUND;
    uint32_t first = cut(map, start), behind = cut(map, end);
    for (uint32_t i = first; i < behind; i++)
        map->areas[i].rights = rights;
    join(map, first, behind);
    return STATUS_OK;
}
