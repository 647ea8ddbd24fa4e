// SPDX-License-Identifier: MIT
// The memory of a program: areas say what there may be, page tables what there is, and a page gets its frame when it is
// first touched. Also the one layer through which the kernel copies from and to a program. Called by system calls, page
// faults and the loader.
#include "parts.h"
#include <allocator/frame.h>
#include <arch/probe.h>
#include <lib/string.h>
#include <memory/heap.h>
#include <memory/memory.h>

constexpr uint32_t AREAS_FIRST = 16, AREAS_MOST = 4096;

// ---- areas

static enum status make_room(struct area_map *map)
{
    if (map->capacity - map->count >= AREAS_SLACK)
        return STATUS_OK;
    uint32_t capacity = map->capacity == 0 ? AREAS_FIRST : 2 * map->capacity;
    if (capacity > AREAS_MOST)
        return STATUS_NO_MEMORY;
    struct area *areas = kernel_heap_reallocate(map->areas, capacity * sizeof *areas, 0);
    if (areas == nullptr)
        return STATUS_NO_MEMORY;
    map->areas = areas;
    map->capacity = capacity;
    return STATUS_OK;
}

static enum page_rights page_rights_of(enum area_rights rights)
{
    return (rights & AREA_WRITE ? PAGE_WRITE : PAGE_READ) | (rights & AREA_EXECUTE ? PAGE_EXECUTE : PAGE_READ);
}

enum status space_map(struct program *self, const struct area *area)
{
    enum status status = make_room(&self->areas);
    return status == STATUS_OK ? areas_add(&self->areas, area) : status;
}

enum status space_unmap(struct program *self, uint64_t start, uint64_t end)
{
    enum status status = make_room(&self->areas);
    if (status == STATUS_OK)
        status = areas_remove(&self->areas, start, end);
    if (status == STATUS_OK)
        self->page_count -= user_space_remove(&self->space, (virt_addr_t){start}, (virt_addr_t){end});
    return status;
}

enum status space_protect(struct program *self, uint64_t start, uint64_t end, enum area_rights rights)
{
    enum status status = make_room(&self->areas);
    if (status == STATUS_OK)
        status = areas_protect(&self->areas, start, end, rights);
    if (status == STATUS_OK)
        user_space_protect(&self->space, (virt_addr_t){start}, (virt_addr_t){end}, page_rights_of(rights),
                           rights != AREA_NONE);
    return status;
}

void space_release(struct program *self)
{
    if (self->space.tables.root.value != 0)
        user_space_destroy(&self->space);
    kernel_heap_free(self->areas.areas);
    self->areas = (struct area_map){};
    self->page_count = 0;
}

// ---- pages

// What the page at START holds at first, as far as it is something.
[[gnu::noinline]] static uint64_t fill(uint8_t *page, const struct area *area, uint64_t start)
{
    uint64_t offset = start - area->start, count = 0;
    if (area->source_bytes > offset)
        count = area->source_bytes - offset < PAGE_SIZE ? area->source_bytes - offset : PAGE_SIZE;
    if (count > 0)
        memcpy(page, area->source + offset, count);
    return count;
}

enum status space_touch(struct program *self, uint64_t address, enum area_rights needed)
{
    const struct area *area = areas_find(&self->areas, address);
    if (area == nullptr || (area->rights & needed) != needed)
        return STATUS_INVALID;
    phys_addr_t frame = frame_allocate(memory_frames(), FRAME_ORDER_4K, FRAME_ZONE_ANY);
    if (frame.value == 0)
        return STATUS_NO_MEMORY;
    uint8_t *page = phys_to_virt(frame);
    uint64_t filled = area->source != nullptr ? fill(page, area, page_down(address)) : 0;
    memset(page + filled, 0, PAGE_SIZE - filled);
    enum status status =
        user_space_add(&self->space, (virt_addr_t){page_down(address)}, frame, page_rights_of(area->rights));
    if (__builtin_expect(status == STATUS_OK, true)) {
        self->page_count++;
        return STATUS_OK;
    }
    frame_free(memory_frames(), frame, FRAME_ORDER_4K);
    return status == STATUS_BUSY ? STATUS_INVALID : status;
}

// ---- copying

typedef size_t copy_fn(void *destination, const void *source, size_t size_bytes);

// Each fault in the middle is answered as the program's own would be, and the rest is tried again. Addresses are
// numbers here: what a program says is no pointer of C.
static enum status copy(struct program *self, copy_fn *copy_part, uint64_t to, uint64_t from, size_t size_bytes,
                        enum area_rights needed)
{
    current_load(self);
    while (size_bytes > 0) {
        size_t missing = copy_part((void *)to, (const void *)from, size_bytes);
        if (missing == 0)
            break;
        to += size_bytes - missing;
        from += size_bytes - missing;
        size_bytes = missing;
        enum status status = space_touch(self, needed == AREA_WRITE ? to : from, needed);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status space_read(struct program *self, void *to, uint64_t from, size_t size_bytes)
{
    return copy(self, probe_copy_from_user, (uintptr_t)to, from, size_bytes, AREA_READ);
}

enum status space_write(struct program *self, uint64_t to, const void *from, size_t size_bytes)
{
    return copy(self, probe_copy_to_user, to, (uintptr_t)from, size_bytes, AREA_WRITE);
}

// In pieces that end with a page, because what lies behind the string need not be there.
enum status space_read_string(struct program *self, char *text, uint64_t from, size_t size_bytes)
{
    while (size_bytes > 0) {
        uint64_t in_page = PAGE_SIZE - from % PAGE_SIZE;
        size_t count = in_page < size_bytes ? in_page : size_bytes;
        enum status status = space_read(self, text, from, count);
        if (status != STATUS_OK)
            return status;
        if (strnlen(text, count) < count)
            return STATUS_OK;
        text += count;
        from += count;
        size_bytes -= count;
    }
    return STATUS_RANGE;
}

enum status space_place(struct program *self, uint64_t to, const void *from, size_t size_bytes)
{
    const uint8_t *bytes = from;
    while (size_bytes > 0) {
        uint64_t in_page = PAGE_SIZE - to % PAGE_SIZE;
        size_t count = in_page < size_bytes ? in_page : size_bytes;
        enum status status = space_touch(self, to, AREA_WRITE);
        if (status != STATUS_OK)
            return status;
        memcpy(user_space_pointer(&self->space, (virt_addr_t){to}), bytes, count);
        bytes += count;
        to += count;
        size_bytes -= count;
    }
    return STATUS_OK;
}
