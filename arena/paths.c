// SPDX-License-Identifier: MIT
// Which calls of a design are worth stepping through: two of each way through its code, so that none of them is missed.
//
// A second build of the arena, arena-paths, has the same heap with a call at every branch (clang's
// -fsanitize-coverage=trace-pc-guard). Run over the same trace in a region that begins at a page, too, it takes the
// same decisions, and leaves for each operation a number that stands for the sequence of branches. Calls with the same
// sequence have the same instructions, but for choices that the compiler makes without a branch of the source; so the
// first and the last of each are stepped.
#include "worst.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

constexpr uint64_t BRANCHES_LIMIT = 1'000'000; // of all that are stepped; longest ways first
// A way with more branches than this goes round a loop, and ways differ in how often. The longest will do.
constexpr uint64_t LONG_BRANCHES = 1000;
constexpr uint32_t LONG_WAYS = 2;
constexpr unsigned PATIENCE_S = 120;

struct path {
    uint64_t hash;     // of the branches in their order; 0: a reallocation
    uint64_t branches; // how many
};

// ---- in arena-paths

static struct path current;

void __sanitizer_cov_trace_pc_guard_init(uint32_t *begin, const uint32_t *end);
void __sanitizer_cov_trace_pc_guard(const uint32_t *guard);

// Every branch gets a number. Called once for each object file.
void __sanitizer_cov_trace_pc_guard_init(uint32_t *begin, const uint32_t *end)
{
    static uint32_t last;
    for (; begin < end && *begin == 0; begin++)
        *begin = ++last;
}

void __sanitizer_cov_trace_pc_guard(const uint32_t *guard)
{
    current.hash = (current.hash ^ *guard) * 0x9e37'79b9'7f4a'7c15;
    current.hash ^= current.hash >> 29;
    current.branches++;
}

static uintptr_t take_path(void *context, uint32_t index, const struct step_call *call)
{
    struct path *paths = context;
    current = (struct path){.hash = 1};
    uintptr_t result = worst_make(call);
    paths[index] = current;
    return result;
}

static struct path *map_paths(int descriptor, size_t count)
{
    size_t size_bytes = count * sizeof(struct path);
    void *memory = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED)
        worker_fail("the arena itself has no memory for %zu bytes", size_bytes);
    return memory;
}

double paths_round(struct worker *worker)
{
    struct path *paths = map_paths(worker->paths, worker->trace->operation_count);
    worst_pass(worker, take_path, paths);
    return 0;
}

// ---- in the arena

[[noreturn]] static void become_arena_paths(const struct worker *worker, int paths)
{
    char image[4096], trace_text[16], factor_text[32], paths_text[16];
    ssize_t length = readlink("/proc/self/exe", image, sizeof(image) - sizeof("-paths"));
    memcpy(&image[length > 0 ? length : 0], "-paths", sizeof("-paths"));
    snprintf(trace_text, sizeof(trace_text), "%d", worker->trace_descriptor);
    snprintf(factor_text, sizeof(factor_text), "%.17g", worker->region_factor);
    snprintf(paths_text, sizeof(paths_text), "%d", paths);
    int nowhere = open("/dev/null", O_WRONLY), go[2];
    if (nowhere < 0 || pipe(go) != 0 || write(go[1], "g", 1) != 1)
        _exit(1);
    close(go[1]);
    dup2(go[0], STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    execl(image, image, "--worker", "paths", worker->allocator->name, trace_text, factor_text, paths_text, nullptr);
    _exit(127);
}

static void wait_for(pid_t child)
{
    const struct timespec pause = {.tv_nsec = 20'000'000};
    int status = 0;
    for (unsigned i = 0; waitpid(child, &status, WNOHANG) == 0; i++) {
        if (i == PATIENCE_S * 50)
            worker_fail("it was given up on, because finding its ways through the code took more than %u s",
                        PATIENCE_S);
        if (i % 50 == 0)
            worker_say("progress");
        nanosleep(&pause, nullptr);
    }
    if (status != 0)
        worker_fail("arena-paths, which has to lie beside the arena, did not complete the trace");
}

static uintptr_t take_nothing(void *, uint32_t, const struct step_call *call)
{
    return worst_make(call);
}

static const struct path *find_paths(const struct worker *worker)
{
    size_t count = worker->trace->operation_count;
    int descriptor = memfd_create("paths", 0);
    if (descriptor < 0 || ftruncate(descriptor, (off_t)(count * sizeof(struct path))) != 0)
        worker_fail("the arena itself has no memory for the ways of %zu operations: %s", count, strerror(errno));
    pid_t child = fork();
    if (child == 0)
        become_arena_paths(worker, descriptor);
    wait_for(child);
    return map_paths(descriptor, count);
}

// An entry of a hash table of the ways that have been seen.
struct seen {
    const struct path *path; // nullptr: none
    uint32_t first, last;    // operations
};

static struct seen *find_seen(struct seen *table, size_t mask, const struct path *path)
{
    size_t place = path->hash & mask;
    while (table[place].path != nullptr &&
           (table[place].path->hash != path->hash || table[place].path->branches != path->branches))
        place = (place + 1) & mask;
    return &table[place];
}

static int longest_first(const void *left, const void *right)
{
    const struct seen *const *a = left, *const *b = right;
    uint64_t mine = (*a)->path->branches, others = (*b)->path->branches;
    return mine != others ? (mine < others) - (mine > others)
                          : ((*a)->first > (*b)->first) - ((*a)->first < (*b)->first);
}

void sample_by_paths(struct worker *worker, uint8_t *is_stepped, char *words, size_t words_bytes)
{
    worst_pass(worker, take_nothing, nullptr); // says what is wrong, if the trace cannot be completed
    const struct path *paths = find_paths(worker);
    size_t count = worker->trace->operation_count, room = 2;
    while (room < 2 * count)
        room *= 2;
    struct seen *table = worker_memory(room * sizeof(struct seen), false);
    const struct seen **ways = worker_memory(count * sizeof(struct seen *), false);
    uint32_t way_count = 0, taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (paths[i].hash == 0)
            continue;
        struct seen *seen = find_seen(table, room - 1, &paths[i]);
        if (seen->path == nullptr) {
            *seen = (struct seen){.path = &paths[i], .first = i};
            ways[way_count++] = seen;
        }
        seen->last = i;
    }
    qsort(ways, way_count, sizeof(ways[0]), longest_first);
    bool has_loops = way_count > 0 && ways[0]->path->branches > LONG_BRANCHES;
    uint32_t limit = has_loops && way_count > LONG_WAYS ? LONG_WAYS : way_count;
    uint64_t branches = 0;
    for (; taken < limit && branches < BRANCHES_LIMIT; taken++) {
        is_stepped[ways[taken]->first] = is_stepped[ways[taken]->last] = true;
        branches += 2 * ways[taken]->path->branches;
    }
    snprintf(words, words_bytes, "two operations each of the %u longest of %u ways through its code, of %zu operations",
             taken, way_count, count);
}
