// SPDX-License-Identifier: MIT
// Who has freed what, lately: so that the report of a block that is freed twice says who was the first. Kept only in
// builds with the checks for undefined behaviour (preset sanitize, fuzzers), where an entry a free does not matter.
// One history for all heaps.
#pragma once
#include <stddef.h>

#if __has_feature(undefined_behavior_sanitizer)
constexpr bool HEAP_HAS_HISTORY = true;
#else
constexpr bool HEAP_HAS_HISTORY = false;
#endif

// BLOCK has been freed by whoever calls this.
[[gnu::noinline]] void heap_history_add(const void *block);

// Behind the call by which BLOCK was last freed; nullptr when that is not known, or no longer.
const void *heap_history_find(const void *block);

// Puts a name for PLACE, an address behind a call, into TEXT of SIZE_BYTES, and returns TEXT.
typedef const char *heap_name_place_fn(char *text, size_t size_bytes, const void *place);

// From here on let panics call places by the names that NAME_PLACE gives them, not by their addresses alone.
void heap_history_set_names(heap_name_place_fn *name_place);
const char *heap_history_name(char *text, size_t size_bytes, const void *place);
