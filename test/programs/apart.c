// SPDX-License-Identifier: MIT
// Writes what it was told to an address that it shares with others of its kind by number, yields, and looks again.
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    long own = argc > 1 ? atol(argv[1]) : 1;
    volatile long *place =
        mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (place == MAP_FAILED || *place != 0) {
        puts("not empty");
        return 2;
    }
    for (int i = 0; i < 1000; i++) {
        *place = own + i;
        sched_yield();
        if (*place != own + i) {
            printf("%ld found %ld\n", own + i, *place);
            return 1;
        }
    }
    puts("apart");
    return 0;
}
