// SPDX-License-Identifier: MIT
// The regions' names, for those who speak of addresses. Pure data.
#include <memory/layout.h>

const struct memory_named_region memory_regions[MEMORY_REGION_COUNT] = {
    {"direct map", MEMORY_DIRECT_MAP},
    {"heap", MEMORY_HEAP},
    {"region of the stacks", MEMORY_STACKS},
    {"devices", MEMORY_DEVICES},
};
