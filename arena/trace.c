// SPDX-License-Identifier: MIT
// Reads and checks traces. Called by arena.c for every file that is named, and by its workers for the memory that holds
// what was read.
#include "trace.h"
#include <errno.h>
#include <fcntl.h>
#include <heap/heap.h>
#include <stdckdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

constexpr size_t FILE_LIMIT = (size_t)1 << 31; // bytes, decompressed; 128 million operations
constexpr uint64_t SIZE_LIMIT = (uint64_t)1 << 40;
constexpr uint8_t ALIGNMENT_LOG2_LIMIT = 30;
constexpr uint8_t DEFAULT_ALIGNMENT_LOG2 = 3;
static_assert(1 << DEFAULT_ALIGNMENT_LOG2 == HEAP_ALIGNMENT);

struct bytes {
    uint8_t *data;
    size_t size_bytes;
};

static bool read_whole(const char *path, struct bytes *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == nullptr) {
        fprintf(stderr, "arena: %s cannot be opened: %s\n", path, strerror(errno));
        return false;
    }
    size_t room = 0, got;
    do {
        room = room == 0 ? 1 << 16 : 2 * room;
        uint8_t *larger = room <= FILE_LIMIT ? realloc(bytes->data, room) : nullptr;
        if (larger == nullptr) {
            fprintf(stderr, "arena: %s is too large: at most %zu bytes are read\n", path, FILE_LIMIT);
            fclose(file);
            return false;
        }
        bytes->data = larger;
        got = fread(bytes->data + bytes->size_bytes, 1, room - bytes->size_bytes, file);
        bytes->size_bytes += got;
    } while (bytes->size_bytes == room);
    bool has_failed = ferror(file) != 0;
    if (has_failed)
        fprintf(stderr, "arena: %s cannot be read: %s\n", path, strerror(errno));
    fclose(file);
    return !has_failed;
}

static bool is_compressed(const struct bytes *bytes)
{
    static const uint8_t MAGIC[] = {0x28, 0xb5, 0x2f, 0xfd}; // RFC 8878, 3.1.1
    return bytes->size_bytes >= sizeof(MAGIC) && memcmp(bytes->data, MAGIC, sizeof(MAGIC)) == 0;
}

// What has been decompressed lands in OUTPUT, which grows. Returns what is wrong, or nullptr.
static const char *decompress(const struct bytes *input, struct bytes *output)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (stream == nullptr)
        return "there is no memory to decompress it";
    ZSTD_inBuffer in = {input->data, input->size_bytes, 0};
    size_t room = 0, left;
    const char *problem = nullptr;
    do {
        if (output->size_bytes == room) {
            room = room == 0 ? 1 << 20 : 2 * room;
            uint8_t *larger = room <= FILE_LIMIT ? realloc(output->data, room) : nullptr;
            if (larger == nullptr) {
                ZSTD_freeDStream(stream);
                return "it is too large";
            }
            output->data = larger;
        }
        ZSTD_outBuffer out = {output->data, room, output->size_bytes};
        left = ZSTD_decompressStream(stream, &out, &in);
        output->size_bytes = out.pos;
        if (ZSTD_isError(left))
            problem = ZSTD_getErrorName(left);
        // All input is taken and the output has room left: there is nothing more to come.
    } while (problem == nullptr && (in.pos < in.size || (left != 0 && output->size_bytes == room)));
    if (problem == nullptr && left != 0)
        problem = "it ends in the middle of a frame";
    ZSTD_freeDStream(stream);
    return problem;
}

// ---- checks

// One byte a slot would do to know who is live; the size is needed for the peak.
struct check {
    uint64_t *live_bytes; // of each slot: 0 when it is free
    uint64_t live_total;
    struct trace *trace;
};

static const char *check_size(const struct trace_record *record)
{
    if (record->size_bytes > SIZE_LIMIT)
        return "has a size of more than 2^40 bytes";
    if (record->alignment_log2 > ALIGNMENT_LOG2_LIMIT)
        return "has an alignment of more than 2^30";
    return (record->flags & ~TRACE_ZEROED) != 0 ? "has unknown flags" : nullptr;
}

static const char *apply(struct check *check, const struct trace_record *record)
{
    uint64_t *live = &check->live_bytes[record->id];
    switch (record->kind) {
    case TRACE_ALLOCATE:
        if (*live != 0)
            return "allocates a slot that is taken";
        break;
    case TRACE_FREE:
        if (*live == 0)
            return "frees a slot that is free";
        check->live_total -= *live;
        *live = 0;
        return nullptr;
    case TRACE_REALLOCATE:
        if (*live == 0)
            return "reallocates a slot that is free";
        break;
    default:
        return "has an unknown operation";
    }
    const char *problem = check_size(record);
    if (problem != nullptr)
        return problem;
    check->live_total -= *live;
    *live = record->size_bytes + (record->size_bytes == 0);
    check->live_total += *live;
    check->trace->allocated_bytes += *live;
    if (check->live_total > check->trace->peak_bytes)
        check->trace->peak_bytes = check->live_total;
    return nullptr;
}

