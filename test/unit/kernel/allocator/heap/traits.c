// SPDX-License-Identifier: MIT
#include "traits.h"

const struct heap_traits heap_traits[HEAP_DESIGN_COUNT] = {
    {&heap_bump, .gives_back = true, .names_mistakes = true, .has_headers = true},
    {&heap_linked_list, true, true, true, true, true, true, 0},
    {&heap_fixed_block, true, true, true, true, true, true, 0},
    {&heap_buddy, true, true, true, true, false, true, 0},
    {&heap_tlsf, true, true, true, true, true, true, 0},
    {&heap_default, true, false, true, true, true, true, 2048},
};
