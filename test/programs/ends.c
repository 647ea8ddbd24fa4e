// SPDX-License-Identifier: MIT
// Ways to end that are neither a return from main() nor a fault.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void handle(int signal)
{
    (void)signal;
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    if (strcmp(way, "abort") == 0)
        abort();
    if (strcmp(way, "exit") == 0)
        _exit(300);
    if (strcmp(way, "handled") == 0)
        signal(SIGUSR1, handle);
    if (strcmp(way, "ignored") == 0)
        signal(SIGUSR1, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    if (strcmp(way, "blocked") == 0)
        sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    puts("alive");
    fflush(stdout);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    puts("still alive");
    return 0;
}
