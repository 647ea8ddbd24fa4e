// SPDX-License-Identifier: MIT
// Never ends by itself: touches the same memory again and again, "spin"; sleeps, "sleep"; takes all memory there is,
// "eat".
#include <string.h>
#include <sys/mman.h>
#include <time.h>

int main(int argc, char **argv)
{
    static volatile char memory[1 << 20];
    while (argc > 1 && strcmp(argv[1], "sleep") == 0)
        nanosleep(&(struct timespec){1000, 0}, NULL);
    while (argc > 1 && strcmp(argv[1], "eat") == 0)
        *(char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
    for (unsigned i = 0;; i += 64)
        memory[i % sizeof memory]++;
}
