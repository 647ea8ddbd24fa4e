// SPDX-License-Identifier: MIT
// The arena: heaps and malloc libraries on the same traces, side by side. This file is the command line and what is
// printed; README.md says what each mode measures.
#include "process.h"
#include "trace.h"
#include "worker.h"
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

constexpr int STATUS_INCOMPLETE = 1, STATUS_USAGE = 2;
constexpr unsigned ROUNDS = 5; // of mode time; the median counts

struct mode {
    const char *name, *unit;
    unsigned rounds;
    bool has_floor;
};

static const struct mode modes[] = {
    {"time", "ns/operation", ROUNDS, true},      {"instructions", "instructions/operation", 1, true},
    {"worst", "instructions", 1, false},         {"overhead", "region/peak", 1, false},
    {"verify", "verified operations", 1, false},
};

struct result {
    double samples[ROUNDS];
    unsigned count;
    bool is_absent;
};

struct options {
    const struct mode *mode;
    bool is_chosen[ALLOCATOR_COUNT];
    bool is_json;
    double region_factor;
};

// What has been measured of all traces, for the last line.
struct summary {
    double logarithms[ALLOCATOR_COUNT];
    unsigned counts[ALLOCATOR_COUNT];
    bool is_incomplete;
};

static const char USAGE[] =
    "Usage: arena [options] TRACE...\n"
    "\n"
    "Replays traces of allocations, plain or compressed by zstd, on heaps and malloc libraries.\n"
    "\n"
    "  --mode M            time (default): ns an operation; instructions: how many an operation (needs valgrind);\n"
    "                      worst: instructions of the dearest allocate or free; overhead: smallest region over peak;\n"
    "                      verify: checks every byte, alignment and overlap\n"
    "  --allocator A       default, bump, linked_list, fixed_block, buddy, tlsf, glibc, mimalloc, jemalloc, tcmalloc,\n"
    "                      floor, several of them with commas between, or all (default)\n"
    "  --region-factor F   memory of a heap, in peaks of the trace (default 4; mode overhead searches)\n"
    "  --json              one object a line: trace, allocator, mode, value, unit\n"
    "  --help              this text\n"
    "\n"
    "Exit status: 0; 1 when an allocator did not complete a trace or was found wrong; 2 for wrong usage, a trace that\n"
    "cannot be read, or a tool that is missing.\n";

[[noreturn, gnu::format(printf, 1, 2)]] static void fail_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "arena: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, " (--help shows the options)\n");
    va_end(arguments);
    exit(STATUS_USAGE);
}

// ---- options

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    }
    fail_usage("--mode '%s': there are time, instructions, worst, overhead and verify", name);
}

static void choose_allocators(struct options *options, char *names)
{
    if (*names == '\0')
        fail_usage("--allocator names nobody");
    memset(options->is_chosen, 0, sizeof(options->is_chosen));
    for (char *name = strtok(names, ","); name != nullptr; name = strtok(nullptr, ",")) {
        const struct allocator *allocator = allocator_find(name);
        bool is_all = strcmp(name, "all") == 0;
        if (allocator == nullptr && !is_all)
            fail_usage("--allocator '%s' is not known", name);
        for (unsigned i = 0; i < ALLOCATOR_COUNT; i++)
            options->is_chosen[i] |= is_all || &allocators[i] == allocator;
    }
}

