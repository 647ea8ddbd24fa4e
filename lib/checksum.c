// SPDX-License-Identifier: MIT
// The two sums of lib/checksum.h. Called by the kernel and by the tests; the boot chain's own copies are assembly
// (the boot sector sums in 16-bit mode, stage 2 in long mode), and the build's are Python: all must agree with this
// one.
#include <lib/checksum.h>

// Words at any address, aliasing anything; little-endian, as every world of Hewn is.
typedef uint16_t word16 __attribute__((aligned(1), may_alias));
typedef uint64_t word64 __attribute__((aligned(1), may_alias));
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

constexpr int UNROLL_COUNT = sizeof(void *) == 4 ? 1 : 8;

uint32_t checksum_words16(const void *data, size_t word_count)
{
    const word16 *words = data;
    uint32_t first = 0, second = 0;
    for (size_t index = 0; index < word_count; index++) {
        first += words[index];
        second += first;
    }
    return second << 16 | (first & 0xffff);
}

struct checksum64 checksum_words64(struct checksum64 seed, const void *data, size_t word_count)
{
    const word64 *words = data;
#pragma clang loop unroll_count(UNROLL_COUNT)
    for (size_t index = 0; index < word_count; index++) {
        seed.first += words[index];
        seed.second += seed.first;
    }
    return seed;
}
