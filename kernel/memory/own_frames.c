// SPDX-License-Identifier: MIT
// Frames of their own behind a range of addresses: stacks and the heap are made of them. Called by this folder alone.
#include "parts.h"
#include <lib/panic.h>
#include <memory/memory.h>

// Frames that follow one another, which one call maps. Fewer than a page of 2 MiB has, so that none of those has to be
// split later, for which there might be no memory.
struct stretch {
    virt_addr_t page; // where they go
    phys_addr_t first;
    uint64_t size_bytes;
};
constexpr uint64_t STRETCH_MOST = 256 * PAGE_SIZE;

static enum status map_stretch(struct stretch *stretch)
{
    enum status status =
        page_table_map(memory_page_tables(), stretch->page, stretch->first, stretch->size_bytes, OWN_FRAMES_ATTRIBUTES);
    if (status != STATUS_OK)
        return status;
    stretch->page = virt_add(stretch->page, stretch->size_bytes);
    stretch->size_bytes = 0;
    return STATUS_OK;
}

static enum status add_frame(struct stretch *stretch)
{
    phys_addr_t frame = frame_allocate(memory_frames(), FRAME_ORDER_4K, FRAME_ZONE_ANY);
    if (frame.value == 0)
        return STATUS_NO_MEMORY;
    bool follows = frame.value == stretch->first.value + stretch->size_bytes && stretch->size_bytes < STRETCH_MOST;
    if (stretch->size_bytes != 0 && !follows && map_stretch(stretch) != STATUS_OK) {
        frame_free(memory_frames(), frame, FRAME_ORDER_4K);
        return STATUS_NO_MEMORY;
    }
    if (stretch->size_bytes == 0)
        stretch->first = frame;
    stretch->size_bytes += PAGE_SIZE;
    return STATUS_OK;
}

static void free_stretch(const struct stretch *stretch)
{
    for (uint64_t offset = 0; offset < stretch->size_bytes; offset += PAGE_SIZE)
        frame_free(memory_frames(), phys_add(stretch->first, offset), FRAME_ORDER_4K);
}

enum status own_frames_map(virt_addr_t start, virt_addr_t end)
{
    struct stretch stretch = {.page = start};
    enum status status = STATUS_OK;
    for (uint64_t left = end.value - start.value; left != 0 && status == STATUS_OK; left -= PAGE_SIZE)
        status = add_frame(&stretch);
    if (status == STATUS_OK)
        status = map_stretch(&stretch);
    if (status != STATUS_OK) {
        free_stretch(&stretch);
        own_frames_unmap(start, stretch.page);
    }
    return status;
}

void own_frames_unmap(virt_addr_t start, virt_addr_t end)
{
    for (virt_addr_t page = start; page.value < end.value; page = virt_add(page, PAGE_SIZE)) {
        phys_addr_t frame;
        ASSERT(page_table_translate(memory_page_tables(), page, &frame));
        ASSERT(page_table_unmap(memory_page_tables(), page, PAGE_SIZE) == STATUS_OK);
        frame_free(memory_frames(), frame, FRAME_ORDER_4K);
    }
}
