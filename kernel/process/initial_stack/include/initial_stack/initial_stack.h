// SPDX-License-Identifier: MIT
// What a program finds on its stack at its first instruction: arguments, environment, and the auxiliary vector, as the
// System V ABI for AMD64 says (3.4.1, figures 3.9 and 3.10). Pure; any context.
//
//   lower  argument count; pointers to arguments, 0; pointers to environment strings, 0; pairs of the auxiliary vector,
//          a pair of zeros; the strings and random bytes that those name; 0
#pragma once
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

// Types of the auxiliary vector (figure 3.10, and those that C libraries for Linux look for).
enum auxiliary_type : uint64_t {
    AUXILIARY_END = 0,
    AUXILIARY_PROGRAM_HEADERS = 3,
    AUXILIARY_PROGRAM_HEADER_SIZE = 4,
    AUXILIARY_PROGRAM_HEADER_COUNT = 5,
    AUXILIARY_PAGE_SIZE = 6,
    AUXILIARY_BASE = 7, // of an interpreter: 0, there is none
    AUXILIARY_FLAGS = 8,
    AUXILIARY_ENTRY = 9,
    AUXILIARY_USER = 11,
    AUXILIARY_EFFECTIVE_USER = 12,
    AUXILIARY_GROUP = 13,
    AUXILIARY_EFFECTIVE_GROUP = 14,
    AUXILIARY_PLATFORM = 15, // a string
    AUXILIARY_CPU_FEATURES = 16,
    AUXILIARY_CLOCK_TICKS = 17,
    AUXILIARY_SECURE = 23,
    AUXILIARY_RANDOM = 25, // 16 bytes
    AUXILIARY_PATH = 31,   // a string: the file
};

struct auxiliary {
    enum auxiliary_type type;
    uint64_t value;
};

struct initial_stack {
    const char *const *arguments; // each list ends with nullptr
    const char *const *environment;
    const char *path;
    const uint8_t *random;               // 16 bytes
    const struct auxiliary *auxiliaries; // beside PLATFORM, RANDOM and PATH
    size_t auxiliary_count;
};

// Write it into BUFFER of SIZE_BYTES, whose end the program will see at TOP, a multiple of 16. *RSP is then where its
// stack pointer begins, a multiple of 16, and what lies from there to TOP is what BUFFER has at its end. STATUS_RANGE:
// BUFFER is too small.
[[nodiscard]] enum status initial_stack_write(const struct initial_stack *stack, uint8_t *buffer, size_t size_bytes,
                                              uint64_t top, uint64_t *rsp);
