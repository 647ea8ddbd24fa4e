// SPDX-License-Identifier: MIT
// See memory_map_case.h. Input: a byte that places the window, the number of ranges, 5 bytes a range (first granule,
// length in granules, type), then 8 bytes a request. Knows only the contract of portable/memory_map.h.
#include <lib/panic.h>
#include <portable/memory_map.h>
#include <string.h>
#include <support/memory_map_case.h>

constexpr uint64_t GRANULE = 512;
constexpr uint32_t PAGE_GRANULES = MEMORY_MAP_PAGE_SIZE / GRANULE;
constexpr uint32_t WINDOW = 1024; // granules; one more stands for all that is above the window
constexpr uint8_t NOTHING = 0;

struct model {
    uint64_t base; // address of the first granule
    bool has_rest; // the window ends below the address limit
    uint8_t kinds[WINDOW + 1];
};

static uint32_t rank(uint8_t kind)
{
    switch (kind) {
    case BOOT_MEMORY_USABLE:
        return 1;
    case BOOT_MEMORY_ACPI_TABLES:
        return 2;
    case BOOT_MEMORY_ACPI_NVS:
        return 3;
    case BOOT_MEMORY_RESERVED:
        return 4;
    case BOOT_MEMORY_BAD:
        return 5;
    default:
        return 0;
    }
}

static uint32_t model_size(const struct model *model)
{
    return model->has_rest ? WINDOW + 1 : WINDOW / 2; // the other window has its middle at the address limit
}

static void model_add(struct model *model, uint32_t first, uint32_t end, uint8_t kind)
{
    for (uint32_t i = first; i < end && i < model_size(model); i++)
        if (rank(kind) > rank(model->kinds[i]))
            model->kinds[i] = kind;
}

static uint32_t count_runs(const struct model *model)
{
    uint32_t runs = 0;
    uint8_t previous = NOTHING;
    for (uint32_t i = 0; i < model_size(model); i++) {
        runs += model->kinds[i] != NOTHING && model->kinds[i] != previous;
        previous = model->kinds[i];
    }
    return runs;
}

// A page is usable when all of it is.
static void model_align(struct model *model)
{
    for (uint32_t page = 0; page < WINDOW; page += PAGE_GRANULES) {
        bool is_whole = true;
        for (uint32_t i = page; i < page + PAGE_GRANULES; i++)
            is_whole = is_whole && model->kinds[i] == BOOT_MEMORY_USABLE;
        for (uint32_t i = page; i < page + PAGE_GRANULES && !is_whole; i++)
            if (model->kinds[i] == BOOT_MEMORY_USABLE)
                model->kinds[i] = NOTHING;
    }
}

static bool model_is_usable(const struct model *model, uint64_t offset, uint64_t length)
{
    if (length == 0)
        return false;
    uint64_t last = offset + length - 1;
    for (uint64_t i = offset / GRANULE; i <= last / GRANULE; i++)
        if (i >= WINDOW || model->kinds[i] != BOOT_MEMORY_USABLE)
            return false;
    return true;
}

static void model_claim(struct model *model, uint64_t offset, uint64_t length, uint8_t kind)
{
    uint64_t first = offset / MEMORY_MAP_PAGE_SIZE * PAGE_GRANULES;
    uint64_t end = ((offset + length - 1) / MEMORY_MAP_PAGE_SIZE + 1) * PAGE_GRANULES;
    memset(&model->kinds[first], kind, end - first);
}

static void compare(const struct memory_map *map, const struct model *model)
{
    uint64_t usable_bytes = 0;
    uint64_t end = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct boot_memory *entry = &map->entries[i];
        ASSERT(entry->length != 0 && entry->base + entry->length > entry->base && entry->reserved == 0);
        ASSERT(entry->base + entry->length <= MEMORY_MAP_ADDRESS_LIMIT);
        ASSERT(i == 0 || entry->base > end || (entry->base == end && entry->kind != entry[-1].kind));
        end = entry->base + entry->length;
        if (entry->kind == BOOT_MEMORY_USABLE) {
            ASSERT((entry->base | entry->length) % MEMORY_MAP_PAGE_SIZE == 0);
            usable_bytes += entry->length;
        }
    }
    ASSERT(memory_map_usable_bytes(map) == usable_bytes);

    uint32_t i = 0;
    uint64_t size = model_size(model);
    for (uint64_t granule = 0; granule < size; granule++) {
        uint64_t address = model->base + granule * GRANULE;
        while (i < map->count && map->entries[i].base + map->entries[i].length <= address)
            i++;
        bool is_inside = i < map->count && map->entries[i].base <= address;
        ASSERT((is_inside ? (uint8_t)map->entries[i].kind : NOTHING) == model->kinds[granule]);
        if (is_inside && granule < WINDOW)
            ASSERT(map->entries[i].base + map->entries[i].length >= address + GRANULE);
        if (!is_inside && granule < WINDOW && i < map->count)
            ASSERT(map->entries[i].base >= address + GRANULE);
    }
    if (model->has_rest && map->count > 0 && model->kinds[WINDOW] != NOTHING)
        ASSERT(end == MEMORY_MAP_ADDRESS_LIMIT);
}

