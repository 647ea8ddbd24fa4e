// SPDX-License-Identifier: MIT
// Sleeps for as many milliseconds as it is told, and says whether that was long enough.
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long long now_ms(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0 ? now.tv_sec * 1000LL + now.tv_nsec / 1000000 : -1;
}

int main(int argc, char **argv)
{
    long ms = argc > 1 ? atol(argv[1]) : 0;
    struct timespec duration = {ms / 1000, ms % 1000 * 1000000};
    long long start = now_ms(CLOCK_MONOTONIC);
    nanosleep(&duration, NULL);
    long long slept = now_ms(CLOCK_MONOTONIC) - start;
    struct timeval day;
    gettimeofday(&day, NULL);
    long long difference = day.tv_sec - now_ms(CLOCK_REALTIME) / 1000;
    printf("%s, %s, %s\n", slept >= ms ? "slept" : "woken early",
           time(NULL) > 1700000000 ? "after 2023" : "in the past",
           difference >= -1 && difference <= 1 ? "agreed" : "at odds");
    return 0;
}
