// SPDX-License-Identifier: MIT
// The names of the vectors, for whoever speaks of one. Exported names start with vector_. Pure; any context.
#pragma once
#include <stdint.h>

// Never null. Names that end in a parenthesis are the architecture's own (Intel SDM vol. 3, table 6-1).
const char *vector_name(uint64_t vector);
