// SPDX-License-Identifier: MIT
// Workers as the arena sees them: started, asked for rounds, given up on. The other end is worker.h.
#pragma once
#include "allocator.h"
#include <sys/types.h>

struct process {
    const struct allocator *allocator;
    const char *mode;
    pid_t pid;
    int to, from;       // pipes
    char pending[1024]; // read, and not a whole line yet
    size_t pending_bytes;
    char counts[64];  // the file that callgrind writes; empty: none
    char reason[600]; // why it has failed; empty: it has not
    char remark[600]; // what it has said beside its value
};

// Start a worker that replays the memory of descriptor TRACE. False: process->reason says why not. It may be said of an
// allocator that is not on this machine: then is_absent is set.
bool process_start(struct process *process, const struct allocator *allocator, const char *mode, int trace,
                   double region_factor, bool *is_absent);

// Wait until it is ready. Then one round after the other: false when there is no result, and process->reason says why.
bool process_wait_ready(struct process *process);
bool process_ask(struct process *process, double *value);

// Let it end, or make it, and read what its counter has written. VALUE is what its round has said.
void process_end(struct process *process, double *value);