// The types 0..7, and what odd firmware says.
static uint32_t type_of(uint8_t byte)
{
    static const uint32_t odd[] = {12, 13, 0xefff'ffff, 0xffff'ffff, 2'954'887'168, 0x1'0001, 8, 0x100};
    return byte & 8 ? odd[byte & 7] : byte & 7;
}

static uint32_t word(const uint8_t *data)
{
    return data[0] | (uint32_t)data[1] << 8;
}

static void request(struct memory_map *map, struct model *model, const uint8_t *data)
{
    uint64_t offset = word(data + 1) * 16ull % (WINDOW * GRANULE);
    uint64_t length = word(data + 3) * 16ull;
    if (data[0] & 0x10)
        length %= 2 * MEMORY_MAP_PAGE_SIZE;
    enum boot_memory_kind kind = BOOT_MEMORY_LOADER + data[0] % 3;
    bool is_usable = model_is_usable(model, offset, length);
    bool has_room = map->count + 2 <= MEMORY_MAP_LIMIT;
    bool reaches_rest = model->has_rest && offset + length > WINDOW * GRANULE;
    if (reaches_rest)
        return; // the model does not know
    ASSERT(memory_map_covers(map, model->base + offset, length) == is_usable);

    if (data[0] & 0x20) {
        enum status status = memory_map_claim(map, model->base + offset, length, kind);
        ASSERT(status == (!is_usable ? STATUS_RANGE : has_room ? STATUS_OK : STATUS_NO_MEMORY));
        if (status == STATUS_OK)
            model_claim(model, offset, length, (uint8_t)kind);
        return;
    }

    // The offset is the minimum here.
    uint32_t alignment = (uint32_t)MEMORY_MAP_PAGE_SIZE << data[5] % 8;
    uint64_t limit = word(data + 6) * 16ull % (WINDOW * GRANULE + 1);
    uint64_t wanted = UINT64_MAX;
    for (uint64_t start = 0; start + length <= limit && wanted == UINT64_MAX; start += MEMORY_MAP_PAGE_SIZE)
        if (start >= offset && (model->base + start) % alignment == 0 && model_is_usable(model, start, length))
            wanted = start;
    uint64_t base = UINT64_MAX;
    enum status status =
        memory_map_allocate(map, length, alignment, model->base + offset, model->base + limit, kind, &base);
    ASSERT(status == (wanted == UINT64_MAX || !has_room ? STATUS_NO_MEMORY : STATUS_OK));
    if (status == STATUS_OK) {
        ASSERT(base == model->base + wanted);
        model_claim(model, wanted, length, (uint8_t)kind);
    }
}

void memory_map_case(const uint8_t *data, size_t size)
{
    static struct memory_map raw, map, again;
    static struct model model;
    if (size < 2)
        return;
    raw.count = 0;
    model = (struct model){.has_rest = data[0] & 1};
    uint64_t half = WINDOW / 2 * GRANULE;
    model.base = !model.has_rest ? MEMORY_MAP_ADDRESS_LIMIT - half : data[0] & 2 ? 0x1'0000'0000 - half : 0;
    size_t count = data[1];
    data += 2;
    size -= 2;

    for (; count > 0 && size >= 5; count--, data += 5, size -= 5) {
        uint32_t first = word(data) % WINDOW;
        uint32_t end = first + word(data + 2) % (WINDOW - first + 1);
        uint64_t base = model.base + first * GRANULE;
        uint64_t length = (end - first) * GRANULE;
        uint32_t type = type_of(data[4]);
        if ((data[4] & 0xc0) == 0xc0) { // to the end of the address space, or once round it
            end = WINDOW + 1;
            length = data[4] & 0x20 ? UINT64_MAX : UINT64_MAX - base;
        }
        uint32_t before = raw.count;
        enum status status = memory_map_add(&raw, base, length, type);
        ASSERT(status == STATUS_OK || (status == STATUS_RANGE && before == MEMORY_MAP_LIMIT));
        if (status == STATUS_OK)
            model_add(&model, first, end, type >= 1 && type <= 5 ? (uint8_t)type : (uint8_t)BOOT_MEMORY_RESERVED);
    }

    enum status status = memory_map_sanitise(&raw, &map);
    ASSERT(status == (count_runs(&model) > MEMORY_MAP_LIMIT ? STATUS_RANGE : STATUS_OK));
    if (status != STATUS_OK)
        return;
    model_align(&model);
    compare(&map, &model);
    for (; size >= 8; data += 8, size -= 8) {
        request(&map, &model, data);
        compare(&map, &model);
    }
    ASSERT(memory_map_sanitise(&map, &again) == STATUS_OK);
    ASSERT(again.count == map.count && memcmp(again.entries, map.entries, map.count * sizeof(map.entries[0])) == 0);
}