static double parse_factor(const char *text)
{
    char *end;
    double factor = strtod(text, &end);
    if (end == text || *end != '\0' || !(factor > 0) || factor > 10'000)
        fail_usage("--region-factor '%s' is no number above 0 and up to 10000", text);
    return factor;
}

static struct options parse_options(int count, char *arguments[])
{
    static const struct option KNOWN[] = {
        {"mode", required_argument, nullptr, 'm'}, {"allocator", required_argument, nullptr, 'a'},
        {"json", no_argument, nullptr, 'j'},       {"region-factor", required_argument, nullptr, 'f'},
        {"help", no_argument, nullptr, 'h'},       {},
    };
    struct options options = {.mode = find_mode("time"), .region_factor = 4};
    char all[] = "all";
    choose_allocators(&options, all);
    int option;
    while ((option = getopt_long(count, arguments, "", KNOWN, nullptr)) != -1) {
        switch (option) {
        case 'm':
            options.mode = find_mode(optarg);
            break;
        case 'a':
            choose_allocators(&options, optarg);
            break;
        case 'j':
            options.is_json = true;
            break;
        case 'f':
            options.region_factor = parse_factor(optarg);
            break;
        case 'h':
            fputs(USAGE, stdout);
            exit(0);
        default: // getopt_long() has said what is wrong
            exit(STATUS_USAGE);
        }
    }
    if (optind == count)
        fail_usage("no trace is named");
    return options;
}

// ---- measuring

static int compare(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static double median(struct result *result)
{
    qsort(result->samples, result->count, sizeof(double), compare);
    return result->samples[result->count / 2];
}

static void note(const struct process *process, const char *trace, const char *text)
{
    fprintf(stderr, "arena: %s, %s, %s: %s\n", trace, process->mode, process->allocator->name, text);
}

// False: PROCESS says why there is no worker, and RESULT whether that counts.
static bool start(const struct options *options, int trace, const struct allocator *allocator, struct process *process,
                  struct result *result)
{
    result->is_absent = allocator->kind == ALLOCATOR_FLOOR && !options->mode->has_floor;
    if (!result->is_absent)
        return process_start(process, allocator, options->mode->name, trace, options->region_factor,
                             &result->is_absent);
    *process =
        (struct process){allocator, options->mode->name, .reason = "it frees nothing, so this says nothing of it"};
    return false;
}

static void finish(const struct options *options, const char *trace, struct process *process, struct result *result)
{
    process_end(process, &result->samples[0]);
    if (process->reason[0] == '\0')
        result->count = options->mode->rounds;
    else
        note(process, trace, process->reason);
    if (process->remark[0] != '\0')
        note(process, trace, process->remark);
}

// The allocators FIRST to END - 1, a round of each after the other, so that what disturbs the machine disturbs all.
static void run(const struct options *options, int trace, const char *name, unsigned first, unsigned end,
                struct result *results)
{
    static struct process processes[ALLOCATOR_COUNT];
    for (unsigned i = first; i < end; i++) {
        if (options->is_chosen[i] && start(options, trace, &allocators[i], &processes[i], &results[i]))
            process_wait_ready(&processes[i]);
    }
    for (unsigned round = 0; round < options->mode->rounds; round++) {
        for (unsigned i = first; i < end; i++) {
            if (options->is_chosen[i] && processes[i].reason[0] == '\0')
                process_ask(&processes[i], &results[i].samples[round]);
        }
    }
    for (unsigned i = first; i < end; i++) {
        if (options->is_chosen[i])
            finish(options, name, &processes[i], &results[i]);
    }
}

// ---- printing

static void print_json(const struct options *options, const char *trace, const char *allocator, const double *value)
{
    char number[32] = "null";
    if (value != nullptr)
        snprintf(number, sizeof(number), "%.10g", *value);
    printf("{\"trace\": \"");
    for (const char *character = trace; *character != '\0'; character++) {
        if (*character == '"' || *character == '\\')
            putchar('\\');
        putchar((unsigned char)*character < ' ' ? '?' : *character);
    }
    printf("\", \"allocator\": \"%s\", \"mode\": \"%s\", \"value\": %s, \"unit\": \"%s\"}\n", allocator,
           options->mode->name, number, options->mode->unit);
}

static void print_text(const struct options *options, const char *trace, const char *allocator, const double *value)
{
    if (value != nullptr)
        printf("%-14s %-12s %14.3f %s\n", trace, allocator, *value, options->mode->unit);
    else
        printf("%-14s %-12s %14s\n", trace, allocator, "-");
}

static void print_trace(const struct options *options, const char *trace, struct result *results,
                        struct summary *summary)
{
    for (unsigned i = 0; i < ALLOCATOR_COUNT; i++) {
        if (!options->is_chosen[i] || results[i].is_absent)
            continue;
        double value = results[i].count > 0 ? median(&results[i]) : 0;
        const double *printed = results[i].count > 0 ? &value : nullptr;
        if (options->is_json)
            print_json(options, trace, allocators[i].name, printed);
        else
            print_text(options, trace, allocators[i].name, printed);
        if (printed != nullptr) {
            summary->logarithms[i] += log(value);
            summary->counts[i]++;
        } else {
            summary->is_incomplete = true;
        }
    }
    fflush(stdout);
}

static void print_summary(const struct options *options, const struct summary *summary, unsigned trace_count)
{
    for (unsigned i = 0; i < ALLOCATOR_COUNT; i++) {
        double mean = exp(summary->logarithms[i] / summary->counts[i]);
        if (summary->counts[i] == trace_count)
            print_text(options, "geomean", allocators[i].name, &mean);
    }
}

static bool has_valgrind(void)
{
    return system("valgrind --version >/dev/null 2>&1") == 0;
}

int main(int count, char *arguments[])
{
    if (count >= 6 && strcmp(arguments[1], "--worker") == 0)
        return worker_main(arguments + 2);
    struct options options = parse_options(count, arguments);
    if (strcmp(options.mode->name, "instructions") == 0 && !has_valgrind())
        fail_usage("mode instructions counts with valgrind, which is not on this machine (Debian: valgrind)");
    signal(SIGPIPE, SIG_IGN);
    struct summary summary = {};
    unsigned trace_count = (unsigned)(count - optind);
    bool is_measured_together = options.mode->rounds > 1;
    for (char **path = arguments + optind; path < arguments + count; path++) {
        char name[128];
        trace_name(*path, name, sizeof(name));
        int trace = trace_read(*path);
        if (trace < 0)
            return STATUS_USAGE;
        struct result results[ALLOCATOR_COUNT] = {};
        for (unsigned i = 0; i < (is_measured_together ? 1 : ALLOCATOR_COUNT); i++)
            run(&options, trace, name, i, is_measured_together ? ALLOCATOR_COUNT : i + 1, results);
        close(trace);
        print_trace(&options, name, results, &summary);
    }
    bool has_mean = !options.is_json && trace_count > 1 && strcmp(options.mode->name, "verify") != 0;
    if (has_mean)
        print_summary(&options, &summary, trace_count);
    return summary.is_incomplete ? STATUS_INCOMPLETE : 0;
}
