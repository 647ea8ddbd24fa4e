// SPDX-License-Identifier: MIT
// Preloaded into a program (scripts/record-trace), writes down what that program asks of malloc and its kin, in the
// order in which it happens: a trace for the arena. A library of its own; knows nothing of the arena but the format.
//
// Calls go on to the C library. Everything between a call and the record of it is under one lock, so that threads come
// in one order. Only the process that was started is recorded, not its children. Blocks are told by address, in a table
// of its own memory: the recorder itself allocates nothing.
#include "trace.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdckdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

constexpr unsigned GROUP_LOG2 = 6, GROUPS_LOG2 = 17;
constexpr size_t TABLE_ENTRIES = (size_t)1 << (GROUP_LOG2 + GROUPS_LOG2);
constexpr uint32_t SLOT_LIMIT = TABLE_ENTRIES / 2; // blocks that are live together
constexpr size_t BUFFER_RECORDS = 4096;
constexpr size_t EARLY_BYTES = 16 * 1024; // for what dlsym() allocates while the C library's functions are looked up

// What the program calls is defined below, so the C library's own functions are asked for by name.
static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);
static void *(*real_memalign)(size_t, size_t);

// An entry of the hash table; linear probing. An address of 0 is an entry that was never taken.
struct entry {
    uintptr_t address;
    uint32_t id;
};
constexpr uintptr_t REMOVED = 1; // an address that no block has; searches go on beyond it

static atomic_flag lock = ATOMIC_FLAG_INIT;
static struct entry *table;
static uint32_t *free_slots; // a stack: slots are taken again last in, first out
static uint32_t free_count, slot_count;
static struct trace_record buffer[BUFFER_RECORDS];
static size_t buffered;
static int file = -1; // -1: nothing is recorded
static pid_t process;
static alignas(16) uint8_t early[EARLY_BYTES];
static size_t early_used;

static void acquire(void)
{
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
        __builtin_ia32_pause();
}

static void release(void)
{
    atomic_flag_clear_explicit(&lock, memory_order_release);
}

// ---- the file

static void stop(void)
{
    close(file);
    file = -1;
}

static void flush(void)
{
    const char *bytes = (const char *)buffer;
    size_t left = buffered * sizeof(buffer[0]);
    while (left > 0) {
        ssize_t written = write(file, bytes, left);
        if (written < 0 && errno != EINTR) {
            static const char TEXT[] = "recorder: the trace cannot be written; it ends here\n";
            (void)!write(STDERR_FILENO, TEXT, sizeof(TEXT) - 1);
            stop();
            break;
        }
        if (written > 0) {
            bytes += written;
            left -= (size_t)written;
        }
    }
    buffered = 0;
}

static void put(struct trace_record record)
{
    buffer[buffered++] = record;
    if (buffered == BUFFER_RECORDS)
        flush();
}

// ---- who is live

// Neighbours stay together, so that few pages of the table are touched.
static size_t place_of(uintptr_t address)
{
    uintptr_t group = (address >> (GROUP_LOG2 + 4)) * 0x9e37'79b9'7f4a'7c15 >> (64 - GROUPS_LOG2);
    return group << GROUP_LOG2 | (address >> 4 & (((uintptr_t)1 << GROUP_LOG2) - 1));
}

static struct entry *find(const void *block)
{
    size_t place = place_of((uintptr_t)block);
    while (table[place].address != (uintptr_t)block) {
        if (table[place].address == 0)
            return nullptr;
        place = (place + 1) % TABLE_ENTRIES;
    }
    return &table[place];
}

static void enter(const void *block, uint32_t id)
{
    size_t place = place_of((uintptr_t)block);
    while (table[place].address > REMOVED)
        place = (place + 1) % TABLE_ENTRIES;
    table[place] = (struct entry){(uintptr_t)block, id};
}

// What is searched for beyond this entry needs it as a bridge, unless nothing follows; then bridges before it go, too.
static void remove_entry(struct entry *entry)
{
    size_t place = (size_t)(entry - table);
    entry->address = REMOVED;
    if (table[(place + 1) % TABLE_ENTRIES].address != 0)
        return;
    for (; table[place].address == REMOVED; place = (place - 1) % TABLE_ENTRIES)
        table[place].address = 0;
}

// ---- records; under the lock

static void record_allocation(const void *block, size_t size_bytes, size_t alignment, uint16_t flags)
{
    if (file < 0 || block == nullptr)
        return;
    if (free_count == 0 && slot_count == SLOT_LIMIT) {
        flush();
        stop();
        return;
    }
    uint32_t id = free_count > 0 ? free_slots[--free_count] : slot_count++;
    enter(block, id);
    uint8_t alignment_log2 = alignment == 0 ? 0 : (uint8_t)__builtin_ctzl(alignment);
    put((struct trace_record){TRACE_ALLOCATE, alignment_log2, flags, id, size_bytes});
}

// A block that was there before the recording began is not known, and not recorded.
static void record_free(const void *block)
{
    struct entry *entry = file >= 0 ? find(block) : nullptr;
    if (entry == nullptr)
        return;
    free_slots[free_count++] = entry->id;
    put((struct trace_record){.kind = TRACE_FREE, .id = entry->id});
    remove_entry(entry);
}

