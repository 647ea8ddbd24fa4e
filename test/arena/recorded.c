// SPDX-License-Identifier: MIT
// A program whose every allocation is known, to be recorded. arena.py has the same list. Nothing of the C library that
// allocates is called between the two marks, blocks of sizes that nothing else asks for.
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *thread(void *)
{
    return malloc(105);
}

int main(void)
{
    void *begin = malloc(7777);
    void *first = malloc(100), *second = calloc(7, 3), *third = aligned_alloc(64, 128), *fourth = nullptr;
    if (posix_memalign(&fourth, 4096, 5000) != 0)
        return 1;
    first = realloc(first, 200'000); // moves
    free(second);
    void *again = malloc(0); // into the second's slot
    first = realloc(first, 10);
    third = realloc(third, 0); // a free
    free(nullptr);
    pid_t child = fork();
    if (child == 0) {
        free(malloc(106));
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (malloc_usable_size(first) < 10)
        return 1;
    free(begin);
    pthread_t other;
    void *from_other = nullptr;
    if (pthread_create(&other, nullptr, thread, nullptr) != 0 || pthread_join(other, &from_other) != 0)
        return 1;
    free(from_other);
    free(again);
    free(first);
    free(fourth);
    _exit(status == 0 && third == nullptr ? 0 : 1); // past everything that a library runs at the end
}
