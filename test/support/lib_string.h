// SPDX-License-Identifier: MIT
// lib/string.h under the names that its functions have on the host (lib/CMakeLists.txt), so that a test can call them
// and libc's side by side.
#pragma once
#define memcpy  hewn_memcpy
#define memmove hewn_memmove
#define memset  hewn_memset
#define memcmp  hewn_memcmp
#define strlen  hewn_strlen
#define strnlen hewn_strnlen
#define strcmp  hewn_strcmp
#define strncmp hewn_strncmp
#define strchr  hewn_strchr
#include <lib/string.h>
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
