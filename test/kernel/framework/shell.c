// SPDX-License-Identifier: MIT
// The product's prompt and the command "test". Called by kernel_ready() of the test kernel.
//
// Tests have the machine to themselves: they stand on the boot stack, where a check can end them, and run tasks of
// their own until there are none. So the command ends the shell, and when its last task is gone, the tests run where
// the boot would have run them; then the shell begins anew.
#include "shell.h"
#include "run.h"
#include <lib/command.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <prompt.h>
#include <shell/shell.h>
#include <tty/tty.h>

static char wanted[128]; // empty: nobody has asked

void shell_for_ever(void)
{
    while (true) {
        wanted[0] = '\0';
        prompt_run();
        if (wanted[0] == '\0')
            panic("no task is left");
        run_matching(wanted);
    }
}

static enum status run_test(struct command_call *call)
{
    const char *pattern = call->arguments[0].text;
    if (strlen(pattern) >= sizeof wanted)
        return command_fail(call, STATUS_RANGE, "more than %zu bytes", sizeof wanted - 1);
    unsigned count = run_count(pattern);
    if (count == 0)
        return command_fail(call, STATUS_NOT_FOUND, "no test of this kernel is called %s", pattern);
    command_print(call, "%u to run; the shell ends for them and begins anew\n", count);
    string_copy(wanted, pattern, sizeof wanted);
    shell_end();
    tty_end();
    return STATUS_OK;
}

COMMAND(test, .summary = "run tests of this kernel by their full name, with * and ?", .run = run_test,
        .details = "\"test irq.*\" runs a suite. The tests have the machine to themselves, after the\n"
                   "line in which this stands; what they say is on the serial line, the verdict on\n"
                   "the screen. One that has to end the kernel does so when it is the only one, and\n"
                   "one in which somebody outside plays a part is skipped.\n",
        .parameters = {{"glob", .kind = COMMAND_WORD}});
