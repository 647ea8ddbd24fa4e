// SPDX-License-Identifier: MIT
// Writes made-up traces, the same for the same seed: what a kernel asks for, what nobody asks for, and what hurts. A
// program of its own; the format is that of trace.h, plain.
#include "trace.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr int STATUS_FAILED = 1, STATUS_USAGE = 2;
constexpr uint32_t OPERATIONS_LIMIT = 100'000'000;

struct generator {
    FILE *file;
    uint64_t random;         // state; never 0
    uint32_t written, limit; // operations
    uint32_t *free_slots;    // a stack: the slot freed last is taken first
    uint32_t free_count, slot_count, room;
};

// ---- chance

static uint64_t next_random(struct generator *generator)
{
    generator->random ^= generator->random << 13;
    generator->random ^= generator->random >> 7;
    generator->random ^= generator->random << 17;
    return generator->random * 0x9e37'79b9'7f4a'7c15; // the low bits of a bare xorshift are poor
}

static uint32_t below(struct generator *generator, uint32_t limit)
{
    return (uint32_t)((next_random(generator) >> 32) * limit >> 32);
}

static uint32_t between(struct generator *generator, uint32_t least, uint32_t most)
{
    return least + below(generator, most - least + 1);
}

// Above 0, up to 1.
static double fraction(struct generator *generator)
{
    return (double)((next_random(generator) >> 11) + 1) * 0x1p-53;
}

// ---- records

static void write_record(struct generator *generator, const struct trace_record *record)
{
    if (fwrite(record, sizeof(*record), 1, generator->file) != 1) {
        fprintf(stderr, "generate-trace: the trace cannot be written: %s\n", strerror(errno));
        exit(STATUS_FAILED);
    }
    generator->written++;
}

static uint32_t allocate(struct generator *generator, uint64_t size_bytes, uint8_t alignment_log2)
{
    uint32_t id;
    if (generator->free_count > 0) {
        id = generator->free_slots[--generator->free_count];
    } else {
        id = generator->slot_count++;
        if (generator->slot_count > generator->room) {
            generator->room = 2 * generator->slot_count;
            generator->free_slots = realloc(generator->free_slots, generator->room * sizeof(uint32_t));
            if (generator->free_slots == nullptr)
                exit(STATUS_FAILED);
        }
    }
    write_record(generator, &(struct trace_record){TRACE_ALLOCATE, alignment_log2, 0, id, size_bytes});
    return id;
}

static void release(struct generator *generator, uint32_t id)
{
    generator->free_slots[generator->free_count++] = id;
    write_record(generator, &(struct trace_record){.kind = TRACE_FREE, .id = id});
}

static void reallocate(struct generator *generator, uint32_t id, uint64_t size_bytes)
{
    write_record(generator, &(struct trace_record){.kind = TRACE_REALLOCATE, .id = id, .size_bytes = size_bytes});
}

static bool goes_on(const struct generator *generator)
{
    return generator->written < generator->limit;
}

// ---- kmix: what a kernel keeps

struct object {
    uint32_t weight; // how often, of 1000
    uint32_t least_bytes, most_bytes;
    uint8_t alignment_log2;
    uint32_t lifetime; // mean, in operations
};

