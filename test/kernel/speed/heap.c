// SPDX-License-Identifier: MIT
// How many instructions the kernel's heap takes, in the state that a kernel is in most of the time: blocks of the size
// are live, more than one span or list of them. The driver's part is an emulator that counts one tick of the TSC for
// each instruction. test/speed/table.py makes the table of docs/performance.md from the notes.
#include <arch/cpu.h>
#include <framework/test.h>
#include <lib/string.h>
#include <memory/heap.h>
#include <speed/cost.h>

typedef unsigned long long printable_t;

constexpr unsigned LIVE_COUNT = 1000; // blocks that stay
constexpr unsigned ROUND_COUNT = 1000;
constexpr size_t ROOM_BYTES = 64 * 1024;

struct cost {
    uint64_t mean, most;
};

static inline void pair(size_t size_bytes)
{
    void *block = kernel_heap_allocate(size_bytes, 0);
    kernel_heap_free(block);
}

// These two keep the size in the same register, so that they differ by nothing but a pair.
[[gnu::noinline]] static uint64_t ticks_of_two(size_t size_bytes)
{
    uint64_t start = tsc_read();
    pair(size_bytes);
    pair(size_bytes);
    return tsc_read() - start;
}

[[gnu::noinline]] static uint64_t ticks_of_three(size_t size_bytes)
{
    uint64_t start = tsc_read();
    pair(size_bytes);
    pair(size_bytes);
    pair(size_bytes);
    return tsc_read() - start;
}

static uint64_t least_of(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

static struct cost pair_cost(size_t size_bytes)
{
    uint64_t sum = 0, most = 0, least_of_two = UINT64_MAX, least_of_three = UINT64_MAX;
    for (unsigned i = 0; i < ROUND_COUNT; i++) {
        uint64_t two = ticks_of_two(size_bytes);
        least_of_two = least_of(least_of_two, two);
        least_of_three = least_of(least_of_three, ticks_of_three(size_bytes));
        most = two > most ? two : most;
        sum += two;
    }
    uint64_t usual = least_of_three - least_of_two, of_looks = least_of_two - 2 * usual;
    return (struct cost){(sum - ROUND_COUNT * of_looks + ROUND_COUNT) / (2 * ROUND_COUNT), most - of_looks - usual};
}

static struct cost measure_pairs(size_t size_bytes)
{
    static void *live[LIVE_COUNT];
    for (unsigned i = 0; i < LIVE_COUNT; i++) {
        live[i] = kernel_heap_allocate(size_bytes, 0);
        CHECK(live[i] != nullptr);
    }
    // The region has room: a heap whose last pages are nearly full makes do with small pieces until it has to grow.
    kernel_heap_free(kernel_heap_allocate(ROOM_BYTES, 0));
    uint64_t flags = cpu_interrupts_disable();
    struct cost cost = pair_cost(size_bytes);
    cpu_interrupts_restore(flags);
    for (unsigned i = 0; i < LIVE_COUNT; i++)
        kernel_heap_free(live[i]);
    test_note("measured: %s, %zu bytes and back: %llu", kernel_heap_design_name(), size_bytes, (printable_t)cost.mean);
    test_note("measured: %s, %zu bytes and back, most: %llu", kernel_heap_design_name(), size_bytes,
              (printable_t)cost.most);
    return cost;
}

TEST(speed, heap)
{
    NEEDS_DRIVER();
    constexpr uint64_t LIMIT = 40; // for the kernel's own choice; the others are there to be compared
    bool has_limit = HAS_LIMITS && strcmp(kernel_heap_design_name(), heap_default.name) == 0;
    struct cost small = measure_pairs(64);
    CHECK(small.mean >= 10); // fewer than two calls and their returns: something else was measured
    CHECK(!has_limit || small.mean <= LIMIT);
    measure_pairs(1024);
    measure_pairs(16 * 1024);
}
