// SPDX-License-Identifier: MIT
// The memory map as the BIOS tells it.
#pragma once
#include <portable/memory_map.h>

// Ask E820, else E801, else 88h, and make MAP of the answer, without page 0 (the BIOS's) and with stage 2 and its
// buffers claimed. Stops with a sentence when there is no map or too little low memory.
void firmware_memory_map(struct memory_map *map);