static const struct object objects[] = {
    {220, 192, 192, 0, 4500},     // directory entries
    {120, 560, 640, 0, 5000},     // inodes
    {200, 232, 232, 6, 120},      // packets' descriptions
    {170, 256, 2048, 6, 120},     // and their data
    {20, 1664, 1664, 6, 10'000},  // tasks
    {20, 16384, 16384, 12, 4000}, // and their stacks
    {50, 4096, 4096, 12, 4000},   // page tables
    {200, 8, 120, 0, 2500},       // names
};
constexpr uint32_t OBJECT_COUNT = sizeof(objects) / sizeof(objects[0]);
constexpr uint32_t BURST_EVERY = 20'000, BURST_LENGTH = 64, BURST_LIFETIME = 60'000; // operations

// Blocks by the operation at which they are freed, the next one first: a binary heap.
struct due {
    uint64_t at;
    uint32_t id;
};

struct agenda {
    struct due *dues;
    uint32_t count;
};

static void agenda_add(struct agenda *agenda, struct due due)
{
    uint32_t index = agenda->count++;
    for (; index > 0 && agenda->dues[(index - 1) / 2].at > due.at; index = (index - 1) / 2)
        agenda->dues[index] = agenda->dues[(index - 1) / 2];
    agenda->dues[index] = due;
}

static uint32_t agenda_take(struct agenda *agenda)
{
    uint32_t id = agenda->dues[0].id;
    struct due last = agenda->dues[--agenda->count];
    uint32_t index = 0;
    while (2 * index + 1 < agenda->count) {
        uint32_t child = 2 * index + 1;
        if (child + 1 < agenda->count && agenda->dues[child + 1].at < agenda->dues[child].at)
            child++;
        if (agenda->dues[child].at >= last.at)
            break;
        agenda->dues[index] = agenda->dues[child];
        index = child;
    }
    agenda->dues[index] = last;
    return id;
}

static const struct object *choose_object(struct generator *generator)
{
    uint32_t chance = below(generator, 1000);
    const struct object *object = objects;
    while (chance >= object->weight)
        chance -= object++->weight;
    return object;
}

static void generate_kmix(struct generator *generator)
{
    struct agenda agenda = {.dues = calloc(generator->limit, sizeof(struct due))};
    if (agenda.dues == nullptr)
        exit(STATUS_FAILED);
    const struct object *burst = objects;
    while (goes_on(generator)) {
        uint32_t now = generator->written, phase = now % BURST_EVERY;
        if (agenda.count > 0 && agenda.dues[0].at <= now) {
            release(generator, agenda_take(&agenda));
            continue;
        }
        if (phase == 0)
            burst = &objects[below(generator, OBJECT_COUNT)];
        bool is_burst = phase < BURST_LENGTH;
        const struct object *object = is_burst ? burst : choose_object(generator);
        uint32_t size_bytes = between(generator, object->least_bytes, object->most_bytes);
        double lifetime = -log(fraction(generator)) * (is_burst ? BURST_LIFETIME : object->lifetime);
        uint32_t id = allocate(generator, size_bytes, object->alignment_log2);
        agenda_add(&agenda, (struct due){now + 1 + (uint64_t)lifetime, id});
    }
    free(agenda.dues);
}

// ---- random: sizes and actions without a pattern

static uint32_t log_uniform(struct generator *generator, double most)
{
    return (uint32_t)exp(fraction(generator) * log(most));
}

static void generate_random(struct generator *generator)
{
    constexpr uint32_t PLACES = 6500; // three of five are taken, once it is under way
    constexpr double MOST_BYTES = 10'000;
    static uint32_t ids[PLACES];
    static bool is_live[PLACES];
    while (goes_on(generator)) {
        uint32_t place = below(generator, PLACES);
        if (!is_live[place]) {
            bool is_aligned = below(generator, 10) == 0;
            uint8_t alignment_log2 = is_aligned ? (uint8_t)between(generator, 4, 7) : 0;
            ids[place] = allocate(generator, log_uniform(generator, MOST_BYTES), alignment_log2);
            is_live[place] = true;
        } else if (below(generator, 100) < 26) { // of a place that is taken; 15 of 100 operations
            reallocate(generator, ids[place], log_uniform(generator, MOST_BYTES));
        } else {
            release(generator, ids[place]);
            is_live[place] = false;
        }
    }
}

// ---- larson: a server that replaces one of many blocks at a time

static void generate_larson(struct generator *generator)
{
    constexpr uint32_t PLACES = 5000;
    static uint32_t ids[PLACES];
    for (uint32_t place = 0; place < PLACES && goes_on(generator); place++)
        ids[place] = allocate(generator, between(generator, 8, 999), 0);
    while (goes_on(generator)) {
        uint32_t place = below(generator, PLACES);
        release(generator, ids[place]);
        if (goes_on(generator))
            ids[place] = allocate(generator, between(generator, 8, 999), 0);
    }
}

// ---- comb: every second block is freed, then come sizes that fit no hole; in the end all of it has to be one again

static void generate_comb(struct generator *generator)
{
    uint32_t teeth = (uint32_t)((uint64_t)generator->limit * 40 / 104) & ~1u, wide = teeth * 3 / 10;
    uint32_t *ids = calloc(teeth + wide + 1, sizeof(uint32_t));
    if (ids == nullptr)
        exit(STATUS_FAILED);
    for (uint32_t i = 0; i < teeth; i++)
        ids[i] = allocate(generator, between(generator, 16, 64), 0);
    for (uint32_t i = 0; i < teeth; i += 2)
        release(generator, ids[i]);
    for (uint32_t i = 0; i < wide; i++)
        ids[teeth + i] = allocate(generator, between(generator, 65, 80), 0);
    for (uint32_t i = 1; i < teeth; i += 2)
        release(generator, ids[i]);
    for (uint32_t i = 0; i < wide; i++)
        release(generator, ids[teeth + i]);
    allocate(generator, 1 << 20, 0);
    free(ids);
}

// ---- the command line

static const struct {
    const char *name;
    void (*generate)(struct generator *generator);
    uint32_t operations;
} kinds[] = {
    {"kmix", generate_kmix, 600'000},
    {"random", generate_random, 400'000},
    {"larson", generate_larson, 600'000},
    {"comb", generate_comb, 104'001},
};
constexpr size_t KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]);

static const char USAGE[] =
    "Usage: generate-trace [--seed N] [--operations N] kmix|random|larson|comb FILE\n"
    "\n"
    "Writes a trace for the arena, the same for the same seed (default 1) and number of operations (comb rounds it).\n";

static uint64_t parse_number(const char *option, const char *text, uint64_t most)
{
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || *text == '-' || errno != 0 || number == 0 || number > most) {
        fprintf(stderr, "generate-trace: %s '%s' is no number from 1 to %llu\n", option, text,
                (unsigned long long)most);
        exit(STATUS_USAGE);
    }
    return number;
}

int main(int count, char *arguments[])
{
    static const struct option KNOWN[] = {
        {"seed", required_argument, nullptr, 's'},
        {"operations", required_argument, nullptr, 'o'},
        {"help", no_argument, nullptr, 'h'},
        {},
    };
    struct generator generator = {.random = 1};
    int option;
    while ((option = getopt_long(count, arguments, "", KNOWN, nullptr)) != -1) {
        if (option == 's') {
            generator.random = parse_number("--seed", optarg, UINT64_MAX);
        } else if (option == 'o') {
            generator.limit = (uint32_t)parse_number("--operations", optarg, OPERATIONS_LIMIT);
        } else {
            fputs(USAGE, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : STATUS_USAGE;
        }
    }
    size_t kind = 0;
    while (optind + 2 == count && kind < KIND_COUNT && strcmp(kinds[kind].name, arguments[optind]) != 0)
        kind++;
    if (optind + 2 != count || kind == KIND_COUNT) {
        fputs(USAGE, stderr);
        return STATUS_USAGE;
    }
    if (generator.limit == 0)
        generator.limit = kinds[kind].operations;
    generator.file = fopen(arguments[optind + 1], "wb");
    if (generator.file == nullptr) {
        fprintf(stderr, "generate-trace: %s cannot be written: %s\n", arguments[optind + 1], strerror(errno));
        return STATUS_FAILED;
    }
    kinds[kind].generate(&generator);
    if (fclose(generator.file) != 0) {
        fprintf(stderr, "generate-trace: %s cannot be written: %s\n", arguments[optind + 1], strerror(errno));
        return STATUS_FAILED;
    }
    free(generator.free_slots);
    return 0;
}
