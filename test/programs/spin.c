// SPDX-License-Identifier: MIT
// Never ends by itself: touches memory, "spin", or sleeps, "sleep".
#include <string.h>
#include <time.h>

int main(int argc, char **argv)
{
    static volatile char memory[1 << 20];
    while (argc > 1 && strcmp(argv[1], "sleep") == 0)
        nanosleep(&(struct timespec){1000, 0}, NULL);
    for (unsigned i = 0;; i += 64)
        memory[i % sizeof memory]++;
}
