// SPDX-License-Identifier: MIT
// What the test kernel does once everything is up. Called by main, last, in place of kernel/ready.c.
#include "run.h"
#include <kernel_ready.h>

void kernel_ready(const char *command_line)
{
    run_tests(command_line);
}