static void record_reallocation(const void *block, const void *moved, size_t size_bytes)
{
    struct entry *entry = file >= 0 ? find(block) : nullptr;
    if (entry == nullptr) {
        record_allocation(moved, size_bytes, 0, 0);
        return;
    }
    uint32_t id = entry->id;
    put((struct trace_record){.kind = TRACE_REALLOCATE, .id = id, .size_bytes = size_bytes});
    if (moved != block) {
        remove_entry(entry);
        enter(moved, id);
    }
}

// ---- beginning and end

static void *reserve(size_t size_bytes)
{
    void *memory =
        mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory != MAP_FAILED ? memory : nullptr;
}

// A child is not recorded: two processes cannot write one order.
static void forget_in_child(void)
{
    if (file >= 0)
        stop();
    release();
}

// The first process that gets here leaves its number to those that come after it. A program that it becomes by exec has
// the same one, and is recorded instead of what it was: a shell script may stand before what is meant.
static bool is_recorded_process(void)
{
    char number[16];
    process = getpid();
    snprintf(number, sizeof(number), "%d", process);
    setenv("HEWN_RECORD_PROCESS", number, false);
    return strcmp(getenv("HEWN_RECORD_PROCESS"), number) == 0;
}

[[gnu::constructor]] static void begin(void)
{
    bool is_ours = is_recorded_process();
    const char *path = getenv("HEWN_RECORD");
    table = reserve(TABLE_ENTRIES * sizeof(struct entry));
    free_slots = reserve(SLOT_LIMIT * sizeof(uint32_t));
    pthread_atfork(acquire, release, forget_in_child);
    if (is_ours && path != nullptr && table != nullptr && free_slots != nullptr)
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

[[gnu::destructor]] static void end(void)
{
    if (getpid() != process) // a child that shares this memory until it becomes another program (vfork)
        return;
    acquire();
    if (file >= 0) {
        flush();
        stop();
    }
    release();
}

// Programs that leave without their destructors.
[[noreturn]] void _exit(int status)
{
    end();
    void (*real_exit)(int) = (void (*)(int))dlsym(RTLD_NEXT, "_exit");
    real_exit(status);
    __builtin_unreachable();
}

// ---- the C library's functions

static void *early_allocate(size_t size_bytes)
{
    size_t start = (early_used + 15) & ~(size_t)15;
    if (start > EARLY_BYTES || size_bytes > EARLY_BYTES - start)
        return nullptr;
    early_used = start + size_bytes;
    return early + start;
}

static bool is_early(const void *block)
{
    return (uintptr_t)block - (uintptr_t)early < EARLY_BYTES;
}

// Looked up at the first call, which is before this library's constructor where others have constructors that allocate.
// False while that is going on: dlsym() itself may allocate.
static bool has_functions(void)
{
    static bool is_looking;
    if (real_free != nullptr || is_looking)
        return real_free != nullptr;
    is_looking = true;
    real_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    real_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    real_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    real_memalign = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "memalign");
    real_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    return true;
}

// ---- what the program calls

void *malloc(size_t size_bytes)
{
    if (!has_functions())
        return early_allocate(size_bytes);
    acquire();
    void *block = real_malloc(size_bytes);
    record_allocation(block, size_bytes, 0, 0);
    release();
    return block;
}

void *calloc(size_t count, size_t each_bytes)
{
    if (!has_functions())
        return early_allocate(count * each_bytes);
    acquire();
    void *block = real_calloc(count, each_bytes); // which has checked the product, if there is a block
    record_allocation(block, count * each_bytes, 0, TRACE_ZEROED);
    release();
    return block;
}

void free(void *block)
{
    if (block == nullptr || is_early(block) || !has_functions())
        return;
    int kept = errno;
    acquire();
    record_free(block);
    real_free(block);
    release();
    errno = kept;
}

static void *move_early(const void *block, size_t size_bytes)
{
    void *moved = malloc(size_bytes);
    size_t room = (size_t)(early + EARLY_BYTES - (const uint8_t *)block);
    return moved != nullptr ? memcpy(moved, block, size_bytes < room ? size_bytes : room) : nullptr;
}

void *realloc(void *block, size_t size_bytes)
{
    if (block == nullptr || !has_functions())
        return malloc(size_bytes);
    if (is_early(block))
        return move_early(block, size_bytes);
    if (size_bytes == 0) {
        free(block);
        return nullptr;
    }
    acquire();
    void *moved = real_realloc(block, size_bytes);
    if (moved != nullptr)
        record_reallocation(block, moved, size_bytes);
    release();
    return moved;
}

void *reallocarray(void *block, size_t count, size_t each_bytes)
{
    size_t size_bytes;
    if (ckd_mul(&size_bytes, count, each_bytes)) {
        errno = ENOMEM;
        return nullptr;
    }
    return realloc(block, size_bytes);
}

void *memalign(size_t alignment, size_t size_bytes)
{
    if (!has_functions())
        return nullptr;
    acquire();
    void *block = real_memalign(alignment, size_bytes);
    record_allocation(block, size_bytes, alignment, 0);
    release();
    return block;
}

void *aligned_alloc(size_t alignment, size_t size_bytes)
{
    return memalign(alignment, size_bytes);
}

int posix_memalign(void **result, size_t alignment, size_t size_bytes)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    int kept = errno;
    void *block = memalign(alignment, size_bytes);
    errno = kept;
    if (block == nullptr)
        return ENOMEM;
    *result = block;
    return 0;
}

void *valloc(size_t size_bytes)
{
    return memalign((size_t)sysconf(_SC_PAGESIZE), size_bytes);
}
