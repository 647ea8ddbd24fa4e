// SPDX-License-Identifier: MIT
// A screen of text at a time. For the shell alone.
#pragma once
#include <stddef.h>

struct pager {
    bool is_on;
    unsigned row, column; // since the last stop
    bool is_in_sequence;  // of control characters, which take no room
};

// From here on, stop after each screen; or do not.
void pager_start(struct pager *pager);
void pager_stop(struct pager *pager);

// Show TEXT. False: the user has seen enough, or the task is cancelled. For a task.
[[nodiscard]] bool pager_write(struct pager *pager, const char *text, size_t length);
