// SPDX-License-Identifier: MIT
#include <allocator/frame.h>
