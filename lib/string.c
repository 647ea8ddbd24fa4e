// SPDX-License-Identifier: MIT
// The memory and string functions of lib/string.h, called by everybody, and by clang itself for struct copies and
// zeroing. Portable C with unaligned words: 8 bytes a step on x86-64, where the count of instructions matters, and 4 on
// i386, where the size of the code does. No rep movs: C cannot say it, and assembly belongs to kernel/arch.
//
// Built with -fno-builtin (lib/CMakeLists.txt), without which clang would recognise these loops and call them instead.
// In the host worlds the names that libc has too carry the prefix hewn_, so that tests can compare the two.
#include <lib/string.h>
#include <stdint.h>

// Words at any address, aliasing anything.
typedef size_t word __attribute__((aligned(1), may_alias));
typedef uint32_t word32 __attribute__((aligned(1), may_alias));
typedef uint16_t word16 __attribute__((aligned(1), may_alias));

constexpr size_t WORD_BYTES = sizeof(word);

#ifndef HEWN_SIZE_FIRST // a test sets it, to run i386's paths on the host
#define HEWN_SIZE_FIRST (sizeof(void *) == 4)
#endif
constexpr bool IS_SIZE_FIRST = HEWN_SIZE_FIRST;
constexpr int UNROLL_COUNT = IS_SIZE_FIRST ? 1 : 8;
constexpr int LONG_WORDS = 32; // that memset() writes without a look at the end
constexpr size_t LONG_BYTES = LONG_WORDS * WORD_BYTES;

// From the first byte to the last: right for overlapping blocks, too, when TO is below FROM.
[[gnu::always_inline]] static inline void copy_upward(unsigned char *to, const unsigned char *from, size_t size_bytes)
{
    size_t at = 0;
#pragma clang loop unroll_count(UNROLL_COUNT)
    for (; size_bytes - at >= WORD_BYTES; at += WORD_BYTES)
        *(word *)(to + at) = *(const word *)(from + at);
    if (!IS_SIZE_FIRST) {
        if (size_bytes & 4) {
            *(word32 *)(to + at) = *(const word32 *)(from + at);
            at += 4;
        }
        if (size_bytes & 2) {
            *(word16 *)(to + at) = *(const word16 *)(from + at);
            at += 2;
        }
    }
#pragma clang loop unroll(disable)
    for (; at < size_bytes; at++)
        to[at] = from[at];
}

[[gnu::always_inline]] static inline void copy_downward(unsigned char *to, const unsigned char *from, size_t size_bytes)
{
#pragma clang loop unroll_count(UNROLL_COUNT)
    for (; size_bytes >= WORD_BYTES; size_bytes -= WORD_BYTES)
        *(word *)(to + size_bytes - WORD_BYTES) = *(const word *)(from + size_bytes - WORD_BYTES);
#pragma clang loop unroll(disable)
    for (; size_bytes > 0; size_bytes--)
        to[size_bytes - 1] = from[size_bytes - 1];
}

void *memcpy(void *restrict destination, const void *restrict source, size_t size_bytes)
{
    copy_upward(destination, source, size_bytes);
    return destination;
}

// One comparison decides: when the destination is below the source, the difference wraps and is large.
void *memmove(void *destination, const void *source, size_t size_bytes)
{
    if ((uintptr_t)destination - (uintptr_t)source >= size_bytes)
        copy_upward(destination, source, size_bytes);
    else
        copy_downward(destination, source, size_bytes);
    return destination;
}

void *memset(void *destination, int value, size_t size_bytes)
{
    unsigned char *to = destination;
    word pattern = SIZE_MAX / 0xff * (unsigned char)value;
    size_t at = 0;
    while (!IS_SIZE_FIRST && size_bytes - at >= LONG_BYTES) {
#pragma clang loop unroll_count(LONG_WORDS)
        for (size_t end = at + LONG_BYTES; at < end; at += WORD_BYTES)
            *(word *)(to + at) = pattern;
    }
#pragma clang loop unroll_count(UNROLL_COUNT)
    for (; size_bytes - at >= WORD_BYTES; at += WORD_BYTES)
        *(word *)(to + at) = pattern;
    if (!IS_SIZE_FIRST) {
        if (size_bytes & 4) {
            *(word32 *)(to + at) = (uint32_t)pattern;
            at += 4;
        }
        if (size_bytes & 2) {
            *(word16 *)(to + at) = (uint16_t)pattern;
            at += 2;
        }
    }
#pragma clang loop unroll(disable)
    for (; at < size_bytes; at++)
        to[at] = (unsigned char)value;
    return destination;
}

int memcmp(const void *left, const void *right, size_t size_bytes)
{
    const unsigned char *one = left, *other = right;
    size_t at = 0;
    if (!IS_SIZE_FIRST) {
        while (size_bytes - at >= WORD_BYTES && *(const word *)(one + at) == *(const word *)(other + at))
            at += WORD_BYTES;
    }
    for (; at < size_bytes; at++) {
        if (one[at] != other[at])
            return one[at] - other[at];
    }
    return 0;
}

size_t strlen(const char *text)
{
    return strnlen(text, SIZE_MAX);
}

size_t strnlen(const char *text, size_t limit_bytes)
{
    size_t length = 0;
    while (length < limit_bytes && text[length])
        length++;
    return length;
}

int strcmp(const char *left, const char *right)
{
    return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t limit_bytes)
{
    for (size_t at = 0; at < limit_bytes; at++) {
        if (left[at] != right[at] || !left[at])
            return (unsigned char)left[at] - (unsigned char)right[at];
    }
    return 0;
}

char *strchr(const char *text, int character)
{
    while (*text != (char)character) {
        if (!*text++)
            return nullptr;
    }
    return (char *)(uintptr_t)text;
}

size_t string_copy(char *restrict buffer, const char *restrict text, size_t size_bytes)
{
    size_t length = strlen(text);
    if (size_bytes > 0) {
        size_t copied = length < size_bytes ? length : size_bytes - 1;
        memcpy(buffer, text, copied);
        buffer[copied] = '\0';
    }
    return length;
}
