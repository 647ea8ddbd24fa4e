// SPDX-License-Identifier: MIT
// An array of pages beside an area map. Used by test/unit and test/fuzz.
#include <lib/panic.h>
#include <string.h>
#include <support/areas_model.h>

// What a page holds is told by where its bytes lie in CONTENTS; 0: nowhere.
struct page {
    bool is_taken;
    enum area_rights rights;
    uint64_t position, bytes;
};

static uint8_t contents[AREAS_MODEL_PAGES * PAGE_SIZE + 1];
static struct area areas[AREAS_MODEL_PAGES + AREAS_SLACK];
static struct area_map map;
static struct page pages[AREAS_MODEL_PAGES];

void areas_model_start(unsigned capacity)
{
    map = (struct area_map){.areas = areas, .capacity = capacity};
    memset(pages, 0, sizeof pages);
}

static uint64_t address_of(unsigned page)
{
    return AREAS_MODEL_BASE + page * PAGE_SIZE;
}

static uint64_t first_page_bytes(uint64_t bytes)
{
    return bytes < PAGE_SIZE ? bytes : PAGE_SIZE;
}

static void check_page(unsigned number)
{
    const struct page *page = &pages[number];
    const struct area *area = areas_find(&map, address_of(number) + number % PAGE_SIZE);
    ASSERT((area != nullptr) == page->is_taken);
    if (area == nullptr)
        return;
    uint64_t offset = address_of(number) - area->start;
    uint64_t bytes = area->source_bytes > offset ? first_page_bytes(area->source_bytes - offset) : 0;
    ASSERT(area->rights == page->rights && bytes == page->bytes);
    ASSERT(bytes == 0 || area->source + offset == contents + page->position);
}

static void check_order(void)
{
    uint64_t total = 0;
    ASSERT(map.count <= map.capacity);
    for (uint32_t i = 0; i < map.count; i++) {
        const struct area *area = &map.areas[i], *next = area + 1;
        total += area->end - area->start;
        ASSERT(area->start < area->end);
        ASSERT(area->source != nullptr || area->source_bytes == 0);
        if (i + 1 == map.count)
            continue;
        ASSERT(area->end <= next->start);
        bool say_the_same = area->rights == next->rights && area->source == nullptr && next->source == nullptr;
        ASSERT(area->end < next->start || !say_the_same);
    }
    ASSERT(total == map.total_bytes);
}

static void check(void)
{
    check_order();
    for (unsigned i = 0; i < AREAS_MODEL_PAGES; i++)
        check_page(i);
}

static bool all_are(unsigned page, unsigned end, bool taken)
{
    for (; page < end; page++) {
        if (pages[page].is_taken != taken)
            return false;
    }
    return true;
}

static void add(unsigned page, unsigned end, enum area_rights rights, unsigned source_pages, bool has_room)
{
    uint64_t bytes = source_pages * PAGE_SIZE - (source_pages > 0 ? PAGE_SIZE / 2 : 0), position = 1 + page * PAGE_SIZE;
    uint64_t size_bytes = (end - page) * PAGE_SIZE;
    bytes = bytes < size_bytes ? bytes : size_bytes;
    struct area area = {.start = address_of(page),
                        .end = address_of(end),
                        .source = bytes > 0 ? contents + position : nullptr,
                        .source_bytes = bytes,
                        .rights = rights};
    bool is_free = all_are(page, end, false);
    ASSERT(areas_is_free(&map, area.start, area.end) == is_free);
    enum status status = areas_add(&map, &area);
    ASSERT(status == (!has_room ? STATUS_NO_MEMORY : is_free ? STATUS_OK : STATUS_BUSY));
    for (; status == STATUS_OK && page < end; page++, position += PAGE_SIZE) {
        pages[page] = (struct page){true, rights, position, first_page_bytes(bytes)};
        bytes -= first_page_bytes(bytes);
    }
}

static void remove(unsigned page, unsigned end, bool has_room)
{
    enum status status = areas_remove(&map, address_of(page), address_of(end));
    ASSERT(status == (has_room ? STATUS_OK : STATUS_NO_MEMORY));
    for (; status == STATUS_OK && page < end; page++)
        pages[page] = (struct page){};
}

static void protect(unsigned page, unsigned end, enum area_rights rights, bool has_room)
{
    bool is_taken = all_are(page, end, true);
    enum status status = areas_protect(&map, address_of(page), address_of(end), rights);
    ASSERT(status == (!has_room ? STATUS_NO_MEMORY : is_taken ? STATUS_OK : STATUS_NOT_FOUND));
    for (; status == STATUS_OK && page < end; page++)
        pages[page].rights = rights;
}

void areas_model_do(enum areas_model_operation operation, unsigned page, unsigned page_count, enum area_rights rights,
                    unsigned source_pages)
{
    unsigned end = page + page_count < AREAS_MODEL_PAGES ? page + page_count : AREAS_MODEL_PAGES;
    bool has_room = map.capacity - map.count >= AREAS_SLACK;
    if (page >= end)
        return;
    if (operation == AREAS_MODEL_ADD)
        add(page, end, rights, source_pages, has_room);
    else if (operation == AREAS_MODEL_REMOVE)
        remove(page, end, has_room);
    else
        protect(page, end, rights, has_room);
    check();
}

void areas_model_check_gap(unsigned page_count)
{
    uint64_t start = 0;
    bool is_there = areas_find_gap(&map, address_of(0), address_of(AREAS_MODEL_PAGES), page_count * PAGE_SIZE, &start);
    for (unsigned page = AREAS_MODEL_PAGES; page-- > 0;) {
        if (page + page_count > AREAS_MODEL_PAGES || !all_are(page, page + page_count, false))
            continue;
        ASSERT(is_there && start == address_of(page));
        return;
    }
    ASSERT(!is_there);
}