static enum operation_kind kind_of(const struct trace_record *record)
{
    bool is_aligned = record->alignment_log2 > DEFAULT_ALIGNMENT_LOG2;
    if (record->kind == TRACE_FREE)
        return OPERATION_FREE;
    if (record->kind == TRACE_REALLOCATE)
        return OPERATION_REALLOCATE;
    if (record->flags & TRACE_ZEROED)
        return is_aligned ? OPERATION_ALLOCATE_ZEROED_ALIGNED : OPERATION_ALLOCATE_ZEROED;
    return is_aligned ? OPERATION_ALLOCATE_ALIGNED : OPERATION_ALLOCATE;
}

static struct operation decode(const struct trace_record *record)
{
    uint8_t log2 = record->alignment_log2;
    return (struct operation){
        .size_bytes = record->kind == TRACE_FREE ? 0 : record->size_bytes + (record->size_bytes == 0),
        .id = record->id,
        .kind = kind_of(record),
        .alignment_log2 = log2 < DEFAULT_ALIGNMENT_LOG2 ? DEFAULT_ALIGNMENT_LOG2 : log2,
    };
}

static bool decode_all(const char *path, const struct bytes *bytes, struct check *check)
{
    struct trace *trace = check->trace;
    for (uint32_t i = 0; i < trace->operation_count; i++) {
        struct trace_record record;
        memcpy(&record, bytes->data + i * sizeof(record), sizeof(record));
        // Slots are dense: there cannot be more of them than operations so far.
        const char *problem =
            record.id > i ? "names a slot that is higher than the ones before it allow" : apply(check, &record);
        if (problem != nullptr) {
            fprintf(stderr, "arena: %s: operation %u %s (operation %u, slot %u, size %llu)\n", path, i, problem,
                    record.kind, record.id, (unsigned long long)record.size_bytes);
            return false;
        }
        if (record.id >= trace->slot_count)
            trace->slot_count = record.id + 1;
        trace->operations[i] = decode(&record);
    }
    return true;
}

// ---- what is shared

static int share(const char *path, const struct bytes *bytes)
{
    if (bytes->size_bytes == 0 || bytes->size_bytes % sizeof(struct trace_record) != 0) {
        fprintf(stderr, "arena: %s holds %zu bytes, which is no whole number of records of %zu: not a trace, or cut\n",
                path, bytes->size_bytes, sizeof(struct trace_record));
        return -1;
    }
    size_t count = bytes->size_bytes / sizeof(struct trace_record);
    size_t size_bytes = sizeof(struct trace) + count * sizeof(struct operation);
    struct check check = {.live_bytes = calloc(count, sizeof(uint64_t))};
    int descriptor = memfd_create("trace", 0);
    void *memory = MAP_FAILED;
    if (descriptor >= 0 && ftruncate(descriptor, (off_t)size_bytes) == 0)
        memory = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED || check.live_bytes == nullptr) {
        fprintf(stderr, "arena: there is no memory for the %zu operations of %s\n", count, path);
        exit(2);
    }
    check.trace = memory;
    check.trace->operation_count = (uint32_t)count;
    bool is_good = decode_all(path, bytes, &check);
    free(check.live_bytes);
    munmap(memory, size_bytes);
    if (is_good)
        return descriptor;
    close(descriptor);
    return -1;
}

int trace_read(const char *path)
{
    struct bytes raw = {}, plain = {};
    int descriptor = -1;
    if (read_whole(path, &raw)) {
        const char *problem = is_compressed(&raw) ? decompress(&raw, &plain) : nullptr;
        if (problem != nullptr)
            fprintf(stderr, "arena: %s cannot be decompressed: %s\n", path, problem);
        else
            descriptor = share(path, is_compressed(&raw) ? &plain : &raw);
    }
    free(raw.data);
    free(plain.data);
    return descriptor;
}

const struct trace *trace_map(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return nullptr;
    void *memory = mmap(nullptr, (size_t)status.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor, 0);
    return memory != MAP_FAILED ? memory : nullptr;
}

void trace_name(const char *path, char *buffer, size_t size_bytes)
{
    static const char *const SUFFIXES[] = {".zst", ".trace"};
    const char *slash = strrchr(path, '/');
    const char *name = slash != nullptr ? slash + 1 : path;
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof(SUFFIXES) / sizeof(SUFFIXES[0]); i++) {
        size_t suffix = strlen(SUFFIXES[i]);
        if (length > suffix && memcmp(name + length - suffix, SUFFIXES[i], suffix) == 0)
            length -= suffix;
    }
    snprintf(buffer, size_bytes, "%.*s", (int)length, name);
}
