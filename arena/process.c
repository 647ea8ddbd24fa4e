// SPDX-License-Identifier: MIT
// Starts workers, each in a process of its own image: a library allocator has to be there before anything is allocated,
// and no allocator finds what another has left. Called by arena.c.
#include "process.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

constexpr int PATIENCE_S = 30;                            // for one pass over the trace
static const char NOTE[] = "note ", FAILED[] = "failed "; // worker.h

[[gnu::format(printf, 2, 3)]] static bool fails(struct process *process, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(process->reason, sizeof(process->reason), format, arguments);
    va_end(arguments);
    return false;
}

// ---- starting

static bool is_counted(const struct process *process)
{
    return strcmp(process->mode, "instructions") == 0;
}

static bool make_counts_file(struct process *process)
{
    const char *folder = getenv("TMPDIR");
    snprintf(process->counts, sizeof(process->counts), "%s/arena-XXXXXX", folder != nullptr ? folder : "/tmp");
    int file = mkstemp(process->counts);
    if (file < 0) {
        process->counts[0] = '\0';
        return fails(process, "no file can be made for what callgrind counts: %s", strerror(errno));
    }
    close(file);
    return true;
}

[[noreturn]] static void become_worker(const struct process *process, int trace, double region_factor)
{
    char trace_text[16], factor_text[32], counts_option[96], image[4096];
    ssize_t length = readlink("/proc/self/exe", image, sizeof(image) - 1);
    image[length > 0 ? length : 0] = '\0';
    snprintf(trace_text, sizeof(trace_text), "%d", trace);
    snprintf(factor_text, sizeof(factor_text), "%.17g", region_factor);
    snprintf(counts_option, sizeof(counts_option), "--callgrind-out-file=%s", process->counts);
    const char *under_valgrind[] = {"valgrind", "-q", "--tool=callgrind", "--toggle-collect=replay_*", counts_option};
    const char *own[] = {image, "--worker", process->mode, process->allocator->name, trace_text, factor_text, nullptr};
    char *arguments[16]; // strings are not written to; execvp() has the type that it has for history's sake
    size_t count = is_counted(process) ? sizeof(under_valgrind) / sizeof(char *) : 0;
    memcpy(arguments, under_valgrind, count * sizeof(char *));
    memcpy(&arguments[count], own, sizeof(own));
    if (process->allocator->library != nullptr)
        setenv("LD_PRELOAD", allocator_library(process->allocator), true);
    execvp(arguments[0], arguments);
    fprintf(stderr, "arena: %s cannot be started: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

bool process_start(struct process *process, const struct allocator *allocator, const char *mode, int trace,
                   double region_factor, bool *is_absent)
{
    *process = (struct process){.allocator = allocator, .mode = mode};
    *is_absent = allocator->library != nullptr && allocator_library(allocator) == nullptr;
    if (*is_absent)
        return fails(process, "%s is not on this machine (Debian: %s)", allocator->library, allocator->package);
    if (is_counted(process) && !make_counts_file(process))
        return false;
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
        return fails(process, "there are no pipes for its worker: %s", strerror(errno));
    process->pid = fork();
    if (process->pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        become_worker(process, trace, region_factor);
    }
    close(to[0]);
    close(from[1]);
    process->to = to[1];
    process->from = from[0];
    return process->pid > 0 || fails(process, "its worker cannot be started: %s", strerror(errno));
}

// ---- talking

static bool died(struct process *process)
{
    int status = 0;
    waitpid(process->pid, &status, 0);
    process->pid = 0;
    if (WIFSIGNALED(status))
        return fails(process, "its worker was ended by a signal: %s", strsignal(WTERMSIG(status)));
    return fails(process, "its worker has ended without an answer, with status %d", WEXITSTATUS(status));
}

// The next line, without its end.
static bool read_line(struct process *process, char *line, size_t size_bytes)
{
    char *end;
    while ((end = memchr(process->pending, '\n', process->pending_bytes)) == nullptr) {
        struct pollfd poll_for = {.fd = process->from, .events = POLLIN};
        if (poll(&poll_for, 1, PATIENCE_S * 1000) == 0)
            return fails(process, "it was given up on, because one pass took more than %d s", PATIENCE_S);
        ssize_t got = read(process->from, process->pending + process->pending_bytes,
                           sizeof(process->pending) - process->pending_bytes);
        if (got <= 0)
            return died(process);
        process->pending_bytes += (size_t)got;
    }
    size_t length = (size_t)(end - process->pending);
    snprintf(line, size_bytes, "%.*s", (int)length, process->pending);
    process->pending_bytes -= length + 1;
    memmove(process->pending, end + 1, process->pending_bytes);
    return true;
}

static bool read_answer(struct process *process, const char *word, const char **rest)
{
    static char line[600];
    do {
        if (!read_line(process, line, sizeof(line)))
            return false;
        if (strncmp(line, NOTE, strlen(NOTE)) == 0)
            snprintf(process->remark, sizeof(process->remark), "%s", line + strlen(NOTE));
    } while (strcmp(line, "progress") == 0 || strncmp(line, NOTE, strlen(NOTE)) == 0);
    size_t length = strlen(word);
    if (strncmp(line, word, length) == 0) {
        *rest = line + length;
        return true;
    }
    bool is_reason = strncmp(line, FAILED, strlen(FAILED)) == 0;
    return fails(process, "%s", is_reason ? line + strlen(FAILED) : line);
}

bool process_wait_ready(struct process *process)
{
    const char *rest;
    return read_answer(process, "ready", &rest);
}

bool process_ask(struct process *process, double *value)
{
    const char *rest;
    // A worker that is gone is told from a broken pipe by what it has left to read.
    (void)!write(process->to, "g", 1);
    if (!read_answer(process, "value ", &rest))
        return false;
    *value = strtod(rest, nullptr);
    return true;
}

// ---- ending

// The sum of what callgrind has counted, over VALUE.
static void read_counts(struct process *process, double *value)
{
    static const char KEY[] = "totals: ";
    char line[256];
    FILE *file = fopen(process->counts, "r");
    double total = 0;
    while (file != nullptr && fgets(line, sizeof(line), file) != nullptr) {
        if (strncmp(line, KEY, strlen(KEY)) == 0)
            total = strtod(line + strlen(KEY), nullptr);
    }
    if (file != nullptr)
        fclose(file);
    if (total == 0)
        fails(process, "callgrind has counted nothing");
    *value = total / *value;
}

void process_end(struct process *process, double *value)
{
    if (process->pid > 0 && process->reason[0] != '\0')
        kill(process->pid, SIGKILL);
    if (process->to > 0) // the end of its input is the end of it
        close(process->to);
    if (process->pid > 0)
        waitpid(process->pid, nullptr, 0);
    if (process->from > 0)
        close(process->from);
    if (process->counts[0] != '\0') {
        if (process->reason[0] == '\0')
            read_counts(process, value);
        unlink(process->counts);
    }
}
