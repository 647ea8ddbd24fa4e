// SPDX-License-Identifier: MIT
// Registers of SSE and x87 that nobody else may change, while the clock takes the CPU away: each instance has values of
// its own, and looks at them again and again. Ends after so many looks, or with 1 at the first wrong value.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EACH(do)                                                                                                       \
    do                                                                                                                 \
    (0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11) do(12) do(13) do(14) do(15)
#define LOAD(n)  "movdqu " #n "*16(%0), %%xmm" #n "\n\t"
#define STORE(n) "movdqu %%xmm" #n ", " #n "*16(%1)\n\t"

int main(int argc, char **argv)
{
    uint64_t own = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    long looks = argc > 2 ? atol(argv[2]) : 1;
    uint64_t wanted[32], found[32];
    double x87 = (double)own + 0.25, seen;
    for (int i = 0; i < 32; i++)
        wanted[i] = own * 0x0101010101010101u + (uint64_t)i;
    for (long i = 0; i < looks; i++) {
        __asm__ volatile(EACH(LOAD) "fldl %3\n\t"
                                    "movl $20000, %%ecx\n"
                                    "1:\tdecl %%ecx\n\t"
                                    "jnz 1b\n\t" EACH(STORE) "fstpl %2"
                         :
                         : "r"(wanted), "r"(found), "m"(seen), "m"(x87)
                         : "ecx", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                           "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
        if (memcmp(wanted, found, sizeof found) != 0 || seen != x87) {
            puts("changed");
            return 1;
        }
    }
    puts("whole");
    return 0;
}
