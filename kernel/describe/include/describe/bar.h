// SPDX-License-Identifier: MIT
// A stretch of addresses as a row of cells, each of one kind. Pure; any context.
#pragma once
#include <stdint.h>

constexpr unsigned BAR_KIND_COUNT = 16;
constexpr unsigned BAR_NOTHING = 0; // the kind of what no part covers

struct bar_part {
    uint64_t start, size_bytes;
    unsigned kind; // below BAR_KIND_COUNT
    bool is_shown; // wherever it has a byte, however small its share is
};

// The part number INDEX. False after the last.
typedef bool bar_part_fn(void *context, unsigned index, struct bar_part *part);

// The kind of CELL of COUNT cells that END bytes from address 0 on are divided into: that of the last part in it that
// is shown in any case, otherwise what most of its bytes are. O(parts).
unsigned bar_cell(bar_part_fn *part, void *context, uint64_t end, unsigned cell, unsigned count);
