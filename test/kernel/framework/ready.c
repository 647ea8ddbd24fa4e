// SPDX-License-Identifier: MIT
// What the test kernel does once everything is up. Called by main, last, in place of kernel/ready.c. Words of
// the command line choose: "echo", for the tests of keyboard and console; "shell", for a person who runs
// tests by hand; without either, the tests of this image run.
#include "echo.h"
#include "run.h"
#include "shell.h"
#include <kernel_ready.h>
#include <lib/command_line.h>

void kernel_ready(const char *command_line)
{
    char value[1];
    if (command_line_find(command_line, "echo", value, sizeof value))
        echo_for_ever();
    if (command_line_find(command_line, "shell", value, sizeof value))
        shell_for_ever();
    run_tests(command_line);
}
