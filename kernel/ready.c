// SPDX-License-Identifier: MIT
// What the product does once everything is up: it talks to a person. Called by main, last.
#include "kernel_ready.h"
#include <lib/panic.h>
#include <shell/shell.h>
#include <task/task.h>
#include <tty/tty.h>

void kernel_ready(const char *)
{
    if (tty_init() != STATUS_OK || shell_start() != STATUS_OK)
        panic("the kernel has no memory for the tasks of its shell");
    task_run();
    panic("no task is left");
}
