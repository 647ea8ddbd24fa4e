// SPDX-License-Identifier: MIT
// The table of those who take part, and where a library is found.
#include "allocator.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct allocator allocators[ALLOCATOR_COUNT] = {
    {.name = "default", .kind = ALLOCATOR_DESIGN},
    {.name = "bump", .kind = ALLOCATOR_DESIGN},
    {.name = "linked_list", .kind = ALLOCATOR_DESIGN},
    {.name = "fixed_block", .kind = ALLOCATOR_DESIGN},
    {.name = "buddy", .kind = ALLOCATOR_DESIGN},
    {.name = "tlsf", .kind = ALLOCATOR_DESIGN},
    {.name = "glibc", .kind = ALLOCATOR_LIBRARY},
    {"mimalloc", ALLOCATOR_LIBRARY, "libmimalloc.so.2.0", "mi_version", "libmimalloc2.0"},
    {"jemalloc", ALLOCATOR_LIBRARY, "libjemalloc.so.2", "mallctl", "libjemalloc2"},
    {"tcmalloc", ALLOCATOR_LIBRARY, "libtcmalloc_minimal.so.4", "tc_version", "libtcmalloc-minimal4"},
    {.name = "floor", .kind = ALLOCATOR_FLOOR},
};

const struct allocator *allocator_find(const char *name)
{
    for (unsigned i = 0; i < ALLOCATOR_COUNT; i++) {
        if (strcmp(allocators[i].name, name) == 0)
            return &allocators[i];
    }
    return nullptr;
}

const char *allocator_library(const struct allocator *allocator)
{
    static const char *const FOLDERS[] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"};
    static char path[128];
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", FOLDERS[i], allocator->library);
        if (access(path, R_OK) == 0)
            return path;
    }
    return nullptr;
}
