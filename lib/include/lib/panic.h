// SPDX-License-Identifier: MIT
// The end of the road, and the checks that lead there. lib only declares panic(): the kernel's debug module, stage 2
// and the host tests each supply their own.
#pragma once

// Says what happened (printf-like, see lib/format.h) and stops the machine. Callable from any context, with any lock
// held, before and after initialisation.
[[noreturn]] __attribute__((format(printf, 1, 2), cold)) void panic(const char *format, ...);

// ASSERT stays in every build. DEBUG_ASSERT is for checks whose cost shows; presets dev and sanitize have it.
#define ASSERT(condition)                                                                                              \
    do {                                                                                                               \
        if (__builtin_expect(!(condition), false))                                                                     \
            panic("assertion failed: %s (%s:%d)", #condition, __FILE_NAME__, __LINE__);                                \
    } while (false)

#if HEWN_DEBUG_ASSERTS
#define DEBUG_ASSERT(condition) ASSERT(condition)
#else
#define DEBUG_ASSERT(condition) ((void)sizeof(condition))
#endif
