// SPDX-License-Identifier: MIT
// One differential case for the memory map: DATA says what the firmware claims and what the loader asks for then; each
// answer is compared with a model that keeps one kind for every 512 bytes of a small window. Panics on a difference.
// Run on random bytes by the unit test and on chosen ones by the fuzzer.
#pragma once
#include <stddef.h>
#include <stdint.h>

void memory_map_case(const uint8_t *data, size_t size);
