// SPDX-License-Identifier: MIT
// Where the parts of the kernel's image lie (kernel.ld); each begins and ends on a page of its own but for the ends
// that the linker cannot know. Pure data; any context.
#pragma once
#include <stdint.h>

extern const uint8_t text_start[], text_end[], constants_start[], constants_end[], data_start[], data_end[],
    sealed_start[], sealed_end[], symbol_table_start[], symbol_table_end[];
