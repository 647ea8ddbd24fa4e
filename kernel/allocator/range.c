// SPDX-License-Identifier: MIT
#include <allocator/range.h>
