// SPDX-License-Identifier: MIT
// From a machine that is up to a prompt. Called by kernel_ready(); knows no command.
#include "prompt.h"
#include "boot_record.h"
#include <arch/tsc.h>
#include <lib/panic.h>
#include <log/log.h>
#include <shell/shell.h>
#include <task/task.h>
#include <tty/tty.h>

void prompt_run(void)
{
    if (tty_init() != STATUS_OK || shell_start() != STATUS_OK)
        panic("the kernel has no memory for the tasks of its shell");
    boot_record_mark(BOOT_MARK_READY, tsc_read());
    log_info("main", "Hewn is up; \"help\" lists the commands");
    task_run();
}
