// SPDX-License-Identifier: MIT
// The first program: one line, and what it was called with. Ends with 7.
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("hello from ring 3\n");
    for (int i = 1; i < argc; i++)
        printf("%d: %s\n", i, argv[i]);
    return 7;
}
