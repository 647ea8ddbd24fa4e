// SPDX-License-Identifier: MIT
// How many instructions system calls and page faults take, where the time-stamp counter counts instructions: what is
// between two reads of it, without the reads.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    GETPID = 39,
    SCHED_YIELD = 24,
    ROUNDS = 100
};

static inline uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static uint64_t cost_of_nothing(void)
{
    uint64_t start = read_tsc();
    return read_tsc() - start;
}

// The least of many is what it takes when no interrupt comes.
#define LEAST_OF(statement)                                                                                            \
    ({                                                                                                                 \
        uint64_t least = UINT64_MAX;                                                                                   \
        for (int i = 0; i < ROUNDS; i++) {                                                                             \
            uint64_t start = read_tsc();                                                                               \
            statement;                                                                                                 \
            uint64_t ticks = read_tsc() - start - cost_of_nothing();                                                   \
            least = ticks < least ? ticks : least;                                                                     \
        }                                                                                                              \
        least;                                                                                                         \
    })

static inline void call(long number)
{
    __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
}

static inline void call_by_interrupt(long number)
{
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "yield") == 0) { // with a second instance, each yield is a switch
        uint64_t start = read_tsc();
        for (int i = 0; i < ROUNDS; i++)
            call(SCHED_YIELD);
        printf("%llu\n", (unsigned long long)(read_tsc() - start));
        return 0;
    }
    volatile char *pages = mmap(NULL, 4096 * (ROUNDS + 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pages[0] = 1;
    printf("%llu %llu %llu\n", (unsigned long long)LEAST_OF(call(GETPID)),
           (unsigned long long)LEAST_OF(call_by_interrupt(GETPID)),
           (unsigned long long)LEAST_OF(pages[4096 * (i + 1)] = 1));
    return 0;
}
