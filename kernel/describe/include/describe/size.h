// SPDX-License-Identifier: MIT
// Sizes, shares and durations as people read them. Pure; any context. Exported names start with describe_.
#pragma once
#include <stddef.h>
#include <stdint.h>

constexpr size_t DESCRIBE_SIZE_LIMIT = 16; // bytes that always hold a described size, with its terminator

// "512 B", "639.0 KiB", "1023.9 MiB", "16.0 EiB": one decimal, cut and not rounded, so that no size looks larger than
// it is. Returns BUFFER.
const char *describe_size(char buffer[static DESCRIBE_SIZE_LIMIT], uint64_t size_bytes);

constexpr size_t DESCRIBE_DURATION_LIMIT = 16; // bytes that always hold a described duration, with its terminator

// "999 ns", "12.3 us", "45.6 ms", "7890.1 s": one decimal, cut and not rounded. Returns BUFFER.
const char *describe_duration(char buffer[static DESCRIBE_DURATION_LIMIT], uint64_t duration_ns);

// PART of WHOLE in tenths of a percent, without overflow; 0 when WHOLE is 0.
unsigned describe_permille(uint64_t part, uint64_t whole);
