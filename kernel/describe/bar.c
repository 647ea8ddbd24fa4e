// SPDX-License-Identifier: MIT
// Which kind of memory a cell of a bar stands for. Called by the command mem; must not know what kinds there are.
#include <describe/bar.h>

// How many bytes of PART lie in START..END.
static uint64_t share(const struct bar_part *part, uint64_t start, uint64_t end)
{
    if (part->start >= end || part->start + part->size_bytes <= start)
        return 0;
    uint64_t first = part->start > start ? part->start : start;
    uint64_t last = part->start + part->size_bytes < end ? part->start + part->size_bytes : end;
    return last - first;
}

// The beginning of CELL. No address has so many bits that the product overflows: whole pages are what counts.
static uint64_t cell_start(uint64_t end, unsigned cell, unsigned count)
{
    return end / count * cell + end % count * cell / count;
}

unsigned bar_cell(bar_part_fn *part, void *context, uint64_t end, unsigned cell, unsigned count)
{
    uint64_t start = cell_start(end, cell, count), next = cell_start(end, cell + 1, count);
    uint64_t bytes[BAR_KIND_COUNT] = {next - start};
    unsigned kind = BAR_NOTHING;
    bool is_decided = false;
    struct bar_part each;
    for (unsigned i = 0; part(context, i, &each); i++) {
        uint64_t here = share(&each, start, next);
        bytes[each.kind] += here;
        bytes[BAR_NOTHING] -= here;
        if (each.is_shown && here != 0) {
            kind = each.kind;
            is_decided = true;
        }
    }
    for (unsigned i = 0; i < BAR_KIND_COUNT && !is_decided; i++) {
        if (bytes[i] > bytes[kind])
            kind = i;
    }
    return kind;
}
