// SPDX-License-Identifier: MIT
// From a machine that is up to a prompt. Called by kernel_ready(); knows no command.
#include "prompt.h"
#include <lib/panic.h>
#include <log/log.h>
#include <shell/shell.h>
#include <task/task.h>
#include <tty/tty.h>

void prompt_run(void)
{
    if (tty_init() != STATUS_OK || shell_start() != STATUS_OK)
        panic("the kernel has no memory for the tasks of its shell");
    log_info("main", "Hewn is up; \"help\" lists the commands");
    task_run();
}
