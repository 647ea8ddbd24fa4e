// SPDX-License-Identifier: MIT
// System calls on a program's own memory. Called through call.c; what is where is space.c's.
#include "call.h"
#include "error.h"
#include <stdckdint.h>

constexpr uint32_t PROTECT_ALL = AREA_READ | AREA_WRITE | AREA_EXECUTE; // PROT_ has the same numbers
constexpr uint32_t MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_KIND = 0xf, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20,
                   MAP_FIXED_NOREPLACE = 0x10'0000;

// ADDRESS and SIZE_BYTES name whole pages that a program may have.
static bool is_range(uint64_t address, uint64_t size_bytes, uint64_t *end)
{
    if (address % PAGE_SIZE != 0 || size_bytes == 0 || size_bytes > PROGRAM_TOP)
        return false;
    return !ckd_add(end, address, page_down(size_bytes + PAGE_SIZE - 1)) && address >= PROGRAM_BOTTOM &&
           *end <= PROGRAM_TOP;
}

// What is written is read as well, as on any x86-64; what is written is never executed.
static int64_t rights_of(uint64_t protection, enum area_rights *rights)
{
    if (protection & ~(uint64_t)PROTECT_ALL)
        return -EINVAL;
    *rights = (enum area_rights)protection;
    if ((*rights & AREA_WRITE) && (*rights & AREA_EXECUTE))
        return -EACCES;
    if (*rights != AREA_NONE)
        *rights |= AREA_READ;
    return 0;
}

// Fill in SOURCE of AREA from the file that a mapping is of.
static int64_t find_source(const struct program *self, const struct trap_frame *call, struct area *area)
{
    if ((uint32_t)call->r10 & MAP_ANONYMOUS)
        return 0;
    const struct open_file *file = file_of(self, call->r8);
    if (file == nullptr)
        return -EBADF;
    if (file->kind == OPEN_TERMINAL || process_tree.nodes[file->node].kind != FILE_REGULAR)
        return -ENODEV;
    if (call->r9 % PAGE_SIZE != 0)
        return -EINVAL;
    if (((uint32_t)call->r10 & MAP_KIND) == MAP_SHARED && (call->rdx & AREA_WRITE))
        return -EACCES;
    const struct file_node *node = &process_tree.nodes[file->node];
    if (call->r9 < node->size_bytes) {
        area->source = node->bytes + call->r9;
        area->source_bytes = node->size_bytes - call->r9;
    }
    return 0;
}

// Choose where SIZE_BYTES go: where ADDRESS says, if that must be or can be, else below what is there.
static int64_t choose(struct program *self, uint64_t address, uint64_t size_bytes, uint32_t flags, uint64_t *start)
{
    uint64_t end;
    *start = address;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (!is_range(address, size_bytes, &end))
            return -EINVAL;
        if ((flags & MAP_FIXED_NOREPLACE) && !areas_is_free(&self->areas, address, end))
            return -EEXIST;
        return space_unmap(self, address, end) == STATUS_OK ? 0 : -ENOMEM;
    }
    *start = page_down(address);
    if (is_range(*start, size_bytes, &end) && areas_is_free(&self->areas, *start, end))
        return 0;
    return areas_find_gap(&self->areas, PROGRAM_BOTTOM, MAPPING_TOP, size_bytes, start) ? 0 : -ENOMEM;
}

int64_t call_mmap(struct program *self, const struct trap_frame *call)
{
    uint32_t flags = (uint32_t)call->r10, kind = flags & MAP_KIND;
    struct area area = {};
    if (call->rsi == 0 || (kind != MAP_PRIVATE && kind != MAP_SHARED))
        return -EINVAL;
    if (call->rsi > PROGRAM_TOP)
        return -ENOMEM;
    uint64_t size_bytes = page_down(call->rsi + PAGE_SIZE - 1);
    int64_t error = rights_of(call->rdx, &area.rights);
    if (error == 0)
        error = find_source(self, call, &area);
    if (error == 0)
        error = choose(self, call->rdi, size_bytes, flags, &area.start);
    if (error != 0)
        return error;
    area.end = area.start + size_bytes;
    if (area.source_bytes > size_bytes)
        area.source_bytes = size_bytes;
    return space_map(self, &area) == STATUS_OK ? (int64_t)area.start : -ENOMEM;
}

int64_t call_munmap(struct program *self, const struct trap_frame *call)
{
    uint64_t end;
    if (!is_range(call->rdi, call->rsi, &end))
        return -EINVAL;
    return space_unmap(self, call->rdi, end) == STATUS_OK ? 0 : -ENOMEM;
}

int64_t call_mprotect(struct program *self, const struct trap_frame *call)
{
    uint64_t end;
    enum area_rights rights;
    if (call->rdi % PAGE_SIZE != 0)
        return -EINVAL;
    int64_t error = rights_of(call->rdx, &rights);
    if (error != 0 || call->rsi == 0)
        return error;
    if (!is_range(call->rdi, call->rsi, &end))
        return -ENOMEM;
    return space_protect(self, call->rdi, end, rights) == STATUS_OK ? 0 : -ENOMEM;
}

// The end of the data behind the program's own, which it moves; answers where it is, moved or not.
int64_t call_brk(struct program *self, const struct trap_frame *call)
{
    uint64_t wanted = call->rdi;
    if (wanted < self->break_start || wanted > MAPPING_TOP)
        return (int64_t)self->break_end;
    uint64_t old = page_down(self->break_end + PAGE_SIZE - 1), new = page_down(wanted + PAGE_SIZE - 1);
    enum status status = STATUS_OK;
    if (new > old)
        status = space_map(self, &(struct area){.start = old, .end = new, .rights = AREA_READ | AREA_WRITE});
    else if (new < old)
        status = space_unmap(self, new, old);
    if (status == STATUS_OK)
        self->break_end = wanted;
    return (int64_t)self->break_end;
}
